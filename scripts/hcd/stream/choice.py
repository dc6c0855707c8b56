# SPDX-License-Identifier: BSD-2-Clause
"""Which size and which CRF: bits and quality of each size as curves over the CRF, through a few probes."""

import math
from bisect import bisect_right
from collections.abc import Callable, Hashable
from dataclasses import dataclass

BEYOND = 2.0   # CRFs outside the probes for which a curve still speaks
STEPS = 60     # of a bisection: to the last digit


@dataclass(frozen=True)
class Point:
    """A probe. `bits`: per frame."""
    crf: float
    bits: float
    quality: float


def falling(values: list[float]) -> list[float]:
    """The nearest list that never rises (least squares): where noise of a short probe makes one rise, its neighbours
    share their mean."""
    blocks: list[list[float]] = []  # sum, count
    for value in values:
        blocks.append([value, 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] < blocks[-1][0] / blocks[-1][1]:
            last = blocks.pop()
            blocks[-1] = [blocks[-1][0] + last[0], blocks[-1][1] + last[1]]
    return [total / count for total, count in blocks for _ in range(int(count))]


class Line:
    """A monotone cubic through points (Fritsch and Carlson's slopes, as PCHIP has them), and straight on beyond."""

    def __init__(self, x: list[float], y: list[float]):
        self.x, self.y = x, y
        steps = [b - a for a, b in zip(x, x[1:])]
        rises = [(b - a) / step for a, b, step in zip(y, y[1:], steps)]
        self.slopes = [rises[0] if rises else 0.0]
        for (h0, h1), (d0, d1) in zip(zip(steps, steps[1:]), zip(rises, rises[1:])):
            weights = 2 * h1 + h0, h1 + 2 * h0
            self.slopes.append(0.0 if d0 * d1 <= 0 else sum(weights) / (weights[0] / d0 + weights[1] / d1))
        self.slopes += [rises[-1]] if rises else []

    def __call__(self, at: float) -> float:
        x, y, slopes = self.x, self.y, self.slopes
        if at <= x[0] or at >= x[-1]:
            end = 0 if at <= x[0] else -1
            return y[end] + (at - x[end]) * slopes[end]
        left = bisect_right(x, at) - 1
        h = x[left + 1] - x[left]
        t = (at - x[left]) / h
        return ((1 + 2 * t) * (1 - t) ** 2 * y[left] + t * (1 - t) ** 2 * h * slopes[left]
                + t * t * (3 - 2 * t) * y[left + 1] + t * t * (t - 1) * h * slopes[left + 1])


class Curve:
    """Of one size, over the CRF: the logarithm of the bits and the quality, both falling. Two points or more."""

    def __init__(self, points: list[Point]):
        self.points = sorted(points, key=lambda point: point.crf)
        crfs = [point.crf for point in self.points]
        self.lowest, self.highest = crfs[0], crfs[-1]
        self.log_bits = Line(crfs, falling([math.log(point.bits) for point in self.points]))
        self.quality = Line(crfs, falling([point.quality for point in self.points]))

    def bits(self, crf: float) -> float:
        return math.exp(self.log_bits(crf))

    def crf_for_quality(self, quality: float) -> float:
        """The highest that is as good."""
        return self.last(lambda crf: self.quality(crf) >= quality)

    def crf_for_bits(self, bits: float) -> float:
        """The lowest that needs no more."""
        return self.last(lambda crf: self.log_bits(crf) > math.log(bits))

    def last(self, holds: Callable[[float], bool]) -> float:
        """Where something ends that holds up to some CRF; at the ends of what the curve speaks for, if it always does or
        never."""
        low, high = self.lowest - BEYOND, self.highest + BEYOND
        if not holds(low):
            return low
        if holds(high):
            return high
        for _ in range(STEPS):
            middle = (low + high) / 2
            low, high = (middle, high) if holds(middle) else (low, middle)
        return low

    def reaches_quality(self, quality: float, range_: tuple[float, float]) -> bool:
        """Whether a CRF of the encoder's range, near the probes, makes just that."""
        low, high = max(range_[0], self.lowest - BEYOND), min(range_[1], self.highest + BEYOND)
        return self.quality(high) <= quality <= self.quality(low)

    def reaches_bits(self, bits: float, range_: tuple[float, float]) -> bool:
        low, high = max(range_[0], self.lowest - BEYOND), min(range_[1], self.highest + BEYOND)
        return self.bits(high) <= bits <= self.bits(low)


@dataclass(frozen=True)
class Choice:
    """`bits` per frame."""
    size: Hashable
    crf: float
    bits: float
    quality: float


Curves = dict[Hashable, Curve]  # the larger sizes first: of two that are equal the first is taken


def at_quality(curves: Curves, quality: float, range_: tuple[float, float]) -> list[Choice]:
    """What each size that reaches it needs for a quality, the fewest bits first."""
    found = [Choice(size, crf := curve.crf_for_quality(quality), curve.bits(crf), quality)
             for size, curve in curves.items() if curve.reaches_quality(quality, range_)]
    return sorted(found, key=lambda choice: choice.bits)


def at_bits(curves: Curves, bits: float, range_: tuple[float, float]) -> list[Choice]:
    """What each size that reaches it makes of so many bits a frame, the best first."""
    found = [Choice(size, crf := curve.crf_for_bits(bits), bits, curve.quality(crf))
             for size, curve in curves.items() if curve.reaches_bits(bits, range_)]
    return sorted(found, key=lambda choice: -choice.quality)


def rounded(crf: float, step: float, range_: tuple[float, float]) -> float:
    """To a CRF that the encoder takes."""
    return min(max(round(round(crf / step) * step, 6), range_[0]), range_[1])
