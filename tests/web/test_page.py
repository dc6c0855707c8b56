#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The page through what happens to a viewer: seeking, the end, other sizes, a lost context, files that are missing, damaged or
of another kind, a slow machine."""

import functools
import sys
import threading
import zlib
from http.server import SimpleHTTPRequestHandler

import browser
import ffmpeg
import reference
from browser import TOP

sys.path.insert(0, str(TOP / "tests" / "support"))
from differences import write_title  # noqa: E402

SMALL, WIDE, HIGH = "scale=160:90,crop=64:48:50:30", 128, 96
LOSE = "hcd.player.enlarger.gl.getExtension('WEBGL_lose_context')"


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Page(browser.Case):
    @classmethod
    def make_files(cls):
        cls.make("clip.mp4", f"setpts=PTS-STARTPTS,fps=10,{SMALL}", frames=16)

    def share(self, name="clip.mp4", up="hcd_up", seconds=0.0, size=(WIDE, HIGH), shown=None):
        shown = self.picture() if shown is None else shown
        return reference.near(shown, reference.rgb(reference.planes(self.path(name), up, *size, seconds)))

    def enlarges(self, *given, **named):
        self.assertTrue(self.ask("hcd.player.enlarging"), self.text)
        self.assertGreaterEqual(self.share(*given, **named), 0.99)

    def refuses(self, *words):
        """Says so, and shows the browser's scaling."""
        for word in words:
            self.assertIn(word, self.text)
        self.assertFalse(self.ask("hcd.player.enlarging"))
        self.assertFalse(self.driver.find_element("id", "canvas").is_displayed())
        self.assertTrue(self.driver.find_element("id", "video").is_displayed())

    def setUp(self):
        self.errors()

    # ---- time ----

    def test_seek_and_end(self):
        self.open("clip.mp4")
        for seconds in (1.2, 0.5, 0.0):
            self.seek(seconds + 0.02)
            self.enlarges(seconds=seconds)
        self.ask("hcd.video.play()")
        self.wait("hcd.video.ended && !hcd.player.busy")
        self.enlarges(seconds=1.5)
        self.assertGreater(self.ask("hcd.player.counts.drawn"), 4)
        self.assertEqual(self.driver.find_element("id", "play").text, "Play")
        self.assertEqual(self.errors(), [])

    def test_server_without_ranges(self):
        """python3 -m http.server."""
        server = type(self.server)(self.folder)
        server.RequestHandlerClass = functools.partial(QuietHandler, directory=str(self.folder))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            self.driver.get(f"http://127.0.0.1:{server.server_port}/?src=clip.mp4&always=1")
            self.wait("hcd.player.text")
            self.assertIn("knows no ranges", self.driver.find_element("id", "notes").text)
            self.seek(1.22)
            self.enlarges(seconds=1.2)
            self.driver.get("about:blank")
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    # ---- controls ----

    def test_controls(self):
        from selenium.webdriver.common.action_chains import ActionChains
        self.open("clip.mp4")
        stage = self.driver.find_element("id", "stage")
        split = "Number(document.getElementById('split').value)"
        stage.send_keys("]]")
        self.assertEqual(self.ask(split), 10)
        stage.send_keys("[")
        self.assertEqual(self.ask(split), 5)
        ActionChains(self.driver).move_to_element(stage).click_and_hold().move_by_offset(-40, 0).release().perform()
        self.assertTrue(30 < self.ask(split) < 50, self.ask(split))
        self.assertTrue(self.ask("hcd.video.paused"))
        for name in ("line", "left", "right"):
            self.assertTrue(self.driver.find_element("id", name).is_displayed())
        stage.send_keys("e")
        self.refuses("switched off")
        stage.send_keys("e")
        self.wait("hcd.player.enlarging")
        stage.send_keys("t")
        self.ask("hcd.player.show()")
        self.wait("document.querySelectorAll('#passes tr').length > 10")
        passes = self.driver.find_element("id", "passes").text
        for name in ("layer 1 of 6", "layer 6 of 6", "pixels and skip", "chroma: width", "colours", "all"):
            self.assertRegex(passes, rf"{name} [\d.]+")
        stage.send_keys(" ")
        self.wait("!hcd.video.paused")
        stage.send_keys("f")
        self.wait("document.fullscreenElement")
        self.assertEqual(self.ask("getComputedStyle(hcd.canvas).position"), "absolute")
        self.ask("document.exitFullscreen()")
        self.assertEqual(self.errors(), [])

    def test_narrow(self):
        """On a phone's width nothing stands out, and the picture is the canvas's shape."""
        self.open("clip.mp4")
        try:
            self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 360, "height": 640, "deviceScaleFactor": 2, "mobile": True})
            self.wait("innerWidth === 360")
            self.ask("new Promise((resolve) => requestAnimationFrame(resolve))")
            self.assertLessEqual(self.ask("document.documentElement.scrollWidth"), 360)
            box = self.ask("(({ width, height, right }) => ({ width, height, right }))(hcd.canvas.getBoundingClientRect())")
            self.assertAlmostEqual(box["width"] / box["height"], WIDE / HIGH, delta=0.03)
            self.assertLessEqual(box["right"], 360)
            self.enlarges()
        finally:
            self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    # ---- what goes wrong ----

    def test_lost_context(self):
        self.open("clip.mp4")
        self.ask(f"{LOSE} && (window.lose = {LOSE}, window.lose.loseContext())")
        self.wait("!hcd.player.enlarging")
        self.refuses("context is lost")
        self.ask("window.lose.restoreContext()")
        self.wait("hcd.player.enlarging")
        self.enlarges()

    def test_another_file(self):
        """Of another size, on the same page; and one that the frames' message does not fit."""
        self.open("clip.mp4")
        self.make("other.mp4", "scale=160:90,crop=80:32:50:30", frames=2)
        self.ask("hcd.open('other.mp4')")
        self.wait("hcd.player.enlarging")
        self.enlarges("other.mp4", size=(160, 64))
        self.assertEqual(self.errors(), [])
        self.make("message.mp4", "crop=128:96:200:100,hcd_down=model=bicubic", "-udu_sei", "1", frames=2)
        self.ask("hcd.open('message.mp4')")
        self.wait("hcd.player.enlarging")
        self.assertIn("bicubic", self.text)
        self.assertIn(b"bicubic\0\0\3", self.patched(2, b"\0\x50"))  # as the unit escapes it
        self.ask("hcd.open('patched.mp4')")
        self.wait("hcd.player.text")
        self.refuses("expected frames of 80x48, as the stream says, found 64x48")
        self.path("damaged.mp4").write_bytes(self.path("message.mp4").read_bytes().replace(b"bicubic\0", b"bilubic\0", 1))
        self.ask("hcd.open('damaged.mp4')")
        self.wait("hcd.player.enlarging")
        self.assertIn("expected a message whose check sum fits", self.driver.find_element("id", "notes").text)
        self.enlarges("message.mp4", up="hcd_up=model=lite")

    def patched(self, place, value):
        """patched.mp4: message.mp4 with other bytes in its message, whose check sum is right. Returns its bytes."""
        data = self.path("message.mp4").read_bytes()
        begin = data.index(bytes.fromhex("5e1d0c6b7a434f0e9b52686364736967")) + 16
        escaped, plain = 0, bytearray()
        while len(plain) < 44:
            if data[begin + escaped] == 3 and plain[-2:] == b"\0\0":
                escaped += 1
            plain.append(data[begin + escaped])
            escaped += 1
        plain[place:place + len(value)] = value
        plain[40:] = zlib.crc32(plain[:40]).to_bytes(4, "big")
        again = bytearray()
        for byte in plain:
            again += b"\3" * (byte <= 3 and again[-2:] == b"\0\0")
            again.append(byte)
        self.assertEqual(len(again), escaped)  # else the file's tables would be wrong
        result = data[:begin] + again + data[begin + escaped:]
        self.path("patched.mp4").write_bytes(result)
        return result

    def test_weights(self):
        """The title's own, beside the file: right, missing, damaged, of another title; and what is no weight file."""
        lite = self.path("models/lite_x2.safetensors")
        weights = write_title(lite, self.path("titled.hcd.safetensors"))
        whole = weights.read_bytes()
        key = f"{zlib.crc32(whole):08x}{len(whole):08x}"
        self.make("titled.mp4", SMALL, frames=2)
        self.tag("titled.mp4", MODEL="lite", SIZE=f"{WIDE}x{HIGH}", WEIGHTS=key)
        self.open("titled.mp4")
        self.enlarges("titled.mp4", up=f"hcd_up=model=lite:weights={weights}")
        self.assertLess(self.share("titled.mp4"), 0.95)
        self.assertEqual(self.errors(), [])
        weights.unlink()
        self.open("titled.mp4")
        self.refuses("titled.hcd.safetensors", "found HTTP 404")
        weights.write_bytes(whole[:-9] + bytes([whole[-9] ^ 64]) + whole[-8:])
        self.open("titled.mp4")
        self.refuses(f"expected weights {key}, which the stream names, found ")
        for name, data, word in (("differences", weights.read_bytes(), "check sum"), ("cut", lite.read_bytes()[:-2], "within"),
                                 ("other", b"no weights at all", "safetensors header"),
                                 ("nan", lite.read_bytes()[:-2] + b"\0\x7e", "finite numbers"),
                                 ("kind", lite.read_bytes().replace(b'"hcd.model":"lite"', b'"hcd.model":"firn"'), "hcd.model")):
            with self.subTest(name):
                self.path("given.safetensors").write_bytes(data)
                self.open("clip.mp4", weights="given.safetensors")
                self.refuses("expected", word)
        self.errors()

    def test_missing_built_in(self):
        base = self.path("models/base_x2.safetensors")
        away = base.rename(self.path("away"))
        try:
            self.open("clip.mp4", model="base")
            self.refuses("models/base_x2.safetensors", "HTTP 404", "the browser's own scaling")
        finally:
            away.rename(base)
        self.ask("(document.getElementById('model').value = 'lite', document.getElementById('model').dispatchEvent(new Event('change')))")
        self.wait("hcd.player.enlarging")
        self.enlarges()
        self.errors()

    def test_refused_streams(self):
        ffmpeg.good(*ffmpeg.source("64x48", 2), "-vf", "format=yuv420p10le", "-c:v", "libx264", str(self.path("ten.mp4")))
        self.open("ten.mp4")
        self.wait("hcd.player.text.includes('10')")
        self.assertFalse(self.ask("hcd.player.enlarging"))
        self.make("network.mp4", SMALL, frames=2)
        self.tag("network.mp4", MODEL="firn", SIZE="256x192")
        self.open("network.mp4")
        self.refuses("expected a model that a browser can run", "'firn'")
        self.make("full.mp4", SMALL, frames=2)
        self.tag("full.mp4", MODEL="none")
        self.open("full.mp4")
        self.refuses("nothing to enlarge")
        self.path("text.mp4").write_bytes(b"this is no video")
        self.open("text.mp4")
        self.assertIn("MP4", self.text)
        self.open("nowhere.mp4")
        self.assertIn("found HTTP 404", self.text)
        self.errors()

    def test_too_slow(self):
        """A machine that does not keep up: told, and not again until the viewer asks for it."""
        self.make("large.mp4", "scale=240:136", frames=48)
        self.open("large.mp4", always=None)
        self.ask("(hcd.video.loop = true, hcd.video.play())")
        self.wait("hcd.player.text.includes('this machine enlarged')")
        self.refuses("frames in", "the browser's own scaling")
        self.ask("hcd.video.pause()")
        self.assertFalse(self.driver.find_element("id", "enlarge").is_selected())


if __name__ == "__main__":
    browser.main()
