# SPDX-License-Identifier: BSD-2-Clause
"""Curves beside each other: BD-rate, the better anchor, the hull over sizes. A curve is a list of (bits, quality)."""

import math
import os
from dataclasses import dataclass

import numpy
import scipy.interpolate

os.environ.setdefault("MPLBACKEND", "Agg")  # bjontegaard loads matplotlib
import bjontegaard  # noqa: E402

NO_OVERLAP = "no overlap"
POINTS = 4            # a BD-rate needs so many
STEPS = 2001          # of a range of quality
LEAST_OVERLAP = 0.25  # of the two ranges of quality
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


def hull(curve: Curve) -> Curve:
    """The upper convex hull in (log bits, quality), from the fewest bits to the best quality."""
    kept: Curve = []
    for bits, quality in sorted(curve):
        if kept and quality <= kept[-1][1]:
            continue
        while len(kept) > 1 and slope(kept[-2], kept[-1]) <= slope(kept[-2], (bits, quality)):
            kept.pop()
        kept.append((bits, quality))
    return kept


def slope(first: tuple[float, float], second: tuple[float, float]) -> float:
    step = math.log(second[0]) - math.log(first[0])
    return math.inf if step == 0 else (second[1] - first[1]) / step


def log_bits_at(curve: Curve, qualities: numpy.ndarray) -> numpy.ndarray:
    """Straight lines between the points."""
    bits, quality = columns(curve)
    return numpy.interp(qualities, quality, numpy.log(bits))


def bd_hull(full: Curve, others: list[Curve], low_rates: bool = False) -> Difference:
    """BD-rate of the hull of all sizes against the hull of full size, in per cent, with straight lines between points.
    `low_rates`: only up to the quality of full size at the geometric mean of its bits."""
    if min([len(full), *(len(curve) for curve in others)]) < POINTS:
        return Difference(None, None, f"needs {POINTS} points")
    anchor, every = hull(full), hull([*full, *(point for curve in others for point in curve)])
    overlap = overlap_share(columns(anchor)[1], columns(every)[1])
    low, high = max(anchor[0][1], every[0][1]), min(anchor[-1][1], every[-1][1])
    if low_rates:
        mean = sum(math.log(bits) for bits, _ in full) / len(full)
        high = min(high, float(numpy.interp(mean, [math.log(bits) for bits, _ in anchor], columns(anchor)[1])))
    if overlap < LEAST_OVERLAP or high <= low:
        return Difference(None, overlap, NO_OVERLAP)
    qualities = numpy.linspace(low, high, STEPS)
    mean_difference = float(numpy.mean(log_bits_at(every, qualities) - log_bits_at(anchor, qualities)))
    return Difference(100 * math.expm1(mean_difference), overlap)


def akima(curve: Curve) -> scipy.interpolate.Akima1DInterpolator | None:
    """log bits over quality, as the BD-rate takes it; NaN outside the measured range. None where that cannot be."""
    curve = sorted(curve)
    if len(curve) < POINTS or not rising(curve):
        return None
    bits, quality = columns(curve)
    return scipy.interpolate.Akima1DInterpolator(quality, numpy.log(bits), extrapolate=False)


def bd_envelope(full: Curve, others: list[Curve]) -> Difference:
    """BD-rate of the best size at each quality against full size, over the range of full size, in per cent: what
    choosing a size for a whole stream gains, where the hull also takes the straight lines between sizes."""
    anchor, lines = akima(full), [line for curve in others if (line := akima(curve)) is not None]
    if anchor is None:
        return prepared(full, full)[2]
    qualities = numpy.linspace(anchor.x[0], anchor.x[-1], STEPS)
    differences = [numpy.nan_to_num(line(qualities) - anchor(qualities), nan=0.0) for line in lines]
    least = numpy.minimum.reduce([numpy.zeros(STEPS), *differences])
    return Difference(100 * math.expm1(float(numpy.mean(least))), 1.0)


def better(first: Curve, second: Curve) -> int | None:
    """Which of two blind curves is the anchor: 0 or 1; None where they cannot be compared."""
    difference = bd_rate(first, second)
    return None if difference.value is None else int(difference.value < 0)
