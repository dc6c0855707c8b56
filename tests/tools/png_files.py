# SPDX-License-Identifier: BSD-2-Clause
"""Reads and writes PNG files with the standard library, for the tests of the hcd command."""

import struct
import zlib
from pathlib import Path

GRAY, RGB, PALETTE, GRAY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
CHANNELS = {GRAY: 1, RGB: 3, PALETTE: 1, GRAY_ALPHA: 2, RGB_ALPHA: 4}


def chunk(kind, data):
    return (struct.pack(">I", len(data)) + kind + data +
            struct.pack(">I", zlib.crc32(kind + data)))


def encode(width, height, colour, depth, rows, extra=()):
    """A PNG of `rows`, bytes objects as the file holds them; `extra`: chunks before the samples."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    samples = zlib.compress(b"".join(b"\0" + row for row in rows), 1)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(extra) +
            chunk(b"IDAT", samples) + chunk(b"IEND", b""))


def pattern(x, y, channel):
    """Something with edges and slopes, [0, 255]."""
    ring = ((x - 20) ** 2 + (y - 17) ** 2) // 60 % 2
    return (x * 3 + y * 2 + 40 * channel) % 200 + 50 * ring


def write_pattern(path, width, height, colour=RGB, depth=8, extra=()):
    """A file with pattern(); at 16 bits with more than 8 bits of detail. Returns the path."""
    rows = []
    for y in range(height):
        values = [pattern(x, y, c) for x in range(width) for c in range(CHANNELS[colour])]
        if depth == 16:
            values = [part for i, value in enumerate(values)
                      for part in (value, (i * 37 + y) % 256)]
        rows.append(bytes(values))
    Path(path).write_bytes(encode(width, height, colour, depth, rows, extra))
    return Path(path)


def chunks(path):
    """The chunks of a file: [(kind, data)]."""
    data, at, found = Path(path).read_bytes(), 8, []
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        found.append((kind, data[at + 8:at + 8 + length]))
        at += 12 + length
    return found


def unfiltered(kind, row, above, step):
    """Undoes one of PNG's row filters in place."""
    for i, value in enumerate(row):
        left = row[i - step] if i >= step else 0
        up, corner = above[i], above[i - step] if i >= step else 0
        if kind == 4:
            guess = left + up - corner
            nearest = min((abs(guess - left), 0, left), (abs(guess - up), 1, up),
                          (abs(guess - corner), 2, corner))[2]
        else:
            nearest = (0, left, up, (left + up) // 2)[kind]
        row[i] = (value + nearest) % 256
    return row


def read(path):
    """(width, height, colour, depth, rows of samples), not interlaced, 8 or 16 bits."""
    parts = chunks(path)
    width, height, depth, colour = struct.unpack(">IIBB", parts[0][1][:10])
    data = zlib.decompress(b"".join(part for kind, part in parts if kind == b"IDAT"))
    step = CHANNELS[colour] * depth // 8
    length = width * step
    above, rows = bytearray(length), []
    for y in range(height):
        start = y * (length + 1)
        above = unfiltered(data[start], bytearray(data[start + 1:start + 1 + length]), above, step)
        samples = list(above) if depth == 8 else list(struct.unpack(f">{length // 2}H", above))
        rows.append(samples)
    return width, height, colour, depth, rows
