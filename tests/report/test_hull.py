#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The hull over sizes against cases worked out by hand: its definition, its shares, the words, what may be left out."""

import math
import random
import unittest
import unittest.mock
from fractions import Fraction
from types import SimpleNamespace

import reporting

reporting.use_its_python()

import numpy  # noqa: E402

from hcd import bdrate, sizes  # noqa: E402
from hcd.encoders import ENCODERS  # noqa: E402
from hcd.report import cells, chains, compare, group, hull, plan, words  # noqa: E402
from hcd.report.measure import MEASURES  # noqa: E402
from hcd.run import Fault  # noqa: E402

X264 = ENCODERS["libx264"]
HALF, TWO_THIRDS = Fraction(1, 2), Fraction(2, 3)
FULL = [(1000.0, 30.0), (2000.0, 34.0), (4000.0, 38.0)]  # an octave of bits for 4 dB
PSNR, NEG = MEASURES[0], MEASURES[1]


def times(factor, curve):
    return [(factor * bits, quality) for bits, quality in curve]


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

    def test_nothing_in_common(self):
        far = [(bits, quality - 20) for bits, quality in FULL]
        self.assertIsNone(bdrate.common_range(FULL, [far]))
        self.assertEqual(bdrate.bd_hull(FULL, [far]).why, "no overlap")
        self.assertEqual(bdrate.bd_hull(FULL, [[(500.0, 29.9), (600.0, 30.1)]]).why, "no overlap")  # hardly any
        self.assertEqual(bdrate.bd_hull(FULL[:1], [FULL]).why, "needs 2 points of full size")
        self.assertEqual(bdrate.bd_hull(FULL, [[]]).why, "no overlap")


def clip():
    return SimpleNamespace(name="clip", frames=10, seconds=lambda: 1.0)


def table(name):
    return next(chain for chain in chains.TABLE if chain.name == name)


def made(curves, measure=PSNR):
    """A group of curves by (chain, size)."""
    own, every = clip(), []
    for (name, size), curve in curves.items():
        chain = table(name).at(size) if size else table(name)
        every += [cells.Cell(own, chain, X264, float(number), round(bits), values={measure.name: quality},
                             times={"encode_cpu_s": 10.0 * (size or 1), "enlarge_cpu_s": 1.0})
                  for number, (bits, quality) in enumerate(curve)]
    return group.group(every)[0]


WIDE = [(1e6 * 2 ** (step / 2), 28.0 + 2 * step) for step in range(9)]  # an octave of bits for 4 dB, 28 to 44
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
        third = {("lanczos", Fraction(1, 3)): times(1.1, WIDE[:3])}
        values = [row.difference.value for curves in (half, half | third) for row in compare.hulls(made(curves))
                  if row.kind == "hull"]
        self.assertAlmostEqual(values[0], -20, delta=0.01)
        self.assertEqual(values[0], values[1])


def bending(low, high):
    """Needs `low` times the bits of WIDE at its low end and `high` times at the other."""
    return [(bits * low * (high / low) ** (step / 8), quality) for step, (bits, quality) in enumerate(WIDE)]


class Words(unittest.TestCase):
    def case(self, **measures):
        # Half size is cheapest below 34 dB (-> 0.9 at 32.. the crossings stand where the factors meet), 2/3 up to 40.
        return made({("full", None): WIDE, ("lanczos", HALF): bending(0.5, 2.0), ("lanczos", TWO_THIRDS): bending(0.7, 1.1)},
                    **measures)

    def test_crossings(self):
        own = self.case()
        viewer, = hull.viewers(own)
        found = hull.winners(own, viewer, PSNR)
        parts = found.parts()
        self.assertEqual([size for size, _, _ in parts], [HALF, TWO_THIRDS, Fraction(1)])
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
        self.assertEqual(words.about_viewer(own, viewer, PSNR), "full size, a smaller one pays nowhere (compared from 1000 to 16000 kbit/s)")

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


class Plan(unittest.TestCase):
    """A synthetic title: log bits are a line over quality, for each size another one, with a bend."""

    def curves(self, seed):
        draw = random.Random(seed)
        found = {}
        for name, size in ([("full", None)] + [(name, size) for size in (HALF, TWO_THIRDS, Fraction(1, 3))
                                               for name in ("bicubic", "lanczos", "hcd_bicubic", "lanczos+lite")]):
            start, bend = draw.uniform(-0.3, 0.5), draw.uniform(0, 0.05)
            steep = 0.17 + draw.uniform(0, 0.06) * (1 if size is None else 2 - float(size))
            found[name, size] = [(1e5 * math.exp(start + steep * k + bend * k * k / 10), 28 + k + draw.uniform(-.1, .1))
                                 for k in (0, 2, 4, 6, 8)]
        return found

    def filled(self, curves, claims, margin):
        """The cells that are made, as a group, and how many were possible."""
        whole = made(curves)
        every = [cell for chain in whole.chains for cell in whole.cells[chain.name]]
        known = {id(cell): (cell.bits, cell.values) for cell in every}
        for cell in every:
            cell.bits, cell.values = 0, {}

        def run(some):
            for cell in some:
                self.assertEqual(cell.bits, 0)  # nothing is made twice
                cell.bits, cell.values = known[id(cell)]

        with unittest.mock.patch.object(plan, "MARGIN", margin):
            chosen = plan.fill(every, claims, run)
        self.assertEqual([cell for cell in every if cell.bits], chosen)
        return group.group(chosen)[0], len(chosen), len(every)

    def hulls(self, own):
        return [hull.hull_of(own, viewer, PSNR).saved.value for viewer in hull.viewers(own)]

    def test_the_hull_is_that_of_all_cells(self):
        left_out, differences, poorer = 0, [], []
        for seed in range(40):
            curves = self.curves(seed)
            own, count, possible = self.filled(curves, [], plan.MARGIN)
            left_out += possible - count
            complete = self.hulls(made(curves))
            differences += [abs(a - b) for a, b in zip(self.hulls(own), complete, strict=True)]
            # The control: without what lies near, the hull changes.
            poor, _, _ = self.filled(curves, [], -math.inf)
            poorer += [abs(a - b) for a, b in zip(self.hulls(poor), complete, strict=True)]
        self.assertGreater(left_out, 500)  # of 2600
        # In points of a per cent.
        self.assertLess(max(differences), 0.5)
        self.assertEqual(sorted(differences)[len(differences) // 2], 0)
        self.assertLess(sum(differences) / len(differences), 0.05)
        self.assertGreater(max(poorer), 5)

    def test_claims_are_whole(self):
        own, _, _ = self.filled(self.curves(3), [TWO_THIRDS], plan.MARGIN)
        for chain in own.chains:
            if chain.size in (TWO_THIRDS, Fraction(1)) or (chain.size == HALF and chain.blind):
                self.assertEqual(len(own.cells[chain.name]), 5, chain.name)

    def test_without_full_size_all_are_made(self):
        curves = {key: curve for key, curve in self.curves(3).items() if key[1]}
        _, count, possible = self.filled(curves, [], plan.MARGIN)
        self.assertEqual(count, possible)

    def test_what_may_matter(self):
        # Places 1 and 3 of five, at these heights above the hull.
        near, far = plan.MARGIN / 2, 4 * plan.MARGIN
        for above, places in (((far, far), ()), ((near, far), (0, 2)), ((far, near), (2, 4)), ((near, near), (0, 2, 4)),
                              ((8 * plan.MARGIN, 3 * plan.MARGIN), (4,)), ((-math.inf, far), (0, 2, 4))):
            self.assertEqual(tuple(place for place in (0, 2, 4) if plan.may_matter(place, [1, 3], list(above))), places,
                             above)

    def test_inner(self):
        self.assertEqual([sorted(plan.inner(count)) for count in (1, 2, 3, 4, 5, 6)],
                         [[0], [0, 1], [0, 2], [1, 2], [1, 3], [1, 4]])


class Sizes(unittest.TestCase):
    def test_parse(self):
        self.assertEqual(sizes.parse("--sizes", "1/2,full,2/3,4/6"), [Fraction(1), TWO_THIRDS, HALF])
        for text in ("", "half", "0.5", "1", "3/2", "1/1", "1/17", "1/0", "0/2", "full,", "2/3;1/2"):
            with self.assertRaisesRegex(Fault, "--sizes: expected full.*, found '"):
                sizes.parse("--sizes", text)

    def test_pixels(self):
        self.assertEqual(sizes.pixels(832, 480, TWO_THIRDS), (556, 320))   # 554.7 -> 555 -> 556
        self.assertEqual(sizes.pixels(832, 480, TWO_THIRDS, (1, 1)), (555, 320))
        self.assertEqual(sizes.pixels(832, 480, HALF), (416, 240))
        self.assertEqual(sizes.pixels(352, 288, Fraction(1, 4)), (88, 72))
        self.assertEqual(sizes.pixels(352, 286, TWO_THIRDS, (2, 1)), (236, 191))

    def test_crfs_rise_with_size(self):
        every = [Fraction(1), Fraction(3, 4), TWO_THIRDS, HALF, Fraction(1, 3), Fraction(1, 4)]
        for encoder in ENCODERS.values():
            curves = [sizes.crfs(encoder, size) for size in every]
            for curve in curves:
                self.assertEqual(len(set(curve)), sizes.POINTS)
                self.assertTrue(all(1 <= crf <= encoder.highest and crf % 1 == 0 for crf in curve))
                self.assertEqual(curve, sorted(curve))
            for larger, smaller in zip(curves, curves[1:]):
                self.assertTrue(all(a >= b for a, b in zip(larger, smaller)), (larger, smaller))
                self.assertGreater(larger[0], smaller[0])
        self.assertEqual(sizes.crfs(X264, HALF), [18, 23, 28, 33, 38])
        self.assertEqual(sizes.crfs(X264, Fraction(1)), [24, 29, 34, 39, 44])

    def test_what_the_user_says_of_crfs(self):
        half, full = table("lanczos").at(HALF), table("full")
        own = cells.Crfs({"libx264": [20.0, 30.0]}, {})
        self.assertEqual([own.of(X264, chain) for chain in (half, full)], [[20, 30], [20, 30]])
        own = cells.Crfs({}, {"libx264": [40.0]})
        self.assertEqual([own.of(X264, chain) for chain in (half, full)], [sizes.crfs(X264, HALF), [40]])

    def test_filters(self):
        self.assertEqual(chains.made_for("lite"), "hcd_down=model=lite:w={sw}:h={sh}")
        self.assertEqual(chains.player("lite"), "hcd_up=model=lite:w={w}:h={h}")
        chain = table("hcd_lite+tuned").at(TWO_THIRDS)
        self.assertEqual((chain.name, chain.base, chain.viewer), ("hcd_lite+tuned@2/3", "hcd_lite+tuned", "lite"))

    def test_a_size_that_the_build_refuses_is_left_out(self):
        said = []

        def refusal(chain):
            return "too small" if chain.size == TWO_THIRDS and "lite" in chain.name else ""

        with unittest.mock.patch.object(chains, "refusal", refusal), \
                unittest.mock.patch.object(chains, "missing", lambda chain: []):
            found = chains.choose(["full", "lanczos", "hcd_lite"], [], [Fraction(1), TWO_THIRDS, HALF], said.append)
            self.assertEqual([chain.name for chain in found],
                             ["full", "lanczos@2/3", "lanczos@1/2", "hcd_lite@1/2"])
            self.assertEqual(said, ["left out at 2/3: hcd_lite (too small)"])
            with self.assertRaisesRegex(Fault, "expected a chain at a size that it takes"):
                chains.choose(["hcd_lite"], [], [TWO_THIRDS], said.append)
            with self.assertRaisesRegex(Fault, "--sizes: expected full among them for --chains full, found '1/2'"):
                chains.choose(["full", "lanczos"], [], [HALF], said.append)
            added = chains.choose(["lanczos"], ["mine=scale={sw}:{sh}|null", "one=scale=8:8|null"], [TWO_THIRDS, HALF],
                                  said.append)
            self.assertEqual([chain.name for chain in added],
                             ["lanczos@2/3", "lanczos@1/2", "mine@2/3", "mine@1/2", "one"])


if __name__ == "__main__":
    unittest.main(verbosity=1)
