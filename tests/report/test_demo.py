#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The work of scripts/demo on a few frames: its table, and what it does with odd and hopeless clips."""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import reporting

reporting.use_its_python()


class Demo(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.TemporaryDirectory()
        self.folder = Path(self.home.name)
        (self.folder / "build").mkdir()

    def tearDown(self):
        self.home.cleanup()

    def demo(self, clip, *options):
        return subprocess.run([sys.executable, "-B", "-m", "hcd.demo", *options, clip], cwd=self.folder, text=True,
                              env={**os.environ, "PYTHONPATH": str(reporting.TOP / "scripts")}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

    def test_table_and_picture(self):
        clip = reporting.make_clip(self.folder / "odd.mkv", 3, "191x161")
        done = self.demo(clip, "--frames=2", "--crf=24,30,36,42")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("odd.mkv, 190x160, 2 frames, libx264", done.stdout)
        lines = [line for line in done.stdout.splitlines() if re.match(r" +\d+\.\d\d ", line)]
        self.assertEqual(len(lines), 5)
        number = r"\d+\.\d"
        for line in lines:
            self.assertRegex(line, rf"^ +\d+\.\d\d +{number} +{number} \((2/3|1/2)\) +{number} \((2/3|1/2)\)$")
        blind, ours = map(float, re.search(r"blind ([-+][\d.]+) %; with hcd_down ([-+][\d.]+) %", done.stdout).groups())
        self.assertLessEqual(ours, blind)
        self.assertLessEqual(blind, 0)
        made = self.folder / "build" / "demo"
        self.assertEqual(len((made / "table.txt").read_text(encoding="utf-8").splitlines()), len(done.stdout.splitlines())
                         + 1 + 7 * 4)  # and the points of seven chains, less the caption
        self.assertTrue((made / "side_by_side.png").read_bytes().startswith(b"\x89PNG"))

    def test_errors(self):
        small = reporting.make_clip(self.folder / "small.mkv", 2, "48x96")
        done = self.demo(small)
        self.assertEqual((done.returncode, done.stderr.splitlines()[-1]),
                         (1, "demo: expected a clip of 64x64 or more, found 48x96"))
        self.assertFalse((self.folder / "build" / "demo").exists())


if __name__ == "__main__":
    unittest.main(verbosity=1)
