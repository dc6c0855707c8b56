# SPDX-License-Identifier: BSD-2-Clause
"""What bad input gets from ffmpeg: exit code above 0 and the exact message, one row each."""

import os
import tempfile
import unittest

import ffmpeg

MODELS = ("option model: expected bilinear, bicubic, catmull_rom, mitchell, spline36, lanczos2, lanczos, "
          "lanczos3, a network that `hcd models` lists, or torchscript")
EXPECTED = "expected a TorchScript file (torch.jit.save), found"
TORCH = "hcd_down=model=torchscript:weights="

# filter string -> message that must be in the log
OPTIONS = [
    ("hcd_down=model=nearest", MODELS + " (linear clients may be joined by +), found 'nearest'"),
    ("hcd_down=model=", MODELS + " (linear clients may be joined by +), found ''"),
    ("hcd_up=model=bicubic+lanczos", "option model: expected one client, found 'bicubic+lanczos'"),
    ("hcd_down=model=bicubic:device=gpu", "option device: expected auto, cpu, cuda or cuda:N, found 'gpu'"),
    ("hcd_down=model=bicubic:device=cuda", "option device: model bicubic runs on the CPU only, found 'cuda'"),
    ("hcd_up=model=bicubic:device=cuda", "option device: model bicubic runs on the CPU only, found 'cuda'"),
    ("hcd_down=model=bicubic:preset=turbo", "option preset: expected fast, balanced, quality or paper, found 'turbo'"),
    ("hcd_down=model=bicubic:optimizer=sgd", "option optimizer: expected auto, pgd, adam, cg or exact, found 'sgd'"),
    ("hcd_down=model=bicubic:scale=0", "option scale: expected auto or a number in [1, 16], found '0'"),
    ("hcd_down=model=bicubic:scale=-2", "option scale: expected auto or a number in [1, 16], found '-2'"),
    ("hcd_down=model=bicubic:scale=99", "option scale: expected auto or a number in [1, 16], found '99'"),
    ("hcd_up=model=bicubic:scale=0.5", "option scale: expected auto or a number in [1, 16], found '0.5'"),
    ("hcd_down=model=bicubic:budget=nan", "option budget: expected auto or a number in [0, 255], found 'nan'"),
    ("hcd_down=model=bicubic:budget=-1", "option budget: expected auto or a number in [0, 255], found '-1'"),
    ("hcd_down=model=bicubic:steps=-1", "option steps: expected auto or a whole number in [0, 1000], found '-1'"),
    ("hcd_down=model=bicubic:steps=1001", "option steps: expected auto or a whole number in [0, 1000], found '1001'"),
    ("hcd_down=model=bicubic:threads=-1", "threads"),
    ("hcd_down=model=bicubic:tile=5", "option tile: expected 0 or 32 to 8192, found 5"),
    ("hcd_down=model=bicubic:colour=red", "colour"),
    ("hcd_down=model=bicubic:w=800:h=600",
     "size of the small frame: expected 1x1 to 64x48, the size of the source, found 800x600"),
    ("hcd_up=model=bicubic:w=32:h=24",
     "size of the enlarged frame: expected at least 64x48, the size of the small one, found 32x24"),
    ("hcd_down=model=bicubic:w=foo", "foo"),
    ("hcd_down=model=torchscript", "option weights: model torchscript needs a file, found none"),
    ("hcd_down=model=bicubic:weights=a.pt", "option weights: model bicubic has none, found 'a.pt'"),
]


class Errors(unittest.TestCase):
    def refused(self, filters, message):
        with self.subTest(filters=filters):
            code, _, log = ffmpeg.run(*ffmpeg.source(), "-vf", filters, "-f", "null", "-")
            self.assertGreater(code, 0)
            self.assertIn(message, log)

    def test_options(self):
        for filters, message in OPTIONS:
            self.refused(filters, message)

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            def write(name, data):
                path = os.path.join(folder, name)
                with open(path, "wb") as file:
                    file.write(data)
                return path

            missing = os.path.join(folder, "missing.pt")
            self.refused(TORCH + missing, f"weights '{missing}': {EXPECTED} no such file")
            for name, data, found in (("empty.pt", b"", "an empty file"),
                                      ("random.pt", bytes(i * 37 % 251 for i in range(4096)),
                                       "4096 bytes of something else"),
                                      ("text.pt", b"weights\n", "8 bytes of something else")):
                path = write(name, data)
                self.refused(TORCH + path, f"weights '{path}': {EXPECTED} {found}")
            self.refused(TORCH + folder, f"weights '{folder}': {EXPECTED} ")

    def test_damaged_networks(self):
        whole = os.path.join(ffmpeg.SCRIPTS, "luma_x2.pt")
        if not os.path.exists(whole):
            self.skipTest("no LibTorch in this build")
        with tempfile.TemporaryDirectory() as folder:
            with open(whole, "rb") as file:
                data = file.read()
            path = os.path.join(folder, "truncated.pt")
            with open(path, "wb") as file:
                file.write(data[:len(data) // 2])
            self.refused(TORCH + path, f"weights '{path}': {EXPECTED} ")
        self.refused(TORCH + whole + ":scale=3", "option scale: expected 2, the factor of the network ")
        self.refused(TORCH + whole + ":optimizer=cg", "option optimizer: cg needs a linear client")
        self.refused(TORCH + whole + ":w=30:h=24", "size of the small frame: expected 32x24, since the network ")
        self.refused(TORCH + whole + ":device=cuda", "device=cuda: ")

    def test_help_names_unit_and_range_of_every_option(self):
        for name in ("hcd_down", "hcd_up"):
            out, _ = ffmpeg.good("-h", f"filter={name}")
            text = out.decode()
            self.assertIn("source size over small size" if name == "hcd_down" else "enlarged size", text)
            for line in text.splitlines():
                if line.startswith("   ") and "<" in line and "enable" not in line:
                    self.assertGreater(len(line.split()), 4, line)


if __name__ == "__main__":
    ffmpeg.main()
