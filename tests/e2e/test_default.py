# SPDX-License-Identifier: BSD-2-Clause
"""The default client, the network lite: no option given, no LibTorch opened."""

import json
import os
import re
import struct
import tempfile
import unittest

import ffmpeg

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
CLIP = os.path.join(TOP, "samples", "clip.mkv")
LITE = os.path.join(TOP, "core", "weights", "light", "lite_x2.safetensors")


def with_last_layer_times(factor):
    """The weights of lite, halves, with a last layer that does so much more."""
    with open(LITE, "rb") as file:
        data = bytearray(file.read())
    size = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8:8 + size])
    for name in ("5.weight", "5.bias"):
        begin, end = (8 + size + offset for offset in header[name]["data_offsets"])
        kind = {"F16": "e", "F32": "f"}[header[name]["dtype"]]
        form = f"<{(end - begin) // struct.calcsize(kind)}{kind}"
        data[begin:end] = struct.pack(form, *(factor * v for v in struct.unpack(form, data[begin:end])))
    return bytes(data)


class Default(unittest.TestCase):
    def psnr(self, down, up, size="320x180", frames=2):
        """PSNR-Y of the clip's first frames made small and large again."""
        _, log = ffmpeg.good("-i", CLIP, "-frames:v", str(frames), "-lavfi",
                             f"crop={size.replace('x', ':')},split[a][b];[a]{down},{up}[x];[x][b]psnr",
                             "-f", "null", "-")
        return float(re.search(r"PSNR y:([\d.]+)", log).group(1))

    def test_is_lite(self):
        for name in ("hcd_down", "hcd_up"):
            self.assertEqual(ffmpeg.raw(name, "96x64"), ffmpeg.raw(f"{name}=model=lite", "96x64"), name)

    def test_beats_the_bicubic_client_and_descent_beats_none(self):
        bicubic = self.psnr("scale=iw/2:ih/2:flags=lanczos", "scale=2*iw:2*ih:flags=bicubic")
        blind = self.psnr("scale=iw/2:ih/2:flags=lanczos", "hcd_up")
        ours = self.psnr("hcd_down", "hcd_up")
        self.assertGreater(blind, bicubic + 0.3)
        self.assertGreater(ours, blind + 0.3)

    def test_descent_gains_at_other_ratios(self):
        """Made for the network and the resize behind it; another kernel there is another client."""
        for size in ("240:136", "212:120", "128:72"):
            down, up = f"w={size.replace(':', ':h=')}", "w=320:h=180"
            blind = self.psnr(f"scale={size}:flags=lanczos", f"hcd_up={up}")
            ours = self.psnr(f"hcd_down={down}", f"hcd_up={up}")
            self.assertGreater(ours, blind + 0.2, size)
            self.assertGreater(ours, self.psnr(f"hcd_down={down}", f"hcd_up={up}:resize=bilinear") + 0.05, size)
        _, log = ffmpeg.good("-v", "verbose", *ffmpeg.source("96x64", 1), "-vf", "hcd_down=scale=1.25", "-f", "null", "-")
        self.assertRegex(log, r"optimizer: learned, 2 steps fitted at ratio [\d.]+")
        _, log = ffmpeg.good("-v", "verbose", *ffmpeg.source("96x64", 1), "-vf", "hcd_down=w=96:h=32", "-f", "null", "-")
        self.assertIn("optimizer: adam, 6 steps", log)

    def test_metadata_tells_the_gain(self):
        out, _ = ffmpeg.good("-i", CLIP, "-frames:v", "1", "-vf", "hcd_down,metadata=print:file=-", "-f", "null", "-")
        text = out.decode()
        plain, ours = (float(re.search(rf"lavfi\.hcd_down\.{key}=([\d.]+)", text).group(1)) for key in ("psnr0", "psnr"))
        self.assertGreater(ours, plain + 0.2)
        self.assertIn("lavfi.hcd_down.steps=2", text)

    def test_learned_steps_with_weights_of_ones_own(self):
        """They are walked where they gain with these weights, too: those of the library gain, of course."""
        self.assertEqual(ffmpeg.raw(f"hcd_down=weights={LITE}", "96x64"), ffmpeg.raw("hcd_down", "96x64"))
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "wild.safetensors")
            with open(path, "wb") as file:
                file.write(with_last_layer_times(5))
            for weights, rule in ((LITE, "learned, 2 steps"), (path, "adam, 6 steps")):
                _, log = ffmpeg.good("-v", "verbose", *ffmpeg.source("96x64", 1), "-vf", f"hcd_down=weights={weights}",
                                     "-f", "null", "-")
                self.assertIn(f"optimizer: {rule}", log)
                self.assertRegex(log, r"learned steps of lite gain -?[0-9.]+ of what they gain with the built-in ones")

    def test_formats_and_sizes(self):
        for pixel_format in ("yuv420p", "yuv422p10le", "yuv444p", "nv12", "p010le", "gray", "yuvj420p"):
            for size in ("64x48", "65x47"):
                with self.subTest(pixel_format=pixel_format, size=size):
                    width, height = size.split("x")
                    whole = ffmpeg.raw("null", size, 2, pixel_format)
                    back = ffmpeg.raw(f"hcd_down,hcd_up=w={width}:h={height}", size, 2, pixel_format)
                    self.assertEqual(len(back), len(whole))

    def test_the_same_for_any_threads_and_tiles(self):
        whole = ffmpeg.raw("hcd_down", "322x202", 2)
        for options in ("threads=1", "threads=3:tile=32", "tile=64"):
            self.assertEqual(ffmpeg.raw(f"hcd_down={options}", "322x202", 2), whole, options)

    def test_what_lite_cannot(self):
        for filters, message in [
                ("hcd_down=scale=5", "option scale: expected 1 to 4 with model=lite, found 5"),
                ("hcd_up=scale=16", "option scale: expected 1 to 4 with model=lite, found 16"),
                ("hcd_down=w=14:h=32", "size of the small frame: expected 16x12 to 64x48, since the network lite "
                                       "enlarges by 1 to 4, found 14x32"),
                ("hcd_up=w=66:h=200", "size of the enlarged frame: expected at most 256x192, since the network lite "
                                      "enlarges by 1 to 4, found 66x200"),
                ("hcd_up=w=66:h=40", "size of the enlarged frame: expected at least 64x48"),
                ("hcd_down=model=bicubic:resize=lanczos", "option resize: belongs to light networks (lite, base), "
                                                          "found 'lanczos' with model=bicubic"),
                ("hcd_down=loss=mse:detail=0.1", "option detail: belongs to loss=mixed")]:
            with self.subTest(filters=filters):
                code, _, log = ffmpeg.run(*ffmpeg.source(), "-vf", filters, "-f", "null", "-")
                self.assertGreater(code, 0)
                self.assertIn(message, ffmpeg.told(log, filters))

    def test_options_of_the_mixed_loss_do_something(self):
        default = ffmpeg.raw("hcd_down", "128x96", 2)
        for option in ("loss=mse", "detail=0.8", "ringing=9", "proximity=9", "quality_hint=38", "start=area",
                       "preset=quality"):
            self.assertNotEqual(ffmpeg.raw(f"hcd_down={option}", "128x96", 2), default, option)
        self.assertEqual(ffmpeg.raw("hcd_down=quality_hint=26:loss=mixed", "128x96", 2), default)


if __name__ == "__main__":
    ffmpeg.main()
