#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The command in a process whose locale writes 0,5: what it reads and prints has a point."""

import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from hcd_command import COMMAND, hcd
from png_files import write_pattern

LOCALE = "de_DE.UTF-8"
# What a library in the process might do: take over the user's locale.
HOST = "#include <locale.h>\n__attribute__((constructor)) static void host(void) { setlocale(LC_ALL, \"\"); }\n"


class LocaleTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = Path(temporary.name)
        made = subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", cls.folder / LOCALE],
                              capture_output=True, check=False)
        if made.returncode != 0:
            raise unittest.SkipTest(f"localedef cannot make {LOCALE} (Debian: apt install locales)")
        (cls.folder / "host.c").write_text(HOST)
        library = cls.folder / "host.so"
        subprocess.run(["cc", "-shared", "-fPIC", cls.folder / "host.c", "-o", library], check=True)
        cls.german = {**os.environ, "LD_PRELOAD": str(library), "LOCPATH": str(cls.folder), "LC_ALL": LOCALE}

    def german_hcd(self, *arguments: str | Path) -> str:
        result = subprocess.run([COMMAND, *map(str, arguments)], capture_output=True, text=True, env=self.german,
                                check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def test_numbers_have_a_point(self) -> None:
        shown = subprocess.run(["awk", "BEGIN { printf \"%.1f\", 0.5 }"], capture_output=True, text=True,
                               env=self.german, check=True).stdout
        self.assertIn(shown, ("0,5", "0.5"))  # mawk writes a point whatever the locale
        source = self.folder / "in"
        source.mkdir()
        write_pattern(source / "a.png", 64, 48)
        options = ("--set", source, "--scale", "2", "--steps", "1", "--proximity", "0.25")
        german = json.loads(self.german_hcd("evaluate", *options, "--json"))
        plain = json.loads(hcd("evaluate", *options, "--json").stdout)
        self.assertEqual(german["mean"], plain["mean"])
        table = self.german_hcd("evaluate", *options)
        self.assertRegex(table, r"a\.png +\d+\.\d{3} +\d+\.\d{3} ")
        self.assertNotRegex(table, r"\d,\d")
        text = self.german_hcd("down", source, "-o", self.folder / "out", "--proximity", "0.5")
        self.assertRegex(text, r"\d\.\d\d dB plain, ")
        self.assertIsNone(re.search(r"\d,\d", text))


if __name__ == "__main__":
    unittest.main(verbosity=2)
