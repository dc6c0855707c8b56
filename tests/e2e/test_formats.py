# SPDX-License-Identifier: BSD-2-Clause
"""Every pixel format, at even and odd sizes, through both filters; and those that are refused."""

import os
import random
import re
import unittest

import ffmpeg

FORMATS = ["nv12", "p010le", "p016le"] + [
    f"{layout}{depth}" for layout in ("gray", "yuv420p", "yuv422p", "yuv444p")
    for depth in ("", "9le", "10le", "12le", "14le", "16le")
] + [f"yuvj{layout}p" for layout in ("420", "422", "444")]

# Formats of another way to store the same samples, and the one that they become. Old FFmpegs hold 16 bits for
# as near to 10 or 14 as these themselves.
REARRANGED = [("nv21", "yuv420p"), ("nv16", "yuv422p"), ("nv24", "yuv444p"), ("nv42", "yuv444p"),
              ("yuyv422", "yuv422p"), ("uyvy422", "yuv422p"),
              ("p210le", "yuv422p10le"), ("p410le", "yuv444p10le"), ("p216le", "yuv422p16le"),
              ("p416le", "yuv444p16le"), ("gray16be", "gray16le"), ("yuv420p14be", "yuv420p14le"),
              ("p016be", "yuv420p16le")]


def known(names):
    """Those of `names` that this ffmpeg has."""
    there = ffmpeg.good("-pix_fmts")[0].decode().split()
    return [name for name in names if name in there]


def format_of(log):
    return re.findall(r"Stream #0:0.*Video: rawvideo.*?, (\w+)", log)[-1]


class Formats(unittest.TestCase):
    def test_each_goes_through_unchanged_in_kind(self):
        for pixel_format in FORMATS + known(["p012le", "yuv444p10msble", "yuv444p12msble"]):
            for size in ("64x48", "37x23"):
                with self.subTest(format=pixel_format, size=size):
                    filters = "hcd_down=model=bicubic,hcd_up=model=bicubic"
                    out, log = ffmpeg.good(*ffmpeg.source(size, 1, pixel_format), "-vf", filters, "-f", "rawvideo",
                                           "-")
                    self.assertEqual(format_of(log), pixel_format)
                    self.assertGreater(len(set(out)), 20)

    def test_the_small_frame_shows_the_same_picture(self):
        """Against plain scale: a wrong plane, shift or stride would be far off."""
        for pixel_format in FORMATS:
            for size in ("92x68",):
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

    def test_every_code_value_survives_where_nothing_is_resized(self):
        """16 bits are no 12 bits: at equal size and without steps each sample is what it was."""
        rng = random.Random(1)
        for pixel_format, samples in (("gray16le", 1), ("gray14le", 1), ("yuv444p16le", 3), ("yuv420p14le", 1.5),
                                      ("p016le", 1.5), ("yuv422p9le", 2)):
            depth = int(re.search(r"(16|14|9)le", pixel_format).group(1))
            data = b"".join(rng.randrange(1 << depth).to_bytes(2, "little") for _ in range(int(64 * 48 * samples)))
            for name in ("hcd_down", "hcd_up"):
                out, log = ffmpeg.good("-f", "rawvideo", "-pix_fmt", pixel_format, "-s", "64x48", "-i", "pipe:0",
                                       "-vf", f"setparams=range=pc,{name}=model=bicubic:w=iw:h=ih" +
                                       (":steps=0" if name == "hcd_down" else ""), "-f", "rawvideo", "-",
                                       stdin=data)
                self.assertEqual(format_of(log), pixel_format)
                self.assertEqual(out, data, (pixel_format, name))

    def test_planes_beside_and_within_each_other_give_the_same_samples(self):
        for one, other in (("p016le", "yuv420p16le"), ("nv12", "yuv420p"), ("p010le", "yuv420p10le")):
            chains = [f"format={first},hcd_down=model=bicubic,format={other}" for first in (one, other)]
            self.assertEqual(*[ffmpeg.raw(f"format={other},{chain}", "64x48", 2, "yuv444p16le")
                               for chain in chains], one)

    def test_what_is_stored_otherwise_is_rearranged_without_loss(self):
        data, checked = random.Random(1).randbytes(64 * 48 * 6), 0
        for pixel_format, expected in REARRANGED:
            arguments = ["-f", "rawvideo", "-pix_fmt", pixel_format, "-s", "64x48", "-i", "pipe:0", "-frames:v", "1"]
            if ffmpeg.run(*arguments, "-vf", f"format={expected}", "-f", "null", "-", stdin=data)[0]:
                continue  # this ffmpeg lacks it, or cannot convert it
            with self.subTest(format=pixel_format):
                _, log = ffmpeg.good(*arguments, "-vf", "hcd_down=model=bicubic:steps=0", "-f", "rawvideo", "-",
                                     stdin=data)
                self.assertIn(format_of(log), (expected, re.sub("1[04]le", "16le", expected)))
                self.assertNotRegex(log, "hcd_down.* bits, of which")
                checked += 1
        self.assertGreater(checked, 7)

    def test_lost_bits_are_told(self):
        _, log = ffmpeg.good(*ffmpeg.source("64x48", 1, "gbrpf32le"), "-vf", "hcd_down=model=bicubic", "-f",
                             "rawvideo", "-")
        self.assertRegex(log, r"hcd_down.*pixel format gbrpf32le has 32 bits in floating point, of which "
                              r"yuv444p16le keeps 16")

    def refused(self, arguments, chain, message, stdin=b""):
        code, _, log = ffmpeg.run(*arguments, "-vf", chain, "-f", "null", "-", stdin=stdin)
        self.assertNotEqual(code, 0, chain)
        self.assertRegex(log, message, chain)

    def test_refusals_name_the_filter_to_put_in_front(self):
        for pixel_format, hint in [("yuva420p", "format=yuv420p"), ("rgba", "format="), ("pal8", "format="),
                                   ("ya8", "format=gray"), ("yuva444p16le", "format=yuv444p16le"),
                                   ("bayer_bggr8", "format=")]:
            for name in ("hcd_down=model=bicubic", "hcd_up=model=bicubic", "hflip,hcd_down=model=bicubic"):
                source = f"testsrc2=s=64x48,format={'rgb24' if 'bayer' in pixel_format else pixel_format}"
                arguments = ["-f", "lavfi", "-i", source, "-frames:v", "1"]
                if "bayer" in pixel_format or pixel_format == "pal8":
                    if "hflip" in name:
                        continue  # which takes neither
                if "bayer" in pixel_format:
                    arguments = ["-f", "rawvideo", "-pix_fmt", pixel_format, "-s", "8x8", "-i", "pipe:0"]
                self.refused(arguments, name, rf"hcd_.*{pixel_format}.*{hint}", bytes(64))

    def test_alpha_that_a_filter_made_is_no_reason_to_refuse(self):
        """overlay=format=auto gives an opaque alpha plane to opaque video."""
        graph = "color=red:s=16x16[a];[0:v][a]overlay=format=auto,hcd_down=model=bicubic"
        _, log = ffmpeg.good(*ffmpeg.source("64x48", 1), "-lavfi", graph, "-f", "rawvideo", "-")
        self.assertRegex(log, "hcd_down.*the alpha plane of pixel format yuva420p is lost")
        self.refused(["-f", "lavfi", "-i", "testsrc2=s=64x48,format=yuva420p"],
                     "[in]null[b];color=red:s=16x16[a];[b][a]overlay=format=auto,hcd_down=model=bicubic",
                     "hcd_down.*yuva420p has an alpha plane")
        for chain in ("format=yuv420p,hcd_down=model=bicubic", "alphaextract,hcd_down=model=bicubic"):
            _, log = ffmpeg.good("-f", "lavfi", "-i", "testsrc2=s=64x48,format=yuva420p", "-frames:v", "1", "-vf",
                                 chain, "-f", "rawvideo", "-")
            self.assertNotIn("alpha plane", log)

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
