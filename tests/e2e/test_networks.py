# SPDX-License-Identifier: BSD-2-Clause
"""Built-in networks through both filters: sizes, formats, determinism, gain, messages."""

import os
import re
import unittest

import ffmpeg

CLIP = os.path.join(os.path.dirname(__file__), "..", "..", "samples", "clip.mkv")


def gain(log):
    """Predicted gain in dB that the summary line tells."""
    return float(re.search(r"\(gain (-?[0-9.]+) dB\)", log).group(1))


class Networks(unittest.TestCase):
    def test_both_ways(self):
        """RGB networks on 4:2:0, a luma network, 10 bits; odd sizes come back whole."""
        for model, scale, pixel_format in (("irn-small", 2, "yuv420p"), ("firn", 4, "yuv420p10le"),
                                           ("srcnn", 2, "yuv420p")):
            with self.subTest(model=model, format=pixel_format):
                options = f"model={model}:scale={scale}:threads=1"
                depth = 2 if pixel_format.endswith("10le") else 1
                out = ffmpeg.raw(f"hcd_down={options}:steps=1,hcd_up={options}:w=66:h=50", "66x50", 1,
                                 pixel_format)
                self.assertEqual(len(out), depth * 66 * 50 * 3 // 2)

    def test_threads_do_not_change_bytes(self):
        outs = [ffmpeg.raw(f"hcd_down=model=firn:scale=4:steps=2:threads={n}", "64x48", 1) for n in (1, 2)]
        self.assertEqual(outs[0], outs[1])

    def test_descent_gains(self):
        _, log = ffmpeg.good("-i", CLIP, "-frames:v", "1", "-vf",
                             "crop=160:96,hcd_down=model=irn-small:scale=2:steps=6", "-f", "null", "-")
        self.assertGreater(gain(log), 0.1)

    def test_missing_weights(self):
        code, _, log = ffmpeg.run(*ffmpeg.source("64x48", 1), "-vf", "hcd_down=model=irn:scale=4", "-f",
                                  "null", "-")
        self.assertNotEqual(code, 0)
        self.assertIn("option weights: model irn with scale 4 needs a file, found none", log)
        self.assertIn("hcd convert <file>.pth irn_x4.safetensors --model irn --scale 4", log)


if __name__ == "__main__":
    ffmpeg.main()
