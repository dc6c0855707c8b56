#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""hcd down and hcd up: what a PNG file says beside its samples is carried, or named."""

import struct
import unittest
import zlib

import png_files
from hcd_command import CommandTest, hcd
from png_files import GRAY, PALETTE, RGB

SHORT, LONG, RATIONAL = 3, 4, 5


def exif(order, width, height):
    """EXIF with orientation, size, resolutions and a subject; a folder of EXIF's own tags."""
    def entry(tag, kind, count, value):
        in_place = kind == SHORT and count == 1
        packed = struct.pack(order + "HH", value, 0) if in_place else struct.pack(order + "I", value)
        return struct.pack(order + "HHI", tag, kind, count) + packed

    own_at, rationals_at = 8 + 2 + 5 * 12 + 4, 8 + 2 + 5 * 12 + 4 + 2 + 3 * 12 + 4
    first = (entry(0x0100, LONG, 1, width) + entry(0x0112, SHORT, 1, 6) + entry(0x011A, RATIONAL, 1, rationals_at) +
             entry(0x011B, RATIONAL, 1, rationals_at + 8) + entry(0x8769, LONG, 1, own_at))
    own = (entry(0x9214, SHORT, 4, rationals_at + 16) + entry(0xA002, SHORT, 1, width) +
           entry(0xA003, LONG, 1, height))
    return ((b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8) +
            struct.pack(order + "H", 5) + first + bytes(4) + struct.pack(order + "H", 3) + own + bytes(4) +
            struct.pack(order + "4I4H", 300, 1, 75, 2, 10, 8, 20, 4))


def exif_values(data):
    """Values by tag, of the first folder and of EXIF's own."""
    order = "<" if data[:2] == b"II" else ">"
    values, folders = {}, [struct.unpack(order + "I", data[4:8])[0]]
    for at in folders:
        for i in range(struct.unpack(order + "H", data[at:at + 2])[0]):
            tag, kind, count, value = struct.unpack(order + "HHII", data[at + 2 + 12 * i:at + 14 + 12 * i])
            if kind == SHORT and count == 1:
                value = struct.unpack(order + "H", data[at + 10 + 12 * i:at + 12 + 12 * i])[0]
            elif kind == RATIONAL:
                value = struct.unpack(order + "2I", data[value:value + 8])
            elif kind == SHORT:
                value = struct.unpack(order + f"{count}H", data[value:value + 2 * count])
            if tag == 0x8769:
                folders.append(value)
            values[tag] = value
    return values


class ChunksTest(CommandTest):
    def resized(self, extra, command="down", colour=RGB, message="", size=(32, 24), options=()):
        """Chunks of the result of a picture with those chunks: [(kind, data)] without image data."""
        source = png_files.write_pattern(self.folder / "a.png", *size, colour, extra=[png_files.chunk(*c) for c in extra])
        return self.chunks_of(source, command, message, options)

    def chunks_of(self, source, command="down", message="", options=()):
        process = hcd(command, source, "-o", self.folder / command, *options)
        self.assertEqual((process.returncode, process.stderr),
                         (0, f"hcd: {source}: left out: {message}\n" if message else ""))
        return [chunk for chunk in png_files.chunks(self.folder / command / "a.png")
                if chunk[0] not in (b"IHDR", b"IDAT", b"IEND")]

    def test_colour_and_text_stay_as_they_are(self):
        chunks = [(b"gAMA", struct.pack(">I", 45455)), (b"cICP", bytes([9, 16, 0, 1])),
                  (b"mDCV", bytes(range(24))), (b"cLLI", bytes(range(8))), (b"cHRM", bytes(32)),
                  (b"iCCP", b"odd\0\0" + zlib.compress(b"no profile, but the source's")),
                  (b"bKGD", bytes([0, 1, 0, 2, 0, 3])), (b"tEXt", b"Title\0one"), (b"tEXt", b"Author\0two"),
                  (b"zTXt", b"Comment\0\0" + zlib.compress(b"three")),
                  (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x:xmpmeta/>"),
                  (b"prVt", b"private, and safe to copy")]
        for command in ("down", "up"):
            self.assertEqual(self.resized(chunks, command), chunks)

    def test_chunks_after_the_samples_stay_there(self):
        source = png_files.write_pattern(self.folder / "a.png", 32, 24)
        content = source.read_bytes()
        text = png_files.chunk(b"tEXt", b"Title\0last")
        source.write_bytes(content[:-12] + text + content[-12:])
        self.chunks_of(source)
        kinds = [kind for kind, _ in png_files.chunks(self.folder / "down" / "a.png")]
        self.assertEqual(kinds[-2:], [b"tEXt", b"IEND"])

    def test_what_depends_on_the_size_is_named(self):
        chunks = [(b"tIME", bytes([7, 208, 1, 1, 0, 0, 0])), (b"sBIT", bytes([5, 6, 5])),
                  (b"sPLT", b"name\0\x08" + bytes(6)), (b"acTL", bytes(8)), (b"fcTL", bytes(26)),
                  (b"prVT", b"private"), (b"gAMA", struct.pack(">I", 45455))]
        message = ("tIME (time of the last change), sBIT (significant bits of the samples), sPLT (suggested palette), "
                   "acTL (animation: the still picture alone was taken), fcTL (animation), "
                   "prVT (unknown, and not safe to copy)")
        for command in ("down", "up"):
            self.assertEqual(self.resized(chunks, command, message=message), chunks[-1:])

    def test_suggested_palette_of_a_colour_picture_is_named(self):
        self.assertEqual(self.resized([(b"PLTE", bytes(6)), (b"hIST", bytes(4))],
                                      message="PLTE (suggested palette), hIST (histogram of the palette)"), [])

    def test_damaged_chunks_are_named(self):
        bad = bytearray(png_files.chunk(b"tEXt", b"Title\0one"))
        bad[-1] ^= 1
        source = self.folder / "a.png"
        content = png_files.write_pattern(source, 32, 24).read_bytes()
        source.write_bytes(content[:33] + bytes(bad) + png_files.chunk(b"pHYs", bytes(5)) + content[33:])
        self.assertEqual(self.chunks_of(source, message="tEXt (damaged), pHYs (damaged)"), [])

    def test_density_and_offset_follow_the_size(self):
        def density(x, y, unit, **more):
            return struct.unpack(">IIB", self.resized([(b"pHYs", struct.pack(">IIB", x, y, unit))], **more)[0][1])

        self.assertEqual(density(3000, 2835, 1), (1500, 1418, 1))
        self.assertEqual(density(3000, 2835, 1, command="up"), (6000, 5670, 1))
        self.assertEqual(density(4, 3, 0), (4, 3, 0))
        # 32x24 to 16x6: pixels twice as high as wide are four times as many in a row of that width.
        self.assertEqual(density(4, 3, 0, options=("--w", 16, "--h", 6)), (8, 3, 0))
        self.assertEqual(self.resized([(b"oFFs", struct.pack(">iiB", -10, 7, 0))]),
                         [(b"oFFs", struct.pack(">iiB", -5, 4, 0))])
        self.assertEqual(self.resized([(b"oFFs", struct.pack(">iiB", -10, 7, 1))]),
                         [(b"oFFs", struct.pack(">iiB", -10, 7, 1))])

    def test_exif(self):
        for order in "<>":
            for command, size in (("down", (16, 12)), ("up", (64, 48))):
                with self.subTest(order, command=command):
                    data = dict(self.resized([(b"eXIf", exif(order, 32, 24))], command))[b"eXIf"]
                    values = exif_values(data)
                    self.assertEqual(values[0x0112], 6)  # orientation
                    self.assertEqual((values[0x0100], values[0xA002], values[0xA003]), (size[0], *size))
                    half = command == "down"
                    self.assertEqual(values[0x011A], (150, 1) if half else (600, 1))
                    self.assertEqual(values[0x011B], (75, 4) if half else (75, 1))
                    self.assertEqual(values[0x9214], (5, 4, 10, 2) if half else (20, 16, 40, 8))

    def test_damaged_exif_is_named(self):
        good = exif("<", 32, 24)
        for data in (b"", b"II*\0", b"XX" + good[2:], good[:4] + b"\xff\xff\xff\xff" + good[8:], good[:40],
                     good[:8] + b"\xff\xff" + good[10:]):
            self.assertEqual(self.resized([(b"eXIf", data)], message="eXIf (damaged)"), [])
        # Values that lie outside are no reason: whoever reads the orientation finds it.
        self.assertEqual(exif_values(self.resized([(b"eXIf", good[:-24])])[0][1] + bytes(24))[0x0112], 6)

    def test_background_of_expanded_pictures(self):
        palette = (b"PLTE", bytes([0, 0, 0, 255, 255, 255, 200, 100, 50]))
        source = self.folder / "a.png"
        for colour, depth, rows, extra, expected in (
                (PALETTE, 8, bytes(16), [palette, (b"bKGD", b"\2")], bytes([0, 200, 0, 100, 0, 50])),
                (GRAY, 1, bytes(2), [(b"bKGD", b"\0\1")], b"\0\xff"),
                (GRAY, 4, bytes(8), [(b"bKGD", b"\0\3")], b"\0\x33"),
                (GRAY, 8, bytes(16), [(b"bKGD", b"\0\3")], b"\0\3")):
            source.write_bytes(png_files.encode(16, 16, colour, depth, [rows] * 16,
                                                [png_files.chunk(*c) for c in extra]))
            self.assertEqual(self.chunks_of(source), [(b"bKGD", expected)])
        source.write_bytes(png_files.encode(16, 16, PALETTE, 8, [bytes(16)] * 16,
                                            [png_files.chunk(*palette), png_files.chunk(b"bKGD", b"\3")]))
        self.assertEqual(self.chunks_of(source, message="bKGD (damaged)"), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
