# SPDX-License-Identifier: BSD-2-Clause
"""What scripts/setup makes and says: the launcher of the distribution's ffmpeg, steps that tell how far they are."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import ffmpeg

SOURCE = Path(os.environ["HCD_TEST_SOURCE"])


def bash(script: str, folder: str) -> subprocess.CompletedProcess:
    return subprocess.run(["bash", "-c", f"set -euo pipefail; . {SOURCE}/scripts/common.sh; {script}"], cwd=folder,
                          capture_output=True, text=True, check=False)


class Launcher(unittest.TestCase):
    """build/bin/ffmpeg where it is the distribution's own with a libavfilter of the same version."""

    def setUp(self):
        self.launcher = Path(ffmpeg.FFMPEG)
        text = self.launcher.read_bytes()
        if not text.startswith(b"#!"):
            self.skipTest("build/bin/ffmpeg is a whole one")
        self.text = text.decode()

    def test_the_distributions_codecs_and_both_filters(self):
        own = subprocess.run(["/usr/bin/ffmpeg", "-hide_banner", "-encoders"], capture_output=True, check=True).stdout
        self.assertEqual(ffmpeg.good("-encoders")[0], own)
        filters = ffmpeg.good("-filters")[0].decode()
        self.assertIn(" hcd_down ", filters)
        self.assertIn(" hcd_up ", filters)

    def test_libraries_agree_on_their_configuration(self):
        done = subprocess.run([ffmpeg.FFMPEG, "-version"], capture_output=True, text=True, check=True)
        self.assertNotIn("mismatch", done.stdout + done.stderr)

    def test_works_through_a_link_and_from_elsewhere(self):
        with tempfile.TemporaryDirectory() as folder:
            link = Path(folder) / "a name with spaces"
            link.symlink_to(self.launcher.resolve())
            done = subprocess.run([str(link), "-hide_banner", "-filters"], cwd=folder, capture_output=True, text=True,
                                  check=True)
            self.assertIn(" hcd_down ", done.stdout)

    def test_other_libraries_than_it_was_built_for_are_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            changed = Path(folder) / "ffmpeg"
            first = self.text.index("!= '") + len("!= '")
            changed.write_text(f"{self.text[:first]}1{self.text[first:]}", encoding="utf-8")
            changed.chmod(0o755)
            done = subprocess.run([str(changed), "-version"], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertEqual(done.stdout, "")
            self.assertIn("the distribution's FFmpeg has changed since the hcd filters were built for it: run "
                          "scripts/setup", done.stderr)


class Steps(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name

    def how_far(self, log: str) -> str:
        (Path(self.folder) / "log").write_text(log, encoding="utf-8")
        return bash("how_far log", self.folder).stdout

    def test_how_far(self):
        self.assertEqual(self.how_far("-- Configuring done\n[1/20] a\n[7/20] b\n"), "7 / 20")
        self.assertEqual(self.how_far("files to make: 484\nCC\tx.o\nx.c:1: warning\nX86ASM\ty.o\n"), "2 / 484")
        self.assertEqual(self.how_far("1 upgraded, 2 newly installed, 0 to remove\nGet:1 x\nUnpacking x\n"), "2 / 9")
        self.assertEqual(self.how_far("nothing of the kind\n"), "")

    def test_a_step_is_done_once_and_again_when_it_failed(self):
        run = "step one print result touch result"
        self.assertRegex(bash(run, self.folder).stdout, r"^one +\.\.\. \d+ s\n$")
        self.assertRegex(bash(run, self.folder).stdout, r"^one +there\n$")
        failing = bash("work() { echo why; false; echo not reached; }; step two print /nonexistent work", self.folder)
        self.assertEqual(failing.returncode, 1)
        self.assertIn("why", failing.stderr)
        self.assertIn("build/log/two.log", failing.stderr)
        self.assertNotIn("not reached", failing.stderr)

    def test_a_source_that_cannot_be_had_means_a_whole_ffmpeg(self):
        done = bash(f". {SOURCE}/scripts/setup_ffmpeg.sh; distribution_version() {{ echo 7:9.9; }}; "
                    "get_source() { false; echo not reached; }; build_whole_instead() { echo \"whole: $1\"; }; "
                    "patch_tree() { echo patched; }; make_libavfilter", self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("whole: the source of ffmpeg 7:9.9 cannot be had", done.stdout)
        self.assertNotIn("patched", done.stdout)
        self.assertNotIn("not reached", (Path(self.folder) / "build" / "log" / "fetch.log").read_text(encoding="utf-8"))

    def test_options(self):
        for words, message in [
                (["--nonsense"], "unknown argument '--nonsense'"),
                (["--jobs=0"], "--jobs: expected a number [1, 9999], found '0'"),
                (["--all", "--again"], "--again: expected as the first option"),
                (["--ffmpeg=/nonexistent"], "--ffmpeg: expected an FFmpeg source tree, found no"),
                (["--libtorch=/nonexistent"], "--libtorch: expected a folder of LibTorch, found no")]:
            with self.subTest(words=words):
                done = subprocess.run([SOURCE / "scripts" / "setup", *words], capture_output=True, text=True,
                                      check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn(message, done.stderr)


class WithoutLibTorch(unittest.TestCase):
    """What needs LibTorch names the command that brings it."""

    def test_a_network(self):
        code, _, log = ffmpeg.run(*ffmpeg.source(), "-vf", "hcd_down=model=srcnn:scale=4", "-f", "null", "-",
                                  environment={"HCD_TORCH_BACKEND": "/nonexistent/libhcd-torch.so"})
        self.assertGreater(code, 0)
        self.assertIn("scripts/setup --all", log)


if __name__ == "__main__":
    unittest.main()
