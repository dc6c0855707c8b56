# SPDX-License-Identifier: BSD-2-Clause
"""docs/players.md tells sizes and passes as `hcd shader` makes them, and its commands are ones."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["HCD_TEST_SOURCE"])
HCD = os.environ["HCD_TEST_COMMAND"]
PAGE = (SOURCE / "docs" / "players.md").read_text(encoding="utf-8")


def shader(folder, *words):
    """What the command says, and the bytes it has written."""
    path = os.path.join(folder, "a.glsl")
    done = subprocess.run([HCD, "shader", *words, "-y", "-o", path], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout, os.path.getsize(path)


class Players(unittest.TestCase):
    def test_table_of_costs(self):
        rows = re.findall(r"^\| `(\w+)` ×(\d), (\w+) \| (\d+) KB \| (\d+) \| ([\d,]+) \|", PAGE, re.M)
        self.assertEqual(len(rows), 6)
        with tempfile.TemporaryDirectory() as folder:
            for model, scale, variant, kilobytes, passes, macs in rows:
                with self.subTest(model=model, scale=scale, variant=variant):
                    said, size = shader(folder, "--model", model, "--scale", scale, "--variant", variant)
                    self.assertAlmostEqual(size / 1000, int(kilobytes), delta=0.51)
                    self.assertIn(f", {passes} passes,", said)
                    self.assertIn(f", {macs.replace(',', '')} multiplications", said)

    def test_commands(self):
        found = re.findall(r"^    hcd shader (.*?) -o \S+", PAGE, re.M)
        self.assertTrue(found)
        with tempfile.TemporaryDirectory() as folder:
            for words in found:
                shader(folder, *words.split())


if __name__ == "__main__":
    unittest.main()
