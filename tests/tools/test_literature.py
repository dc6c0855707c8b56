#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""hcd evaluate against the numbers of the literature and of NumPy, on Set5 and Set14.

Needs the environment variable HCD_SHARED: a folder with data/eval/Set5 and data/eval/Set14."""

import json
import os
import sys
import unittest
from pathlib import Path

from hcd_command import CommandTest, hcd

SHARED = os.environ.get("HCD_SHARED")

# Plain resizing by MATLAB's definition: set, scale, PSNR-Y in dB.
PLAIN = (("Set5", 2, 33.68), ("Set5", 4, 28.43), ("Set14", 2, 30.33), ("Set14", 4, 26.09))


class LiteratureTest(CommandTest):
    def mean(self, set_name, *options):
        process = hcd("evaluate", "--set", Path(SHARED) / "data" / "eval" / set_name, "--json",
                      *options)
        self.assert_done(process)
        return json.loads(process.stdout)["mean"]

    def test_plain(self):
        for set_name, scale, expected in PLAIN:
            with self.subTest(set_name, scale=scale):
                mean = self.mean(set_name, "--model", "catmull_rom", "--scale", scale)
                self.assertAlmostEqual(mean["psnr_y_plain"], expected, delta=0.02)

    def test_conjugate_gradients(self):
        for steps, expected in ((1, 34.80), (2, 34.90), (3, 34.91)):
            with self.subTest(steps=steps):
                mean = self.mean("Set5", "--model", "catmull_rom", "--optimizer", "cg", "--steps",
                                 steps)
                self.assertAlmostEqual(mean["psnr_y"], expected, delta=0.05)

    def test_optimum(self):
        mean = self.mean("Set5", "--model", "catmull_rom", "--optimizer", "exact")
        self.assertAlmostEqual(mean["psnr_y"], 34.92, delta=0.05)

    def test_bicubic_of_ffmpeg(self):
        mean = self.mean("Set5", "--model", "bicubic", "--optimizer", "cg", "--steps", 2)
        self.assertAlmostEqual(mean["psnr_y_plain"], 33.94, delta=0.02)
        self.assertAlmostEqual(mean["psnr_y"], 35.01, delta=0.05)

    # Reference: NumPy, luma resized in floats, the same window.
    def test_ssim(self):
        mean = self.mean("Set5", "--model", "catmull_rom", "--optimizer", "cg", "--steps", 2)
        self.assertAlmostEqual(mean["ssim_plain"], 0.9305, delta=0.001)
        self.assertAlmostEqual(mean["ssim"], 0.9439, delta=0.001)


if __name__ == "__main__":
    if not SHARED:
        print("skipped: HCD_SHARED is not set")
        sys.exit(77)
    unittest.main(verbosity=2)
