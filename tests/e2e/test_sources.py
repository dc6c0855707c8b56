# SPDX-License-Identifier: BSD-2-Clause
"""scripts/encode and scripts/play on sources as they come: damaged, turned, of changing or odd size, with alpha, with
many tracks and tags; weights that lie beside a file; how the scripts end when something is wrong."""

import hashlib
import re
import resource
import signal
import subprocess
import sys
import time
import unittest
import zlib
from pathlib import Path

import ffmpeg
from scripts_case import TOP, Case

sys.path[:0] = [str(TOP / "tests" / "support"), str(TOP / "scripts")]
from hcd import ffmpeg_log, run  # noqa: E402
from hcd.encoders import ENCODERS  # noqa: E402
from hcd.stream import video  # noqa: E402
from light_start import write_start  # noqa: E402

HCD = TOP / "build" / "bin" / "hcd"
LITE = HCD.exists() and run.models(str(HCD))["lite"]
CAN_TUNE = (TOP / "build" / "libexec" / "hcd" / "hcd-train").exists()
META = """;FFMETADATA1
title=A film
artist=Somebody
own=thing
[CHAPTER]
TIMEBASE=1/1000
START=0
END=200
title=One
"""
TEXTS = "1\n00:00:00,040 --> 00:00:00,160\nA line\n"


class Sources(Case):
    def test_damage_is_told_and_decoded_as_ffmpeg_does(self):
        whole = self.clip("whole.mkv", "crop=192:128", "-c:v", "libx264", "-g", "250", "-bf", "2", "-crf", "18")
        noisy = self.make("noisy.mkv", "-i", whole, "-c", "copy", "-bsf:v", "noise=amount='if(eq(n\\,4)\\,50\\,0)'")
        log = self.encode(noisy)
        self.assertRegex(log, r"encode: warning: \S*noisy.mkv: damaged near 0\.\d{3} s.*, decoded as ffmpeg decodes it \(h264: ")
        self.assertRegex(log, r"out.mkv: 96x64, enlarged by \w+, 12 frames")
        cut = self.make("cut.mp4", "-i", whole, "-c", "copy", "-movflags", "+faststart")
        cut.write_bytes(cut.read_bytes()[:int(0.6 * cut.stat().st_size)])
        log = self.encode(cut, "cut.out.mp4")
        self.assertRegex(log, r"encode: warning: \S*cut.mp4: damaged (near|behind) 0\.\d{3} s.*, decoded as ffmpeg decodes it ")
        self.assertTrue(self.path("cut.out.mp4").exists())
        text = self.path("text.mkv")
        text.write_bytes(whole.read_bytes()[:600])
        self.assertRegex(self.encode(text, "none.mkv", code=1), r"encode: \S*text.mkv: (ffmpeg|expected a video)")

    def test_frames_that_change_in_mid_stream(self):
        parts = []
        for name, filters in (("1.h264", "crop=96:64"), ("2.h264", "crop=192:128,format=yuv422p")):
            parts.append(self.clip(name, filters, "-c:v", "libx264", "-bf", "0", frames=5).read_bytes())
        source = self.path("joined.h264")
        source.write_bytes(b"".join(parts))
        self.assertRegex(self.encode(source), r"out.mkv: 48x32, enlarged by \w+, 10 frames.*PSNR-Y [2-9]\d")
        self.play()
        self.assertEqual(self.video("large.mkv"), (96, 64, 10))

    def test_turned(self):
        flat = self.clip("flat.mp4", "crop=96:64", "-c:v", "libx264", frames=3)
        for angle, size in ((45, (48, 32)), (90, (32, 48))):
            source = self.make(f"{angle}.mp4", "-i", flat, "-c", "copy", "-metadata:s:v", f"rotate={angle}")
            self.encode(source)
            self.assertEqual(self.video("out.mkv"), (*size, 3), angle)

    def test_alpha_is_refused_in_the_filters_words(self):
        gif = self.clip("clip.gif", "crop=96:64", "-c:v", "gif", frames=4)
        argb = self.clip("argb.mov", "crop=96:64,format=argb", "-c:v", "qtrle", frames=4)
        for source in (gif, argb):
            log = self.encode(source, code=1)
            self.assertRegex(log, r"^encode: .*has an alpha plane, which would be lost: put (format=\w+) in front.*: "
                                  r"--filter \1 does that\n$")
        self.assertRegex(self.encode(argb, "out.mkv", "--filter", "format=yuv444p,crop=64:64"),
                         r"out.mkv: 32x32, enlarged by \w+, 4 frames.*PSNR-Y [2-9]\d")
        self.assertEqual(self.look("out.mkv")["format"]["tags"]["HCD_SIZE"], "64x64")

    def test_odd_sizes_and_formats_come_back(self):
        odd = self.clip("odd.mkv", "format=yuv444p,crop=95:67:exact=1,format=yuv420p", frames=3)
        self.encode(odd)
        log = self.play()
        self.assertIn("play: large.mkv: 95x67 yuv420p is coded as yuv444p, which libx264 takes", log)
        self.assertEqual(self.video("large.mkv"), (95, 67, 3))
        rgb = self.clip("rgb.mkv", "crop=96:64,format=gbrp", frames=3)
        self.assertRegex(self.encode(rgb), r"is made Y'CbCr by BT.709: libx264 takes no RGB\n.*PSNR-Y [2-9]\d")

    def test_rungs_of_nearly_half(self):
        source = self.clip("tall.mkv", "crop=96:102", frames=3)
        self.encode(source, "out.mkv", "--ladder", "51,52,102")
        self.assertEqual([self.video(f"out.{height}.mkv") for height in (51, 52, 102)],
                         [(48, 51, 3), (48, 52, 3), (96, 102, 3)])
        tags = [self.look(f"out.{height}.mkv")["format"]["tags"]["HCD_MODEL"] for height in (51, 52, 102)]
        self.assertEqual(tags, ["bicubic", "lite" if LITE else "bicubic", "none"])


class Along(Case):
    """What goes along with the video."""

    def tracks(self):
        for name, text in (("meta", META), ("texts.srt", TEXTS), ("font.ttf", "no font")):
            self.path(name).write_text(text)
        self.make("cover.png", "-f", "lavfi", "-i", "color=blue:s=32x32", "-frames:v", "1")
        self.clip("bare.mkv", frames=5)
        sound = ("-f", "lavfi", "-i", "sine=d=0.2")
        return self.make(
            "tracks.mkv", "-i", self.path("bare.mkv"), *sound, *sound, "-i", self.path("texts.srt"), "-i",
            self.path("meta"), "-map", "0:v", "-map", "1:a", "-map", "2:a", "-map", "3:s", "-map_metadata", "4",
            "-map_chapters", "4", "-c:v", "copy", "-c:a:0", "aac", "-c:a:1", "truehd", "-strict", "-2", "-c:s", "srt",
            "-metadata:s:v", "language=deu", "-metadata:s:v", "title=Bild", "-disposition:v", "default+original",
            "-metadata:s:a:1", "language=eng", "-disposition:a:0", "0", "-disposition:a:1", "comment", "-disposition:s:0",
            "forced", "-attach", self.path("font.ttf"), "-metadata:s:t:0", "mimetype=font/ttf", "-attach",
            self.path("cover.png"), "-metadata:s:t:1", "mimetype=image/png")

    def about(self, name):
        """Of each stream what has to come back."""
        kept = []
        for stream in self.look(name)["streams"]:
            tags = {key: value for key, value in stream.get("tags", {}).items()
                    if key in ("language", "title", "filename", "mimetype")}
            on = [key for key, value in stream["disposition"].items() if value]
            kept.append((stream["codec_type"], tags, on))
        return kept

    def test_all_of_it_comes_back(self):
        source = self.tracks()
        self.assertNotIn("left out", self.encode(source))
        self.assertNotIn("left out", self.play())
        wanted = self.about(source.name)
        self.assertEqual(len(wanted), 6)
        for name in ("out.mkv", "large.mkv"):
            self.assertEqual(self.about(name), wanted)
            found = self.look(name)
            self.assertEqual((found["format"]["tags"]["OWN"], len(found["chapters"])), ("thing", 1))
        for stream in ("0:a", "0:s", "0:v:1"):
            hashes = [ffmpeg.good("-v", "error", "-i", str(self.path(name)), "-map", stream, "-c", "copy", "-f",
                                  "streamhash", "-")[0] for name in (source.name, "large.mkv")]
            self.assertEqual(*hashes)

    def test_what_a_container_does_not_take_is_named_before_the_work(self):
        source = self.tracks()
        log = self.encode(source, "out.mp4")
        for line in (r"left out: stream 2 \(audio truehd\): .mp4 does not take it \(.*\); .mkv does",
                     r"stream 3 \(subtitle subrip\) becomes mov_text",
                     r"left out: stream 4 \(attachment \S*\s?font.ttf\): .mp4 takes no attachments; .mkv does"):
            self.assertRegex(log, line)
        self.assertEqual([stream["codec_name"] for stream in self.look("out.mp4")["streams"]
                          if stream["codec_type"] != "data"], ["h264", "aac", "mov_text", "png"])
        log = self.encode(source, "out.mp4", "--drop", "audio,attachment", "--drop", "cover,subtitle")
        self.assertNotRegex(log, "left out: stream|becomes")
        self.assertEqual([stream["codec_type"] for stream in self.look("out.mp4")["streams"]
                          if stream["codec_type"] != "data"], ["video"])

    def test_tags_of_mp4(self):
        """The names that every player knows stay what they are; others go where QuickTime has them."""
        source = self.clip("camera.mov", "crop=96:64", "-c:v", "libx264", "-movflags", "use_metadata_tags", "-metadata",
                           "title=A film", "-metadata", "artist=Somebody", "-metadata",
                           "com.apple.quicktime.model=Camera", "-metadata",
                           "com.apple.quicktime.location.ISO6709=+48.1+011.5/", "-metadata",
                           "creation_time=2020-01-02T03:04:05Z", "-metadata:s:v", "language=eng", frames=3)
        self.assertNotIn("left out", self.encode(source, "out.mp4"))
        self.assertNotIn("left out", self.play("out.mp4", "large.mp4"))
        for name in ("out.mp4", "large.mp4"):
            tags = self.look(name)["format"]["tags"]
            self.assertEqual([tags[key] for key in ("title", "artist", "com.apple.quicktime.model",
                                                    "com.apple.quicktime.location.ISO6709")],
                             ["A film", "Somebody", "Camera", "+48.1+011.5/"])
            self.assertTrue(tags["creation_time"].startswith("2020-01-02T03:04:05"))
            self.assertEqual(self.look(name)["streams"][0]["tags"]["language"], "eng")
            data = self.path(name).read_bytes()
            self.assertIn(b"\xa9nam", data)
            self.assertLess(data.index(b"moov"), data.index(b"mdat"))
            ffmpeg.good("-v", "error", "-xerror", "-i", str(self.path(name)), "-f", "null", "-")
        self.encode(self.path("out.mp4"), "again.mkv", "--ladder", "32")  # tags of our own are not carried on
        self.assertEqual(self.look("again.32.mkv")["format"]["tags"]["HCD_MODEL"], "none")

    def test_weights_are_those_of_the_file(self):
        source, weights = self.clip("clip.mkv", frames=3), write_start(self.path("start.safetensors"))
        beside = self.path("out.hcd.safetensors")
        self.encode(source, "out.mp4", "--weights", weights)
        old = beside.read_bytes()
        self.assertEqual(self.look("out.mp4")["format"]["tags"]["HCD_WEIGHTS"], hcd_key(old))
        self.assertEqual(self.play("out.mp4"), "")
        before = self.make("before.mp4", "-i", self.path("out.mp4"), "-c", "copy", "-movflags", "use_metadata_tags", "-metadata",
                           f"HCD_WEIGHTS={hashlib.sha256(old).hexdigest()[:16]}")
        video.beside(before).write_bytes(old)
        self.assertEqual(self.play(before.name), "")
        beside.unlink()
        self.assertIn(f"expected its weights {hcd_key(old)}, found none at ", self.play("out.mp4", code=1))
        beside.write_bytes(old + b" ")
        self.assertIn(f"expected its weights {hcd_key(old)}, found {hcd_key(old + b' ')} in ", self.play("out.mp4", code=1))
        self.encode(source, "out.mp4", "--ladder", "32")  # another file beside it: untouched
        self.assertTrue(beside.exists())
        self.encode(source, "out.mp4")
        self.assertFalse(beside.exists())
        beside.write_bytes(old)
        self.assertIn("out.hcd.safetensors is not used: out.mp4 does not name it", self.play("out.mp4"))
        self.assertIn("expected no such file, found one (-y replaces it)",
                      self.run_script("encode", source, self.path("out.mp4"), code=1))


def hcd_key(data):
    return f"{zlib.crc32(data):08x}{len(data):08x}"


class Ends(Case):
    def test_a_result_that_fails_its_check_is_kept(self):
        source = self.clip("clip.mkv", frames=3)
        code = ("import sys; sys.path[:0] = sys.argv[1:2]; from hcd.stream import video, encode\n"
                "def fail(*_): raise video.Differs('expected 3 frames, found 2')\n"
                "video.check_times = fail; encode.main(sys.argv[2:])")
        done = subprocess.run([sys.executable, "-B", "-c", code, TOP / "scripts", source, self.path("out.mkv")],
                              stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        kept = self.path("out.failed-check.mkv")
        self.assertIn(f"the finished file failed its check: expected 3 frames, found 2: kept as {kept}", done.stderr)
        self.assertEqual(self.video(kept.name)[2], 3)
        self.assertFalse(self.path("out.mkv").exists())

    def test_no_room(self):
        source = self.clip("clip.mkv", "crop=192:128", frames=6)

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
        log = self.encode(source, "out.mkv", "--crf", "0", code=1, preexec_fn=limit)
        self.assertRegex(log.splitlines()[-1], "encode: .*File too large")

    def test_stopped_at_any_time(self):
        source = self.clip("clip.mkv", frames=3)
        for script, words in (("encode", (source, self.path("out.mkv"))), ("options_doc", ("--check",)),
                              ("make_coded_pairs", (self.folder, "-o", self.path("pairs")))):
            for wait in (0.005, 0.02, 0.05, 0.1):
                process = self.start(script, *words)
                time.sleep(wait)
                process.send_signal(signal.SIGINT)
                log = process.communicate(timeout=600)[1]
                self.assertNotIn("Traceback", log)
                self.assertNotIn("Fatal", log)

    def test_the_line_that_tells_why(self):
        for log, line in (
                ("[h264 @ 0x5] [error] no frame!\n[hcd_down @ 0x5] [error] pixel format bgra has an alpha plane\n"
                 "[error] Error reinitializing filters!\n", "hcd_down: pixel format bgra has an alpha plane"),
                ("[null @ 0x5] [error] Application provided invalid, non monotonically increasing dts to muxer\n"
                 "[error] av_interleaved_write_frame(): No space left on device\n",
                 "av_interleaved_write_frame(): No space left on device"),
                ("[warning] not understood\n[libx264 @ 0x5] [error] invalid preset 'mediun'\n[error] Error initializing "
                 "output stream 0:0 -- \n", "libx264: invalid preset 'mediun'"),
                ("only one line\n", "only one line"), ("", "")):
            self.assertEqual(ffmpeg_log.reason(log), line)

    def test_qualities_of_encoders(self):
        for encoder, least in (("libx264", 0), ("libx265", 0), ("libsvtav1", 21)):
            for crf in (23, 26, 28):
                there = ENCODERS[encoder].crf_like_x264(crf)
                self.assertAlmostEqual(ENCODERS[encoder].crf_on_x264(there), crf, delta=0.5)
                self.assertGreater(there, least)


@unittest.skipUnless(CAN_TUNE, "no hcd tune in this build")
class Tuned(Case):
    def test_every_source_that_encode_takes(self):
        start = write_start(self.path("start.safetensors"))
        options = ("--tune", "--weights", start, "--iterations", "60", "--crf", "30")
        whole = self.clip("whole.mkv", "crop=96:64", "-c:v", "libx264", "-bf", "2")
        noisy = self.make("noisy.mkv", "-i", whole, "-c", "copy", "-bsf:v", "noise=amount='if(eq(n\\,4)\\,30\\,0)'")
        twice = self.clip("twice.mkv", "crop=96:64,setpts='(N-eq(N,5))/25/TB'", "-c:v", "ffv1", "-fps_mode", "passthrough",
                          "-enc_time_base", "1:1000")
        argb = self.clip("argb.mov", "crop=96:64,format=argb", "-c:v", "qtrle")
        for source, more in ((noisy, ()), (twice, ()), (argb, ("--filter", "format=yuv420p"))):
            log = self.encode(source, "out.mkv", *options, *more)
            tuned = re.search(r"(\d+) frames of 96x64, 10 to learn from", log)
            coded = re.search(r"enlarged by lite, (\d+) frames", log)
            self.assertTrue(tuned and coded, log)
            self.assertEqual(tuned[1], coded[1])  # a decoder gives 11 or 12 of the damaged one's frames
        one = self.clip("one.mkv", frames=1)
        self.assertIn("--tune: expected 2 frames or more, one of them to judge by, found 1",
                      self.encode(one, "one.out.mkv", *options, code=1))


if __name__ == "__main__":
    if not HCD.exists():
        print(f"skipped: no {HCD} (scripts/setup builds it)")
        sys.exit(77)
    ffmpeg.main()
