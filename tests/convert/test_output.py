#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What is finished stays: an older result, until the new one has been held against the network."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest import main

import hcd
from torch_pieces import RefusalTest, dict_value, floats, tensor_value, torch_file

HUNG = 600  # seconds
PACKAGE = str(Path(hcd.__file__).parent)


class OutputTest(RefusalTest):
    def setUp(self):
        super().setUp()
        self.write(torch_file(dict_value([("a", tensor_value())]), [("0", floats(6))]))
        self.folder = Path(self.path).parent
        self.output = self.folder / "out.safetensors"
        self.output.write_text("old")
        self.command = self.folder / "hcd"  # stands in for the one that looks at the result

    def start(self, script):
        self.command.write_text(f"#!/bin/sh\n{script}\n")
        self.command.chmod(0o755)
        return subprocess.Popen([sys.executable, "-B", PACKAGE, self.command, "convert", self.path, self.output, "--model", "m",
                                 "--scale", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def names(self):
        return sorted(entry.name for entry in self.folder.iterdir())

    def assert_end(self, process, code, output, log):
        self.assertEqual((*process.communicate(timeout=HUNG), process.returncode), (output, log, code))
        self.assertEqual(self.names(), ["hcd", "out.safetensors", "w.pth"])

    def test_fits(self):
        process = self.start('[ "$*" = "models --check $3 --model m --scale 2" ] && grep -q hcd.model "$3"')
        self.assert_end(process, 0, f"{self.output}: 1 tensors, 6 values\n", "")
        self.assertIn(b'"hcd.model":"m"', self.output.read_bytes())

    def test_does_not_fit(self):
        """What hcd says of the temporary file is said of the result."""
        process = self.start('echo "hcd: warning: w" >&2; echo "hcd: weights \'$3\': expected e, found f" >&2; exit 1')
        self.assert_end(process, 1, "", f"hcd: warning: w\nhcd: weights '{self.output}': expected e, found f\n")
        self.assertEqual(self.output.read_text(), "old")

    def test_check_is_killed(self):
        self.assert_end(self.start("kill -9 $$"), 1, "", "hcd: hcd models --check: ended by SIGKILL\n")
        self.assertEqual(self.output.read_text(), "old")

    def test_stopped(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process = self.start("exec sleep 600")
            temporary = f".hcd-{process.pid}.tmp"
            deadline = time.monotonic() + HUNG
            while temporary not in self.names():
                self.assertIsNone(process.poll(), "ended before it could be stopped")
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            process.send_signal(number)
            self.assert_end(process, -number, "", "")
            self.assertEqual(self.output.read_text(), "old")


if __name__ == "__main__":
    main(verbosity=2)
