# SPDX-License-Identifier: BSD-2-Clause
"""The hull: at each quality the fewest bits of any size, against full size alone; and what each ingredient adds to it.

A viewer has a client, and bicubic besides. His hull is made of the chains that he can play, in this order: full size,
the blind chains of half size with bicubic, those of the other sizes, the blind chains with his client, those made for
their client (the descent), those with tuned weights, those of the user's. A share is what the hull gains when its
chains come in, so the shares of a viewer add up to his figure."""

import itertools
from dataclasses import dataclass
from fractions import Fraction

import numpy

from hcd import bdrate, sizes
from hcd.bdrate import Difference
from hcd.report.chains import Chain
from hcd.report.group import Group
from hcd.report.measure import Measure

PLAIN = "bicubic"  # what every player has
TUNED = "tuned"
SHARE = "points"   # of a per cent of bits
STEPS = 400        # of quality, along the hull
SLIGHT = 0.0025    # share of all bits that a part of the hull must save to be told


@dataclass
class Viewer:
    """`steps`: ingredients in their order, and the chains that each brings in."""
    name: str
    steps: list[tuple[str, list[Chain]]]

    def chains(self) -> list[Chain]:
        return [chain for _, own in self.steps for chain in own]

    def up_to(self, chain: Chain) -> list[Chain]:
        """The chains of its ingredient and of those before it."""
        found: list[Chain] = []
        for _, own in self.steps:
            found += own
            if chain in own:
                return found
        return []


@dataclass
class Hull:
    """One viewer's hull by one measure. `within`: the range of quality that is compared."""
    full: bdrate.Curve
    curves: list[tuple[str, list[bdrate.Curve]]]  # by ingredient
    within: tuple[float, float] | None
    saved: Difference

    def shares(self) -> list[tuple[str, Difference]]:
        """What each ingredient adds, in points; none where the whole has no figure."""
        if self.saved.value is None:
            return []
        found, before, others = [], 0.0, []
        for ingredient, curves in self.curves:
            others += curves
            value = bdrate.bd_hull(self.full, others, self.within).value
            found.append((ingredient, Difference(value - before, self.saved.overlap)))
            before = value
        return found


def full_of(own: Group) -> Chain | None:
    return next((chain for chain in own.chains if chain.full_size), None)


def reference(chains: list[Chain]) -> Fraction:
    """Half size, or the size nearest to it: its curves end the range of quality that is compared."""
    return min((size_of(chain) for chain in chains), key=lambda size: abs(size - sizes.HALF))


def spanning(chains: list[Chain]) -> list[Chain]:
    """The chains whose curves end the range: the blind ones of the size of reference, or all of that size."""
    own = [chain for chain in chains if size_of(chain) == reference(chains)]
    return [chain for chain in own if chain.blind] or own


def ingredient(chain: Chain, half: Fraction) -> tuple[int, str]:
    """Its place in the order, and its name."""
    if chain.added:
        return 5, "added"
    if chain.tuned:
        return 4, "tuning"
    if not chain.blind:
        return 3, "descent"
    if chain.needs:
        return 2, "client"
    return (0, f"blind {sizes.name(half)}") if chain.size == half else (1, "other blind sizes")


def viewer_of(chain: Chain) -> str:
    return f"{chain.viewer} {TUNED}" if chain.tuned else chain.viewer


def viewers(own: Group) -> list[Viewer]:
    """Everybody whose client was measured, with what he can play; nobody where full size was not measured."""
    small = [chain for chain in own.chains if not chain.full_size]
    if full_of(own) is None or not small:
        return []
    found = []
    for name in dict.fromkeys(viewer_of(chain) for chain in small):
        mine = [chain for chain in small if viewer_of(chain) in (name, name.removesuffix(f" {TUNED}"))
                or (viewer_of(chain) == PLAIN and networked(name, small))]
        order: dict[tuple[int, str], list[Chain]] = {}
        for chain in mine:
            order.setdefault(ingredient(chain, reference(mine)), []).append(chain)
        found.append(Viewer(name, [(what, chains) for (_, what), chains in sorted(order.items())]))
    return found


def networked(name: str, small: list[Chain]) -> bool:
    """Whether a viewer's client is a network or the user's, which is a choice beside the plain one."""
    return any(viewer_of(chain) == name and (chain.needs or chain.added) for chain in small)


def hull_of(own: Group, viewer: Viewer, measure: Measure) -> Hull:
    full = own.curve(full_of(own), measure)
    curves = [(what, [own.curve(chain, measure) for chain in chains]) for what, chains in viewer.steps]
    within = bdrate.common_range(full, [own.curve(chain, measure) for chain in spanning(viewer.chains())])
    if within is None:
        return Hull(full, curves, None, Difference(None, 0.0, bdrate.NO_OVERLAP))
    return Hull(full, curves, within, bdrate.bd_hull(full, [curve for _, some in curves for curve in some], within))


# ---- along the hull ----

@dataclass
class Winners:
    """Who needs the fewest bits, at even steps of quality from the lowest that is compared to the best of full size."""
    qualities: numpy.ndarray
    compared: int             # so many steps lie in the range that is compared
    bits: numpy.ndarray       # of the hull
    full_bits: numpy.ndarray  # of full size alone
    chains: list[Chain]       # at each quality
    by_size: dict[Fraction, numpy.ndarray]  # log bits, infinite where a size does not reach

    def parts(self) -> list[tuple[Fraction, int, int]]:
        """(size, first step, step after the last), by rising quality. A part that saves less than SLIGHT over the whole
        range goes to a neighbour."""
        cheapest = [size_of(chain) for chain in self.chains]
        found = [[size, len(list(same))] for size, same in itertools.groupby(cheapest)]
        while len(found) > 1:
            starts = [sum(length for _, length in found[:place]) for place in range(len(found))]
            loss, place, heir = min(
                (self.extra(found[near][0], start, start + found[place][1]), place, near)
                for place, start in enumerate(starts) for near in (place - 1, place + 1) if 0 <= near < len(found))
            if loss > SLIGHT:
                break
            found[place][0] = found[heir][0]
            found = [[size, sum(length for _, length in same)]
                     for size, same in itertools.groupby(found, key=lambda part: part[0])]
        ends = list(itertools.accumulate(length for _, length in found))
        return [(size, end - length, end) for (size, length), end in zip(found, ends)]

    def extra(self, size: Fraction, start: int, end: int) -> float:
        """What a size needs more than the hull from one step to another, in log bits, as a share of the whole range."""
        return float(numpy.sum((self.by_size[size] - numpy.log(self.bits))[start:end])) / len(self.bits)


def size_of(chain: Chain) -> Fraction:
    """A chain of the user's without a size is taken for half size."""
    return chain.size or sizes.HALF


def winners(own: Group, viewer: Viewer, measure: Measure) -> Winners | None:
    """None where full size and the small ones have no quality in common."""
    found = hull_of(own, viewer, measure)
    if found.within is None:
        return None
    chains = [full_of(own), *viewer.chains()]
    curves = [found.full, *(curve for _, some in found.curves for curve in some)]
    qualities = numpy.linspace(found.within[0], bdrate.cheapest(found.full)[-1][1], STEPS)
    least, which = bdrate.lower_envelope(curves, qualities)
    by_size = {size: bdrate.lower_envelope([curve for chain, curve in zip(chains, curves) if size_of(chain) == size],
                                           qualities)[0] for size in dict.fromkeys(map(size_of, chains))}
    return Winners(qualities, int(numpy.sum(qualities <= found.within[1])), numpy.exp(least),
                   numpy.exp(bdrate.log_bits_at(found.full, qualities)), [chains[number] for number in which], by_size)


def cost(own: Group, found: Winners, name: str) -> float | None:
    """CPU seconds a frame along the hull (`encode_cpu_s` or `enlarge_cpu_s`), mean over the range of quality."""
    each = {chain: own.seconds_per_frame(chain, name) for chain in set(found.chains)}
    values = [each[chain] for chain in found.chains]
    return None if None in values else sum(values) / len(values)
