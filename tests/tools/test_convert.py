#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""hcd down and hcd up: formats, sizes, names, colour tags."""

import os
import pty
import struct
import unittest
import zlib

import png_files
from hcd_command import CommandTest, hcd
from png_files import GRAY, PALETTE, RGB


def mean_square(rows_a, rows_b):
    differences = [(a - b) ** 2 for row_a, row_b in zip(rows_a, rows_b)
                   for a, b in zip(row_a, row_b)]
    return sum(differences) / len(differences)


def icc_profile():
    """A display profile with one tag, a text."""
    profile = bytearray(156)
    struct.pack_into(">I4sI4s4s4s", profile, 0, len(profile), b"test", 0x02100000, b"mntr", b"RGB ",
                     b"XYZ ")
    profile[36:40] = b"acsp"
    struct.pack_into(">III", profile, 68, 0xF6D6, 0x10000, 0xD32D)  # illuminant D50
    struct.pack_into(">I4sII4s4x4s", profile, 128, 1, b"cprt", 144, 12, b"text", b"none")
    return bytes(profile)


class RoundTripTest(CommandTest):
    def make(self, command, source, output, *options):
        process = hcd(command, source, "-o", self.folder / output, *options)
        self.assert_done(process)
        return png_files.read(self.folder / output / source.name)

    def test_formats(self):
        for colour, depth in ((GRAY, 8), (GRAY, 16), (RGB, 8), (RGB, 16)):
            with self.subTest(colour=colour, depth=depth):
                source = png_files.write_pattern(self.folder / "a.png", 61, 47, colour, depth)
                small = self.make("down", source, "small")
                self.assertEqual(small[:4], (31, 24, colour, depth))
                large = self.make("up", self.folder / "small" / "a.png", "large", "--w", 61,
                                  "--h", 47)
                self.assertEqual(large[:4], (61, 47, colour, depth))
                error = mean_square(png_files.read(source)[4], large[4]) ** 0.5
                self.assertLess(error, 30 * 257 ** (depth // 16))

    def test_descent_gains(self):
        source = png_files.write_pattern(self.folder / "a.png", 64, 48)
        original = png_files.read(source)[4]
        errors = []
        for steps in (0, 1, 3):
            self.make("down", source, f"small{steps}", "--steps", steps)
            enlarged = self.make("up", self.folder / f"small{steps}" / "a.png", f"large{steps}")
            errors.append(mean_square(original, enlarged[4]))
        self.assertGreater(errors[0], errors[1])
        self.assertGreater(errors[1], errors[2])

    def test_sizes(self):
        source = png_files.write_pattern(self.folder / "a.png", 61, 47)
        for options, size in (((), (31, 24)), (("--scale", 3), (21, 16)),
                              (("--scale", 1.5), (41, 32)), (("--w", 20, "--h", 15), (20, 15))):
            with self.subTest(options):
                self.assertEqual(self.make("down", source, "out", *options)[:2], size)
        self.assertEqual(self.make("up", source, "up", "--scale", 3)[:2], (183, 141))

    def test_palette_is_expanded(self):
        palette = png_files.chunk(b"PLTE", bytes([0, 0, 0, 255, 255, 255, 200, 100, 50]))
        rows = [bytes([2] * 16)] * 16
        source = self.folder / "p.png"
        source.write_bytes(png_files.encode(16, 16, PALETTE, 8, rows, [palette]))
        small = self.make("down", source, "out")
        self.assertEqual(small, (8, 8, RGB, 8, [[200, 100, 50] * 8] * 8))

    def test_one_bit_gray_is_expanded(self):
        source = self.folder / "b.png"
        source.write_bytes(png_files.encode(16, 16, GRAY, 1, [b"\xff\xff"] * 16))
        self.assertEqual(self.make("down", source, "out"), (8, 8, GRAY, 8, [[255] * 8] * 8))

    def test_interlaced_files(self):
        # Adam7: first column and row of each pass, and the steps.
        passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4),
                  (1, 0, 2, 2), (0, 1, 1, 2))
        rows = [bytes(png_files.pattern(x, y, 0) for x in range(column, 21, x_step))
                for column, row, x_step, y_step in passes for y in range(row, 17, y_step)]
        source = self.folder / "i.png"
        content = png_files.encode(21, 17, GRAY, 8, rows)
        header = content[12:28] + b"\1"  # the last of its 13 bytes: interlaced
        source.write_bytes(content[:8] + png_files.chunk(header[:4], header[4:]) + content[33:])
        plain = png_files.write_pattern(self.folder / "p.png", 21, 17, GRAY)
        self.assertEqual(self.make("down", source, "out"), self.make("down", plain, "out"))

    def test_colour_tags_travel(self):
        for kind, data in ((b"sRGB", b"\1"), (b"gAMA", struct.pack(">I", 45455)),
                           (b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000,
                                                 15000, 6000)),
                           (b"iCCP", b"name\0\0" + zlib.compress(icc_profile(), 0))):
            with self.subTest(kind):
                source = png_files.write_pattern(self.folder / "t.png", 32, 32,
                                                 extra=[png_files.chunk(kind, data)])
                self.make("down", source, "out")
                kept = dict(png_files.chunks(self.folder / "out" / "t.png"))
                self.assertIn(kind, kept)
                self.assertEqual(kept[kind], data)


class FoldersTest(CommandTest):
    def test_folder_in_folder_out(self):
        source = self.folder / "in"
        source.mkdir()
        for name in ("b.png", "a.PNG", ".hidden.png", "notes.txt"):
            png_files.write_pattern(source / name, 24, 20)
        process = hcd("down", source, "-o", self.folder / "deep" / "out")
        self.assert_done(process)
        self.assertEqual(self.names_in(self.folder / "deep" / "out"), ["a.PNG", "b.png"])
        self.assertRegex(process.stdout, r"^2 pictures, mean PSNR once enlarged [0-9.]+ dB plain, "
                                         r"[0-9.]+ dB with HCD, [0-9.]+ s\n$")
        process = hcd("up", self.folder / "deep" / "out", "-o", self.folder / "up")
        self.assertRegex(process.stdout, r"^2 pictures, [0-9.]+ s\n$")

    def test_older_result_is_replaced(self):
        source = png_files.write_pattern(self.folder / "a.png", 24, 20)
        (self.folder / "out").mkdir()
        (self.folder / "out" / "a.png").write_text("old")
        self.assert_done(hcd("down", source, "-o", self.folder / "out"))
        self.assertEqual(png_files.read(self.folder / "out" / "a.png")[:2], (12, 10))
        self.assertEqual(self.names_in(self.folder / "out"), ["a.png"])

    def test_dashes_and_underscores(self):
        source = png_files.write_pattern(self.folder / "a.png", 24, 20)
        for option in ("--steps-lr", "--steps_lr"):
            self.assert_done(hcd("down", source, "-o", self.folder / "out", option, 2))

    def test_progress_on_a_terminal_only(self):
        source = png_files.write_pattern(self.folder / "a.png", 24, 20)
        reader, terminal = pty.openpty()
        hcd("down", source, "-o", self.folder / "out", capture_output=False, stdout=terminal,
            stderr=terminal)
        os.close(terminal)
        self.assertIn(b"[1/1] a.png", os.read(reader, 4096))
        os.close(reader)
        self.assert_done(hcd("down", source, "-o", self.folder / "out"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
