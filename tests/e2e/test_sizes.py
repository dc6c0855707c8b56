# SPDX-License-Identifier: BSD-2-Clause
"""Sizes that come out, and the display ratio."""

import re
import unittest

import ffmpeg


def size_of(log):
    """Size and sample aspect ratio of the output stream, from ffmpeg's log."""
    line = [l for l in log.splitlines() if "Video: rawvideo" in l or "Video: wrapped_avframe" in l][-1]
    size = re.search(r", (\d+x\d+)", line).group(1)
    sar = re.search(r"SAR (\d+:\d+)", line)
    return size, sar.group(1) if sar else None


def sizes(filters, source_size, pixel_format="yuv420p"):
    _, log = ffmpeg.good(*ffmpeg.source(source_size, 1, pixel_format), "-vf", filters, "-f", "null", "-")
    return size_of(log)


class Sizes(unittest.TestCase):
    def test_default_is_half_on_the_chroma_grid(self):
        for source_size, expected in [("854x480", "428x240"), ("853x479", "428x240"), ("2x2", "2x2"),
                                      ("1x1", "1x1"), ("3x3", "2x2"), ("64x48", "32x24")]:
            self.assertEqual(sizes("hcd_down=model=bicubic", source_size)[0], expected, source_size)
        self.assertEqual(sizes("hcd_down=model=bicubic", "853x479", "yuv444p")[0], "427x240")

    def test_scale(self):
        self.assertEqual(sizes("hcd_down=model=bicubic:scale=3", "960x540")[0], "320x180")
        self.assertEqual(sizes("hcd_down=model=bicubic:scale=4", "960x540")[0], "240x136")
        self.assertEqual(sizes("hcd_down=model=bicubic:scale=1.5", "960x540")[0], "640x360")

    def test_any_ratio_with_a_network(self):
        """The whole factor of the network where the size is that, else a resize of what it shows."""
        for model, filters, expected in [
                ("lite", "scale=1.5", "214x160"), ("lite", "w=240:h=180", "240x180"), ("lite", "w=iw*3/4:h=-2", "240x180"),
                ("lite", "w=107:h=81", "107x81"), ("lite", "scale=4", "80x60"), ("lite", "w=320:h=120", "320x120"),
                ("lite", "h=80", "106x80"), ("lite", "w=80", "80x60"), ("lite", "scale=1", "320x240"),
                ("base", "scale=3", "108x80"), ("base", "scale=1.25", "256x192")]:
            down = f"hcd_down=model={model}:steps=1:{filters}"
            with self.subTest(down=down):
                self.assertEqual(sizes(down, "320x240")[0], expected)
                self.assertEqual(sizes(f"{down},hcd_up=model={model}:w=320:h=240", "320x240")[0], "320x240")
        self.assertEqual(sizes("hcd_down=steps=1:w=32", "64x48"), ("32x24", "1:1"))
        self.assertEqual(sizes("hcd_down=steps=1:w=48:h=48", "64x48"), ("48x48", "4:3"))
        self.assertEqual(sizes("hcd_up=scale=1.5", "65x47")[0], "98x71")
        self.assertEqual(sizes("hcd_up=w=iw*3:h=ih*2", "65x47"), ("195x94", "2:3"))

    def test_the_next_odd_size_is_the_whole_factor_cut(self):
        """One column and row less than twice as much are not resampled: they are the others, unchanged."""
        whole = ffmpeg.raw("hcd_up,crop=121:93:0:0:exact=1,format=gray", "61x47", 2, "gray")
        self.assertEqual(ffmpeg.raw("hcd_up=w=121:h=93", "61x47", 2, "gray"), whole)
        self.assertNotEqual(ffmpeg.raw("hcd_up=w=120:h=93", "61x47", 2, "gray"),
                            ffmpeg.raw("hcd_up,crop=120:93:0:0:exact=1", "61x47", 2, "gray"))

    def test_expressions(self):
        down, up = "hcd_down=model=bicubic", "hcd_up=model=bicubic"
        for filters, expected in [(f"{down}:w=320:h=180", "320x180"), (f"{down}:w=iw/3:h=ih/3", "213x120"),
                                  (f"{down}:w=320:h=-2", "320x180"), (f"{down}:w=-2:h=135", "240x135"),
                                  (f"{down}:w=321:h=-1", "321x181"), (f"{down}:w=320", "320x180"),
                                  (f"{down}:h=180", "320x180"),
                                  (f"{up}:w=iw*2:h=-1", "1280x720"), (f"{up}:scale=3", "1920x1080"),
                                  (up, "1280x720")]:
            self.assertEqual(sizes(filters, "640x360")[0], expected, filters)

    def test_display_ratio_is_kept(self):
        self.assertEqual(sizes("hcd_down=model=bicubic", "64x48"), ("32x24", "1:1"))
        self.assertEqual(sizes("hcd_down=model=bicubic:w=32:h=48", "64x48"), ("32x48", "2:1"))
        self.assertEqual(sizes("setsar=4/3,hcd_down=model=bicubic:w=64:h=24", "64x48"), ("64x24", "2:3"))
        self.assertEqual(sizes("hcd_down=model=bicubic,hcd_up=model=bicubic", "854x480")[0], "856x480")

    def test_there_and_back_at_odd_sizes(self):
        for size in ["7x5", "33x17", "101x99", "1x1", "2x2", "5x1"]:
            width, height = size.split("x")
            chain = f"hcd_down=model=bicubic,hcd_up=model=bicubic:w={width}:h={height}"
            self.assertEqual(len(ffmpeg.raw(chain, size)), len(ffmpeg.raw("null", size)), size)


if __name__ == "__main__":
    ffmpeg.main()
