#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The page of scripts/report: its structure, and what a browser without a screen makes of it."""

import shutil
import subprocess
import tempfile
import unittest
from html.parser import HTMLParser
from pathlib import Path

import reporting

reporting.use_its_python()

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
# Before the page's own scripts: what goes wrong in them is seen in the document.
WATCH = "<script>window.onerror = (text) => { document.documentElement.dataset.error = text; };</script>"


WIDTHS = (1270, 360)  # pixels that the page gets: a desk's and a phone's
# What stands out of the page, unfolded. What scrolls within its own box is no harm.
MEASURE = """<script>window.addEventListener("load", () => setTimeout(() => {
  const width = WIDTH;
  document.documentElement.style.width = width + "px";
  for (const details of document.querySelectorAll("details")) details.open = true;
  const scrolls = (element) => element && (element.matches(".wide, #crops figure") || scrolls(element.parentElement));
  const out = [...document.body.querySelectorAll("*")].filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width && !scrolls(element) && (box.right > width + 1 || box.left < -1);
  });
  document.documentElement.dataset.out = out.map((element) => element.tagName + "." + element.className).join(" ");
}, 500));</script>"""


class Structure(HTMLParser):
    """The order of the page's sections, what is folded, and tables that no box holds."""

    def __init__(self, text):
        super().__init__()
        self.open, self.sections, self.loose, self.folds, self.first = [], [], 0, {}, {}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "section":
            self.sections.append(attributes.get("id", ""))
        if tag in ("table", "details", "img", "li") and self.sections:
            self.first.setdefault(self.sections[-1], []).append(tag)
        if tag == "table":
            self.loose += not any(kind == "wide" for _, kind in self.open)
            folded = any(name == "details" for name, _ in self.open)
            self.folds.setdefault(self.sections[-1], []).append(folded)
        if tag not in ("meta", "img", "br", "input", "option"):
            self.open.append((tag, attributes.get("class", "")))

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.home.name)
        clip = reporting.make_clip(cls.folder / "a<b>&c.mkv")
        cls.code, cls.log = reporting.report(clip, cls.folder / "out", "--chains", "full,lanczos,hcd_bicubic")
        cls.page = (cls.folder / "out" / "report.html").read_text(encoding="utf-8")

    @classmethod
    def tearDownClass(cls):
        cls.home.cleanup()

    def shown(self, added="", *options):
        """The document after its scripts, with `added` in its head."""
        watched = self.folder / "watched.html"
        watched.write_text(self.page.replace("<head>", f"<head>{WATCH}{added}", 1), encoding="utf-8")
        done = subprocess.run([BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
                               f"--user-data-dir={self.folder / 'profile'}", "--virtual-time-budget=5000", *options,
                               "--dump-dom", watched.as_uri()], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=300, check=True)
        self.assertNotIn("Uncaught", done.stderr)
        return done.stdout

    def test_whole(self):
        self.assertEqual(self.code, 0, self.log)
        self.assertLess(len(self.page), 10e6)
        self.assertNotIn("http", self.page.replace("http-equiv", ""))  # nothing is fetched
        self.assertNotIn("@@", self.page)

    def test_structure(self):
        found = Structure(self.page)
        self.assertEqual(found.sections, ["verdict", "hulls", "viewer", "claims", "curves", "made"])
        self.assertEqual(found.first["verdict"], ["li", "img"])  # words, then the hulls' plot, and no table
        self.assertEqual(found.loose, 0)                         # every table can scroll in its own box
        self.assertEqual(found.folds["hulls"][0], False)         # one table stands open,
        self.assertTrue(all(found.folds["hulls"][1:]))           # and the others are folded
        for section in ("claims", "curves", "made"):
            self.assertTrue(found.folds[section] and all(found.folds[section]), section)
        self.assertNotIn("verdict", found.folds)
        self.assertIn("any player", self.page[self.page.index('id="verdict"'):self.page.index('id="hulls"')])

    def test_style(self):
        style = self.page[self.page.index("<style>"):self.page.index("</style>")]
        for needed in ("prefers-color-scheme: dark", "@media print", "overflow-x: auto", "max-width: 100%"):
            self.assertIn(needed, style)
        self.assertNotIn("vw", style)  # nothing is sized by the window

    @unittest.skipUnless(BROWSER, "no chromium (Debian's package of that name)")
    def test_opens_without_a_script_error(self):
        shown = self.shown()
        self.assertNotIn("data-error", shown.split(">", 2)[1])
        self.assertIn('data-viewer="ready"', shown)
        # Source, full size, the best blind chain and the best one, or those in one; two targets to choose from.
        self.assertIn(shown.count("<figcaption>"), (3, 4))
        self.assertEqual(shown.count("kbit</option>"), 2)
        self.assertIn("a&lt;b&gt;&amp;c", shown)

    @unittest.skipUnless(BROWSER, "no chromium (Debian's package of that name)")
    def test_nothing_is_wider_than_the_page(self):
        for width in WIDTHS:
            measure = MEASURE.replace("WIDTH", str(width))
            self.assertIn('data-out=""', self.shown(measure, "--window-size=1300,900").split("<head>")[0])
            # The control.
            wide = "<style>h1 { width: 1400px; }</style>"
            self.assertIn('data-out="H1."', self.shown(measure + wide, "--window-size=1300,900").split("<head>")[0])


if __name__ == "__main__":
    unittest.main(verbosity=1)
