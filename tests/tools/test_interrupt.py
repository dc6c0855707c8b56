#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Ctrl-C and SIGTERM: the command ends at once by the signal, and no temporary file is left."""

import signal
import subprocess
import time
import unittest

import png_files
from hcd_command import COMMAND, HUNG, CommandTest


class InterruptTest(CommandTest):
    def interrupt(self, signal_number):
        """Starts a long descent, waits until the temporary file is there, and sends the signal."""
        rows = [bytes(png_files.pattern(x, y, 0) for x in range(1500)) for y in range(200)] * 8
        source, output = self.folder / "large.png", self.folder / "out"
        source.write_bytes(png_files.encode(1500, 1600, png_files.GRAY, 8, rows))
        process = subprocess.Popen([COMMAND, "down", source, "-o", output, "--optimizer", "pgd",
                                    "--steps", "1000"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + HUNG
        while not output.is_dir() or not self.names_in(output):
            self.assertIsNone(process.poll(), "ended before it could be interrupted")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        self.assertEqual(self.names_in(output), [f".hcd-{process.pid}.tmp"])
        process.send_signal(signal_number)
        texts = process.communicate(timeout=HUNG)
        self.assertEqual((process.returncode, texts), (-signal_number, ("", "")))
        self.assertEqual(self.names_in(output), [])

    def test_ctrl_c(self):
        self.interrupt(signal.SIGINT)

    def test_terminate(self):
        self.interrupt(signal.SIGTERM)


if __name__ == "__main__":
    unittest.main(verbosity=2)
