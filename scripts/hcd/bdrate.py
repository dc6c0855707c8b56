# SPDX-License-Identifier: BSD-2-Clause
"""Curves beside each other: BD-rate, the better anchor, the hull over sizes. A curve is a list of (bits, quality)."""

import math
import os
from dataclasses import dataclass

import numpy

os.environ.setdefault("MPLBACKEND", "Agg")  # bjontegaard loads matplotlib
import bjontegaard  # noqa: E402

NO_OVERLAP = "no overlap"
POINTS = 4            # a BD-rate needs so many
STEPS = 2001          # of a range of quality
LEAST_OVERLAP = 0.25  # of the two ranges of quality
LEAST_OF_FULL = 0.1   # of full size's range, for a hull
Curve = list[tuple[float, float]]


@dataclass(frozen=True)
class Difference:
    """A BD figure, or why there is none. `overlap`: share of the union of both ranges that both cover."""
    value: float | None
    overlap: float | None = None
    why: str = ""


def overlap_share(first: list[float], second: list[float]) -> float:
    union = max(*first, *second) - min(*first, *second)
    common = min(max(first), max(second)) - max(min(first), min(second))
    if union == 0:
        return 1.0
    return max(common, 0.0) / union


def rising(curve: Curve) -> bool:
    return all(a[0] < b[0] and a[1] < b[1] for a, b in zip(curve, curve[1:]))


def prepared(anchor: Curve, tested: Curve) -> tuple[Curve, Curve, Difference | None]:
    """Both curves by ascending bits, and why they cannot be compared, if so."""
    anchor, tested = sorted(anchor), sorted(tested)
    if min(len(anchor), len(tested)) < POINTS:
        return anchor, tested, Difference(None, None, f"needs {POINTS} points")
    if not rising(anchor) or not rising(tested):
        return anchor, tested, Difference(None, None, "not monotone")
    return anchor, tested, None


def columns(curve: Curve) -> tuple[list[float], list[float]]:
    return [bits for bits, _ in curve], [quality for _, quality in curve]


def bd_rate(anchor: Curve, tested: Curve) -> Difference:
    """Difference of bits at equal quality, in per cent; below 0 the tested chain needs fewer."""
    anchor, tested, problem = prepared(anchor, tested)
    if problem:
        return problem
    overlap = overlap_share(columns(anchor)[1], columns(tested)[1])
    if overlap < LEAST_OVERLAP:
        return Difference(None, overlap, NO_OVERLAP)
    value = bjontegaard.bd_rate(*columns(anchor), *columns(tested), method="akima", require_matching_points=False,
                                min_overlap=0)
    return Difference(float(value), overlap)


def bd_quality(anchor: Curve, tested: Curve, relative: bool = False) -> Difference:
    """Difference of quality at equal bits, in its unit, or (`relative`) in per cent of the anchor's."""
    anchor, tested = sorted(anchor), sorted(tested)
    if min(len(anchor), len(tested)) < POINTS:
        return Difference(None, None, f"needs {POINTS} points")
    logs = [[math.log10(bits) for bits, _ in curve] for curve in (anchor, tested)]
    values = [[math.log(max(quality, 1e-6)) if relative else quality for _, quality in curve]
              for curve in (anchor, tested)]
    if any(a >= b for line in logs for a, b in zip(line, line[1:])):
        return Difference(None, None, "not monotone")
    overlap = overlap_share(*logs)
    if overlap < LEAST_OVERLAP:
        return Difference(None, overlap, NO_OVERLAP)
    value = bjontegaard.bd_linear(logs[0], values[0], logs[1], values[1], method="akima",
                                  require_matching_points=False, min_overlap=0)
    return Difference(100 * math.expm1(value) if relative else float(value), overlap)


def cheapest(curve: Curve) -> Curve:
    """By rising quality, without the points that another one of the curve equals or beats for as few bits."""
    kept: Curve = []
    for bits, quality in sorted(curve, key=lambda point: (point[0], -point[1])):
        if not kept or quality > kept[-1][1]:
            kept.append((bits, quality))
    return kept


def log_bits_at(curve: Curve, qualities: numpy.ndarray) -> numpy.ndarray:
    """The log bits for a quality or better: straight lines in (quality, log bits) between the points, the least of them
    below their range, infinite above it."""
    bits, quality = columns(cheapest(curve))
    if not bits:
        return numpy.full(len(qualities), numpy.inf)
    return numpy.interp(qualities, quality, numpy.log(bits), right=numpy.inf)


def lower_envelope(curves: list[Curve], qualities: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray]:
    """The hull: at each quality the fewest log bits of any curve (infinite where none reaches it), and the number of the
    curve that needs them, the first of equals. A stream has one size, so nothing is taken between two curves."""
    lines = numpy.array([log_bits_at(curve, qualities) for curve in curves])
    which = lines.argmin(axis=0)
    return lines[which, numpy.arange(len(qualities))], which


def common_range(full: Curve, others: list[Curve]) -> tuple[float, float] | None:
    """The qualities that full size and at least one of the others reach; None where there is none."""
    points = [quality for curve in others for _, quality in cheapest(curve)]
    own = [quality for _, quality in cheapest(full)]
    if not own or not points:
        return None
    low, high = max(own[0], min(points)), min(own[-1], max(points))
    return (low, high) if low < high else None


def bd_hull(full: Curve, others: list[Curve], within: tuple[float, float] | None = None) -> Difference:
    """The hull of full size and the others against full size alone: the difference of bits at equal quality, in per
    cent, mean of its logarithm over the range of quality `within` (default: their common range). The overlap is that
    range's share of full size's."""
    if len(cheapest(full)) < 2:
        return Difference(None, None, "needs 2 points of full size")
    within = within or common_range(full, others)
    qualities = [quality for _, quality in cheapest(full)]
    if within is None:
        return Difference(None, 0.0, NO_OVERLAP)
    overlap = (within[1] - within[0]) / (qualities[-1] - qualities[0])
    if overlap < LEAST_OF_FULL:
        return Difference(None, overlap, NO_OVERLAP)
    at = numpy.linspace(*within, STEPS)
    saved = lower_envelope([full, *others], at)[0] - log_bits_at(full, at)
    return Difference(100 * math.expm1(float(numpy.mean(saved))), overlap)


def better(first: Curve, second: Curve) -> int | None:
    """Which of two blind curves is the anchor: 0 or 1; None where they cannot be compared."""
    difference = bd_rate(first, second)
    return None if difference.value is None else int(difference.value < 0)
