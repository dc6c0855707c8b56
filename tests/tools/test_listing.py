#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""hcd models, --help, --version and wrong command lines."""

import json
import unittest

from pathlib import Path

from hcd_command import CommandTest, hcd


TOP = Path(__file__).resolve().parents[2]


class ModelsTest(CommandTest):
    def test_one_model_a_line_name_first(self):
        process = hcd("models")
        self.assert_done(process)
        names = [line.split()[0] for line in process.stdout.splitlines()]
        for name in ("bilinear", "bicubic", "catmull_rom", "mitchell", "spline36", "lanczos2",
                     "lanczos"):
            self.assertIn(name, names)
        for line in process.stdout.splitlines():
            self.assertGreater(len(line.split()), 1, "a description")

    def test_json_says_the_same(self):
        models = json.loads(hcd("models", "--json").stdout)
        lines = hcd("models").stdout.splitlines()
        self.assertEqual([model["name"] for model in models], [line.split()[0] for line in lines])
        bicubic = next(model for model in models if model["name"] == "bicubic")
        self.assertEqual((bicubic["linear"], bicubic["needs_weights"]), (True, False))


class CheckTest(CommandTest):
    def test_weights_are_held_against_the_network(self):
        weights = TOP / "core" / "weights" / "light" / "lite_x2.safetensors"
        damaged = self.folder / "w.safetensors"
        damaged.write_bytes(weights.read_bytes()[:-4])
        process = hcd("models", "--check", weights, "--model", "lite", "--scale", 2)
        self.assert_done(process)
        self.assertEqual(process.stdout, "")
        for path, model, scale, message in (
                (weights, "lite", 3, f"option scale: expected 2, that of weights '{weights}', found 3"),
                (weights, "bicubic", 2, f"option weights: model bicubic has none, found '{weights}'"),
                (damaged, "lite", 2, f"weights '{damaged}': ")):
            with self.subTest(message):
                process = hcd("models", "--check", path, "--model", model, "--scale", scale)
                self.assertEqual((process.returncode, process.stdout), (1, ""))
                self.assertTrue(process.stderr.startswith(f"hcd: {message}"), process.stderr)


class HelpTest(CommandTest):
    def test_every_option_is_explained(self):
        for command in ("down", "up", "evaluate"):
            text = hcd(command, "--help").stdout
            for option in ("--scale", "--model", "--weights", "--device", "--threads", "--tile"):
                self.assertIn(f"  {option} ", text, command)
        self.assertIn("--steps-hr,--steps_hr", hcd("down", "--help").stdout)
        self.assertIn("[0, 1000]", hcd("down", "--help").stdout)

    def test_no_line_is_wide(self):
        for words in (("--help",), ("down", "--help"), ("up", "--help"), ("evaluate", "--help"), ("models", "--help"),
                      ("convert", "--help")):
            for line in hcd(*words).stdout.splitlines():
                self.assertLessEqual(len(line), 100, line)

    def test_version(self):
        self.assertEqual(hcd("--version").stdout, "hcd 0.2.0\n")


class UsageTest(CommandTest):
    def test_wrong_command_lines(self):
        hint = 'hcd: "hcd COMMAND --help" explains the options\n'
        for words, message in (
                ((), "A subcommand is required"),
                (("down",), "input is required"),
                (("down", "x"), "--output is required"),
                (("evaluate",), "--set is required"),
                (("enlarge",), "A subcommand is required"),
                (("models", "--no-such-option"),
                 "The following argument was not expected: --no-such-option")):
            with self.subTest(words):
                process = hcd(*words)
                self.assertEqual((process.returncode, process.stderr, process.stdout),
                                 (2, f"hcd: {message}\n{hint}", ""))


if __name__ == "__main__":
    unittest.main(verbosity=2)
