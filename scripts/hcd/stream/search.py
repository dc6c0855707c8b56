# SPDX-License-Identifier: BSD-2-Clause
"""The way of the probes to a goal: which CRFs of which sizes are tried."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hcd.ffmpeg_log import SYSTEM
from hcd.measuring import has_measuring_ffmpeg, measuring_ffmpeg
from hcd.progress import clear, say
from hcd.run import Fault
from hcd.stream.candidates import candidates
from hcd.stream.choice import BEYOND, Choice, Curve, Point, at_bits, at_quality, rounded
from hcd.stream.probes import Probes, Size
from hcd.stream.quality import MEASURES, NEG, PSNR, Measure

if TYPE_CHECKING:
    from hcd.stream.encoding import Encoding

PROBES, MORE = 3, 2       # CRFs of a size; and where the target lies outside them
START = 27.0              # CRF of the first one at full size, on libx264's scale
SMALLER = 6.0             # less for half the size, which looks about as good
APART = 3.0               # between the first and the second
FAR = 1.25                # times the bits of the best size, after two probes, and
FAR_CRF = 2.0             # CRFs behind it in quality: not looked at any further
LOG_BITS = -0.115         # change by one CRF of libx264, about


def measure_of(name: str | None, kind: Measure | None) -> Measure:
    """By what quality is told: the target's, what --measure names, VMAF-NEG where it can be had."""
    measure = kind or MEASURES.get(name)
    if measure is NEG:
        try:
            measuring_ffmpeg()
        except Fault as fault:
            raise Fault(f"vmaf-neg: {fault} (or python3 -m pip install imageio-ffmpeg); psnr, bitrate and size need "
                        "none") from None
    if measure is None and not has_measuring_ffmpeg():
        say("encode: quality is PSNR-Y: VMAF-NEG needs the Python package imageio-ffmpeg (scripts/setup)")
    return measure or (NEG if has_measuring_ffmpeg() else PSNR)


@dataclass
class Goal:
    """What a probe is held against: `gap` falls with the CRF and is 0 at the aim, `slope` is its change by one CRF of
    libx264, about."""
    measure: Measure
    quality: float | None = None
    bits: float | None = None   # per frame

    @property
    def slope(self) -> float:
        return LOG_BITS if self.quality is None else self.measure.slope

    def gap(self, point: Point) -> float:
        return math.log(point.bits / self.bits) if self.quality is None else point.quality - self.quality


class Search:
    """The probes of each size, closing in on a goal."""

    def __init__(self, encoding: "Encoding", goal: Goal):
        self.encoding, self.goal, self.encoder = encoding, goal, encoding.coder.encoder
        self.sizes = candidates(encoding)
        self.range = (1.0, float(self.encoder.highest))
        self.probes = Probes(encoding, goal.measure, PROBES * len(self.sizes))
        self.points: dict[Size, list[Point]] = {}

    def run(self) -> dict[Size, Curve]:
        """Two probes of each size; more of those that may be chosen."""
        refused = None
        for most in (2, PROBES + MORE):
            worth = self.worth() if self.points else self.sizes
            for size in worth:
                try:
                    self.close_in(size, most)
                except Fault as fault:
                    if not size.shape.model or SYSTEM.search(str(fault)):
                        raise
                    refused = fault
                    self.points.pop(size, None)
                    say(f"encode: left out: {fault}")
        clear()
        if not self.points:
            raise refused
        return {size: Curve(points) for size, points in self.points.items()}

    def choices(self, curves: dict[Size, Curve]) -> list[Choice]:
        if self.goal.quality is None:
            return at_bits(curves, self.goal.bits, self.range)
        return at_quality(curves, self.goal.quality, self.range)

    def worth(self) -> list[Size]:
        """Without the sizes that are well behind by the two points around the goal."""
        found = self.choices({size: Curve(points) for size, points in self.points.items() if len(points) > 1})
        behind = {choice.size for choice in found[1:]
                  if choice.bits > FAR * found[0].bits or found[0].quality - choice.quality > FAR_CRF * -self.goal.measure.slope}
        return [size for size in self.points if size not in behind]

    def moved(self, crf: float, by: float) -> float:
        """A whole CRF that is so many of libx264's away, or the end of the range."""
        return rounded(self.encoder.crf_like_x264(self.encoder.crf_on_x264(crf) + by), 1, self.range)

    def close_in(self, size: Size, most: int = PROBES + MORE) -> list[Point]:
        """Until so many points at most are known of a size."""
        if size not in self.points:
            share = math.log2(size.pixels[0] / self.encoding.frame.width)
            start = self.moved(self.encoder.crf_like_x264(START), SMALLER * share)
            self.points[size] = [self.probes.point(size, start)]
        points = self.points[size]
        while len(points) < most:
            crf = self.next_crf(points, size in (self.sizes[0], self.sizes[-1]))
            if crf is None:
                break
            points.append(self.probes.point(size, crf))
            points.sort(key=lambda point: point.crf)
        return points

    def next_crf(self, points: list[Point], thorough: bool) -> float | None:
        """Where to look next; None: enough is known. `thorough`: to the ends of the range, if it has to be."""
        gaps = [self.goal.gap(point) for point in points]
        if len(points) == 1:
            by = gaps[0] / -self.goal.slope
            crf = self.moved(points[0].crf, math.copysign(max(abs(by), APART), by))
            return crf if crf != points[0].crf else self.moved(points[0].crf, -math.copysign(APART, by))
        low, high = points[0].crf, points[-1].crf
        inside = gaps[0] >= 0 > gaps[-1]
        # Through the two points around the aim, or the two that are nearest to it.
        right = next((number for number, gap in enumerate(gaps) if gap < 0), len(gaps) - 1)
        left, right = max(0, right - 1), max(1, right)
        fall = (gaps[left] - gaps[right]) / (points[right].crf - points[left].crf)
        crf = points[left].crf + gaps[left] / fall if fall > 0 else low if gaps[0] < 0 else high
        if inside:
            if len(points) >= PROBES:
                return None
            near = min(abs(crf - low), abs(crf - high)) < 1
            crf = rounded((low + high) / 2 if near else crf, 1, self.range)
        elif low - BEYOND / 2 <= crf <= high + BEYOND / 2 and len(points) >= PROBES:
            return None
        else:
            if not thorough and not self.range[0] - APART <= crf <= self.range[1] + APART and len(points) >= PROBES:
                return None
            up = gaps[0] >= 0
            if thorough and len(points) == PROBES + MORE - 1:
                crf = self.range[up]
            crf = rounded(max(crf + 1, high + APART) if up else min(crf - 1, low - APART), 1, self.range)
        return None if crf in [point.crf for point in points] else crf
