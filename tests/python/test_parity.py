# SPDX-License-Identifier: BSD-2-Clause
"""The bytes of the binding are those of the filters and of the hcd command."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import hcd
import numpy as np
from pictures import picture, planes
from PIL import Image

FFMPEG = os.environ.get("HCD_TEST_FFMPEG", "")
COMMAND = os.environ.get("HCD_TEST_COMMAND", "")
STUB = os.environ.get("HCD_TEST_STUB", "")
ON_A_GPU = """
import hcd, numpy
from pictures import planes
with hcd.Down(48, 32, model="lite", device="cuda") as gpu, hcd.Down(48, 32, model="lite", device="cpu") as cpu:
    frame = planes(gpu.source)
    print(max(int(abs(one.astype(int) - two).max()) for one, two in zip(gpu(frame), cpu(frame))))
"""
FORMATS = {"gray": ("gray", 8, 0), "yuv420p": ("yuv420", 8, 0), "yuv422p": ("yuv422", 8, 0),
           "yuv444p": ("yuv444", 8, 0), "nv12": ("nv12", 8, 0), "yuv420p10le": ("yuv420", 10, 0),
           "yuv444p12le": ("yuv444", 12, 0), "gray10le": ("gray", 10, 0), "p010le": ("nv12", 10, 6)}


def filtered(filters, pixel_format, width, height, frames):
    """The bytes that ffmpeg makes of raw frames."""
    stream = b"".join(plane.tobytes() for frame in frames for plane in frame)
    return subprocess.run([FFMPEG, "-v", "error", "-f", "rawvideo", "-pix_fmt", pixel_format, "-s", f"{width}x{height}",
                           "-i", "-", "-vf", filters, "-f", "rawvideo", "-"], input=stream, stdout=subprocess.PIPE,
                          check=True).stdout


@unittest.skipUnless(os.path.exists(FFMPEG), "no ffmpeg with the hcd filters: scripts/setup builds it")
class Filters(unittest.TestCase):
    def test_formats(self):
        for pixel_format, (layout, depth, shift) in FORMATS.items():
            with self.subTest(pixel_format):
                full = "full" if layout == "gray" else "unspecified"  # as FFmpeg reads gray
                with hcd.Down(49, 35, layout=layout, depth=depth, shift=shift, range=full, model="bicubic") as down:
                    frame = planes(down.source)
                    small = down(frame)
                expected = filtered("hcd_down=model=bicubic", pixel_format, 49, 35, [frame])
                self.assertEqual(b"".join(plane.tobytes() for plane in small), expected)

    def test_there_and_back_with_a_network(self):
        """Several frames in flight, options, sizes of one's own."""
        options = {"model": "lite", "steps": 3, "quality_hint": 30.5, "precision": "int16"}
        text = ":".join(f"{key}={value}" for key, value in options.items())
        with hcd.Down(96, 64, size=(64, 42), **options) as down:
            frames = [tuple(picture(*shape, seed=3 * n + i) for i, shape in enumerate(down.source.shapes))
                      for n in range(3)]
            for frame in frames:
                down.send(frame)
            small = [down.receive() for _ in frames]
        expected = filtered(f"hcd_down={text}:w=64:h=42", "yuv420p", 96, 64, frames)
        self.assertEqual(b"".join(plane.tobytes() for frame in small for plane in frame), expected)
        with hcd.Up(64, 42, model="lite", size=(96, 64)) as up:
            shown = [up(frame) for frame in small]
        expected = filtered("hcd_up=model=lite:w=96:h=64", "yuv420p", 64, 42, small)
        self.assertEqual(b"".join(plane.tobytes() for frame in shown for plane in frame), expected)


@unittest.skipUnless(COMMAND, "built without the hcd command")
class Command(unittest.TestCase):
    def test_pictures(self):
        colour = np.stack([picture(37, 51, seed=i) for i in range(3)], -1)
        for layout, values in (("rgb", colour), ("gray", picture(37, 51))):
            with self.subTest(layout), tempfile.TemporaryDirectory() as folder:
                source, small, large = (Path(folder) / name for name in ("a.png", "small/a.png", "large/a.png"))
                Image.fromarray(values).save(source)
                for words in (["down", source, "-o", small.parent, "--steps", "4", "--loss", "mse"],
                              ["up", small, "-o", large.parent]):
                    subprocess.run([COMMAND, *words, "--model", "bicubic"], stdout=subprocess.DEVNULL, check=True)
                with hcd.Down(51, 37, layout=layout, range="full", model="bicubic", steps=4, loss="mse") as down:
                    result = down(values)
                np.testing.assert_array_equal(result, np.asarray(Image.open(small)))
                with hcd.Up(26, 19, layout=layout, range="full", model="bicubic") as up:
                    np.testing.assert_array_equal(up(result), np.asarray(Image.open(large)))


class Shader(unittest.TestCase):
    @unittest.skipUnless(COMMAND, "built without the hcd command")
    def test_is_that_of_the_command(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "client.glsl")
            subprocess.run([COMMAND, "shader", "--model", "base", "--scale", "4", "--variant", "compute", "--range", "full",
                            "--chroma", "-o", path], stdout=subprocess.DEVNULL, check=True)
            with open(path, encoding="utf-8") as file:
                self.assertEqual(hcd.write_shader("base", scale=4, variant="compute", range="full", chroma=True), file.read())
        self.assertIn("hcd lite x2, fragment shader", hcd.write_shader())

    def test_errors(self):
        for options, status, expected in (({"model": "bicubic"}, hcd.Status.E_OPTION, "expected a light network"),
                                          ({"scale": 3}, hcd.Status.E_OPTION, "scale: expected"),
                                          ({"weights": "/nowhere"}, hcd.Status.E_FILE, "/nowhere")):
            with self.assertRaises(hcd.Error) as raised:
                hcd.write_shader(**options)
            self.assertEqual(raised.exception.status, status)
            self.assertIn(expected, str(raised.exception))
        with self.assertRaisesRegex(ValueError, "variant: expected one of fragment, compute, found 'x'"):
            hcd.write_shader(variant="x")


@unittest.skipUnless(STUB, "built without the stand-in for a CUDA driver")
class Gpu(unittest.TestCase):
    def test_arrays_are_carried_over(self):
        """On the stand-in for a driver."""
        done = subprocess.run([sys.executable, "-B", "-c", ON_A_GPU], capture_output=True, text=True, env={
            **os.environ, "LD_LIBRARY_PATH": STUB,
            "PYTHONPATH": f"{Path(__file__).parent}:{os.environ['PYTHONPATH']}"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertLessEqual(int(done.stdout), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
