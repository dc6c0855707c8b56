#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""hcd evaluate: what it prints, and that its numbers agree with each other."""

import json
import unittest

import png_files
from hcd_command import CommandTest, hcd

SCORES = ("psnr_y_plain", "psnr_y", "ssim_plain", "ssim")


class EvaluateTest(CommandTest):
    def setUp(self):
        super().setUp()
        png_files.write_pattern(self.folder / "a.png", 61, 47)
        png_files.write_pattern(self.folder / "b.png", 50, 64, png_files.GRAY)

    def evaluate(self, *options):
        process = hcd("evaluate", "--set", self.folder, "--json", *options)
        self.assert_done(process)
        return json.loads(process.stdout)

    def test_json(self):
        result = self.evaluate("--model", "catmull_rom", "--scale", 2)
        self.assertEqual(set(result), {"model", "scale", "mean", "pictures", "seconds", "peak_mib"})
        self.assertEqual((result["model"], result["scale"]), ("catmull_rom", 2))
        self.assertEqual(set(result["mean"]), set(SCORES))
        self.assertEqual([(p["name"], p["width"], p["height"]) for p in result["pictures"]],
                         [("a.png", 60, 46), ("b.png", 50, 64)])
        for key in SCORES:
            mean = sum(picture[key] for picture in result["pictures"]) / 2
            self.assertAlmostEqual(result["mean"][key], mean)
        self.assertGreater(result["mean"]["psnr_y"], result["mean"]["psnr_y_plain"])
        self.assertGreater(result["mean"]["ssim"], result["mean"]["ssim_plain"])
        self.assertGreater(result["seconds"], 0)
        self.assertEqual([p["small_samples"] for p in result["pictures"]], [3 * 30 * 23, 25 * 32])
        self.assertGreater(result["peak_mib"], 1)

    def test_kept_pictures(self):
        kept = self.folder / "kept"
        self.assertEqual(hcd("evaluate", "--set", self.folder, "--keep", kept).returncode, 2)
        kept.mkdir()
        self.evaluate("--scale", 2, "--keep", kept)
        whiches = ("large", "original", "small", "small_plain")
        self.assertEqual(self.names_in(kept), [f"{name}-{which}.png" for name in "ab" for which in whiches])
        self.assertEqual([png_files.read(kept / f"a-{which}.png")[:2] for which in whiches],
                         [(60, 46), (60, 46), (30, 23), (30, 23)])

    def test_table(self):
        process = hcd("evaluate", "--set", self.folder)
        self.assert_done(process)
        lines = process.stdout.splitlines()
        self.assertIn("model bicubic, scale 2", lines[0])
        self.assertEqual([line.split()[0] for line in lines[2:]], ["a.png", "b.png", "mean"])
        mean = self.evaluate()["mean"]
        self.assertAlmostEqual(float(lines[-1].split()[1]), mean["psnr_y_plain"], delta=0.001)
        self.assertAlmostEqual(float(lines[-1].split()[2]), mean["psnr_y"], delta=0.001)

    def test_no_steps_is_plain(self):
        mean = self.evaluate("--steps", 0)["mean"]
        self.assertEqual(mean["psnr_y"], mean["psnr_y_plain"])
        self.assertEqual(mean["ssim"], mean["ssim_plain"])

    def test_several_clients_are_averaged(self):
        both = self.evaluate("--model", "bicubic+bilinear", "--steps", 0)["mean"]
        singles = [self.evaluate("--model", model, "--steps", 0)["mean"]["psnr_y"]
                   for model in ("bicubic", "bilinear")]
        self.assertLess(min(singles), both["psnr_y"])
        self.assertGreater(max(singles), both["psnr_y"])

    def test_sixteen_bits_are_rounded(self):
        png_files.write_pattern(self.folder / "c.png", 60, 46, png_files.RGB, 16)
        pictures = self.evaluate("--steps", 2)["pictures"]
        self.assertAlmostEqual(pictures[2]["psnr_y"], pictures[0]["psnr_y"], delta=0.3)

    def test_every_down_option_is_taken(self):
        first = self.evaluate("--steps", 1)["mean"]["psnr_y"]
        self.assertLess(first, self.evaluate("--steps", 4)["mean"]["psnr_y"])
        self.assertGreater(first, self.evaluate("--steps", 1, "--budget", 0.5)["mean"]["psnr_y"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
