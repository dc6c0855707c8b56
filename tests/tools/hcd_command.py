# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of the hcd command share: running it, and a temporary folder for each test."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

COMMAND = os.environ["HCD_TEST_COMMAND"]
SANITIZED = os.environ.get("HCD_TEST_SANITIZED") == "1"


HUNG = 600  # seconds: no command of a test comes near, even on a machine that does other work too


def hcd(*words, **options):
    """Runs `hcd <words>`; the finished process with its output as text."""
    options.setdefault("capture_output", True)
    return subprocess.run([COMMAND, *map(str, words)], text=True, timeout=HUNG, **options)


class CommandTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def assert_done(self, process):
        self.assertEqual((process.returncode, process.stderr), (0, ""))

    def assert_error(self, process, message, code=1):
        """Exactly "hcd: <message>" on standard error, nothing on standard output."""
        self.assertEqual((process.returncode, process.stderr, process.stdout),
                         (code, f"hcd: {message}\n", ""))

    def names_in(self, folder):
        return sorted(entry.name for entry in Path(folder).iterdir())
