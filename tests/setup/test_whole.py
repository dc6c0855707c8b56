# SPDX-License-Identifier: BSD-2-Clause
"""scripts/setup --full: a whole FFmpeg gives the bytes of the distribution's with our libavfilter."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import ffmpeg

SOURCE = Path(os.environ["HCD_TEST_SOURCE"])


class Whole(unittest.TestCase):
    def test_the_same_bytes(self):
        if not Path(ffmpeg.FFMPEG).read_bytes().startswith(b"#!"):
            self.skipTest("build/bin/ffmpeg is a whole one itself")
        with tempfile.TemporaryDirectory(dir=SOURCE / "build") as folder:
            clone = Path(folder) / "clone"
            subprocess.run(["git", "clone", "-q", SOURCE, clone], check=True)
            subprocess.run([clone / "scripts" / "setup", "--full"], check=True)
            for filters in ("hcd_down=model=bicubic", "hcd_down", "hcd_down=preset=fast,hcd_up"):
                words = ["-nostdin", "-v", "error", "-i", SOURCE / "samples" / "clip.mkv", "-frames:v", "3", "-vf",
                         filters, "-f", "md5", "-"]
                sums = {subprocess.run([program, *words], capture_output=True, check=True).stdout
                        for program in (ffmpeg.FFMPEG, clone / "build" / "bin" / "ffmpeg")}
                self.assertEqual(len(sums), 1, filters)


if __name__ == "__main__":
    unittest.main()
