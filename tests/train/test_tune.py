#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""hcd tune as a user runs it: a gain and its file, pairs that do not match, files that are cut or damaged, a kill
and the same command again, a tuning that gains nothing."""

import json
import os
import random
import signal
import struct
import subprocess
import sys
import time
import unittest
from pathlib import Path

import png_files
from hcd_command import COMMAND, HUNG, CommandTest, hcd
from light_start import write_start

FFMPEG = os.environ["HCD_TEST_FFMPEG"]
CLIP = Path(__file__).resolve().parents[2] / "samples" / "clip.mkv"
QUICK = ("--iterations", 60)


def ffmpeg(*words):
    subprocess.run([FFMPEG, "-v", "error", "-nostdin", "-y", *map(str, words)], check=True)


def metadata(path):
    data = path.read_bytes()
    length, = struct.unpack("<Q", data[:8])
    return json.loads(data[8:8 + length])["__metadata__"]


class TuneTest(CommandTest):
    def setUp(self):
        super().setUp()
        self.source = self.folder / "source.mkv"
        ffmpeg("-i", CLIP, "-frames:v", 8, "-vf", "crop=96:64", "-c:v", "ffv1", self.source)
        self.coded = self.encode("coded.mkv")
        self.start = write_start(self.folder / "start.safetensors")
        self.output = self.folder / "title.safetensors"

    def encode(self, name, filters="scale=48:32:flags=lanczos", *words, crf=26):
        path = self.folder / name
        # With AVX-512 libx264 does not give the same bits twice unless it is told to.
        ffmpeg("-i", self.source, "-vf", filters, "-fps_mode", "passthrough", "-c:v", "libx264", "-crf", crf,
               "-x264-params", "cpu-independent=1", *words, path)
        return path

    def words(self, *coded, start=None, output=None):
        return ["tune", self.source, *(coded or [self.coded]), "-o", output or self.output, "--init",
                start or self.start, "--ffmpeg", FFMPEG, "--threads", 1]

    def tune(self, *coded, options=QUICK, **changes):
        return hcd(*self.words(*coded, **changes), *options)

    def assert_refused(self, process, pattern, code=1):
        self.assertEqual(process.returncode, code, process.stderr)
        self.assertRegex(process.stderr.splitlines()[-1], "^hcd: .*" + pattern)
        self.assertEqual([name for name in self.names_in(self.folder) if name.startswith("title")], [])

    def test_gain(self):
        """Two files of one title; the result is small, says what it is, and other commands take it."""
        process = self.tune(self.coded, self.encode("worse.mkv", crf=34))
        self.assertEqual(process.returncode, 0, process.stderr)
        self.assertIn("8 frames of 96x64, 7 to learn from, 1 held out; 2 coded files; lite x2", process.stderr)
        self.assertLessEqual(self.output.stat().st_size, 24 * 1024)
        label = metadata(self.output)
        self.assertEqual((label["hcd.model"], label["hcd.scale"], label["hcd.downscaler"], label["hcd.tuned"]),
                         ("lite", "2", "bicubic", "8 of 8 frames, 2 coded files, seed 1, 60 iterations"))
        self.assertGreater(float(label["hcd.tuned_gain"].split()[0]), 0.05)
        self.assertFalse(self.output.with_name("title.safetensors.tuning").exists())
        png_files.write_pattern(self.folder / "grey.png", 24, 20, png_files.GRAY)
        up = ["up", self.folder / "grey.png", "-o", self.folder / "large", "--weights", self.output, "--model"]
        self.assert_done(hcd(*up, "lite"))
        self.assertIn("expected those of model base, found those of 'lite'", hcd(*up, "base").stderr)
        self.assertIn("expected those of model srcnn, found those of 'lite'", hcd(*up, "srcnn").stderr)
        self.assertIn("option scale: expected 1 to 4 with model=lite, found 5", hcd(*up, "lite", "--scale", 5).stderr)

    def test_other_formats(self):
        """Ten bits, full range, an odd size."""
        self.source = self.folder / "odd.mkv"
        ffmpeg("-i", CLIP, "-frames:v", 4, "-vf", "crop=99:67:exact=1,format=yuv420p10", "-c:v", "ffv1", self.source)
        down = f"hcd_down=model=lite:weights={self.start}:steps=0:start=bicubic"
        for name, filters in (("limited.mkv", f"{down},format=yuv420p"),
                              ("full.mkv", f"{down},scale=out_range=pc,format=yuvj420p")):
            process = self.tune(self.encode(name, filters), options=("--iterations", 300))
            self.assertEqual(process.returncode, 0, process.stderr)
            self.assertIn("4 frames of 99x67", process.stderr)

    def test_same_bytes(self):
        self.tune()
        first = self.output.read_bytes()
        self.assertEqual(self.tune().returncode, 0)  # the file of before is replaced
        self.assertEqual(self.output.read_bytes(), first)
        self.tune(options=(*QUICK, "--seed", 2))
        self.assertNotEqual(self.output.read_bytes(), first)

    def test_pairs_that_do_not_match(self):
        source = f" of {self.source}"
        self.assert_refused(self.tune(self.coded, self.encode("size.mkv", "scale=40:32")),
                            rf"size.mkv: expected frames of 48x32, 1/2 of the 96x64{source}, found 40x32")
        self.assert_refused(self.tune(self.encode("short.mkv", "scale=48:32,trim=end_frame=7")),
                            "short.mkv: expected 8 frames, as in .*source.mkv, found 7")
        self.assert_refused(self.tune(self.encode("long.mkv", "scale=48:32,tpad=stop=1:stop_mode=clone")),
                            "long.mkv: expected 8 frames, as in .*source.mkv, found 9")
        late = "scale=48:32,setpts=PTS+gte(N\\,5)*0.02/TB"
        self.assert_refused(self.tune(self.encode("late.mkv", late, "-enc_time_base", "1:1000")),
                            r"late.mkv: expected frame 5 at 0\.\d{3} s from the first, as in .*source.mkv, found")

    def test_files_that_are_cut_or_damaged(self):
        whole = self.coded.read_bytes()
        cut = self.folder / "cut.mkv"
        for part in (0.5, 0.95):
            cut.write_bytes(whole[:int(part * len(whole))])
            self.assert_refused(self.tune(cut), "cut.mkv: expected ")
        damaged = self.folder / "damaged.mkv"
        chance = random.Random(1)
        at = len(whole) // 2
        damaged.write_bytes(whole[:at] + chance.randbytes(600) + whole[at + 600:])
        self.assert_refused(self.tune(damaged), "damaged.mkv: expected .*, found: \\S")
        text = self.folder / "text.mkv"
        text.write_text("not a video\n")
        self.assert_refused(self.tune(text), "text.mkv: expected a video with frames, found: ")
        self.assert_refused(self.tune(self.folder / "absent.mkv"), "absent.mkv: expected a video file, found none")

    def test_no_gain_writes_nothing(self):
        good = self.folder / "good.safetensors"
        self.assertEqual(self.tune(output=good, options=("--iterations", 120)).returncode, 0)
        self.assert_refused(self.tune(start=good, options=("--iterations", 1)),
                            "expected more PSNR-Y and no less detail on the held-out frames, found .*: nothing is written",
                            code=3)

    def test_start(self):
        other = write_start(self.folder / "other.safetensors", **{"hcd.model": "srcnn"})
        self.assert_refused(self.tune(start=other), "expected those of a light network .*, found model 'srcnn'")
        self.assert_refused(self.tune(start=self.folder / "absent.safetensors"), "absent.safetensors")
        process = hcd("tune", self.source, self.coded, "-o", self.output, "--ffmpeg", FFMPEG, *QUICK)
        if process.returncode == 1:  # there are none yet, or they are better than a tuning of seconds
            self.assertIn("expected built-in weights of lite x2 to start from, found none", process.stderr)

    def test_differences(self):
        """From the built-in weights: a file of a third of the size, which the filter reads as the whole one; one of
        other weights or with a changed byte is refused."""
        ffmpeg("-i", CLIP, "-frames:v", 24, "-vf", "crop=320:192", "-c:v", "ffv1", self.source)
        coded = self.encode("coded.mkv", "scale=160:96:flags=lanczos", crf=24)
        words = ["tune", self.source, coded, "--ffmpeg", FFMPEG, "--iterations", 150, "-o"]
        whole = self.folder / "whole.safetensors"
        process = hcd(*words, self.output)
        if "found none in this build" in process.stderr:
            self.skipTest("no built-in weights of lite x2")
        self.assertEqual(process.returncode, 0, process.stderr)
        self.assertEqual(hcd(*words, whole, "--whole").returncode, 0)
        self.assertLess(self.output.stat().st_size, 8 * 1024)
        self.assertGreater(whole.stat().st_size, 20 * 1024)
        self.assertNotIn("hcd.start", metadata(whole))
        gains = [float(metadata(path)["hcd.tuned_gain"].split()[0]) for path in (self.output, whole)]
        self.assertLess(abs(gains[0] - gains[1]), 0.03 + 0.05 * gains[1])
        frames = []
        for weights in (self.output, whole):
            raw = self.folder / "large.raw"
            ffmpeg("-i", coded, "-frames:v", 2, "-vf",
                   f"hcd_up=model=lite:weights={weights},extractplanes=y", "-f", "rawvideo", raw)
            frames.append(raw.read_bytes())
        self.assertLess(max(abs(a - b) for a, b in zip(*frames)), 12)
        self.assertLess(sum(abs(a - b) for a, b in zip(*frames)) / len(frames[0]), 0.25)
        data = bytearray(self.output.read_bytes())
        data[-100] ^= 1
        self.output.write_bytes(data)
        png_files.write_pattern(self.folder / "grey.png", 24, 20, png_files.GRAY)
        up = ["up", self.folder / "grey.png", "-o", self.folder / "large", "--model", "lite", "--weights", self.output]
        self.assertRegex(hcd(*up).stderr, "expected differences with the checksum [0-9a-f]{16}, found .* is damaged")
        self.output.write_bytes(bytes(data).replace(metadata(self.output)["hcd.start"].encode(), b"0123456789abcdef"))
        self.assertIn("found some to others (0123456789abcdef)", hcd(*up).stderr)

    def test_command_line(self):
        self.assertEqual(hcd("tune").returncode, 2)
        self.assertEqual(hcd("tune", self.source, "-o", self.output).returncode, 2)
        process = self.tune(output=self.coded)
        self.assertIn("expected another file than the inputs", process.stderr)
        process = self.tune(output=self.folder / "absent" / "title.safetensors")
        self.assertIn("expected the name of a file in a folder that can be written to", process.stderr)
        process = hcd(*self.words()[:-3], self.folder / "no_ffmpeg")
        self.assertIn("no_ffmpeg: cannot run: No such file", process.stderr)

    def start_long(self, *options):
        """A tuning that runs and has written a checkpoint."""
        process = subprocess.Popen([COMMAND, *map(str, self.words()), *options], stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        checkpoint, deadline = self.folder / "title.safetensors.tuning", time.monotonic() + HUNG
        before = checkpoint.stat().st_ino if checkpoint.exists() else None
        while not checkpoint.exists() or checkpoint.stat().st_ino == before:
            self.assertIsNone(process.poll(), "ended before its first checkpoint")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        return process

    def test_killed_and_again_equals_uninterrupted(self):
        options = ("--iterations", "160")
        for _ in range(2):
            process = self.start_long(*options)
            process.kill()
            process.wait(timeout=HUNG)
        self.assertFalse(self.output.exists())
        process = self.tune(options=options)
        self.assertRegex(process.stderr, r"goes on from iteration (100|150)\n")
        again = self.output.read_bytes()
        self.output.unlink()
        self.assertNotIn("goes on", self.tune(options=options).stderr)
        self.assertEqual(self.output.read_bytes(), again)

    def test_checkpoint_of_another_tuning(self):
        process = self.start_long("--iterations", "160")
        process.send_signal(signal.SIGTERM)
        text = process.communicate(timeout=HUNG)[1]
        self.assertEqual(process.returncode, 130, text)
        self.assertRegex(text, r"stopped after iteration \d+; the same command goes on\n$")
        process = self.tune()
        self.assertEqual(process.returncode, 0, process.stderr)
        self.assertIn("starts anew: ", process.stderr)


if __name__ == "__main__":
    if not os.path.exists(FFMPEG):
        print(f"skipped: no ffmpeg at {FFMPEG} (scripts/setup builds it)")
        sys.exit(77)
    unittest.main(verbosity=2)
