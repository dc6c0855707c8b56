# SPDX-License-Identifier: BSD-2-Clause
"""Every pixel format, at even and odd sizes, through both filters; and those that are refused."""

import os
import re
import unittest

import ffmpeg

FORMATS = ["gray", "gray10le", "gray12le", "nv12", "p010le"] + [
    f"yuv{layout}p{depth}" for layout in ("420", "422", "444") for depth in ("", "10le", "12le")
] + [f"yuvj{layout}p" for layout in ("420", "422", "444")]


def format_of(log):
    return re.findall(r"Stream #0:0.*Video: rawvideo.*?, (\w+)", log)[-1]


class Formats(unittest.TestCase):
    def test_each_goes_through_unchanged_in_kind(self):
        for pixel_format in FORMATS:
            for size in ("64x48", "37x23"):
                for filters in ("hcd_down=model=bicubic", "hcd_up=model=bicubic"):
                    with self.subTest(format=pixel_format, size=size, filter=filters):
                        out, log = ffmpeg.good(*ffmpeg.source(size, 2, pixel_format), "-vf", filters,
                                               "-f", "rawvideo", "-")
                        self.assertEqual(format_of(log), pixel_format)
                        self.assertGreater(len(set(out)), 20)

    def test_the_small_frame_shows_the_same_picture(self):
        """Against plain scale: a wrong plane, shift or stride would be far off."""
        for pixel_format in FORMATS:
            for size in ("64x48", "92x68"):
                with self.subTest(format=pixel_format, size=size):
                    _, log = ffmpeg.good(
                        *ffmpeg.source(size, 2, pixel_format), "-lavfi",
                        "split[a][b];[a]hcd_down=model=bicubic:steps=1[x];"
                        "[b]scale=iw/2:ih/2:flags=bicubic[y];[x][y]psnr",
                        "-f", "null", "-")
                    average = re.search(r"average:([\d.]+|inf)", log).group(1)
                    self.assertGreater(float(average), 24)

    def test_limited_range_is_kept(self):
        out = ffmpeg.raw("format=yuv420p,hcd_down=model=bicubic", "128x96", 4)
        frame = 64 * 48 * 3 // 2
        for first in range(0, len(out), frame):
            luma, chroma = out[first:first + 64 * 48], out[first + 64 * 48:first + frame]
            self.assertTrue(16 <= min(luma) and max(luma) <= 235)
            self.assertTrue(16 <= min(chroma) and max(chroma) <= 240)

    def test_rgb_is_converted_by_ffmpeg(self):
        out, _ = ffmpeg.good("-f", "lavfi", "-i", "testsrc2=s=64x48,format=rgb24", "-frames:v", "1",
                             "-vf", "hcd_down=model=bicubic", "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
        self.assertEqual(len(out), 32 * 24 * 3)

    def test_refusals_name_the_filter_to_put_in_front(self):
        for pixel_format, hint in [("yuva420p", "format=yuv420p"), ("rgba", "format="), ("pal8", "format="),
                                   ("bayer_bggr8", "format=")]:
            for name in ("hcd_down=model=bicubic", "hcd_up=model=bicubic"):
                source = f"testsrc2=s=64x48,format={'rgb24' if 'bayer' in pixel_format else pixel_format}"
                arguments = ["-f", "lavfi", "-i", source, "-frames:v", "1"]
                if "bayer" in pixel_format:
                    arguments = ["-f", "rawvideo", "-pix_fmt", pixel_format, "-s", "8x8", "-i", "pipe:0"]
                code, _, log = ffmpeg.run(*arguments, "-vf", name, "-f", "null", "-", stdin=bytes(64))
                self.assertNotEqual(code, 0, pixel_format)
                self.assertRegex(log, rf"{pixel_format}.*{hint}", pixel_format)

    def test_colour_tags_are_kept(self):
        tags = "setparams=range=pc:colorspace=bt709:color_primaries=bt709:color_trc=smpte2084"
        _, log = ffmpeg.good(*ffmpeg.source(), "-vf", f"{tags},hcd_down=model=bicubic,showinfo", "-f", "null", "-")
        for tag in ("color_range:pc", "color_space:bt709", "color_primaries:bt709", "color_trc:smpte2084"):
            self.assertIn(tag, log)

    def test_networks_see_video(self):
        """A luma, a Y'CbCr and an RGB pair, on 8-bit 4:2:0 and on 10-bit 4:2:2, both ways."""
        if not os.path.isdir(ffmpeg.SCRIPTS):
            self.skipTest("no LibTorch in this build")
        for name, scale in (("luma_x2.pt", 2), ("rgb_x2.pt", 2), ("ycbcr_x3.pt", 3)):
            weights = os.path.join(ffmpeg.SCRIPTS, name)
            for pixel_format in ("yuv420p", "yuv422p10le"):
                with self.subTest(weights=name, format=pixel_format):
                    model = f"model=torchscript:weights={weights}"
                    small = ffmpeg.raw(f"hcd_down={model}:steps=2", "101x67", 1, pixel_format)
                    width = -(-101 // scale) + (-(-101 // scale)) % 2
                    self.assertGreater(len(small), width)
                    back = ffmpeg.raw(f"hcd_down={model}:steps=2,hcd_up={model}:w=101:h=67", "101x67", 1,
                                      pixel_format)
                    self.assertEqual(len(back), len(ffmpeg.raw("null", "101x67", 1, pixel_format)))


if __name__ == "__main__":
    ffmpeg.main()
