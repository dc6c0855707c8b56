# SPDX-License-Identifier: BSD-2-Clause
"""Which of many qualities falls off."""

import math
from collections.abc import Sequence
from statistics import median

DEVIATIONS = 3.0
LEAST = 1.5        # dB
ROBUST = 1.4826    # from the median of deviations to a standard deviation, of normal noise
HIGHEST = 100.0    # dB: frames without any loss have no number of their own


def known(psnrs: Sequence[float | None]) -> dict[int, float]:
    """By their numbers; None, or what is no number, was not measured."""
    return {number: min(each, HIGHEST) for number, each in enumerate(psnrs) if each is not None and not math.isnan(each)}


def middle(psnrs: Sequence[float | None]) -> float:
    return median(known(psnrs).values())


def weakest(psnrs: Sequence[float | None]) -> list[int]:
    """Numbers of those that lie below the median by more than the rest does (3 robust standard deviations), and by what is
    seen. Where most are equal, any drop that is seen counts."""
    found = known(psnrs)
    if not found:
        return []
    own = median(found.values())
    spread = ROBUST * median(abs(each - own) for each in found.values())
    return [number for number, each in found.items() if own - each > DEVIATIONS * spread and own - each >= LEAST]
