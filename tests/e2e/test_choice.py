# SPDX-License-Identifier: BSD-2-Clause
"""How scripts/encode --auto chooses: curves through probes that are made up here, targets, and the words of options."""

import math
import sys
import unittest
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
from hcd.encoders import EVERY  # noqa: E402
from hcd.run import Fault  # noqa: E402
from hcd.stream import candidates, coder, ladder, target  # noqa: E402
from hcd.stream.choice import Curve, Line, Point, at_bits, at_quality, falling, rounded  # noqa: E402
from hcd.stream.probes import Size, windows  # noqa: E402
from hcd.stream.quality import PSNR  # noqa: E402
from hcd.stream.rung import Shape  # noqa: E402
from hcd.stream.search import MORE, PROBES, Goal, Search  # noqa: E402

RANGE = (1.0, 51.0)


def title(crf, share=1.0, worst=48.0):
    """A made-up title at a share of its size: smaller ones need fewer bits, and lose something at every CRF."""
    bits = 9e5 * share * math.exp(-0.12 * crf - 0.0006 * crf ** 2)
    error = 10 ** (-worst / 10) + 10 ** (-(54 - 0.5 * crf - 0.002 * crf ** 2 + 3 * math.log10(share)) / 10)
    return Point(crf, bits, -10 * math.log10(error))


def curve(crfs, *shape):
    return Curve([title(crf, *shape) for crf in crfs])


def exact(quality, *shape):
    """The CRF by bisection of the made-up title itself."""
    low, high = RANGE
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if title(middle, *shape).quality >= quality else (low, middle)
    return low


class Curves(unittest.TestCase):
    def test_falling(self):
        self.assertEqual(falling([5, 4, 2]), [5, 4, 2])
        self.assertEqual(falling([5, 2, 4, 1]), [5, 3, 3, 1])
        self.assertEqual(falling([1, 2, 3]), [2, 2, 2])

    def test_line(self):
        line = Line([1.0, 3.0, 4.0, 8.0], [9.0, 6.0, 5.5, 5.0])
        for x, y in zip(line.x, line.y):
            self.assertAlmostEqual(line(x), y)
        values = [line(0.1 * step) for step in range(101)]
        self.assertTrue(all(a >= b for a, b in zip(values, values[1:])), values)
        self.assertAlmostEqual(line(0), 10.5)   # straight on
        self.assertAlmostEqual(Line([2.0, 4.0], [8.0, 4.0])(3), 6)

    def test_between_probes(self):
        found = curve((20, 28, 36))
        for crf in range(19, 38):
            self.assertAlmostEqual(found.quality(crf), title(crf).quality, delta=0.1)
            self.assertAlmostEqual(found.bits(crf) / title(crf).bits, 1, delta=0.02)
            self.assertAlmostEqual(found.crf_for_quality(title(crf).quality), crf, delta=0.2)
            self.assertAlmostEqual(found.crf_for_bits(title(crf).bits), crf, delta=0.2)

    def test_probes_that_are_not_monotone(self):
        found = Curve([Point(20, 900, 38), Point(24, 950, 38.4), Point(28, 500, 35)])
        self.assertAlmostEqual(found.quality(22), 38.2)
        crf = found.crf_for_quality(36)
        self.assertTrue(24 < crf < 28, crf)
        self.assertAlmostEqual(found.quality(crf), 36, places=6)
        self.assertTrue(math.isfinite(found.crf_for_bits(700)))

    def test_equal_probes(self):
        flat = Curve([Point(20, 500, 40), Point(28, 500, 40), Point(36, 500, 40)])
        self.assertAlmostEqual(at_quality({"full": flat}, 40, RANGE)[0].bits, 500)
        self.assertEqual(at_quality({"full": flat}, 41, RANGE), [])


class Choices(unittest.TestCase):
    def both(self):
        crfs = (20, 28, 36)
        return {"full": curve(crfs), "half": curve(crfs, 0.3, 37.0)}

    def test_each_side_of_the_crossing(self):
        """The smaller size has the fewer bits where the picture is poor, and never gets beyond its own blur."""
        seen = set()
        for quality in (30, 32.5, 34, 35, 36.5, 38):
            best = at_quality(self.both(), quality, RANGE)[0]
            own = (0.3, 37.0) if best.size == "half" else ()
            other = () if own else (0.3, 37.0)
            self.assertLessEqual(title(exact(quality, *own), *own).bits, 1.02 * title(exact(quality, *other), *other).bits)
            self.assertAlmostEqual(best.bits / title(exact(quality, *own), *own).bits, 1, delta=0.06)  # probes eight CRFs apart
            seen.add(best.size)
        self.assertEqual(seen, {"full", "half"})

    def test_by_bits(self):
        for bits in (3000, 12000, 40000):
            found = at_bits(self.both(), bits, RANGE)
            self.assertTrue(found)
            self.assertEqual(found[0].quality, max(choice.quality for choice in found))
            for choice in found:
                self.assertAlmostEqual(self.both()[choice.size].bits(choice.crf), bits, delta=0.01 * bits)

    def test_of_two_that_are_equal_the_larger(self):
        crfs = (20, 28, 36)
        self.assertEqual(at_quality({"full": curve(crfs), "2/3": curve(crfs)}, 35, RANGE)[0].size, "full")
        self.assertEqual(at_bits({"full": curve(crfs), "2/3": curve(crfs)}, 9000, RANGE)[0].size, "full")

    def test_unreachable(self):
        both = self.both()
        self.assertEqual([choice.size for choice in at_quality(both, 39, RANGE)], ["full"])
        self.assertEqual(at_quality(both, 60, RANGE), [])
        self.assertEqual(at_quality(both, 3, RANGE), [])
        self.assertEqual(at_bits(both, 1, RANGE), [])
        self.assertEqual(at_bits(both, 1e9, RANGE), [])

    def test_rounded(self):
        self.assertEqual(rounded(27.349, 0.1, RANGE), 27.3)
        self.assertEqual(rounded(27.349, 1, RANGE), 27)
        self.assertEqual((rounded(-3, 1, RANGE), rounded(99, 0.1, RANGE)), (1, 51))


class Searches(unittest.TestCase):
    """The way of the probes to a goal, over made-up titles."""

    def search(self, goal, encoder="libx264", *shape):
        search = object.__new__(Search)
        self.probed = []

        def point(_, crf):
            self.probed.append(crf)
            found = title(EVERY[encoder].crf_on_x264(crf), *shape)
            return Point(crf, found.bits, found.quality)
        search.goal, search.encoder, search.range = goal, EVERY[encoder], (1.0, float(EVERY[encoder].highest))
        search.encoding = SimpleNamespace(frame=SimpleNamespace(width=640))
        search.sizes, search.points = [Size("full", Shape(""), (640, 360))], {}
        search.probes = SimpleNamespace(point=point)
        return search.close_in(search.sizes[0])

    def test_quality(self):
        for encoder, qualities in (("libx264", (24, 30, 36, 44)), ("libx265", (28, 36, 44)), ("libsvtav1", (38, 41, 44)),
                                   ("hevc_nvenc", (24, 30, 36, 44))):
            for quality in qualities:
                points = self.search(Goal(PSNR, quality=quality), encoder)
                self.assertLessEqual(len(self.probed), PROBES + MORE)
                self.assertEqual(len(set(self.probed)), len(self.probed))
                crf = Curve(points).crf_for_quality(quality)
                self.assertAlmostEqual(title(EVERY[encoder].crf_on_x264(crf)).quality, quality, delta=0.12)

    def test_bits(self):
        for bits in (900, 9000, 90000):
            crf = Curve(self.search(Goal(PSNR, bits=bits))).crf_for_bits(bits)
            self.assertAlmostEqual(title(crf).bits / bits, 1, delta=0.02)

    def test_sizes_that_are_well_behind(self):
        """Two probes are enough for them; of those that are near each other all are looked at."""
        for share, most in ((1.6, 2), (1.02, PROBES + MORE)):
            search = object.__new__(Search)
            full, half = Size("full", Shape(""), (640, 360)), Size("1/2", Shape("bicubic"), (320, 180))
            probed = {full: [], half: []}

            def point(size, crf):
                probed[size].append(crf)
                return title(crf) if size is full else title(crf + 6, share)
            search.goal, search.encoder, search.range = Goal(PSNR, quality=33), EVERY["libx264"], RANGE
            search.encoding, search.sizes, search.points = SimpleNamespace(frame=SimpleNamespace(width=640)), [full, half], {}
            search.probes = SimpleNamespace(point=point)
            curves = search.run()
            self.assertEqual(list(curves), [full, half])
            self.assertGreater(len(probed[full]), 2)
            self.assertTrue(len(probed[half]) == 2 if most == 2 else 2 < len(probed[half]) <= most, probed)

    def test_to_the_ends(self):
        for goal, end in ((Goal(PSNR, quality=90), 1), (Goal(PSNR, quality=1), 51), (Goal(PSNR, bits=1e9), 1),
                          (Goal(PSNR, bits=1), 51)):
            self.search(goal)
            self.assertIn(end, self.probed)


class Words(unittest.TestCase):
    def refused(self, call, pattern):
        with self.assertRaisesRegex(Fault, pattern):
            call()

    def test_targets(self):
        self.assertEqual(target.parse("bitrate:1.5M").value, 1_500_000)
        self.assertEqual(target.parse("size:20k").value, 20_000)
        self.assertEqual(target.parse("vmaf-neg:85").value, 85)
        for text, pattern in (("vmaf-neg:101", r"expected a number \(0, 100\], found '101'"), ("psnr:-1", "found '-1'"),
                              ("psnr:0", "found '0'"), ("bitrate:0", "expected bits per second .* found '0'"),
                              ("bitrate:-5k", "found '-5k'"), ("size:0", "expected bytes as 700k or 20M, found '0'"),
                              ("ssim:1", "expected vmaf-neg:85, .* found 'ssim:1'"), ("psnr", "found 'psnr'"),
                              ("psnr:nan", "found 'nan'"), ("", "found ''")):
            with self.subTest(text):
                self.refused(lambda: target.parse(text), pattern)

    def test_what_counts_as_met(self):
        near = {"psnr:38": (37.86, 38.14), "vmaf-neg:85": (84.6, 85.4), "bitrate:100k": (97_100, 102_900),
                "size:100k": (97_100, 99_999)}
        far = {"psnr:38": (37.8, 38.2), "vmaf-neg:85": (84.4, 85.6), "bitrate:100k": (96_000, 104_000),
               "size:100k": (96_000, 100_001)}
        for text, values in near.items():
            for value in values:
                self.assertLessEqual(abs(target.parse(text).off(value)), 1, (text, value))
        for text, (low, high) in far.items():
            self.assertLess(target.parse(text).off(low), -1, text)
            self.assertGreater(target.parse(text).off(high), 1, text)

    def test_the_better_of_two(self):
        size, rate = target.parse("size:100k"), target.parse("bitrate:100k")
        self.assertLess(size.badness(90_000), size.badness(100_500))
        self.assertLess(rate.badness(104_000), rate.badness(95_000))

    def test_windows(self):
        for frames, rate in ((1, 25), (23, 25), (24, 25), (48, 30), (97, 25), (300, 30), (90000, 60)):
            found = windows(frames, Fraction(rate))
            self.assertTrue(all(a + n <= b for (a, n), (b, _) in zip(found, found[1:])), found)
            self.assertLessEqual(found[-1][0] + found[-1][1], frames)
            self.assertLessEqual(sum(length for _, length in found), max(24, frames // 2, 1))
        self.assertEqual(windows(3, Fraction(25)), [(0, 3)])
        self.assertEqual([length for _, length in windows(90000, Fraction(25))], [50, 50, 50])

    def test_sizes(self):
        self.assertEqual(candidates.fractions("1/2,full,3/4"), [Fraction(1), Fraction(3, 4), Fraction(1, 2)])
        for text in ("1/5", "2", "1/0", "", "full,x", "-1/2"):
            self.refused(lambda: candidates.fractions(text), r"--sizes: expected full.* fractions .*, found '")

    def test_ladder(self):
        self.assertEqual([ladder.count_of(text) for text in ("auto:4", "720,540", None)], [4, 0, 0])
        for text in ("auto:0", "auto:", "auto:99", "auto:x"):
            self.refused(lambda: ladder.count_of(text), "expected auto:N with N")

    def test_encoder_options(self):
        self.assertEqual(coder.split_options(r"tune=film:x265-params=a=1\:b=2"), [("tune", "film"), ("x265-params", "a=1:b=2")])
        for text in ("tune", "tune=", "=film", "tu ne=film", "tune=film::aq-mode=1", "crf=3", "b=1M"):
            self.refused(lambda: coder.split_options(text), "--encoder-options: expected .*, found '")
        self.assertEqual(coder.merged(["-x265-params", "log-level=error", "-g:v:0", "9", "-x265-params:v:0", "aq-mode=2"]),
                         ["-x265-params:v:0", "log-level=error:aq-mode=2", "-g:v:0", "9"])
        self.assertEqual((coder.gop_of("48"), coder.gop_of("1.5s")), ((48, None), (0, Fraction(3, 2))))
        for text in ("0", "0s", "1.5", "-2", "2 s", "x"):
            self.refused(lambda: coder.gop_of(text), "--gop: expected frames as 48, or seconds as 2s, found '")


if __name__ == "__main__":
    unittest.main()
