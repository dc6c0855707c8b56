# SPDX-License-Identifier: BSD-2-Clause
"""hcd shader: what it writes, and what it refuses. What players show of it: tests/e2e/test_shader.py."""

import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
import hcd_command  # noqa: E402
from shader_weights import network  # noqa: E402

WEIGHTS = Path(__file__).resolve().parents[2] / "core" / "weights" / "light"


class Shader(hcd_command.CommandTest):
    def write(self, *words, name="a.glsl"):
        path = self.folder / name
        self.assert_done(hcd_command.hcd("shader", "-o", path, *words))
        return path.read_text(encoding="ascii")

    def refused(self, message, *words):
        """With that in its message, and nothing left."""
        before = self.names_in(self.folder)
        done = hcd_command.hcd("shader", "-o", self.folder / "refused.glsl", *words)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(message, done.stderr)
        self.assertEqual(self.names_in(self.folder), before)

    def test_limits_of_players(self):
        """At most 16 textures a pass, 32 words in an expression, textures that are there when they are bound."""
        for number, (model, scale) in enumerate((("lite", 2), ("base", 2), ("base", 4))):
            for variant in ("fragment", "compute"):
                text = self.write("--model", model, "--scale", scale, "--variant", variant, "--chroma",
                                  name=f"{number}{variant}.glsl")
                there = {"LUMA", "CHROMA"}
                passes = text.split("\n//!HOOK ")[1:]
                for block in passes:
                    binds = re.findall(r"^//!BIND (\w+)$", block, re.M)
                    self.assertLessEqual(len(binds), 16)
                    self.assertLessEqual(set(binds), there)
                    there |= set(re.findall(r"^//!SAVE (\w+)$", block, re.M))
                    for words in re.findall(r"^//!(?:WIDTH|HEIGHT|WHEN) (.*)$", block, re.M):
                        self.assertLessEqual(len(words.split()), 32)
                    self.assertIn("//!WHEN" if "HCD_ON" not in binds and "//!SAVE HCD_ON" not in block else "", block)
                self.assertEqual(f"{len(passes)} passes", re.search(r"\d+ passes", text)[0])

    def test_the_same_again(self):
        self.assertEqual(self.write(), self.write("--model", "lite", "--scale", 2, "--variant", "fragment", "--range", "limited",
                                                  name="b.glsl"))
        self.assertEqual(self.write("--weights", WEIGHTS / "base_x4.safetensors", name="c.glsl"),
                         self.write("--model", "base", "--scale", 4, name="d.glsl"))

    def test_a_file_of_before(self):
        path = self.folder / "a.glsl"
        path.write_text("kept")
        done = hcd_command.hcd("shader", "-o", path)
        self.assert_error(done, f"{path}: expected no such file, found one (-y replaces it)")
        self.assertEqual(path.read_text(), "kept")
        self.assert_done(hcd_command.hcd("shader", "-y", "-o", path))
        self.assertTrue(path.read_text().startswith("// hcd lite x2"))

    def test_an_impossible_place(self):
        self.assert_error(hcd_command.hcd("shader", "-y", "-o", self.folder),
                          f"{self.folder}: expected the name of a file, found something else")
        self.assertEqual(hcd_command.hcd("shader", "-o", self.folder / "none" / "a.glsl").returncode, 1)

    def test_other_models(self):
        can = "a shader can be made of lite and base, and of weights of theirs"
        for model in ("srcnn", "irn-small", "bicubic", "torchscript", "nosuch"):
            self.refused(f"model: expected a light network, found '{model}': {can}", "--model", model)
        self.refused("scale: expected 2 for model lite, found 4", "--model", "lite", "--scale", 4)
        self.refused(can, "--model", "base", "--weights", WEIGHTS / "lite_x2.safetensors")

    def test_damaged_weights(self):
        whole = (WEIGHTS / "lite_x2.safetensors").read_bytes()
        path = self.folder / "w.safetensors"
        wrong = {"cut": whole[:-100], "header": b"\xff" * 8 + whole[8:], "empty": b"", "zip": b"PK\3\4" + bytes(60),
                 "not finite": whole[:-2] + b"\x00\x7e", "key": whole.replace(b'"0.bias"', b'"9.bias"')}
        for name, data in wrong.items():
            with self.subTest(name):
                path.write_bytes(data)
                self.refused("a shader can be made of lite and base", "--weights", path)
        self.refused("no.safetensors", "--weights", self.folder / "no.safetensors")

    def test_large_networks(self):
        path = self.folder / "w.safetensors"
        network(path, [{"out": 68, "kernel": 1}, {"out": 4, "kernel": 1}])
        self.refused("expected at most 64 channels a layer for a fragment shader, found 68", "--weights", path)
        self.write("--weights", path, "--variant", "compute")
        network(path, [{"out": 128, "kernel": 1}, {"out": 128, "kernel": 5}, {"out": 4, "kernel": 1}])
        self.refused("expected at most 250000 parameters for a shader, found 410", "--weights", path, "--variant", "compute")

    def test_wrong_words(self):
        for words in (("--scale", "3"), ("--variant", "x"), ("--range", "tv")):
            self.assertEqual(hcd_command.hcd("shader", "-o", self.folder / "a.glsl", *words).returncode, 2)


if __name__ == "__main__":
    unittest.main()
