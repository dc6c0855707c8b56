# SPDX-License-Identifier: BSD-2-Clause
"""What the page has to show: hcd_up's planes, made R'G'B' as docs/web.md says."""

import ffmpeg
import numpy

MATRICES = {"bt709": (0.2126, 0.0722), "smpte170m": (0.299, 0.114)}


def planes(path, up, width, height, seconds=0.0, full=False):
    """Luma and both of chroma of one frame behind a filter: 4:2:0, 8 bits."""
    out, _ = ffmpeg.good("-i", str(path), "-vf", f"select='gte(t,{seconds - 0.001})',{up}", "-frames:v", "1", "-pix_fmt",
                         "yuvj420p" if full else "yuv420p", "-f", "rawvideo", "-")
    codes, sizes = numpy.frombuffer(out, numpy.uint8).astype(float), [(height, width)] + 2 * [(-(-height // 2), -(-width // 2))]
    parts = numpy.split(codes, numpy.cumsum([rows * columns for rows, columns in sizes])[:-1])
    return [part.reshape(size) for part, size in zip(parts, sizes, strict=True)]


def along(plane, n, position, axis):
    """Linear between samples at `position` of their cells, at the centres of `n` pixels; the borders go on."""
    at = (numpy.arange(n) + 0.5) / 2 - position
    first, most = numpy.floor(at), plane.shape[axis] - 1
    shape = [1, 1]
    shape[axis] = n
    weight = (at - first).reshape(shape)
    low, high = (numpy.take(plane, numpy.clip(first + i, 0, most).astype(int), axis) for i in (0, 1))
    return (1 - weight) * low + weight * high


def rgb(parts, matrix="bt709", full=False, position=(0.25, 0.5)):
    """[height, width, 3] in code values of 8 bits."""
    luma, u, v = parts
    height, width = luma.shape
    u, v = (along(along(plane, width, position[0], 1), height, position[1], 0) for plane in (u, v))
    luma, u, v = (luma / 255, (u - 128) / 255, (v - 128) / 255) if full else ((luma - 16) / 219, (u - 128) / 224, (v - 128) / 224)
    kr, kb = MATRICES[matrix]
    red, blue = luma + 2 * (1 - kr) * v, luma + 2 * (1 - kb) * u
    green = (luma - kr * red - kb * blue) / (1 - kr - kb)
    return numpy.clip(255 * numpy.stack([red, green, blue], -1), 0, 255)


def near(shown, expected, most=3):
    """The share of samples that are at most that far off."""
    return (numpy.abs(shown - expected) <= most).mean()
