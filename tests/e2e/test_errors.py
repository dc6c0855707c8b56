# SPDX-License-Identifier: BSD-2-Clause
"""What bad input gets from ffmpeg: exit code above 0 and the exact message, one row each."""

import os
import re
import tempfile
import unittest

import ffmpeg

MODELS = ("option model: expected bilinear, bicubic, catmull_rom, mitchell, spline36, lanczos2, lanczos, "
          "a network that `hcd models` lists, or torchscript")
EXPECTED = "expected a TorchScript file (torch.jit.save), found"
TORCH = "hcd_down=model=torchscript:weights="


def above(option, value, largest, least=-2147483648):
    """What libavutil says of a number above the largest; the least is that of the word auto."""
    return f"Value {value:f} for parameter '{option}' out of range [{least:g} - {largest:g}]"


def no_word(option, value):
    """What libavutil says of a word that is none of an option's."""
    return (f"Error setting option {option} to value {value}.", f"Error applying option '{option}' to filter 'hcd_down'")


# filter string -> message that must be in the log, or the one of several FFmpegs
OPTIONS = [
    ("hcd_down=model=nearest", MODELS + " (linear clients may be joined by +), found 'nearest'"),
    ("hcd_down=model=", MODELS + " (linear clients may be joined by +), found ''"),
    ("hcd_up=model=bicubic+lanczos", "option model: expected one client, found 'bicubic+lanczos'"),
    ("hcd_down=model=bicubic:device=gpu", "option device: expected auto, cpu, cuda or cuda:N, found 'gpu'"),
    ("hcd_down=model=bicubic:device=cuda\\\\:99", "device=cuda:99: "),
    ("hcd_up=device=cuda\\\\:99", "device=cuda:99: "),
    ("hcd_down=model=bicubic:preset=turbo", no_word("preset", "turbo")),
    ("hcd_down=model=bicubic:optimizer=sgd", no_word("optimizer", "sgd")),
    ("hcd_down=model=bicubic:loss=l1", no_word("loss", "l1")),
    ("hcd_down=model=bicubic:start=nearest", no_word("start", "nearest")),
    ("hcd_down=model=bicubic:latent=one", no_word("latent", "one")),
    ("hcd_down=model=bicubic:preset=4", above("preset", 4, 3, 0)),
    ("hcd_down=model=bicubic:preset=-1", above("preset", -1, 3, 0)),
    ("hcd_down=model=bicubic:latent=mean", "option latent: model bicubic has none, found 'mean'"),
    ("hcd_down=model=bicubic:scale=0", "option scale: expected auto or a number in [1, 16], found '0'"),
    ("hcd_down=model=bicubic:scale=-2", "option scale: expected auto or a number in [1, 16], found '-2'"),
    ("hcd_down=model=bicubic:scale=99", above("scale", 99, 16)),
    ("hcd_down=model=bicubic:scale=two", no_word("scale", "two")),
    ("hcd_up=model=bicubic:scale=0.5", "option scale: expected auto or a number in [1, 16], found '0.5'"),
    ("hcd_down=model=bicubic:budget=nan", no_word("budget", "nan")),
    ("hcd_down=model=bicubic:budget=-1", "option budget: expected auto or a number in [0, 255], found '-1'"),
    ("hcd_down=model=bicubic:steps=-1", "option steps: expected auto or a whole number in [0, 1000], found '-1'"),
    ("hcd_down=model=bicubic:steps=1001", above("steps", 1001, 1000)),
    ("hcd_down=model=bicubic:threads=-1", "Value -1.000000 for parameter 'threads' out of range [0 - "),
    ("hcd_down=model=bicubic:threads=300", ("option threads: expected a whole number in [0, 256], found '300'",
                                            above("threads", 300, 256, 0))),
    ("hcd_down=model=bicubic:tile=5", "option tile: expected 0 or 32 to 8192, found 5"),
    ("hcd_down=model=bicubic:colour=red", no_word("colour", "red") + ("Option 'colour' not found",)),
    ("hcd_down=model=bicubic:w=800:h=600",
     "size of the small frame: expected 1x1 to 64x48, the size of the source, found 800x600"),
    ("hcd_up=model=bicubic:w=32:h=24",
     "size of the enlarged frame: expected at least 64x48, the size of the small one, found 32x24"),
    ("hcd_down=model=bicubic:w=foo", "option w: expected an expression that gives a size in pixels "),
    ("hcd_down=model=torchscript", "option weights: model torchscript needs a file, found none"),
    ("hcd_down=model=bicubic:weights=a.pt", "option weights: model bicubic has none, found 'a.pt'"),
]


class Errors(unittest.TestCase):
    def refused(self, filters, message):
        with self.subTest(filters=filters):
            code, _, log = ffmpeg.run(*ffmpeg.source(), "-vf", filters, "-f", "null", "-")
            self.assertGreater(code, 0)
            told = ffmpeg.told(log, filters)
            if isinstance(message, str):
                message = (message,)
            self.assertTrue(any(text in told for text in message), f"none of {message} in:\n{told}")

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

    def test_help_is_that_of_typed_options(self):
        for name in ("hcd_down", "hcd_up"):
            out, _ = ffmpeg.good("-h", f"filter={name}")
            options = re.findall(r"^   (\w+) +<(\w+)> +([.A-Z]+) (.*)$", out.decode(), re.M)
            kinds = {option: (kind, flags, text) for option, kind, flags, text in options}
            self.assertIn("source size over small size" if name == "hcd_down" else "enlarged size",
                          kinds["scale"][2])
            for option, kind, _, text in options:
                self.assertGreater(len(text.split()), 3, option)
                if kind in ("int", "int64", "double") and option != "enable":
                    self.assertRegex(text, r"\(from .* to .*\) \(default ", option)
            self.assertEqual(kinds["scale"][0], "double")
            self.assertEqual(kinds["seed"][0], "int64")
            self.assertEqual(kinds["model"][0], "string")
            self.assertIn("(default auto)", kinds["latent"][2])
        out, _ = ffmpeg.good("-h", "filter=hcd_down")
        self.assertRegex(out.decode(), r"steps +<int> +\.\.FV\.*T\.* .*\(from INT_MIN to 1000\) \(default auto\)")
        self.assertRegex(out.decode(), r"preset +<int> .*\(from 0 to 3\) \(default balanced\)")

    def test_every_word_that_the_help_lists_is_one_of_the_library(self):
        out, _ = ffmpeg.good("-h", "filter=hcd_down")
        option, words = "", []
        for line in out.decode().splitlines():
            found = re.match(r"   (\w+) +<(\w+)>|     (\w+) +-?\d+ ", line)
            if found and found.group(1):
                option = found.group(1)
            elif found and option in ("preset", "loss", "start", "optimizer"):
                words.append((option, found.group(3)))
        self.assertEqual([word for option, word in words if option == "preset"],
                         ["fast", "balanced", "quality", "paper"])
        for option, word in words:
            with self.subTest(option=option, word=word):
                arguments = [*ffmpeg.source("16x16", 1), "-vf", f"hcd_down=model=bicubic:{option}={word}"]
                ffmpeg.good(*arguments, "-f", "null", "-")


if __name__ == "__main__":
    ffmpeg.main()
