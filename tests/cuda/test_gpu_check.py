#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""scripts/gpu_check without a GPU: its ends, with programs that only pretend; the rehearsal on the stand-in for a driver,
with the real ones (HCD_TEST_BUILD: a build folder of CMake's)."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(os.environ["HCD_TEST_SOURCE"])
GPU_CHECK = SOURCE / "scripts" / "gpu_check"
PASSES = '#!/bin/sh\necho "[  PASSED  ] 3 tests."\n'
CASE = '#!/bin/sh\necho \'{"name": "down, 4K, lite", "fps": 25, "frames": 9, "device_mb": 700}\'\n'


def has_gpu() -> bool:
    return bool(shutil.which("nvidia-smi")) and subprocess.run(["nvidia-smi"], capture_output=True, check=False).returncode == 0


class GpuCheck(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.build = Path(folder.name)
        self.write("tests/cuda/conformance_cuda_test", PASSES)
        self.write("tests/cuda/cuda_stand_in_test", "#!/bin/sh\nexit 1\n")  # is not run: it asks for faults
        self.write("tests/bench/hcd_cuda_bench", CASE)
        self.write("core/capi/libhcd-cuda.so", "")
        self.figures = self.build / "figures.json"

    def write(self, name: str, text: str) -> None:
        path = self.build / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def run_check(self, *words: object, build: Path | None = None) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, GPU_CHECK, "--build", build or self.build, "-o", self.figures, *map(str, words)],
                              capture_output=True, text=True, timeout=600, check=False)

    def result(self) -> dict:
        return json.loads(self.figures.read_text())

    @unittest.skipIf(has_gpu(), "a GPU is here")
    def test_no_gpu_is_said_and_ends_with_3(self) -> None:
        done = self.run_check()
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("expected a GPU", done.stderr)
        self.assertFalse(self.figures.exists())

    def test_a_pass_writes_all_figures(self) -> None:
        done = self.run_check("--stand-in")
        self.assertEqual(done.returncode, 0, done.stderr)
        result = self.result()
        self.assertTrue(result["passed"])
        self.assertEqual([test["name"] for test in result["tests"]], ["conformance_cuda_test"])
        self.assertEqual(result["tests"][0]["passed"], 3)
        self.assertEqual(result["bench"][0]["fps"], 25)
        self.assertEqual(result["device"], "stand-in for a GPU")

    def test_a_test_that_fails_or_skips_itself_is_a_failure(self) -> None:
        for text in ('#!/bin/sh\necho "[  FAILED  ] 1 test"\nexit 1\n',
                     PASSES + 'echo "[  SKIPPED ] 1 test, listed below:"\n', "#!/bin/sh\nexit 0\n"):
            self.write("tests/cuda/conformance_cuda_test", text)
            done = self.run_check("--stand-in", "--part", "conformance")
            self.assertEqual(done.returncode, 1, text)
            self.assertIn("conformance_cuda_test FAILED", done.stderr)
            self.assertEqual(self.result()["failed"], ["conformance_cuda_test"])

    def test_a_case_that_fails_is_a_failure(self) -> None:
        self.write("tests/bench/hcd_cuda_bench", '#!/bin/sh\necho \'{"name": "x", "error": "out of memory"}\'\nexit 1\n')
        self.assertEqual(self.run_check("--stand-in", "--part", "bench").returncode, 1)
        self.assertIn("bench", self.result()["failed"])

    def test_what_does_not_fit_is_said(self) -> None:
        self.write("tests/cuda/conformance_cuda_test", "#!/bin/sh\nexec sleep 20\n")
        done = self.run_check("--stand-in", "--limit", 3)
        self.assertIn("did not fit: conformance_cuda_test", done.stderr)
        self.assertIn("conformance_cuda_test", self.result()["did_not_fit"])
        self.assertIn("bench", self.result()["did_not_fit"])

    def test_a_rehearsal_fills_no_document(self) -> None:
        self.run_check("--stand-in")
        done = subprocess.run([sys.executable, GPU_CHECK, "--fill", self.figures], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("expected figures of a GPU, found those of a rehearsal", done.stderr)

    def test_the_figures_become_a_table(self) -> None:
        sys.path.insert(0, str(SOURCE / "scripts"))
        self.addCleanup(sys.path.pop, 0)
        from hcd.gpu import page
        self.run_check("--stand-in")
        figures = self.result() | {"device": "A GPU", "driver": "1.2", "memory_mb": 1000}
        self.figures.write_text(json.dumps(figures))
        document = self.build / "bench.md"
        document.write_text("before\n" + page.BEGIN + "old\n" + page.END + "after\n")
        page.fill(self.figures, document)
        text = document.read_text()
        self.assertIn("| down, 4K, lite | 25.0 | ≥ 20 | 700 |  |", text)
        self.assertNotIn("old", text)
        self.assertTrue(text.startswith("before\n") and text.endswith("after\n"))
        document.write_text("no marks\n")
        self.assertRaises(Exception, page.fill, self.figures, document)

    def test_a_rehearsal_with_the_real_programs(self) -> None:
        build = Path(os.environ["HCD_TEST_BUILD"])
        done = self.run_check("--stand-in", "--part", "bench", build=build)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(len(self.result()["bench"]), 5)


if __name__ == "__main__":
    unittest.main()
