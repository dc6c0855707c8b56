# SPDX-License-Identifier: BSD-2-Clause
"""scripts/encode --auto: targets of each kind met as other commands measure them, what cannot be reached, odd sources, a
kill and the same command again."""

import json
import re
import signal
import subprocess
import sys
import time
import unittest

import ffmpeg
from scripts_case import TOP, Case

sys.path[:0] = [str(TOP / "scripts")]
from hcd import run  # noqa: E402
from hcd.measuring import has_measuring_ffmpeg  # noqa: E402

HCD = TOP / "build" / "bin" / "hcd"
LITE = HCD.exists() and run.models(str(HCD))["lite"]
PLAIN = ("--client", "bicubic", "--sizes", "full,1/2", "--measure", "psnr")
UP = "hcd_up=model=bicubic:w=160:h=96"


class Targets(Case):
    def source(self):
        self.clip("bare.mkv", "crop=160:96", frames=16)
        return self.make("source.mkv", "-i", self.path("bare.mkv"), "-f", "lavfi", "-i", "sine=d=0.5", "-map", "0:v", "-map",
                         "1:a", "-c:v", "copy", "-c:a", "aac")

    def viewer(self, log):
        """The filter of what was chosen."""
        return UP if "enlarged by bicubic" in log else "null"

    def test_quality(self):
        source = self.source()
        log = self.encode(source, "out.mkv", "--auto", "--target", "psnr:31", *PLAIN)
        self.assertRegex(log, r"encode: out.mkv: chose (full|1/2) size \(\d+x\d+\): in the probes psnr:31.00 dB takes \d+ kb/s "
                              r"there \(CRF [\d.]+\)")
        self.assertRegex(log, r"encode: out.mkv: psnr 3[01]\.\d\d dB")
        self.assertAlmostEqual(self.psnr_y("out.mkv", source, self.viewer(log)), 31, delta=0.2)
        self.play()
        self.assertEqual(self.video("large.mkv"), (160, 96, 16))

    def test_bit_rate(self):
        log = self.encode(self.source(), "out.mkv", "--auto", "--target", "bitrate:120k", *PLAIN)
        self.assertRegex(log, r"in the probes bitrate:120 kb/s makes psnr [\d.]+ dB there")
        found = self.bits("out.mkv") / (16 * 1001 / 30000)
        self.assertLess(abs(found / 120_000 - 1), 0.05, log)
        # Filters in front may change the frame rate.
        self.encode(self.source(), "out.mkv", "--auto", "--target", "bitrate:60k", *PLAIN, "--filter", "fps=10")
        self.assertLess(abs(self.bits("out.mkv") / (len(self.packets("out.mkv")) / 10) / 60_000 - 1), 0.05)

    def test_size(self):
        self.encode(self.source(), "out.mp4", "--auto", "--target", "size:20k", *PLAIN)
        self.assertLessEqual(self.path("out.mp4").stat().st_size, 20_000)
        self.assertGreater(self.path("out.mp4").stat().st_size, 18_500)
        self.assertEqual([stream["codec_type"] for stream in self.look("out.mp4")["streams"]], ["video", "audio"])
        log = self.encode(self.source(), "out.mp4", "--auto", "--target", "size:3k", *PLAIN, code=1)
        self.assertRegex(log, "--target size:3 kB: expected more than the [0-9]+ kB of what comes along with the video")

    @unittest.skipUnless(has_measuring_ffmpeg(), "no imageio-ffmpeg")
    def test_vmaf(self):
        source = self.clip("narrow.mkv", "crop=160:96,setsar=539/540", frames=16)  # the small frame's is rounded
        log = self.encode(source, "out.mkv", "--auto", "--target", "vmaf-neg:60", "--sizes", "1/2", "--client",
                          "bicubic", "--encoder", "libx265")
        found = float(re.search(r"out.mkv: vmaf-neg ([\d.]+)", log)[1])
        self.assertAlmostEqual(found, 60, delta=1)

    def test_without_the_measuring_ffmpeg(self):
        source = self.clip("clip.mkv", frames=3)
        code = ("import sys; from pathlib import Path; sys.path[:0] = sys.argv[1:2]; sys.modules['imageio_ffmpeg'] = None\n"
                "from hcd import measuring; measuring.VENV_PYTHON = Path('absent')\n"
                "from hcd.stream import encode; encode.main(sys.argv[2:])")

        def encode(*words):
            return subprocess.run([sys.executable, "-B", "-c", code, TOP / "scripts", source, self.path("out.mkv"), "--auto",
                                   "--sizes", "1/2", "--client", "bicubic", "--target", *words], stderr=subprocess.PIPE,
                                  text=True, check=False)
        done = encode("vmaf-neg:80")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"vmaf-neg: Python packages: expected imageio-ffmpeg, found .*scripts/setup.*psnr, "
                                      "bitrate and size need none")
        done = encode("bitrate:100k")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("quality is PSNR-Y: VMAF-NEG needs the Python package imageio-ffmpeg", done.stderr)

    def test_what_cannot_be_reached(self):
        source = self.clip("clip.mkv", frames=3)
        words = "--sizes", "1/2", "--client", "bicubic", "--measure", "psnr"
        for target, pattern in (
                ("psnr:70", r"expected at most [3-6]\d\.\d\d dB, what 1/2 size \(48x32\) at CRF 1 makes of a sample, found 70"),
                ("bitrate:1k", r"expected at least \d+ kb/s, what 1/2 size \(48x32\) at CRF 51 makes of a sample, found 1 kb/s"),
                ("psnr:0", r"--target psnr: expected a number \(0, 100\], found '0'"),
                ("bitrate:0", "expected bits per second as 800k or 2M, found '0'")):
            log = self.encode(source, "out.mkv", "--auto", "--target", target, *words, code=1)
            self.assertRegex(log.splitlines()[-1], pattern)
            self.assertFalse(self.path("out.mkv").exists())

    @unittest.skipUnless(LITE, "no weights of lite in this build")
    def test_for_lite(self):
        """A network between half and full size."""
        log = self.encode(self.source(), "out.mkv", "--auto", "--target", "psnr:29", "--sizes", "2/3,1/2", "--measure", "psnr")
        self.assertRegex(log, r"(chose|at) 2/3 size \(108x64\)")
        self.assertNotIn("left out", log)
        self.assertEqual(self.look("out.mkv")["format"]["tags"]["HCD_MODEL"], "lite")
        self.play()
        self.assertEqual(self.video("large.mkv"), (160, 96, 16))

    def test_sources_as_they_come(self):
        """One frame; odd sizes; ten bits; sizes that a client or an encoder refuses are left out."""
        one = self.clip("one.mkv", frames=1)
        self.assertIn("1 frame", self.encode(one, "out.mkv", "--auto", "--target", "psnr:30", *PLAIN))
        odd = self.clip("odd.mkv", "format=yuv444p10le,crop=131:99:exact=1,format=yuv420p10le", frames=5)
        log = self.encode(odd, "out.mkv", "--auto", "--target", "psnr:30", "--sizes", "full,3/4", "--client", "bicubic")
        self.assertRegex(log, r"(chose|at) 3/4 size \(100x76\)")
        self.play()
        self.assertEqual(self.video("large.mkv"), (131, 99, 5))
        log = self.encode(odd, "out.mkv", "--auto", "--target", "psnr:28", "--sizes", "full,3/4", "--client", "bicubic",
                          "--encoder", "libsvtav1")
        self.assertRegex(log, r"left out: full size \(131x99\): libsvtav1 takes even sizes only")
        self.assertRegex(log, r"chose 3/4 size .*\n(.*\n)*.*out.mkv: 100x76, enlarged by bicubic, 5 frames")


class Ends(Case):
    words = ("--auto", "--target", "psnr:31", "--sizes", "full,1/2", "--client", "bicubic")

    def until(self, source, file):
        """A run in the middle, when a file of its folder is there."""
        process = self.start("encode", source, self.path("out.mkv"), *self.words)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        deadline = time.monotonic() + 600
        while not (self.path(".out.mkv.hcd-encode") / file).exists():
            self.assertIsNone(process.poll(), f"ended before {file}")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.005)
        return process

    def test_killed_and_again(self):
        """Probes of the run before are used: one that was changed shows through."""
        source = self.clip("clip.mkv", "crop=160:96", frames=16)
        process = self.until(source, "probe.160x96.27.json.done")
        process.kill()
        process.wait(timeout=600)
        probe = self.path(".out.mkv.hcd-encode") / "probe.160x96.27.json"
        found = json.loads(probe.read_text())
        probe.write_text(json.dumps({**found, "quality": found["quality"] + 0.001, "bits": 4321 * found["bits"]}))
        log = self.encode(source, "out.mkv", *self.words)
        seen = re.search(r"full size \(160x96\) at CRF 27: (\d+) kb/s", log)
        self.assertGreater(int(seen[1]), 4000 * found["bits"] * 29.97 / 1000)

    def test_stopped_leaves_nothing(self):
        source = self.clip("clip.mkv", "crop=160:96", frames=16)
        process = self.until(source, "probe.160x96.27.json.done")
        process.send_signal(signal.SIGINT)
        log = process.communicate(timeout=600)[1]
        self.assertEqual(process.returncode, 130, log)
        self.assertTrue(log.endswith("encode: stopped, nothing is left behind\n"), log)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["clip.mkv"])

    def test_command_lines(self):
        source = self.clip("clip.mkv", frames=2)
        for words, pattern in (
                (("--auto",), "--auto: expected --target vmaf-neg:85, .*, found none"),
                (("--target", "psnr:30"), "--target: expected --auto or --ladder auto:N with it, found none"),
                (("--client", "lite"), "--client: expected --auto or --ladder auto:N with it"),
                (("--auto", "--target", "psnr:30", "--crf", "20"), "--crf: expected --target in its place"),
                (("--auto", "--target", "psnr:30", "--sizes", "1/8"), r"--sizes: expected full, or fractions from 1/4 to below 1, found '1/8'"),
                (("--auto", "--target", "psnr:30", "--ladder", "64"), "--auto: expected no --ladder beside it"),
                (("--auto", "--target", "psnr:30", "--two-pass"), "--two-pass: expected --bitrate, or --auto with"),
                (("--auto", "--target", "psnr:30", "--measure", "vmaf-neg"), "--measure: expected that of --target psnr:30"),
                (("--ladder", "auto:3", "--target", "bitrate:1M"), "--target: expected the quality of the best rung"),
                (("--auto", "--target", "size:1M", "--hls"), "--target size: expected a file")):
            with self.subTest(words):
                self.assertRegex(self.encode(source, "out.mkv", *words, code=1), f"^encode: {pattern}")


if __name__ == "__main__":
    if not HCD.exists():
        print(f"skipped: no {HCD} (scripts/setup builds it)")
        sys.exit(77)
    ffmpeg.main()
