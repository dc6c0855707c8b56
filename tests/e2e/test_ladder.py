# SPDX-License-Identifier: BSD-2-Clause
"""scripts/encode: rungs on the hull, HLS and DASH as ffmpeg plays them, and what a service asks of an encoder."""

import re
import sys

import ffmpeg
from scripts_case import CLIP, TOP, Case

sys.path.insert(0, str(TOP / "tests" / "support"))
from light_start import write_start  # noqa: E402

HCD = TOP / "build" / "bin" / "hcd"


class Packages(Case):
    def source(self):
        """3.2 seconds."""
        self.make("bare.mkv", "-r", "10", "-i", CLIP, "-frames:v", "32", "-vf", "crop=160:96", "-c:v", "ffv1")
        return self.make("source.mkv", "-i", self.path("bare.mkv"), "-f", "lavfi", "-i", "sine=d=3.2", "-map", "0:v", "-map",
                         "1:a", "-c:v", "copy", "-c:a", "aac")

    def decoded(self, *words, folder=None):
        """Frames that ffmpeg counts."""
        out, log = ffmpeg.good("-v", "error", "-i", *map(str, words), "-f", "framecrc", "-")
        self.assertEqual(log, "")
        return sum(not line.startswith(b"#") for line in out.splitlines())

    def segments(self, playlist):
        text = playlist.read_text()
        return [float(length) for length in re.findall(r"#EXTINF:([\d.]+)", text)]

    def test_ladder_on_the_hull_as_hls(self):
        log = self.encode(self.source(), "out", "--ladder", "auto:2", "--hls", "--client", "bicubic", "--measure", "psnr",
                          "--sizes", "full,1/2", "--gop", "1s")
        rungs = re.findall(r"encode: out\.(\d)\.mp4: (full|1/2) size \(\d+x\d+\) at CRF [\d.]+ for psnr ([\d.]+) dB", log)
        self.assertEqual([rung[:2] for rung in rungs], [("1", "full"), ("2", "1/2")], log)
        out = self.path("out")
        master = (out / "master.m3u8").read_text()
        self.assertEqual(re.findall(r"RESOLUTION=(\d+x\d+)", master), ["160x96", "80x48"])
        self.assertEqual(len(re.findall(r'CODECS="avc1\.\w+,mp4a\.40\.2"', master)), 2)
        for number, size, model in ((0, (160, 96), "none"), (1, (80, 48), "bicubic")):
            self.assertEqual(self.decoded(out / "master.m3u8", "-map", f"0:p:{number}:v"), 32)
            playlist = f"out/{number + 1}/stream.m3u8"
            self.assertEqual(self.video(playlist), (*size, 32))
            # Cut at the same times, each segment at a key frame.
            self.assertEqual(len(self.segments(self.path(playlist))), 4)
            self.assertEqual(self.segments(self.path(playlist)), self.segments(out / "1" / "stream.m3u8"))
            self.assertTrue({0.0, 1.0, 2.0, 3.0} <= set(round(time - self.key_times(playlist)[0], 1)
                                                   for time in self.key_times(playlist)))
            tags = self.look(next((out / str(number + 1)).glob("init*.mp4")).relative_to(self.folder))["format"]["tags"]
            self.assertEqual((tags["HCD_MODEL"], tags["HCD_SIZE"]), (model, "160x96"))
        # Each segment of the small one says how it is enlarged.
        for number in range(4):
            alone = self.path(f"segment{number}.mp4")
            alone.write_bytes(next((out / "2").glob("init*.mp4")).read_bytes() + (out / "2" / f"{number:05d}.m4s").read_bytes())
            _, log = ffmpeg.good("-v", "info", "-i", str(alone), "-vf", "hcd_up", "-f", "null", "-")
            self.assertIn("the stream says: bicubic, 80x48 to 160x96", log)
        self.play("out/2/stream.m3u8")
        self.assertEqual(self.video("large.mkv"), (160, 96, 32))
        # An older package is replaced by -y alone; a folder of something else never.
        self.assertIn("expected no such folder, found one (-y replaces it)",
                      self.run_script("encode", self.path("bare.mkv"), out, "--hls", code=1))
        self.path("other").mkdir()
        self.path("other/file").write_text("mine")
        self.assertIn("found other files in it", self.encode(self.path("bare.mkv"), "other", "--hls", code=1))
        self.assertEqual(self.path("other/file").read_text(), "mine")

    def test_heights_as_dash_and_hls(self):
        log = self.encode(self.source(), "out", "--ladder", "96,72", "--dash", "--hls", "--gop", "1s", "--encoder", "libx265")
        self.assertIn("master.m3u8 and manifest.mpd, 2 rungs, segments of 1 s", log)
        out = self.path("out")
        self.assertEqual(self.decoded(out / "master.m3u8", "-map", "0:p:1:v"), 32)
        manifest = (out / "manifest.mpd").read_text()
        self.assertEqual(re.findall(r'width="(\d+)" height="(\d+)"', manifest), [("160", "96"), ("120", "72")])
        self.assertEqual(len(re.findall('codecs="hvc1', manifest)), 2)
        self.assertEqual(self.decoded(out / "manifest.mpd", "-map", "0:v:0"), 32)
        self.assertEqual(self.look("out/1.init.mp4")["format"]["tags"]["HCD_MODEL"], "bicubic")

    def test_weights_of_a_package(self):
        weights = write_start(self.path("start.safetensors"))
        self.encode(self.clip("clip.mkv", "crop=160:96", frames=4), "out", "--weights", weights, "--hls")
        self.assertEqual(self.path("out/1/stream.hcd.safetensors").read_bytes(), weights.read_bytes())
        self.assertEqual(self.play("out/1/stream.m3u8"), "")
        self.assertEqual(self.video("large.mkv"), (160, 96, 4))

    def test_rungs_as_files(self):
        log = self.encode(self.clip("clip.mkv", "crop=160:96", frames=8), "out.mkv", "--ladder", "auto:3", "--target", "psnr:34",
                          "--client", "bicubic", "--sizes", "full,1/2")
        wanted = [float(value) for value in re.findall(r"out\.\d\.mkv: .* for psnr ([\d.]+) dB", log)]
        self.assertEqual((len(wanted), wanted[0]), (3, 34))
        self.assertAlmostEqual(wanted[0] - wanted[1], wanted[1] - wanted[2], delta=0.02)
        found = [float(value) for value in re.findall(r"out\.\d\.mkv: \d+x\d+, .*PSNR-Y ([\d.]+) dB", log)]
        for value, aim in zip(found, wanted, strict=True):
            self.assertAlmostEqual(value, aim, delta=0.4)


class Signals(Case):
    def test_played_by_what_the_frames_say(self):
        """Without the container's tags; where these say something else, they count, and that is told."""
        self.encode(self.clip("clip.mkv", "crop=160:96", frames=8), "out.mkv", "--ladder", "72")
        self.make("bare.ts", "-i", self.path("out.72.mkv"), "-map", "0:v", "-c", "copy")
        self.assertEqual(self.play("bare.ts"), "")
        self.assertEqual(self.video("large.mkv"), (160, 96, 8))
        self.make("other.mkv", "-i", self.path("out.72.mkv"), "-c", "copy", "-metadata", "HCD_MODEL=lanczos")
        self.assertIn("play: warning: other.mkv: its tags say lanczos to 160x96, its frames bicubic to 160x96: by the tags",
                      self.play("other.mkv"))


class Encoders(Case):
    def test_key_frames(self):
        source = self.clip("clip.mkv", "crop=160:96", frames=32)
        self.encode(source, "out.mkv", "--gop", "8", "--ladder", "96", "--encoder-options", "sc_threshold=0")
        self.assertEqual([number for number, packet in enumerate(self.packets("out.mkv".replace("out", "out.96")))
                          if "K" in packet["flags"]], [0, 8, 16, 24])
        for encoder in ("libx264", "libx265", "libsvtav1"):
            self.encode(source, "out.mkv", "--gop", "0.5s", "--encoder", encoder, "--ladder", "96")
            self.assertTrue({0.0, 0.5, 1.0} <= set(self.key_times("out.96.mkv")), encoder)

    def test_rates(self):
        source = self.clip("clip.mkv", "crop=160:96", frames=32)
        seconds = 32 * 1001 / 30000
        for encoder in ("libx264", "libx265"):
            self.encode(source, "free.mkv", "--ladder", "96", "--encoder", encoder, "--crf", "18")
            self.encode(source, "capped.mkv", "--ladder", "96", "--encoder", encoder, "--crf", "18", "--maxrate", "150k",
                        "--bufsize", "50k")
            self.assertGreater(self.bits("free.96.mkv") / seconds, 200_000)
            self.assertLess(self.bits("capped.96.mkv") / seconds, 200_000)
            self.encode(source, "twice.mkv", "--ladder", "96", "--encoder", encoder, "--bitrate", "150k", "--two-pass")
            self.assertLess(abs(self.bits("twice.96.mkv") / seconds / 150_000 - 1), 0.1, encoder)

    def test_options_of_the_encoder(self):
        source = self.clip("clip.mkv", frames=3)
        self.encode(source, "out.mkv", "--encoder-options", r"tune=film:aq-mode=3:x264-params=deblock=2,2\:ref=2")
        settings = self.path("out.mkv").read_bytes()
        for text in (b"aq=3:1.00", b"deblock=1:2:2", b"ref=2"):
            self.assertIn(text, settings)
        for options, pattern in (("tune=nofilm", "bad.mkv: encoding: ffmpeg: .*invalid tune 'nofilm'"),
                                 ("nothing=3", "ffmpeg: Unrecognized option 'nothing"),
                                 ("cpu-used=3", "expected options that libx264 has, found one that it passes over: .*cpu-used"),
                                 ("x264-params=nothing=3", "found one that it passes over: nothing = 3"),
                                 ("tune", "--encoder-options: expected key=value with ':' between them"),
                                 ("crf=20", "expected options that have none here, found 'crf', for which --crf is there")):
            self.assertRegex(self.encode(source, "bad.mkv", "--encoder-options", options, code=1), f"^encode: .*{pattern}")

    def test_what_is_not_there(self):
        source = self.clip("clip.mkv", frames=3)
        for words, pattern in ((("--encoder", "hevc_vaapi"), "encode: (bad.mkv: encoding: ffmpeg: |--encoder hevc_vaapi: expect)"),
                               (("--encoder", "libsvtav1", "--two-pass", "--bitrate", "1M"), "--two-pass: expected one of lib"),
                               (("--encoder", "libsvtav1", "--maxrate", "1M"), "--maxrate: expected an encoder that caps"),
                               (("--bufsize", "1M"), "--bufsize: expected --maxrate with it, found none"),
                               (("--bitrate", "2M", "--maxrate", "1M"), r"--maxrate: expected --bitrate \(2000000\) or more"),
                               (("--hls", "--gop", "48"), "--gop: expected whole seconds as 2s"),
                               (("--ladder", "auto:2", "--gop", "0.5s"), "--gop: expected whole seconds as 2s")):
            self.assertRegex(self.encode(source, "bad.mkv", *words, code=1), pattern)


if __name__ == "__main__":
    if not HCD.exists():
        print(f"skipped: no {HCD} (scripts/setup builds it)")
        sys.exit(77)
    ffmpeg.main()
