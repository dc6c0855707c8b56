#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes docs/web.jpg, the page with the demo's clip, and prints the times of its passes for docs/web.md:

    build/venv/bin/python tests/web/screenshot.py
"""

import io
import subprocess
import sys

import browser
from browser import TOP

FRAMES = 3  # whose median is told


class Screenshot(browser.Case):
    def test_screenshot(self):
        from PIL import Image
        small = self.path("clip.mp4")
        subprocess.run([str(TOP / "scripts" / "encode"), str(browser.CLIP), str(small), "--crf", "26"], check=True)
        self.open("clip.mp4", times="1")
        self.ask(f"(async () => {{ for (let i = 0; i < {FRAMES}; ++i) await hcd.player.show(); }})()")
        self.wait(f"(hcd.player.enlarger.timers.read(), hcd.player.enlarger.timers.times.get('colours')?.length >= {FRAMES})")
        for line in self.ask("hcd.player.enlarger.timers.read()"):
            print(f"{line['name']}: {line['milliseconds']:.2f} ms")
        self.open("clip.mp4")
        self.seek(0.8)
        self.driver.set_window_size(820, 900)
        self.ask("(document.getElementById('split').value = 50, document.getElementById('split').dispatchEvent(new Event('input')))")
        self.ask("new Promise((resolve) => setTimeout(resolve, 1200))")
        shown = Image.open(io.BytesIO(self.driver.get_screenshot_as_png())).convert("RGB")
        shown.save(TOP / "docs" / "web.jpg", quality=85, optimize=True)


if __name__ == "__main__":
    if why := browser.missing():
        sys.exit(f"screenshot: {why}")
    browser.unittest.main()
