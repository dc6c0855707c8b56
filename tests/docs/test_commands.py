# SPDX-License-Identifier: BSD-2-Clause
"""The filter strings in README and docs are accepted by the filters, and links lead somewhere."""

import glob
import os
import re
import subprocess
import sys
import unittest

TOP = os.environ.get("HCD_TEST_SOURCE", os.getcwd())
FFMPEG = os.path.join(TOP, "build", "bin", "ffmpeg")
PAGES = [os.path.join(TOP, "README.md"), *sorted(glob.glob(os.path.join(TOP, "docs", "*.md")))]


def text(page):
    with open(page, encoding="utf-8") as file:
        return file.read()


class Documents(unittest.TestCase):
    def test_links(self):
        for page in PAGES:
            for target in re.findall(r"\]\(([^)#:]+)\)", text(page)):
                with self.subTest(page=os.path.basename(page), target=target):
                    self.assertTrue(os.path.exists(os.path.join(os.path.dirname(page), target)))

    def test_files_that_are_named(self):
        for page in PAGES:
            for path in re.findall(r"`((?:core|scripts|tests|samples|filter|docs)/[\w./-]*\w)`", text(page)):
                with self.subTest(page=os.path.basename(page), path=path):
                    self.assertTrue(os.path.exists(os.path.join(TOP, path)), path)

    def test_filter_strings(self):
        if not os.path.exists(FFMPEG):
            self.skipTest("no ffmpeg with the hcd filters: scripts/setup builds it")
        seen = set()
        for page in PAGES:
            for line in text(page).splitlines():
                match = re.search(r'ffmpeg .*-vf (?:"([^"]*)"|(\S+))', line)
                filters = match and (match.group(1) or match.group(2))
                if not filters or "hcd_" not in filters or filters in seen or re.search(
                        "weights=|hwupload|hwdownload|device=cuda", filters):  # a file, or a GPU, of the reader's
                    continue
                seen.add(filters)
                with self.subTest(page=os.path.basename(page), filters=filters):
                    done = subprocess.run([FFMPEG, "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=1920x1080",
                                           "-frames:v", "1", "-vf", filters, "-f", "null", "-"],
                                          stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, check=False)
                    self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertGreater(len(seen), 10)


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
