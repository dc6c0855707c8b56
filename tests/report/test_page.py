#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The page of scripts/report in a browser without a screen."""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import reporting

reporting.use_its_python()

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
# Before the page's own scripts: what goes wrong in them is seen in the document.
WATCH = "<script>window.onerror = (text) => { document.documentElement.dataset.error = text; };</script>"


class Page(unittest.TestCase):
    def test_opens_without_a_script_error(self):
        with tempfile.TemporaryDirectory() as home:
            folder = Path(home)
            clip = reporting.make_clip(folder / "a<b>&c.mkv")
            code, log = reporting.report(clip, folder / "out", "--chains", "full,bicubic,hcd_bicubic")
            self.assertEqual(code, 0, log)
            page = (folder / "out" / "report.html").read_text(encoding="utf-8")
            self.assertLess(len(page), 10e6)
            self.assertNotIn("http", page.replace("http-equiv", ""))  # nothing is fetched
            watched = folder / "watched.html"
            watched.write_text(page.replace("<head>", f"<head>{WATCH}", 1), encoding="utf-8")
            done = subprocess.run([BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
                                   f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=5000", "--dump-dom",
                                   watched.as_uri()], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  timeout=300, check=True)
        self.assertNotIn("data-error", done.stdout.split(">", 2)[1])
        self.assertNotIn("Uncaught", done.stderr)
        self.assertIn('data-viewer="ready"', done.stdout)
        # Source and three chains; two targets to choose from.
        self.assertEqual(done.stdout.count("<figcaption>"), 4)
        self.assertEqual(done.stdout.count("kbit</option>"), 2)
        self.assertIn("a&lt;b&gt;&amp;c", done.stdout)


if __name__ == "__main__":
    if not BROWSER:
        print("skipped: no chromium (Debian's package of that name)")
        sys.exit(77)
    unittest.main(verbosity=1)
