# SPDX-License-Identifier: BSD-2-Clause
"""filter/hcd.texi, the filters' part of FFmpeg's manual: up to date, complete, and free of faults."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.environ.get("HCD_TEST_SOURCE", os.getcwd())
PARTS = ("core/options/options.def", "docs/options.md", "filter/hcd.texi", "filter/hcd.texi.in", "scripts/options_doc",
         "scripts/python/hcd/_options.py")
# Sections of FFmpeg's manual that it refers to.
ELSEWHERE = ("scale", "format", "hwdownload", "commands", "filtergraph escaping")


def text(name):
    with open(os.path.join(SOURCE, name), encoding="utf-8") as file:
        return file.read()


class Texinfo(unittest.TestCase):
    def test_every_option_is_there(self):
        sections = re.split(r"^@section ", text("filter/hcd.texi"), flags=re.M)[1:]
        lists = re.findall(r"^#ifdef HCD_OPTIONS_\w+\n(.*?)^#endif", text("core/options/options.def"), re.M | re.S)
        self.assertEqual([len(sections), len(lists)], [2, 2])
        for section, declared in zip(sections, lists):
            table = section[section.index("@table"):section.index("@end table")]
            self.assertEqual(re.findall(r"^@item (\w+)$", table, re.M),
                             re.findall(r"^HCD_(?!CHOICE)\w+\((\w+),", declared, re.M))
            runtime = set(re.findall(r"^HCD_AUTO_\w+\((\w+), [^,]*, [^,]*, 1,", declared, re.M))
            listed = section[section.find("@subsection Commands"):section.index("@subsection Examples")]
            self.assertEqual(set(re.findall(r"@option\{(\w+)\}", listed)) if runtime else set(), runtime)

    def test_what_lags_behind_is_seen(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in PARTS:
                os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
                shutil.copy(os.path.join(SOURCE, name), os.path.join(folder, name))

            def check():
                done = subprocess.run([sys.executable, os.path.join(folder, "scripts/options_doc"), "--check"],
                                      stderr=subprocess.PIPE, text=True, check=False)
                return done.returncode, done.stderr

            def change(name, old, new):
                before = text(name)
                self.assertIn(old, before)
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write(before.replace(old, new))

            self.assertEqual(check(), (0, ""))
            change("scripts/python/hcd/_options.py", "    seed: int\n", "    seed: float\n")
            self.assertIn("scripts/python/hcd/_options.py is not what", check()[1])
            change("filter/hcd.texi", "@item seed\n", "@item seeds\n")
            self.assertEqual(check()[0], 1)
            self.assertIn("filter/hcd.texi is not what", check()[1])
            change("core/options/options.def", "HCD_INT(tile,", "HCD_WHOLE(tile,")
            self.assertIn("expected one of the macros that its head lists", check()[1])

    def test_it_can_be_read(self):
        if not shutil.which("makeinfo"):
            self.skipTest("makeinfo is missing: apt-get install texinfo")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "filters.texi")
            with open(path, "w", encoding="utf-8") as file:
                anchors = "".join(f"@anchor{{{name}}}\n" for name in ELSEWHERE)
                file.write(f"\\input texinfo\n@settitle Filters\n@node Top\n@top Filters\n@chapter Video Filters\n"
                           f"{anchors}{text('filter/hcd.texi')}@bye\n")
            done = subprocess.run(["makeinfo", "--html", "--no-split", "-o", path + ".html", path], check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.assertEqual((done.returncode, done.stdout), (0, ""))


if __name__ == "__main__":
    unittest.main()
