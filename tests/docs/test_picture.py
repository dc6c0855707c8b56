# SPDX-License-Identifier: BSD-2-Clause
"""docs/results/hull.svg is what its results say, and can be read: on light pages and on dark ones, nothing upon another."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

TOP = Path(os.environ.get("HCD_TEST_SOURCE", os.getcwd()))
PICTURE = Path("docs/results/hull.svg")
FIGURES = Path("docs/results/bandwidth/hull/bdrate.csv")
SVG = "{http://www.w3.org/2000/svg}"
MOST_BYTES = 60000
WIDE = 8.0   # pixels of a letter of 13 pixels, in a wide font
CONTRAST = 4.5  # of text to its ground: WCAG 2.1, AA


def script(top, *words):
    return subprocess.run([sys.executable, "-B", top / "scripts" / "hull_picture", *words], capture_output=True, text=True)


def luminance(colour):
    """Relative, of "#rrggbb": WCAG 2.1."""
    parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear))


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


class UpToDate(unittest.TestCase):
    def copy(self):
        """A tree with what the script reads and writes."""
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        for path in (Path("scripts/hull_picture"), PICTURE, FIGURES):
            (Path(temporary.name) / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / path, Path(temporary.name) / path)
        return Path(temporary.name)

    def test_is_what_the_results_say(self):
        done = script(TOP, "--check")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_changed_results_are_seen(self):
        top = self.copy()
        path = top / FIGURES
        text = path.read_text()
        changed = re.sub(r"(?m)^(hull,mean,libx264,vmaf_neg,full,lite,% bits,-2)6", r"\g<1>7", text)
        changed = re.sub(r"(?m)^(share,mean,libx264,vmaf_neg,full,lite: client,points,-1)2", r"\g<1>3", changed)
        self.assertEqual(sum(one != other for one, other in zip(text, changed)), 2)
        path.write_text(changed)
        done = script(top, "--check")
        self.assertEqual((done.returncode, done.stderr),
                         (1, f"{PICTURE} is not what {FIGURES} says: run scripts/hull_picture\n"))
        self.assertEqual(script(top).returncode, 0)
        self.assertIn("−27.1 %", (top / PICTURE).read_text())
        self.assertEqual(script(top, "--check").returncode, 0)

    def test_results_that_do_not_fit_are_refused(self):
        """And the picture of before stays."""
        for pattern, change in ((r"hull,mean,libx265,psnr_y,full,lite,.*\n", ""),
                                (r"(share,mean,libx264,psnr_y,full,bicubic: descent,points,)-1", r"\1-3"),
                                (r"full,lite: client", "full,lite: a new one")):
            with self.subTest(pattern):
                top = self.copy()
                text, count = re.subn(pattern, change, (top / FIGURES).read_text())
                self.assertGreater(count, 0)
                (top / FIGURES).write_text(text)
                done = script(top)
                self.assertEqual(done.returncode, 1)
                self.assertIn("expected what is saved and its parts", done.stderr)
                self.assertEqual((top / PICTURE).read_bytes(), (TOP / PICTURE).read_bytes())

    def test_figures_are_those_of_the_page(self):
        page = (TOP / "docs" / "results" / "hull.md").read_text()
        table = page[page.index("The hull, the cheapest"):page.index("Each clip")]
        there = re.findall(r"−[\d.]+", table)
        drawn = re.findall(r">(−[\d.]+) %<", (TOP / PICTURE).read_text())
        self.assertEqual(len(drawn), 8)
        self.assertEqual(sorted(drawn), sorted(there))


class Readable(unittest.TestCase):
    def setUp(self):
        self.text = (TOP / PICTURE).read_text()
        self.root = ElementTree.fromstring(self.text)
        self.width, self.height = (float(self.root.get(name)) for name in ("width", "height"))

    def test_is_small_and_needs_nothing_else(self):
        self.assertLess(len(self.text.encode()), MOST_BYTES)
        self.assertEqual(re.findall(r"https?://(?!www\.w3\.org/2000/svg\")|@import|url\(|<script|<image", self.text), [])

    def boxes(self):
        """(left, top, right, bottom) of texts and bars, by what they are."""
        for each in self.root.iter(SVG + "text"):
            size = 17 / 13 if each.get("class") == "title" else 1.1 if each.get("class") == "strong" else 1
            x, y, wide = float(each.get("x")), float(each.get("y")), WIDE * size * len(each.text)
            left = x - wide if each.get("text-anchor") == "end" else x
            yield each.text, (left, y - 10 * size, left + wide, y + 3)
        for each in self.root.iter(SVG + "rect"):
            if each.get("class") != "ground":
                x, y, w, h = (float(each.get(name)) for name in ("x", "y", "width", "height"))
                yield each.get("class"), (x, y, x + w, y + h)

    def test_nothing_lies_upon_another_or_outside(self):
        boxes = [(name, box) for name, box in self.boxes()]
        self.assertGreater(len(boxes), 40)
        for number, (name, (left, top, right, bottom)) in enumerate(boxes):
            if not name.startswith("Against full size"):  # the one long line: seen in a wide font
                self.assertTrue(0 <= left and right <= self.width and 0 <= top and bottom <= self.height, name)
            for other, (l, t, r, b) in boxes[number + 1:]:
                apart = right <= l + 0.2 or r <= left + 0.2 or bottom <= t or b <= top
                self.assertTrue(apart, f"{name} and {other}")

    def test_light_and_dark(self):
        style = self.root.find(SVG + "style").text
        light, dark = style.split("@media (prefers-color-scheme: dark)")
        for name, rules in (("light", light), ("dark", dark)):
            fills = dict(re.findall(r"([\w.]+) {[^}]*?fill: (#\w{6})", rules))
            with self.subTest(name):
                self.assertEqual(set(fills), {"text", ".ground", ".quiet", ".size", ".client", ".descent"})
                for text in ("text", ".quiet"):
                    self.assertGreater(contrast(fills[text], fills[".ground"]), CONTRAST)
                bars = [fills[part] for part in (".size", ".client", ".descent")]
                for one, other in zip(bars, bars[1:]):  # those that touch
                    self.assertGreater(contrast(one, other), 1.2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
