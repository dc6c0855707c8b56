# SPDX-License-Identifier: BSD-2-Clause
"""hcd_up is the player it names: FFmpeg's own scale, within 1 code value at 99.9 % of the samples."""

import unittest

import ffmpeg

EXACT = "accurate_rnd+full_chroma_int+bitexact"
PLAYERS = {  # client: scale's flags and parameters
    "bilinear": "flags=bilinear+{0}",
    "bicubic": "flags=bicubic+{0}",
    "catmull_rom": "flags=bicubic+{0}:param0=0:param1=0.5",
    "mitchell": "flags=bicubic+{0}:param0=0.3333333:param1=0.3333333",
    "lanczos2": "flags=lanczos+{0}:param0=2",
    "lanczos": "flags=lanczos+{0}",
}
SITINGS = {  # siting: positions in 1/256 of a luma sample, as scale wants them
    "left": (0, 128), "center": (128, 128), "topleft": (0, 0), "top": (128, 0),
    "bottomleft": (0, 256), "bottom": (128, 256),
}


def share_within_one(a, b):
    assert len(a) == len(b), (len(a), len(b))
    return sum(1 for x, y in zip(a, b) if -1 <= x - y <= 1) / len(a)


def scale(client, width, height, siting="left"):
    h, v = SITINGS[siting]
    # The frame's own tag would win over the options in newer versions: it says the same.
    return (f"scale={width}:{height}:{PLAYERS[client].format(EXACT)}:in_h_chr_pos={h}:in_v_chr_pos={v}"
            f":out_h_chr_pos={h}:out_v_chr_pos={v}")


PICTURE = "boxblur=1,noise=alls=6:all_seed=1"


class Player(unittest.TestCase):
    def compare(self, client, source_size, width, height, siting="left", pixel_format="yuv420p"):
        tagged = f"{PICTURE},setparams=chroma_location={siting}" if HAS_LOCATION else PICTURE
        if siting != "left" and not HAS_LOCATION:
            self.skipTest("this ffmpeg cannot tag the chroma location")
        ours = ffmpeg.raw(f"{tagged},hcd_up=model={client}:w={width}:h={height}", source_size, 1, pixel_format)
        theirs = ffmpeg.raw(f"{tagged},{scale(client, width, height, siting)}", source_size, 1, pixel_format)
        share = share_within_one(ours, theirs)
        self.assertGreaterEqual(share, 0.999, f"{client} {source_size} -> {width}x{height} {siting}")

    def test_every_client_and_factor(self):
        for client in PLAYERS:
            for factor in (2, 3, 4):
                with self.subTest(client=client, factor=factor):
                    self.compare(client, "160x90", 160 * factor, 90 * factor)

    def test_other_ratios(self):
        for client in ("bicubic", "lanczos"):
            for width, height in ((240, 136), (214, 120), (321, 181), (160, 90)):
                with self.subTest(client=client, size=(width, height)):
                    self.compare(client, "160x90", width, height)

    def test_layouts(self):
        for pixel_format in ("yuv444p", "yuv422p", "gray", "nv12"):
            with self.subTest(format=pixel_format):
                self.compare("bicubic", "160x90", 320, 180, "left", pixel_format)

    def test_every_siting(self):
        for siting in SITINGS:
            with self.subTest(siting=siting):
                self.compare("bicubic", "160x90", 320, 180, siting)

    def test_a_wrong_siting_is_seen(self):
        """The check can fail: half a chroma sample off is not within tolerance."""
        ours = ffmpeg.raw(f"{PICTURE},hcd_up=w=320:h=180", "160x90", 1)
        wrong = ffmpeg.raw(f"{PICTURE},{scale('bicubic', 320, 180, 'center')}", "160x90", 1)
        self.assertLess(share_within_one(ours, wrong), 0.99)


HAS_LOCATION = "chroma_location" in ffmpeg.run("-h", "filter=setparams")[1].decode(errors="replace")

if __name__ == "__main__":
    ffmpeg.main()
