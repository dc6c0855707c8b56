#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The sizes of scripts/report: which there are, their pixels and CRFs, and which of their cells may be left out."""

import math
import random
import unittest
import unittest.mock
from fractions import Fraction

import reporting

reporting.use_its_python()

from synthetic import FULL_SIZE, HALF, PSNR, THIRD, TWO_THIRDS, X264, made, table  # noqa: E402

from hcd import sizes  # noqa: E402
from hcd.encoders import ENCODERS  # noqa: E402
from hcd.report import cells, chains, group, hull, plan  # noqa: E402
from hcd.run import Fault  # noqa: E402


class Plan(unittest.TestCase):
    """A synthetic title: log bits are a line over quality, for each size another one, with a bend."""

    def curves(self, seed):
        draw = random.Random(seed)
        found = {}
        for name, size in ([("full", None)] + [(name, size) for size in (HALF, TWO_THIRDS, THIRD)
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
            if chain.size in (TWO_THIRDS, FULL_SIZE) or (chain.size == HALF and chain.blind):
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
        self.assertEqual(sizes.parse("--sizes", "1/2,full,2/3,4/6"), [FULL_SIZE, TWO_THIRDS, HALF])
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
        every = [FULL_SIZE, Fraction(3, 4), TWO_THIRDS, HALF, THIRD, Fraction(1, 4)]
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
        self.assertEqual(sizes.crfs(X264, FULL_SIZE), [24, 29, 34, 39, 44])

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
            found = chains.choose(["full", "lanczos", "hcd_lite"], [], [FULL_SIZE, TWO_THIRDS, HALF], said.append)
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
