#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The hull over sizes against cases worked out by hand: its definition, its shares, the words."""

import math
import unittest

import reporting

reporting.use_its_python()

import numpy  # noqa: E402
from synthetic import FULL_SIZE, HALF, PSNR, THIRD, TWO_THIRDS, WIDE, made, times  # noqa: E402

from hcd import bdrate  # noqa: E402
from hcd.report import compare, hull, words  # noqa: E402

FULL = [(1000.0, 30.0), (2000.0, 34.0), (4000.0, 38.0)]  # an octave of bits for 4 dB


class Definition(unittest.TestCase):
    def test_constant_factor_and_negative_control(self):
        for factor in (0.5, 0.9):
            self.assertAlmostEqual(bdrate.bd_hull(FULL, [times(factor, FULL)]).value, 100 * (factor - 1), places=9)
        self.assertEqual(bdrate.bd_hull(FULL, [times(1.3, FULL)]).value, 0)  # a dearer size changes nothing
        self.assertEqual(bdrate.bd_hull(FULL, [FULL]).value, 0)

    def test_a_size_that_ends_in_the_middle(self):
        # A quarter fewer bits up to 34 dB, and nothing beyond it. Where both can be had all is saved; over all of full
        # size's range half of it, in logarithms.
        small = times(0.75, FULL[:2])
        found = bdrate.bd_hull(FULL, [small])
        self.assertAlmostEqual(found.value, -25, places=6)
        self.assertAlmostEqual(found.overlap, 0.5)
        self.assertAlmostEqual(bdrate.bd_hull(FULL, [small], (30, 38)).value, 100 * (math.sqrt(0.75) - 1), delta=0.01)

    def test_straight_lines_within_a_curve_and_none_between_curves(self):
        # One octave dearer at 30 dB, one cheaper at 38: they cross at 34, from where on it saves 0 to 1 octave.
        crossing = [(2000.0, 30.0), (2000.0, 38.0)]
        self.assertEqual(bdrate.cheapest(crossing), [(2000.0, 38.0)])
        crossing = [(1999.0, 30.0), (2001.0, 38.0)]
        least, which = bdrate.lower_envelope([FULL, crossing], numpy.array([30, 32, 33.9, 34.1, 36, 38]))
        self.assertEqual(list(which), [0, 0, 0, 1, 1, 1])
        self.assertAlmostEqual(math.exp(least[1]), 1000 * math.sqrt(2), places=6)
        self.assertAlmostEqual(bdrate.bd_hull(FULL, [crossing]).value, 100 * (2 ** -0.25 - 1), delta=0.05)
        # Two good points of two sizes: a convex hull would save between them, where neither size is cheaper.
        self.assertEqual(bdrate.bd_hull(FULL, [[(700.0, 29.0), (990.0, 30.0)], [(2900.0, 36.0), (3990.0, 38.0)]],
                                        (31, 35)).value, 0)

    def test_points_that_another_beats_do_not_count(self):
        bent = [(500.0, 30.0), (900.0, 29.0), (1000.0, 34.0), (2000.0, 38.0)]
        self.assertEqual([bits for bits, _ in bdrate.cheapest(bent)], [500, 1000, 2000])
        self.assertAlmostEqual(bdrate.bd_hull(FULL, [bent]).value, -50, places=6)

    def test_a_hull_never_falls(self):
        # The cheaper curve begins at 33 dB; its first point serves for less, too, where that is cheaper.
        late = [(1100.0, 33.0), (2200.0, 37.0)]
        least, which = bdrate.lower_envelope([FULL, late], numpy.array([30, 30.5, 30.6, 32, 33, 35, 37, 37.1]))
        self.assertEqual(list(which), [0, 0, 1, 1, 1, 1, 1, 0])
        self.assertEqual(list(least), sorted(least))
        self.assertAlmostEqual(math.exp(least[3]), 1100)

    def test_nothing_in_common(self):
        far = [(bits, quality - 20) for bits, quality in FULL]
        self.assertIsNone(bdrate.common_range(FULL, [far]))
        self.assertEqual(bdrate.bd_hull(FULL, [far]).why, "no overlap")
        self.assertEqual(bdrate.bd_hull(FULL, [[(500.0, 29.9), (600.0, 30.1)]]).why, "no overlap")  # hardly any
        self.assertEqual(bdrate.bd_hull(FULL[:1], [FULL]).why, "needs 2 points of full size")
        self.assertEqual(bdrate.bd_hull(FULL, [[]]).why, "no overlap")


CASE = {("full", None): WIDE, ("lanczos", HALF): times(0.9, WIDE), ("lanczos", TWO_THIRDS): times(0.8, WIDE),
        ("hcd_bicubic", HALF): times(0.78, WIDE), ("lanczos+lite", HALF): times(0.7, WIDE),
        ("hcd_lite", TWO_THIRDS): times(0.6, WIDE), ("hcd_lite+tuned", HALF): times(0.5, WIDE)}


class Shares(unittest.TestCase):
    def test_who_can_play_what(self):
        found = {viewer.name: viewer for viewer in hull.viewers(made(CASE))}
        self.assertEqual(list(found), ["bicubic", "lite", "lite tuned"])
        self.assertEqual([what for what, _ in found["lite tuned"].steps],
                         ["blind 1/2", "other blind sizes", "client", "descent", "tuning"])
        self.assertEqual([chain.name for chain in found["lite"].chains()],
                         ["lanczos@1/2", "lanczos@2/3", "lanczos+lite@1/2", "hcd_bicubic@1/2", "hcd_lite@2/3"])
        self.assertEqual([what for what, _ in found["bicubic"].steps], ["blind 1/2", "other blind sizes", "descent"])

    def test_shares_add_up(self):
        own = made(CASE)
        for viewer, factors in (("bicubic", (0.9, 0.8, 0.78)), ("lite", (0.9, 0.8, 0.7, 0.6)),
                                ("lite tuned", (0.9, 0.8, 0.7, 0.6, 0.5))):
            found = hull.hull_of(own, next(one for one in hull.viewers(own) if one.name == viewer), PSNR)
            given = [share.value for _, share in found.shares()]
            for value, before, after in zip(given, (1, *factors[:-1]), factors, strict=True):
                self.assertAlmostEqual(value, 100 * (after - before), delta=0.01)
            self.assertAlmostEqual(sum(given), found.saved.value, places=9)

    def test_rows(self):
        rows = compare.hulls(made(CASE))
        self.assertEqual({row.measure for row in rows}, {"psnr_y"})
        self.assertEqual([(row.tested, round(row.difference.value)) for row in rows if row.kind == "hull"],
                         [("bicubic", -22), ("lite", -40), ("lite tuned", -50)])
        self.assertIn(("lite: client", -10), [(row.tested, round(row.difference.value)) for row in rows
                                              if row.kind == "share"])
        self.assertEqual(compare.hulls(made({("lanczos", HALF): WIDE})), [])

    def test_no_figure_where_nothing_is_common(self):
        low = [(bits, quality - 40) for bits, quality in WIDE]
        rows = compare.hulls(made({("full", None): WIDE, ("lanczos", HALF): low}))
        self.assertEqual([(row.kind, row.difference.why) for row in rows], [("hull", "no overlap")])

    def test_the_range_is_that_of_half_size(self):
        # A third would end lower: the figure must not change by its presence, where it is dearer.
        half = {("full", None): WIDE, ("lanczos", HALF): times(0.8, WIDE[:6])}
        third = {("lanczos", THIRD): times(1.1, WIDE[:3])}
        values = [row.difference.value for curves in (half, half | third) for row in compare.hulls(made(curves))
                  if row.kind == "hull"]
        self.assertAlmostEqual(values[0], -20, delta=0.01)
        self.assertEqual(values[0], values[1])


def bending(low, high):
    """Needs `low` times the bits of WIDE at its low end and `high` times at the other."""
    return [(bits * low * (high / low) ** (step / 8), quality) for step, (bits, quality) in enumerate(WIDE)]


class Words(unittest.TestCase):
    def test_crossings(self):
        own = made({("full", None): WIDE, ("lanczos", HALF): bending(0.5, 2.0),
                    ("lanczos", TWO_THIRDS): bending(0.7, 1.1)})
        viewer, = hull.viewers(own)
        found = hull.winners(own, viewer, PSNR)
        parts = found.parts()
        self.assertEqual([size for size, _, _ in parts], [HALF, TWO_THIRDS, FULL_SIZE])
        # 0.5 * 4^t = 0.7 * (11/7)^t, and 0.7 * (11/7)^t = 1, t from 0 to 1 over 16 dB.
        first, second = math.log(1.4) / math.log(4 / (11 / 7)), math.log(1 / 0.7) / math.log(11 / 7)
        for (_, start, _), t in zip(parts[1:], (first, second)):
            self.assertAlmostEqual(found.qualities[start], 28 + 16 * t, delta=0.1)
        said = words.about_viewer(own, viewer, PSNR)
        at = [1e6 * 16 ** t for t in (first, second)]
        rates = [f"{found.bits[start] / 1e3:.0f}" for _, start, _ in parts[1:]]
        self.assertAlmostEqual(float(rates[1]) / (at[1] / 1e3), 1, delta=0.02)
        self.assertIn(f"2/3 below {rates[1]} kbit/s (lanczos), 1/2 below {rates[0]} kbit/s (lanczos); ", said)
        self.assertIn(" % fewer bits than full size alone (compared from 500 to 16000 kbit/s)", said)
        self.assertEqual(words.verdict(own), [("any player", [("PSNR-Y", said)])])

    def test_pays_nowhere(self):
        own = made({("full", None): WIDE, ("lanczos", HALF): times(1.2, WIDE)})
        viewer, = hull.viewers(own)
        self.assertEqual(words.about_viewer(own, viewer, PSNR),
                         "full size, a smaller one pays nowhere (compared from 1000 to 16000 kbit/s)")

    def test_pays_everywhere(self):
        own = made({("full", None): WIDE, ("lanczos", HALF): times(0.8, WIDE)})
        viewer, = hull.viewers(own)
        self.assertTrue(words.about_viewer(own, viewer, PSNR).startswith("1/2 up to 12800 kbit/s (lanczos); "))

    def test_nothing_common(self):
        own = made({("full", None): WIDE, ("lanczos", HALF): [(bits, quality - 40) for bits, quality in WIDE]})
        viewer, = hull.viewers(own)
        self.assertIn("no figure (no overlap: ", words.about_viewer(own, viewer, PSNR))

    def test_slight_parts_are_not_told(self):
        # 2/3 is a shade cheaper around one point.
        half = times(0.8, WIDE)
        shade = [(bits * (0.797 if number == 4 else 0.85), quality) for number, (bits, quality) in enumerate(WIDE)]
        own = made({("full", None): WIDE, ("lanczos", HALF): half, ("lanczos", TWO_THIRDS): shade})
        viewer, = hull.viewers(own)
        found = hull.winners(own, viewer, PSNR)
        self.assertIn(TWO_THIRDS, map(hull.size_of, found.chains))
        self.assertEqual([size for size, _, _ in found.parts()], [HALF])
        # A part that is not slight is: the control.
        plain = [(bits * (0.6 if number == 4 else 0.85), quality) for number, (bits, quality) in enumerate(WIDE)]
        own = made({("full", None): WIDE, ("lanczos", HALF): half, ("lanczos", TWO_THIRDS): plain})
        self.assertEqual([size for size, _, _ in hull.winners(own, hull.viewers(own)[0], PSNR).parts()],
                         [HALF, TWO_THIRDS, HALF])

    def test_cost_along_the_hull(self):
        own = made({("full", None): WIDE, ("lanczos", HALF): times(0.8, WIDE)})
        viewer, = hull.viewers(own)
        self.assertAlmostEqual(hull.cost(own, hull.winners(own, viewer, PSNR), "encode_cpu_s"), 0.5)  # 5 s, 10 frames
        own = made({("full", None): WIDE, ("lanczos", HALF): bending(0.5, 2.0)})
        self.assertAlmostEqual(hull.cost(own, hull.winners(own, hull.viewers(own)[0], PSNR), "encode_cpu_s"), 0.75,
                               delta=0.01)


if __name__ == "__main__":
    unittest.main(verbosity=1)
