# SPDX-License-Identifier: BSD-2-Clause
"""Frames in and out: layouts, sizes, depths, how arrays lie in memory, and which are refused."""

import unittest

import hcd
import numpy as np
from pictures import picture, planes

LAYOUTS = "gray", "yuv420", "yuv422", "yuv444", "nv12", "rgb"


class Frames(unittest.TestCase):
    def assert_planes(self, found, expected):
        self.assertEqual(len(found), len(expected))
        for one, other in zip(found, expected):
            np.testing.assert_array_equal(one, other)

    def test_sizes_and_types(self):
        for layout in LAYOUTS:
            for width, height, depth in ((48, 32, 8), (49, 33, 8), (49, 33, 10), (3, 5, 16), (1, 1, 12)):
                with self.subTest(layout=layout, width=width, height=height, depth=depth):
                    with hcd.Down(width, height, layout=layout, depth=depth, model="bicubic", threads=1) as down:
                        small = down(planes(down.source))
                        self.assertIsInstance(small, tuple)
                        self.assertEqual([plane.shape for plane in small], list(down.result.shapes))
                        self.assertEqual({plane.dtype for plane in small}, {np.dtype("u1" if depth == 8 else "u2")})
                        self.assertLess(max(plane.max() for plane in small), 1 << depth)
                        with hcd.Up(down.result.width, down.result.height, layout=layout, depth=depth, model="bicubic",
                                    size=(width, height)) as up:
                            self.assertEqual(up.result.shapes, down.source.shapes)
                            shown = up(small)
                    error = np.mean((shown[0].astype(float) - planes(down.source)[0]) ** 2) ** 0.5 / (1 << depth)
                    self.assertLess(error, 0.15)

    def test_shapes_of_planes(self):
        for layout, shapes in (("gray", [(5, 7)]), ("yuv420", [(5, 7), (3, 4), (3, 4)]),
                               ("yuv422", [(5, 7), (5, 4), (5, 4)]), ("yuv444", [(5, 7)] * 3),
                               ("nv12", [(5, 7), (3, 8)]), ("rgb", [(5, 7)] * 3)):
            self.assertEqual(list(hcd.Format(7, 5, layout).shapes), shapes)

    def test_one_array_or_planes(self):
        """What goes in as one array comes out as one."""
        gray = picture(32, 48)
        with hcd.Down(48, 32, layout="gray", model="bicubic") as down:
            self.assert_planes([down(gray)], down([gray]))
            self.assertEqual(down(gray).shape, (16, 24))
        three = np.stack([picture(32, 48, seed=i) for i in range(3)], -1)
        for layout in ("rgb", "yuv444"):
            with self.subTest(layout), hcd.Down(48, 32, layout=layout, model="bicubic") as down:
                small = down(three)
                self.assertEqual(small.shape, (16, 24, 3))
                self.assert_planes([small[..., i] for i in range(3)], down([three[..., i] for i in range(3)]))

    def test_how_arrays_lie_in_memory(self):
        for dtype, depth in ((np.uint8, 8), (np.uint16, 10)):
            values = picture(33, 49, depth)
            with hcd.Down(49, 33, layout="gray", depth=depth, model="bicubic") as down:
                expected = down(values)
                wide = np.zeros((70, 120), dtype)
                wide[:33, :49] = values
                unaligned = np.frombuffer(b"x" + values.tobytes(), np.uint8)[1:].view(dtype).reshape(values.shape)
                every_second = np.zeros((33, 98), dtype)
                every_second[:, ::2] = values
                read_only = values.copy()
                read_only.flags.writeable = False
                for name, array in (("rows apart", wide[:33, :49]), ("upside down", values[::-1].copy()[::-1]),
                                    ("backwards", values[:, ::-1].copy()[:, ::-1]), ("columns", np.asfortranarray(values)),
                                    ("unaligned", unaligned), ("every second", every_second[:, ::2]),
                                    ("read only", read_only)):
                    with self.subTest(name, depth=depth):
                        before = array.copy()
                        np.testing.assert_array_equal(down(array), expected)
                        np.testing.assert_array_equal(array, before)
                with self.subTest("one row again and again"):
                    flat = np.broadcast_to(values[:1], values.shape)
                    np.testing.assert_array_equal(down(flat), down(flat.copy()))

    def test_memory_of_the_caller_is_used(self):
        """Rows whose samples lie one behind the other are not copied, whichever way they go."""
        form = hcd.Format(49, 33, "gray")
        values = picture(40, 60)
        for array in (values[:33, :49], values[32::-1, :49]):
            [plane] = hcd._frames.planes_of(form, array)
            self.assertTrue(np.shares_memory(plane, values))
        unaligned = np.frombuffer(b"x" + picture(33, 49, 10).tobytes(), np.uint8)[1:].view(np.uint16).reshape(33, 49)
        for form, array in ((form, picture(33, 98)[:, ::2]), (hcd.Format(49, 33, "gray", 10), unaligned)):
            [plane] = hcd._frames.planes_of(form, array)
            self.assertFalse(np.shares_memory(plane, array))
            self.assertTrue(plane.flags.c_contiguous and plane.flags.aligned)

    def test_results_are_the_callers(self):
        """A frame that came out stays as it is when others come, and when the context ends."""
        with hcd.Down(48, 32, layout="gray", model="bicubic") as down:
            first = down(picture(32, 48))
            copy = first.copy()
            down(picture(32, 48, seed=1))
        np.testing.assert_array_equal(first, copy)
        self.assertTrue(first.flags.writeable)

    def test_what_is_refused(self):
        luma, chroma = picture(32, 48), picture(16, 24)
        with hcd.Down(48, 32, model="bicubic") as down:
            for frame, kind, message in (
                    (luma, TypeError, "frame: expected 3 planes for yuv420, found one array"),
                    ([luma, chroma], ValueError, "frame: expected 3 planes for yuv420, found 2"),
                    ([luma, chroma, chroma[1:]], ValueError, r"plane 2: expected the shape \(16, 24\), found \(15, 24\)"),
                    ([luma, chroma, chroma.astype(float)], TypeError, "plane 2: expected uint8, found float64"),
                    ([luma, chroma, chroma.tolist()], TypeError, "plane 2: expected a numpy array, found list"),
                    ([luma.astype("u2")] * 3, TypeError, "plane 0: expected uint8, found uint16")):
                with self.subTest(message), self.assertRaisesRegex(kind, message):
                    down(frame)
            down([luma, chroma, chroma])  # all the same
        with hcd.Down(48, 32, layout="rgb", model="bicubic") as down:
            with self.assertRaisesRegex(ValueError, r"frame: expected the shape \(32, 48, 3\), found \(3, 32, 48\)"):
                down(np.zeros((3, 32, 48), np.uint8))
        with hcd.Down(48, 32, layout="gray", depth=10, model="bicubic") as down:
            with self.assertRaisesRegex(TypeError, "frame: expected uint16, found >u2"):
                down(picture(32, 48, 10).astype(">u2"))

    def test_formats_that_are_refused(self):
        for words, kind, message in (
                ({"layout": "yuv411"}, ValueError, "layout: expected one of gray, yuv420, .*, found 'yuv411'"),
                ({"siting": "left "}, ValueError, "siting: expected one of unspecified, left, .*, found 'left '"),
                ({"matrix": 709}, ValueError, "matrix: expected one of unspecified, bt601, bt709, bt2020, found 709"),
                ({"depth": 8.0}, TypeError, "depth: expected a whole number, found 8.0"),
                ({"size": (24,)}, ValueError, "size: expected a width and a height, found"),
                ({"size": (24, 2**31)}, ValueError, "size: expected a number of 32 bits, found 2147483648")):
            with self.subTest(message), self.assertRaisesRegex(kind, message):
                hcd.Down(48, 32, **words)
        for words, message in (({"depth": 7}, "depth: expected"), ({"depth": 10, "shift": 7}, "found 7"),
                               ({"size": (480, 320)}, "expected")):
            with self.subTest(message), self.assertRaisesRegex(hcd.Error, message) as caught:
                hcd.Down(48, 32, **words)
            self.assertIn(caught.exception.status, (hcd.Status.E_FORMAT, hcd.Status.E_OPTION))


if __name__ == "__main__":
    unittest.main(verbosity=2)
