# SPDX-License-Identifier: BSD-2-Clause
"""Where a title is cut: at scenes where it can, since a key frame stands there anyway, and never within a group that --gop
asks for."""

from bisect import bisect_left
from collections.abc import Iterator
from fractions import Fraction

from hcd.farm.job import Range

LEAST, MOST = Fraction(2), Fraction(20)  # seconds of a range
AIM = 8.0        # seconds
KEY = 1.0        # what a key frame costs that no scene asks for; and
LENGTH = 0.5     # a range of twice the aim, or none of it
BREACH = 100.0   # a range shorter or longer than the limits


def multiples(times: list[Fraction], step: Fraction) -> Iterator[int]:
    """The first frame at or behind each multiple of `step`, where the encoder puts its key frames."""
    number, last = 1, 0
    while (at := bisect_left(times, number * step)) < len(times):
        if at > last:
            yield at
            last = at
        number = max(number + 1, int(times[at] / step))  # of long frames


def cuttable(times: list[Fraction], at: int, least_after: list[Fraction]) -> bool:
    """Whether times tell the frames before it from those behind: some sources go back."""
    return times[at] > times[at - 1] and least_after[at] >= times[at]


def cut(times: list[Fraction], scenes: set[int], gop: Fraction | None = None, aim: float = AIM) -> list[Range]:
    """`times`: of the frames, in seconds from the first; `scenes`: their first frames; `gop`: seconds of --gop."""
    count = len(times)
    least, highest = list(times), times[0]
    for at in range(count - 2, -1, -1):
        least[at] = min(least[at], least[at + 1])
    if gop:
        places = {at: 0.0 for at in multiples(times, gop)}
    else:
        places = {at: KEY for at in multiples(times, Fraction(1))} | {at: 0.0 for at in scenes if 0 < at < count}
    candidates = [0]
    for at in sorted(places):
        highest = max(highest, *times[candidates[-1]:at])
        if cuttable(times, at, least) and times[at] > highest:
            candidates.append(at)
    last = times[-1] + (times[-1] / (count - 1) if count > 1 else 0)
    return ranges_of(candidates + [count], times + [last], places, aim)


def ranges_of(candidates: list[int], times: list[Fraction], cost_of: dict[int, float], aim: float) -> list[Range]:
    """The cheapest way through the candidates (dynamic programming)."""
    best, way = [0.0], [0]
    for right in range(1, len(candidates)):
        found = None
        for left in range(right - 1, -1, -1):
            length = times[candidates[right]] - times[candidates[left]]
            if length > MOST and left < right - 1:
                break
            cost = best[left] + LENGTH * (float(length) / aim - 1) ** 2 + BREACH * (length < LEAST or length > MOST)
            if found is None or cost < found[0]:
                found = cost, left
        best.append(found[0] + cost_of.get(candidates[right], 0.0))
        way.append(found[1])
    found, at = [], len(candidates) - 1
    while at:
        found.append(Range(candidates[way[at]], candidates[at]))
        at = way[at]
    return found[::-1]
