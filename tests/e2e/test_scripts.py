# SPDX-License-Identifier: BSD-2-Clause
"""scripts/encode and scripts/play: there and back, what is copied, a kill and the same command again, messages."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import ffmpeg

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "support"))
from light_start import write_start  # noqa: E402

CLIP = TOP / "samples" / "clip.mkv"
HCD = TOP / "build" / "bin" / "hcd"
CAN_TUNE = (TOP / "build" / "libexec" / "hcd" / "hcd-train").exists()


class Scripts(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.source = self.folder / "it's a source: 1.mkv"  # what a filter string would trip over
        self.output = self.folder / "out.mkv"
        self.weights = write_start(self.folder / "start.safetensors")
        texts = self.folder / "texts.srt"
        texts.write_text("1\n00:00:00,040 --> 00:00:00,160\nA line\n")
        ffmpeg.good("-i", str(CLIP), "-f", "lavfi", "-i", "sine=d=0.4", "-i", str(texts), "-map", "0:v", "-map", "1:a",
                    "-map", "2:s", "-frames:v", "8", "-vf", "crop=160:96,setpts=PTS+gte(N\\,4)*0.013/TB", "-c:v", "ffv1",
                    "-fps_mode", "passthrough", "-enc_time_base", "1:1000", "-c:a", "aac", "-c:s", "srt",
                    "-metadata:s:a:0", "language=fra", str(self.source))
        self.before = self.names()

    def names(self):
        return sorted(path.name for path in self.folder.iterdir())

    def made(self):
        return sorted(set(self.names()) - set(self.before))

    def words(self, *options, script="encode"):
        inputs = (self.source, self.output) if script == "encode" else ()
        return [str(word) for word in (TOP / "scripts" / script, *inputs, *options)]

    def run_script(self, *options, script="encode", **more):
        return subprocess.run(self.words(*options, script=script), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False, **more)

    def good(self, *options, **more):
        done = self.run_script(*options, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr

    def assert_error(self, done, pattern):
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr.splitlines()[-1], pattern)
        self.assertEqual(self.made(), [])

    def streams(self, path):
        entries = "stream=codec_type,codec_name,width,height,nb_read_packets:stream_tags=filename,language:format_tags"
        done = subprocess.run([ffmpeg.FFPROBE, "-v", "error", "-of", "json", "-count_packets", "-show_entries", entries,
                               str(path)], stdout=subprocess.PIPE, check=True)
        return ffmpeg.json.loads(done.stdout)

    def hash_of(self, path, stream):
        return ffmpeg.good("-v", "error", "-i", str(path), "-map", stream, "-c", "copy", "-f", "streamhash", "-")[0]

    def test_there_and_back(self):
        log = self.good("--weights", self.weights)
        self.assertRegex(log, r"out.mkv: 80x48, enlarged by lite, 8 frames, \d+ bytes of video \(\d+ kb/s\), \d+ bytes of "
                              r"weights, PSNR-Y \d+\.\d\d dB\n$")
        self.assertEqual(self.made(), ["out.mkv"])
        found = self.streams(self.output)
        self.assertEqual([stream["codec_type"] for stream in found["streams"]],
                         ["video", "audio", "subtitle", "attachment"])
        self.assertEqual((found["format"]["tags"]["HCD_MODEL"], found["format"]["tags"]["HCD_SIZE"]), ("lite", "160x96"))
        self.assertEqual(found["streams"][1]["tags"]["language"], "fra")
        for stream in ("0:a", "0:s"):
            self.assertEqual(self.hash_of(self.output, stream), self.hash_of(self.source, stream))
        out = self.folder / "weights"
        ffmpeg.run("-dump_attachment:t:0", str(out), "-i", str(self.output))
        self.assertEqual(out.read_bytes(), self.weights.read_bytes())

        large = self.folder / "large.mkv"
        self.good(self.output, "-o", large, script="play")
        shown = self.streams(large)["streams"]
        self.assertEqual([stream["codec_type"] for stream in shown], ["video", "audio", "subtitle"])
        self.assertEqual((shown[0]["width"], shown[0]["height"], shown[0]["nb_read_packets"]), (160, 96, "8"))

    def test_players(self):
        """The first player that is there gets the enlarged frames on its standard input."""
        self.good("--weights", self.weights)
        seen = self.folder / "seen.nut"
        (self.folder / "bin").mkdir()
        player = self.folder / "bin" / "mpv"
        player.write_text(f'#!/bin/sh\ncat > "{seen}"\n')
        player.chmod(0o755)
        place = {**os.environ, "PATH": f"{player.parent}:{os.environ['PATH']}"}
        self.good(self.output, script="play", env=place)
        shown = self.streams(seen)["streams"]
        self.assertEqual((shown[0]["width"], shown[0]["nb_read_packets"]), (160, "8"))
        done = self.run_script(self.output, "--player", "ffplay", script="play",
                               env={**os.environ, "PATH": "/usr/bin/nowhere:" + os.path.dirname(sys.executable)})
        if done.returncode == 1:
            self.assertRegex(done.stderr, "expected ffplay on the PATH, found none: -o FILE writes the enlarged video")

    def test_ladder(self):
        self.output = self.folder / "out.mp4"
        log = self.good("--weights", self.weights, "--ladder", "96,72,48")
        self.assertIn("out.72.mp4: for the bicubic scaler of players, since 72 is not half of 96", log)
        self.assertEqual(re.findall(r"out\.(\d+)\.mp4: (\d+x\d+), (enlarged by \w+|coded as it is)", log),
                         [("96", "160x96", "coded as it is"), ("72", "120x72", "enlarged by bicubic"),
                          ("48", "80x48", "enlarged by lite")])
        self.assertEqual(self.made(), ["out.48.hcd.safetensors", "out.48.mp4", "out.72.mp4", "out.96.mp4"])
        self.assertEqual([stream["codec_name"] for stream in self.streams(self.folder / "out.48.mp4")["streams"]],
                         ["h264", "aac", "mov_text"])
        for height in (96, 72, 48):
            large = self.folder / f"large{height}.mkv"
            # A caption of an MP4 file is none of Matroska's.
            ffmpeg.good("-i", str(self.folder / f"out.{height}.mp4"), "-map", "0", "-map", "-0:s", "-c", "copy",
                        "-movflags", "use_metadata_tags", str(self.folder / f"bare.{height}.mp4"))
            if height == 48:
                (self.folder / "bare.48.hcd.safetensors").write_bytes(self.weights.read_bytes())
            self.good(self.folder / f"bare.{height}.mp4", "-o", large, script="play")
            self.assertEqual(self.streams(large)["streams"][0]["width"], 160)

    @unittest.skipUnless(CAN_TUNE, "no hcd tune in this build")
    def test_tuned(self):
        self.good("--weights", self.weights, "--tune", "--iterations", "100", "--crf", "28")
        self.assertEqual(self.made(), ["out.mkv"])
        out = self.folder / "weights"
        ffmpeg.run("-dump_attachment:t:0", str(out), "-i", str(self.output))
        self.assertIn(b'"hcd.tuned":"8 of 8 frames, 1 coded files, seed 1, 100 iterations"',
                      out.read_bytes().replace(b'": "', b'":"'))
        self.assertLessEqual(out.stat().st_size, 24 * 1024)

    def start(self, *options, until):
        """A run in the middle, when a file of its folder is there."""
        process = subprocess.Popen(self.words(*options), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        wanted, deadline = self.folder / ".out.mkv.hcd-encode" / until, time.monotonic() + 600
        while not wanted.exists():
            self.assertIsNone(process.poll(), f"ended before {until}")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.005)
        return process

    def test_stopped_leaves_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start("--weights", self.weights, "--encoder", "libx265", until="half.times")
            process.send_signal(number)
            text = process.communicate(timeout=600)[1]
            self.assertEqual((process.returncode, self.made()), (130, []), text)
            self.assertEqual(text, "encode: stopped, nothing is left behind\n")

    @unittest.skipUnless(CAN_TUNE, "no hcd tune in this build")
    def test_killed_and_again(self):
        options = ("--weights", self.weights, "--tune", "--iterations", "150")
        process = self.start(*options, until="tuned.safetensors.tuning")
        busy = self.run_script(*options)
        self.assertIn("another scripts/encode is at work on it", busy.stderr)
        process.kill()
        process.wait(timeout=600)
        self.assertEqual(self.made(), [".out.mkv.hcd-encode"])
        self.assertIn("goes on from iteration ", self.good(*options))
        self.assertEqual(self.made(), ["out.mkv"])
        again = [self.hash_of(self.output, stream) for stream in ("0:v", "0:a", "0:t")]
        self.good(*options, "-y")
        self.assertEqual([self.hash_of(self.output, stream) for stream in ("0:v", "0:a", "0:t")], again)

    def test_errors(self):
        text = self.folder / "text.safetensors"
        text.write_text("no weights\n")
        self.before = self.names()
        for options, message in (
                (("--weights", text), "source: 1.mkv: ffmpeg: hcd_down: .*weights '/.*/text.safetensors': expected "),
                (("--weights", self.folder / "absent"), "--weights: expected a file of lite's weights, found none at "),
                (("--crf", "60"), r"--crf: expected a number \[0, 51\] for libx264, found 60"),
                (("--bitrate", "fast"), "--bitrate: expected bits per second as 800k or 2M, found 'fast'"),
                (("--preset", "mediun"), "out.mkv: encoding: ffmpeg: .*mediun"),
                (("--ladder", "720"), "--ladder: expected heights of at most the source's 96, found 720"),
                (("--ladder", "96x"), "--ladder: expected heights with commas between them, or auto:N, found '96x'"),
                (("--ladder", "72", "--tune", "--weights", self.weights),
                 "--tune: expected a rung of half the height, found none")):
            with self.subTest(options=options):
                self.assert_error(self.run_script(*options), message)
        self.output = self.folder / "out.avi"
        self.assert_error(self.run_script(), "out.avi: expected a name with .mkv or .mp4")
        self.output = self.folder / "absent" / "out.mkv"
        self.assert_error(self.run_script(), "expected an existing folder for the result, found none")
        self.output = self.source
        self.assert_error(self.run_script(), "expected another file than the source")
        self.output = self.folder / "out.mkv"
        self.source = text
        self.assert_error(self.run_script(), "text.safetensors: expected a video file, found: ")

    def test_files_that_play_does_not_know(self):
        self.assert_error(self.run_script(self.source, "-o", self.output, script="play"),
                          "expected a tag HCD_MODEL, found none: name the client with --model")
        self.assert_error(self.run_script(self.source, "-o", self.output, "--model", "torchscript", script="play"),
                          "expected a model of `hcd models`, found 'torchscript'")
        self.assert_error(self.run_script(self.source, "-o", self.output, "--model", "bicubic", "--size", "big",
                                          script="play"), "expected a size as 1920x1080, found 'big'")


if __name__ == "__main__":
    if not HCD.exists():
        print(f"skipped: no {HCD} (scripts/setup builds it)")
        sys.exit(77)
    ffmpeg.main()
