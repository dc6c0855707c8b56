#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What bad options and bad files get: exit code 1, one exact message, and nothing left behind."""

import os
import resource
import subprocess
import unittest

import png_files
from hcd_command import SANITIZED, CommandTest, hcd

MODELS = ("bilinear, bicubic, catmull_rom, mitchell, spline36, lanczos2, lanczos, a network that `hcd models` lists, or "
          "torchscript")
SEVERAL = f"{MODELS} (linear clients may be joined by +)"
SCALE = "auto or a number in [1, 16]"
STEPS = "auto or a whole number in [0, 1000]"
BUDGET = "auto or a number in [0, 255]"

# Options of hcd down -> message.
DOWN_OPTIONS = (
    (("--model", "nosuch"), f"option model: expected {SEVERAL}, found 'nosuch'"),
    (("--model", ""), f"option model: expected {SEVERAL}, found ''"),
    (("--model", "bicubic+"), f"option model: expected {SEVERAL}, found 'bicubic+'"),
    (("--model", "bicubic+nosuch"), f"option model: expected {SEVERAL}, found 'bicubic+nosuch'"),
    (("--model", "torchscript"), "option weights: model torchscript needs a file, found none"),
    (("--weights", "x.pt"), "option weights: model bicubic has none, found 'x.pt'"),
    (("--device", "nosuch"), "option device: expected auto, cpu, cuda or cuda:N, found 'nosuch'"),
    (("--preset", "nosuch"),
     "option preset: expected fast, balanced, quality or paper, found 'nosuch'"),
    (("--optimizer", "nosuch"),
     "option optimizer: expected auto, pgd, adam, cg, exact or learned, found 'nosuch'"),
    (("--optimizer", "exact", "--model", "bicubic+bilinear"),
     "option optimizer: exact needs one client, found model=bicubic+bilinear (use cg)"),
    (("--scale", "0"), f"option scale: expected {SCALE}, found '0'"),
    (("--scale", "-2"), f"option scale: expected {SCALE}, found '-2'"),
    (("--scale", "99"), f"option scale: expected {SCALE}, found '99'"),
    (("--scale", "nan"), f"option scale: expected {SCALE}, found 'nan'"),
    (("--scale", "2x"), f"option scale: expected {SCALE}, found '2x'"),
    (("--steps", "-1"), f"option steps: expected {STEPS}, found '-1'"),
    (("--steps", "1001"), f"option steps: expected {STEPS}, found '1001'"),
    (("--steps", "1.5"), f"option steps: expected {STEPS}, found '1.5'"),
    (("--budget", "nan"), f"option budget: expected {BUDGET}, found 'nan'"),
    (("--budget", "-1"), f"option budget: expected {BUDGET}, found '-1'"),
    (("--threads", "257"), "option threads: expected a whole number in [0, 256], found '257'"),
    (("--w", "0"), "option w: expected a whole number in [1, 32768], found '0'"),
    (("--w", "-2"), "option w: expected a whole number in [1, 32768], found '-2'"),
    (("--h", "40x"), "option h: expected a whole number in [1, 32768], found '40x'"),
    (("--w", "65"), "{folder}/a.png: size of the small frame: expected 1x1 to 60x40, the size of "
                    "the source, found 65x20"),
)

UP_OPTIONS = (
    (("--model", "nosuch"), f"option model: expected {MODELS}, found 'nosuch'"),
    (("--model", "bicubic+bilinear"),
     "option model: expected one client, found 'bicubic+bilinear'"),
    (("--scale", "-2"), f"option scale: expected {SCALE}, found '-2'"),
    (("--w", "30"), "{folder}/a.png: size of the enlarged frame: expected at least 60x40, the size "
                    "of the small one, found 30x80"),
)

EVALUATE_OPTIONS = (
    (("--model", "nosuch"), f"option model: expected {SEVERAL}, found 'nosuch'"),
    (("--scale", "1.5"), "option scale: expected a whole number for evaluate, found '1.5'"),
    (("--scale", "16"), "{folder}/a.png: expected 43x43 pixels or more after cropping to a "
                        "multiple of the scale, found 48x32"),
)


class OptionsTest(CommandTest):
    def setUp(self):
        super().setUp()
        self.picture = png_files.write_pattern(self.folder / "a.png", 60, 40)

    def check(self, table, *words):
        for options, message in table:
            with self.subTest(options):
                self.assert_error(hcd(*words, *options), message.format(folder=self.folder))
        self.assertIn(self.names_in(self.folder), (["a.png"], ["a.png", "out"]))
        if (self.folder / "out").exists():
            self.assertEqual(self.names_in(self.folder / "out"), [])

    def test_down(self):
        self.check(DOWN_OPTIONS, "down", self.picture, "-o", self.folder / "out")

    def test_up(self):
        self.check(UP_OPTIONS, "up", self.picture, "-o", self.folder / "out")

    def test_evaluate(self):
        self.check(EVALUATE_OPTIONS, "evaluate", "--set", self.picture)


class WeightsTest(CommandTest):
    def test_files_that_are_no_weights(self):
        picture = png_files.write_pattern(self.folder / "a.png", 60, 40)
        (self.folder / "empty.pt").write_bytes(b"")
        (self.folder / "random.pt").write_bytes(bytes(range(256)))
        for name, found in (("missing.pt", "no such file"), ("", "a folder"),
                            ("empty.pt", "an empty file"),
                            ("random.pt", "256 bytes of something else")):
            with self.subTest(name):
                weights = self.folder / name
                process = hcd("down", picture, "-o", self.folder / "out", "--model", "torchscript",
                              "--weights", weights)
                self.assert_error(process, f"weights '{weights}': expected a TorchScript file "
                                           f"(torch.jit.save), found {found}")


class InputTest(CommandTest):
    def assert_refused(self, content, message, exact=True):
        picture = self.folder / "a.png"
        picture.write_bytes(content)
        for words in (("down", picture, "-o", self.folder / "out"),
                      ("up", picture, "-o", self.folder / "out"), ("evaluate", "--set", picture)):
            with self.subTest(message, command=words[0]):
                process = hcd(*words)
                if not exact:  # the rest of the text is libpng's
                    start = f"hcd: {picture}: {message}"
                    self.assertEqual(process.stderr[:len(start)], start)
                    process.stderr = f"{start}\n"
                self.assert_error(process, f"{picture}: {message}")

    def test_damaged_files(self):
        good = png_files.write_pattern(self.folder / "a.png", 60, 40).read_bytes()
        samples = good.index(b"IDAT")
        self.assert_refused(b"", "expected a PNG file, found an empty file")
        self.assert_refused(b"\x89PN", "expected a PNG file, found something else")
        self.assert_refused(bytes(range(256)), "expected a PNG file, found something else")
        self.assert_refused(good[:20], "damaged PNG file: the file ends too early")
        self.assert_refused(good[:-30], "damaged PNG file: the file ends too early")
        self.assert_refused(good[:samples + 50] + b"\0\0\0" + good[samples + 53:],
                            "damaged PNG file: IDAT: ", exact=False)
        self.assert_refused(good[:8] + good[samples - 4:], "damaged PNG file: ", exact=False)

    def test_pictures_that_are_not_handled(self):
        remedy = "; remove it first, for example: ffmpeg -i in.png -pix_fmt {} out.png"
        for colour, depth, pixels in ((png_files.GRAY_ALPHA, 8, "gray"), (png_files.RGB_ALPHA, 8, "rgb24"),
                                      (png_files.GRAY_ALPHA, 16, "gray16be"),
                                      (png_files.RGB_ALPHA, 16, "rgb48be")):
            path = png_files.write_pattern(self.folder / "b.png", 16, 16, colour, depth)
            self.assert_refused(path.read_bytes(), "expected gray or RGB, found an alpha channel" +
                                remedy.format(pixels))
        key = png_files.chunk(b"tRNS", bytes(6))
        path = png_files.write_pattern(self.folder / "b.png", 16, 16, extra=[key])
        self.assert_refused(path.read_bytes(), "expected gray or RGB, found transparent colours (chunk tRNS)" +
                            remedy.format("rgb24"))
        wide = png_files.encode(32769, 1, png_files.GRAY, 8, [bytes(32769)])
        self.assert_refused(wide, "expected at most 32768x32768 pixels, found 32769x1")

    def test_folders(self):
        folder, missing = self.folder / "empty", self.folder / "missing"
        folder.mkdir()
        for words in (("down", "-o", self.folder / "out"), ("evaluate", "--set")):
            self.assert_error(
                hcd(*words, folder),
                f"{folder}: expected PNG pictures (*.png) in the folder, found none")
            self.assert_error(hcd(*words, missing), f"{missing}: expected a folder or a PNG file, "
                                                    f"found nothing of that name")

    def test_stops_at_the_first_bad_picture(self):
        source = self.folder / "in"
        source.mkdir()
        for name in ("a.png", "c.png"):
            png_files.write_pattern(source / name, 24, 20)
        (source / "b.png").write_bytes(b"text")
        process = hcd("down", source, "-o", self.folder / "out")
        self.assert_error(process, f"{source}/b.png: expected a PNG file, found something else "
                                   f"(1 of 3 pictures done)")
        self.assertEqual(self.names_in(self.folder / "out"), ["a.png"])


class OutputTest(CommandTest):
    def setUp(self):
        super().setUp()
        self.picture = png_files.write_pattern(self.folder / "a.png", 60, 40)

    def test_inputs_are_never_overwritten(self):
        before = self.picture.read_bytes()
        (self.folder / "links").mkdir()
        (self.folder / "links" / "a.png").symlink_to(self.picture)
        for source in (self.folder, self.picture, self.folder / "links"):
            self.assert_error(hcd("down", source, "-o", self.folder),
                              f"{self.folder}/a.png: the result would overwrite an input; give "
                              f"another folder with -o")
        self.assertEqual(self.picture.read_bytes(), before)

    def test_output_without_a_name(self):
        self.assert_error(hcd("down", self.picture, "-o", ""), "option -o: expected a folder, found ''")

    def test_output_folder_cannot_be_made(self):
        (self.folder / "file").write_text("")
        for output, reason in (("file/out", "Not a directory"), ("file", "Not a directory")):
            self.assert_error(hcd("down", self.picture, "-o", self.folder / output),
                              f"{self.folder / output}: cannot make the folder: {reason}")

    @unittest.skipIf(os.geteuid() == 0, "root writes everywhere")
    def test_output_folder_without_permission(self):
        output = self.folder / "out"
        output.mkdir(mode=0o555)
        self.assert_error(hcd("down", self.picture, "-o", output),
                          f"{output}/a.png: cannot write: Permission denied")

    def test_result_in_the_place_of_a_folder(self):
        output = self.folder / "out"
        (output / "a.png").mkdir(parents=True)
        self.assert_error(hcd("down", self.picture, "-o", output),
                          f"{output}/a.png: cannot write: Is a directory")
        self.assertEqual(self.names_in(output), ["a.png"])

    def test_full_disk(self):
        output = self.folder / "out"

        def limit():  # the largest file that may be written; Python ignores its signal
            resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))

        process = hcd("down", self.picture, "-o", output, preexec_fn=limit, restore_signals=False)
        self.assert_error(process, f"{output}/a.png: cannot write: File too large")
        self.assertEqual(self.names_in(output), [])

    def test_full_standard_output(self):
        with open("/dev/full", "w") as full:
            process = hcd("models", capture_output=False, stdout=full, stderr=subprocess.PIPE)
        self.assertEqual((process.returncode, process.stderr),
                         (1, "hcd: standard output: cannot write: No space left on device\n"))

    @unittest.skipIf(SANITIZED, "AddressSanitizer needs more address space")
    def test_out_of_memory(self):
        side = 8000
        large = self.folder / "large.png"
        large.write_bytes(png_files.encode(side, side, png_files.GRAY, 8, [bytes(side)] * side))
        megabytes = 2**20

        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (300 * megabytes, 300 * megabytes))

        process = hcd("down", large, "-o", self.folder / "out", "--threads", 1, preexec_fn=limit)
        self.assert_error(process, f"{large}: out of memory: expected {side * side * 4 // megabytes} MB "
                          "for the planes of a frame, found less")
        self.assertEqual(self.names_in(self.folder / "out"), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
