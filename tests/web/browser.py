# SPDX-License-Identifier: BSD-2-Clause
"""Debian's Chromium without a screen, on its software GL, with the page of samples/web."""

import base64
import io
import os
import shutil
import sys
import tempfile
import threading
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "scripts"), str(TOP / "tests" / "e2e")]

import ffmpeg  # noqa: E402

CLIP = TOP / "samples" / "clip.mkv"
FLAGS = ("--headless=new", "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
         "--autoplay-policy=no-user-gesture-required", "--disable-dev-shm-usage", "--mute-audio", "--window-size=1000,900")
PATIENCE = 120  # seconds for what the page is waited for; software GL takes some


def missing():
    """What these tests need and do not find, in words; "" where all is there."""
    if not os.path.exists(ffmpeg.FFMPEG):
        return f"no ffmpeg with the hcd filters at {ffmpeg.FFMPEG} (scripts/setup builds it)"
    for name in ("chromium", "chromedriver"):
        if not shutil.which(name):
            return f"no {name} (Debian's packages chromium and chromium-driver)"
    try:
        import numpy, PIL, selenium  # noqa: F401, E401
    except ImportError as error:
        return f"no {error.name} for Python (scripts/setup --all installs it)"
    return ""


def main():
    if why := missing():
        print(f"skipped: {why}")
        sys.exit(77)
    unittest.main(verbosity=1)


class Case(unittest.TestCase):
    """A folder with the page, served; a browser for each test class."""

    @classmethod
    def setUpClass(cls):
        from hcd.stream import web
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = Path(temporary.name)
        web.lay_page(cls.folder)
        cls.server = web.Server(cls.folder)
        thread = threading.Thread(target=cls.server.serve_forever)
        thread.start()
        cls.addClassCleanup(lambda: (cls.server.shutdown(), thread.join(), cls.server.server_close()))
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for flag in FLAGS:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        cls.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        cls.addClassCleanup(cls.driver.quit)
        cls.driver.set_script_timeout(PATIENCE)
        cls.make_files()

    @classmethod
    def make_files(cls):
        """Streams that all tests of a class share."""

    @classmethod
    def path(cls, name):
        return cls.folder / name

    @classmethod
    def make(cls, name, filters, *words, frames=12, source=CLIP):
        """An MP4 of the clip, in H.264."""
        ffmpeg.good("-i", str(source), "-frames:v", str(frames), "-vf", filters, "-c:v", "libx264", "-crf", "12", "-pix_fmt",
                    "yuv420p", *map(str, words), str(cls.path(name)))
        return cls.path(name)

    @classmethod
    def tag(cls, name, **tags):
        """With tags as scripts/encode writes them."""
        from hcd.stream import mp4_tags
        bare = cls.path(name).replace(cls.path("bare.mp4"))
        mp4_tags.add(bare, cls.path(name), {f"HCD_{key}": value for key, value in tags.items()})

    # ---- the page ----

    def open(self, src, **words):
        """Until its first frame is shown or refused. Most tests look at single frames: no speed is judged unless always=None."""
        words = {"src": src, "always": "1"} | words
        self.driver.get(self.server.address({key: value for key, value in words.items() if value is not None}))
        self.wait("hcd.player.text")

    def ask(self, text):
        """The value of an expression, or what its promise comes to."""
        value = self.driver.execute_async_script(
            f"const done = arguments[0]; (async () => ({text}))().then((value) => done({{ value }}), (error) => done({{ error: String(error.stack) }}))")
        self.assertNotIn("error", value)
        return value.get("value")

    def wait(self, text):
        """Until an expression is true; its value."""
        return self.ask(f"""new Promise((resolve, reject) => {{
            const end = performance.now() + {1000 * PATIENCE - 5000}, look = () => {{
                const value = {text};
                if (value) resolve(value);
                else if (performance.now() > end) reject(new Error({text!r} + ' did not come; the page says: ' + hcd.player.text));
                else setTimeout(look, 20);
            }};
            look();
        }})""")

    @property
    def text(self):
        return self.driver.find_element("id", "state").text

    def seek(self, seconds):
        """Shows the frame of that time."""
        self.ask(f"""new Promise((resolve) => {{
            hcd.video.addEventListener('seeked', resolve, {{ once: true }}); hcd.video.currentTime = {seconds};
        }})""")
        self.ask("hcd.player.show()")

    def picture(self):
        """What the canvas shows: [height, width, 3], drawn again for it."""
        import numpy
        from PIL import Image
        data = self.ask("hcd.player.show().then(() => { hcd.player.enlarger.redraw(); return hcd.canvas.toDataURL(); })")
        return numpy.asarray(Image.open(io.BytesIO(base64.b64decode(data.split(",")[1]))).convert("RGB")).astype(int)

    def errors(self):
        """What the console has got since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
