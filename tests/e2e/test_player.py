# SPDX-License-Identifier: BSD-2-Clause
"""hcd_up is the player it names: FFmpeg's own scale, within 1 code value at 99.9 % of the samples."""

import math
import os
import tempfile
import unittest

import ffmpeg

EXACT = "accurate_rnd+full_chroma_int+bitexact"
# client: scale's flags and parameters. FFmpeg 5.1 cuts param0 and param1 to whole numbers, so that
# catmull_rom, mitchell and spline36 (which scale lacks) are compared with their formulas instead.
PLAYERS = {
    "bilinear": f"flags=bilinear+{EXACT}",
    "bicubic": f"flags=bicubic+{EXACT}",
    "lanczos2": f"flags=lanczos+{EXACT}:param0=2",
    "lanczos": f"flags=lanczos+{EXACT}",
}
SITINGS = {  # siting: positions in 1/256 of a luma sample, as scale wants them, by x264's number
    "left": (0, 128), "center": (128, 128), "topleft": (0, 0), "top": (128, 0),
    "bottomleft": (0, 256), "bottom": (128, 256),
}
PICTURE = "boxblur=1,noise=alls=6:all_seed=1"


def share_within_one(a, b):
    assert len(a) == len(b), (len(a), len(b))
    return sum(1 for x, y in zip(a, b) if -1 <= x - y <= 1) / len(a)


def scale(client, width, height, siting="left", pixel_format="yuv420p"):
    """FFmpeg's scale, told where chroma sits (positions only where chroma is subsampled)."""
    h, v = SITINGS[siting]
    text = f"scale={width}:{height}:{PLAYERS[client]}"
    if "420" in pixel_format or "422" in pixel_format or pixel_format == "nv12":
        text += f":in_h_chr_pos={h}:out_h_chr_pos={h}"
    if "420" in pixel_format or pixel_format == "nv12":
        text += f":in_v_chr_pos={v}:out_v_chr_pos={v}"
    return text


def cubic(b, c):
    def weight(d):
        if d < 1:
            return ((12 - 9 * b - 6 * c) * d ** 3 + (-18 + 12 * b + 6 * c) * d ** 2 + 6 - 2 * b) / 6
        if d < 2:
            return ((-b - 6 * c) * d ** 3 + (6 * b + 30 * c) * d ** 2 + (-12 * b - 48 * c) * d + 8 * b + 24 * c) / 6
        return 0
    return weight


def spline36(d):
    if d < 1:
        return ((13 / 11 * d - 453 / 209) * d - 3 / 209) * d + 1
    if d < 2:
        return ((-6 / 11 * (d - 1) + 270 / 209) * (d - 1) - 156 / 209) * (d - 1)
    if d < 3:
        return ((1 / 11 * (d - 2) - 45 / 209) * (d - 2) + 26 / 209) * (d - 2)
    return 0


FORMULAS = {"catmull_rom": cubic(0, 0.5), "mitchell": cubic(1 / 3, 1 / 3), "spline36": spline36}


def enlarge_line(line, n, weight):
    """One row or column enlarged by the formula; the border continues."""
    ratio, result = len(line) / n, []
    for i in range(n):
        centre = (i + 0.5) * ratio - 0.5
        taps = [(min(max(j, 0), len(line) - 1), weight(abs(j - centre)))
                for j in range(math.floor(centre) - 3, math.floor(centre) + 5)]
        total = sum(w for _, w in taps)
        result.append(sum(line[j] * w for j, w in taps) / total)
    return result


def enlarge(picture, width, height, to_width, to_height, weight):
    rows = [enlarge_line(picture[y * width:(y + 1) * width], to_width, weight) for y in range(height)]
    columns = [enlarge_line([row[x] for row in rows], to_height, weight) for x in range(to_width)]
    return bytes(min(max(round(columns[x][y]), 0), 255) for y in range(to_height) for x in range(to_width))


class Player(unittest.TestCase):
    def compare(self, client, source_size, width, height, pixel_format="yuv420p"):
        # boxblur does not know every format.
        picture = f"format=yuv444p,{PICTURE},format={pixel_format}"
        ours = ffmpeg.raw(f"{picture},hcd_up=model={client}:w={width}:h={height}", source_size, 1, pixel_format)
        theirs = ffmpeg.raw(f"{picture},{scale(client, width, height, 'left', pixel_format)}", source_size, 1,
                            pixel_format)
        self.assertGreaterEqual(share_within_one(ours, theirs), 0.999, f"{source_size} -> {width}x{height}")

    def test_every_client_and_factor(self):
        for client in PLAYERS:
            for factor in (2, 3, 4):
                with self.subTest(client=client, factor=factor):
                    self.compare(client, "160x90", 160 * factor, 90 * factor)

    def test_formulas(self):
        gray = f"format=yuv444p,{PICTURE},format=gray"
        picture = ffmpeg.raw(gray, "80x46", 1)
        for client, weight in FORMULAS.items():
            for factor in (2, 3):
                with self.subTest(client=client, factor=factor):
                    width, height = 80 * factor, 46 * factor
                    ours = ffmpeg.raw(f"{gray},hcd_up=model={client}:w={width}:h={height}", "80x46", 1)
                    self.assertGreaterEqual(
                        share_within_one(ours, enlarge(picture, 80, 46, width, height, weight)), 0.999)

    def test_other_ratios(self):
        for client in ("bicubic", "lanczos"):
            for width, height in ((240, 136), (214, 120), (321, 181), (160, 90)):
                with self.subTest(client=client, size=(width, height)):
                    self.compare(client, "160x90", width, height)

    def test_layouts(self):
        for pixel_format in ("yuv444p", "yuv422p", "gray", "nv12"):
            with self.subTest(format=pixel_format):
                self.compare("bicubic", "160x90", 320, 180, pixel_format)

    def test_every_siting(self):
        """The siting comes with the stream, so that the frames carry it."""
        with tempfile.TemporaryDirectory() as folder:
            for number, siting in enumerate(SITINGS):
                with self.subTest(siting=siting):
                    path = os.path.join(folder, siting + ".mkv")
                    ffmpeg.good(*ffmpeg.source("160x90", 1), "-vf", PICTURE, "-c:v", "libx264", "-qp", "0",
                                "-x264-params", f"chromaloc={number}", path)
                    ours, _ = ffmpeg.good("-i", path, "-vf", "hcd_up=model=bicubic", "-f", "rawvideo", "-")
                    theirs, _ = ffmpeg.good("-i", path, "-vf", scale("bicubic", 320, 180, siting), "-f",
                                            "rawvideo", "-")
                    self.assertGreaterEqual(share_within_one(ours, theirs), 0.999)

    def test_a_wrong_siting_is_seen(self):
        """The check can fail: half a chroma sample off is not within tolerance."""
        ours = ffmpeg.raw(f"{PICTURE},hcd_up=model=bicubic:w=320:h=180", "160x90", 1)
        wrong = ffmpeg.raw(f"{PICTURE},{scale('bicubic', 320, 180, 'center')}", "160x90", 1)
        self.assertLess(share_within_one(ours, wrong), 0.99)


if __name__ == "__main__":
    ffmpeg.main()
