# SPDX-License-Identifier: BSD-2-Clause
"""Which cells are made: all of those that a figure stands on, and of the others those where the hull can change.

Of a curve that is not needed whole two points come first, the inner ones. Where both of them lie above the hull
of all other curves by more than a margin, and straight lines through them say so of the next one too, that is left
out. Nothing depends on the order of work, so a run that was stopped plans the same again."""

import math
from collections.abc import Callable
from fractions import Fraction

import numpy

from hcd import bdrate
from hcd.report.cells import Cell
from hcd.report.group import Group, group
from hcd.report.hull import full_of, spanning, viewer_of, viewers

MARGIN = math.log(1.05)  # of bits


def whole(own: Group, claims: list[Fraction]) -> set[str]:
    """The chains that are measured at every CRF: full size, those that end the range of a hull, the sizes of claims,
    and all where there is no hull."""
    found = {chain.name for chain in own.chains if chain.full_size or chain.size is None or chain.size in claims}
    if full_of(own) is None:
        return {chain.name for chain in own.chains}
    for viewer in viewers(own):
        found |= {chain.name for chain in spanning(viewer.chains())}
    return found


def inner(count: int) -> set[int]:
    """The places of the points of a curve that come first."""
    return {count // 4, count - 1 - count // 4}


def first(groups: list[Group], claims: list[Fraction]) -> list[Cell]:
    chosen = []
    for own in groups:
        complete = whole(own, claims)
        for chain in own.chains:
            cells = own.cells[chain.name]
            chosen += [cell for place, cell in enumerate(cells)
                       if chain.name in complete or place in inner(len(cells))]
    return chosen


def rest(groups: list[Group], made: list[Cell]) -> list[Cell]:
    """Those of the others that can change a hull, now that the first ones are measured."""
    done = {id(cell) for cell in made}
    chosen = []
    for own in groups:
        left = [chain for chain in own.chains if any(id(cell) not in done for cell in own.cells[chain.name])]
        by_name = {viewer.name: viewer for viewer in viewers(own)}
        for chain in left:
            cells = own.cells[chain.name]
            places = [place for place, cell in enumerate(cells) if id(cell) in done]
            rivals = [full_of(own), *(each for each in by_name[viewer_of(chain)].up_to(chain) if each != chain)]
            above = [gaps(own, cells, places, rivals, measure) for measure in own.measured() if measure.rising]
            chosen += [cell for place, cell in enumerate(cells) if id(cell) not in done
                       and (not above or any(may_matter(place, places, found) for found in above))]
    return chosen


def fill(possible: list[Cell], claims: list[Fraction], run: Callable[[list[Cell]], None]) -> list[Cell]:
    """Lets `run` fill the cells that are needed, in two turns, and returns them in the order given."""
    groups = group(possible)
    made = first(groups, claims)
    run(made)
    if more := rest(groups, made):
        run(more)
    done = {id(cell) for cell in [*made, *more]}
    return [cell for cell in possible if id(cell) in done]


def gaps(own: Group, cells: list[Cell], places: list[int], rivals: list, measure) -> list[float]:
    """How far the cells at these places lie above the rivals' hull, in log bits; minus infinity where that is unknown."""
    curves = [own.curve(chain, measure) for chain in rivals]
    found = []
    for place in places:
        cell, quality = cells[place], cells[place].values.get(measure.name)
        if cell.error or quality is None:
            found.append(-math.inf)
            continue
        least = bdrate.lower_envelope(curves, numpy.array([quality]))[0][0]
        found.append(math.log(cell.bits) - least)
    return found


def may_matter(place: int, places: list[int], above: list[float]) -> bool:
    """Whether a point can lie near the hull: a measured one beside it does, or the line through both leads there."""
    if not all(map(math.isfinite, above)) or len(above) < 2:
        return True
    (left, right), (low, high) = places, above
    beside = [low] if place < left else [high] if place > right else [low, high]
    straight = low + (place - left) * (high - low) / (right - left)
    return min(*beside, straight) <= MARGIN
