#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""scripts/play --web, and ladders in a browser."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import browser
import ffmpeg
import reference
from browser import TOP

sys.path.insert(0, str(TOP / "tests" / "support"))
from differences import write_title  # noqa: E402

LIGHT = TOP / "core" / "weights" / "light"


class Served(browser.Case):
    """Of files that scripts/encode and ffmpeg made; `home`: where they lie, `temporary`: where the script works."""

    @classmethod
    def make_files(cls):
        cls.home = cls.path("home")
        cls.home.mkdir()
        source, sound = cls.home / "source.mkv", cls.home / "sound.mkv"
        ffmpeg.good("-r", "10", "-i", str(browser.CLIP), "-f", "lavfi", "-i", "sine=d=4.8", "-vf", "crop=128:96:200:100", "-c:v", "ffv1",
                    "-c:a", "pcm_s16le", str(source))
        ffmpeg.good("-i", str(source), "-c:v", "copy", "-c:a", "aac", str(sound))
        for kind in ("hls", "dash"):
            subprocess.run([str(TOP / "scripts" / "encode"), str(sound), str(cls.home / kind), "--ladder", "72,48", f"--{kind}",
                            "--gop", "1s"], check=True, capture_output=True)

    def setUp(self):
        self.temporary = Path(tempfile.mkdtemp(dir=self.home))

    def serve(self, stream, *words):
        process = subprocess.Popen([str(TOP / "scripts" / "play"), str(stream), "--web", *words], stdin=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(self.temporary)})
        self.addCleanup(lambda: (process.kill(), process.wait(), process.stderr.close()))
        said = ""
        for line in process.stderr:
            said += line
            if found := re.search(r"http://127\.0\.0\.1:\d+/\S*", line):
                return process, found[0], said
        self.fail(said)

    def end(self, process):
        self.driver.get("about:blank")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(30), 130)
        self.assertEqual(process.stderr.read(), "play: stopped\n")
        self.assertEqual(list(self.temporary.iterdir()), [])

    def visit(self, address):
        self.errors()
        self.driver.get(address + "&always=1")
        self.wait("hcd.player.text")

    def check(self, path, up, size, seconds=0.0):
        self.assertTrue(self.ask("hcd.player.enlarging"), self.text)
        self.assertGreaterEqual(reference.near(self.picture(), reference.rgb(reference.planes(path, up, *size, seconds))), 0.99)

    def test_matroska(self):
        """With sound that browsers do not play, and a title's weights as attachment."""
        weights, out = write_title(LIGHT / "lite_x2.safetensors", self.home / "title.safetensors"), self.home / "my film.mkv"
        ffmpeg.good("-i", str(self.home / "source.mkv"), "-vf", "scale=64:48", "-c:v", "libx264", "-crf", "12", "-c:a", "copy", "-attach",
                    str(weights), "-metadata:s:t", "mimetype=application/octet-stream", "-metadata:s:t", "filename=hcd_weights.safetensors",
                    "-metadata", "HCD_MODEL=lite", "-metadata", "HCD_SIZE=128x96", str(out))
        process, address, said = self.serve(out)
        self.assertIn("pcm_s16le, is coded as aac", said)
        self.assertTrue(address.endswith("/?src=my%20film.mp4"), address)
        self.visit(address)
        self.check(out, f"hcd_up=model=lite:weights={weights}", (128, 96))
        self.seek(3.02)
        self.check(out, f"hcd_up=model=lite:weights={weights}", (128, 96), 3.0)
        self.assertEqual(self.errors(), [])
        self.ranges(address.split("?")[0] + "my%20film.mp4")
        self.end(process)

    def ranges(self, url):
        whole = urllib.request.urlopen(url).read()
        for asked, first, last in (("bytes=10-19", 10, 20), ("bytes=100-", 100, None), (f"bytes=5-{10 * len(whole)}", 5, None)):
            with urllib.request.urlopen(urllib.request.Request(url, headers={"Range": asked})) as answer:
                self.assertEqual((answer.status, answer.read()), (206, whole[first:last]))
                self.assertTrue(answer.headers["Content-Range"].endswith(f"/{len(whole)}"))
        for headers, code in (({"Range": f"bytes={len(whole)}-"}, 416), ({"Host": "example.org:80"}, 403)):
            with self.assertRaises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(urllib.request.Request(url, headers=headers))
            self.assertEqual(refused.exception.code, code)
            if code == 416:
                self.assertEqual(refused.exception.headers["Content-Range"], f"bytes */{len(whole)}")
            refused.exception.close()

    def ladder(self, kind, playlist):
        process, address, _ = self.serve(self.home / kind)
        self.visit(address)
        self.ask("hcd.video.pause()")
        small = "hcd.ladder.rungs.findIndex(({ name }) => name === '64x48')"
        self.assertEqual(self.ask("[hcd.ladder.rungs.length, hcd.ladder.tracks.length]"), [2, 2])
        # The rung of half the size from there on, enlarged as its own tags say; then the other one.
        for rung, size, up, seconds in ((small, "64x48", "hcd_up=w=128:h=96", 2.0), (f"1 - {small}", "96x72", "hcd_up=model=bicubic:w=128:h=96", 4.0)):
            self.ask(f"hcd.ladder.choose({rung})")
            self.ask("hcd.ladder.tracks[0].queue")
            self.seek(seconds + 0.06)
            self.wait(f"hcd.player.text.includes('{size} to 128x96')")
            self.check(self.home / playlist[size], up, (128, 96), seconds)
        self.ask("hcd.video.play()")
        self.wait("hcd.video.ended")
        self.assertEqual(self.errors(), [])
        self.end(process)

    def test_hls(self):
        self.ladder("hls", {"96x72": "hls/1/stream.m3u8", "64x48": "hls/2/stream.m3u8"})

    def test_dash(self):
        for number, size in enumerate(("96x72", "64x48")):
            whole = b"".join(path.read_bytes() for path in [self.home / f"dash/{number}.init.mp4", *sorted((self.home / "dash").glob(f"{number}.0*.m4s"))])
            (self.home / f"{size}.mp4").write_bytes(whole)
        self.ladder("dash", {size: f"{size}.mp4" for size in ("96x72", "64x48")})

    def test_refused(self):
        for words, said in (((self.home / "nothing.mkv",), "expected a video file, found none"),
                            ((self.home,), "expected a folder with master.m3u8 or manifest.mpd"),
                            ((self.home / "source.mkv", "-o", "x.mkv"), "--web: expected neither -o nor --size nor --player")):
            done = subprocess.run([str(TOP / "scripts" / "play"), *map(str, words), "--web"], capture_output=True, text=True, check=False,
                                  env={**os.environ, "TMPDIR": str(self.temporary)})
            self.assertEqual(done.returncode, 1)
            self.assertIn(said, done.stderr)
            self.assertEqual(list(self.temporary.iterdir()), [])


if __name__ == "__main__":
    browser.main()
