# SPDX-License-Identifier: BSD-2-Clause
"""The chain through x264, x265 and SVT-AV1: it runs, loses no frame, and gains."""

import os
import re
import tempfile
import unittest

import ffmpeg

ENCODERS = {
    "libx264": ["-preset", "veryfast", "-crf", "18"],
    "libx265": ["-preset", "veryfast", "-crf", "18", "-x265-params", "log-level=error:pools=2"],
    "libsvtav1": ["-preset", "10", "-crf", "20"],
}
CLIP = os.path.join(os.path.dirname(__file__), "..", "..", "samples", "clip.mkv")


class Encoders(unittest.TestCase):
    def test_small_sizes_and_depths(self):
        with tempfile.TemporaryDirectory() as folder:
            for encoder, options in ENCODERS.items():
                for size, pixel_format in (("128x128", "yuv420p"), ("130x134", "yuv420p10le")):
                    if encoder == "libx264" and pixel_format != "yuv420p" and not TEN_BIT_X264:
                        continue
                    with self.subTest(encoder=encoder, size=size, format=pixel_format):
                        path = os.path.join(folder, f"{encoder}_{pixel_format}.mkv")
                        ffmpeg.good(*ffmpeg.source(size, 5, pixel_format), "-vf", "hcd_down=model=bicubic", "-c:v",
                                    encoder,
                                    *options, path)
                        stream = ffmpeg.probe(path, "stream=width,height,pix_fmt")["streams"][0]
                        self.assertEqual(stream["pix_fmt"], pixel_format)
                        out, _ = ffmpeg.good("-i", path, "-vf", "hcd_up=model=bicubic", "-f", "framecrc", "-")
                        rows = [l for l in out.decode().splitlines() if not l.startswith("#")]
                        self.assertEqual(len(rows), 5)

    def test_gain_on_the_sample_clip(self):
        """At the same quality setting the enlarged picture is nearer to the source than plain scale's."""
        for encoder, options in ENCODERS.items():
            with self.subTest(encoder=encoder), tempfile.TemporaryDirectory() as folder:
                psnr = {}
                for name, filters in (("plain", "scale=iw/2:ih/2:flags=bicubic"), ("hcd", "hcd_down=model=bicubic")):
                    path = os.path.join(folder, name + ".mkv")
                    ffmpeg.good("-i", CLIP, "-frames:v", "8", "-vf", filters, "-c:v", encoder, *options, path)
                    _, log = ffmpeg.good(
                        "-i", path, "-i", CLIP, "-lavfi",
                        "[0]settb=1/1000,setpts=N,scale=640:360:flags=bicubic[x];"
                        "[1]settb=1/1000,setpts=N,trim=end_frame=8[y];[x][y]psnr", "-f", "null", "-")
                    psnr[name] = float(re.search(r"PSNR y:([\d.]+)", log).group(1))
                self.assertGreater(psnr["hcd"], psnr["plain"] + 0.2)


TEN_BIT_X264 = "yuv420p10le" in ffmpeg.run("-h", "encoder=libx264")[1].decode(errors="replace")

if __name__ == "__main__":
    ffmpeg.main()
