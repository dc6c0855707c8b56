#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The page's picture against hcd_up's: at most 3 code values off at 99 % of the samples, and no word in the console."""

import struct

import browser
import ffmpeg
import reference

SMALL, WIDE, HIGH = "scale=160:90,crop=64:48:50:30", 128, 96


class Pictures(browser.Case):
    @classmethod
    def make_files(cls):
        cls.make("plain.mp4", SMALL, frames=6)

    def check(self, name, up, width=WIDE, height=HIGH, full=False, **colours):
        self.assertTrue(self.ask("hcd.player.enlarging"), self.text)
        shown = self.picture()
        self.assertEqual(shown.shape, (height, width, 3))
        planes = reference.planes(self.path(name), up, width, height, full=full)
        share = reference.near(shown, reference.rgb(planes, full=full, **colours))
        self.assertGreaterEqual(share, 0.99, up)
        self.assertEqual(self.errors(), [])
        return shown

    def test_says_nothing(self):
        """A file that is not ours: lite, twice the size."""
        self.open("plain.mp4")
        shown = self.check("plain.mp4", "hcd_up")
        self.assertIn("lite, 64x48 to 128x96", self.text)
        # It tells networks and kernels apart.
        other = reference.rgb(reference.planes(self.path("plain.mp4"), "hcd_up=model=bicubic", WIDE, HIGH))
        self.assertLess(reference.near(shown, other), 0.9)

    def test_base(self):
        self.open("plain.mp4", model="base")
        self.check("plain.mp4", "hcd_up=model=base")

    def test_tags(self):
        """Every kind of client, at whole and other ratios and at sizes with something to cut off."""
        for model, size, up in (("bicubic", (128, 96), ""), ("lanczos", (160, 120), ""), ("lite", (96, 72), ""),
                                ("lite", (126, 94), ""), ("base", (256, 192), ":scale=4")):
            with self.subTest(model=model, size=size):
                width, height = size
                self.make("tagged.mp4", SMALL, frames=2)
                self.tag("tagged.mp4", MODEL=model, SIZE=f"{width}x{height}")
                self.open("tagged.mp4")
                self.check("tagged.mp4", f"hcd_up=model={model}{up}:w={width}:h={height}", width, height)

    def test_message(self):
        """The frames themselves say it: other sizes than twice, another kernel, another siting."""
        siting = ("-chroma_sample_location", "topleft")
        self.make("source.mp4", "scale=160:90,crop=96:64:40:20", *siting, frames=2)
        self.make("message.mp4", "hcd_down=model=lite:w=64:h=44:resize=lanczos:steps=2", "-udu_sei", "1", *siting, frames=2,
                  source=self.path("source.mp4"))
        self.open("message.mp4")
        self.check("message.mp4", "hcd_up=w=96:h=64", 96, 64, position=(0.25, 0.25))
        self.assertIn("lite, 64x44 to 96x64", self.text)

    def test_colours(self):
        """Full range, and another matrix."""
        self.make("full.mp4", f"{SMALL},scale=in_range=tv:out_range=pc,setparams=range=pc", "-color_range", "pc", frames=2)
        self.open("full.mp4")
        self.check("full.mp4", "hcd_up", full=True)
        self.make("601.mp4", f"{SMALL},setparams=colorspace=smpte170m", "-colorspace", "smpte170m", frames=2)
        self.open("601.mp4")
        self.check("601.mp4", "hcd_up", matrix="smpte170m")

    def test_other_decoders(self):
        """VP9, whose frames come as three planes, at an odd size."""
        ffmpeg.good("-i", str(browser.CLIP), "-frames:v", "2", "-vf", "scale=160:90,format=gbrp,crop=63:47:50:30,format=yuv420p", "-c:v", "libvpx-vp9",
                    "-crf", "10", "-b:v", "0", "-colorspace", "bt709", "-color_range", "tv", str(self.path("vp9.mp4")))
        self.open("vp9.mp4")
        self.assertEqual(self.ask("hcd.player.enlarger.config.layout"), "I420")
        self.check("vp9.mp4", "hcd_up", 126, 94, matrix=self.ask("hcd.player.enlarger.config.matrix"))

    def test_red_green_blue(self):
        """Where the browser gives no planes: further off, and the page says so."""
        self.open("plain.mp4", planes="rgb")
        self.assertIn("R'G'B'", self.text)
        shown = self.picture()
        expected = reference.rgb(reference.planes(self.path("plain.mp4"), "hcd_up", WIDE, HIGH))
        self.assertGreaterEqual(reference.near(shown, expected, 6), 0.9)
        self.assertEqual(self.errors(), [])

    def test_changed_weight(self):
        """The check sees one number of the network that is another one."""
        data = bytearray(self.path("models/lite_x2.safetensors").read_bytes())
        begin = 8 + struct.unpack_from("<Q", data)[0]
        bias = data.index(b'"5.bias":{"data_offsets":[')
        offset = int(data[bias + 26:].split(b",")[0])
        struct.pack_into("<e", data, begin + offset, struct.unpack_from("<e", data, begin + offset)[0] + 0.05)
        self.path("changed.safetensors").write_bytes(data)
        self.open("plain.mp4", weights="changed.safetensors")
        self.assertTrue(self.ask("hcd.player.enlarging"), self.text)
        expected = reference.rgb(reference.planes(self.path("plain.mp4"), "hcd_up", WIDE, HIGH))
        self.assertLess(reference.near(self.picture(), expected), 0.9)


if __name__ == "__main__":
    browser.main()
