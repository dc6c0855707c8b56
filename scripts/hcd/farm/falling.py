# SPDX-License-Identifier: BSD-2-Clause
"""Which of many qualities falls off."""

from statistics import median

DEVIATIONS = 3.0
LEAST = 1.5        # dB
ROBUST = 1.4826    # from the median of deviations to a standard deviation, of normal noise


def middle(psnrs: list[float]) -> float:
    return median(psnrs)


def weakest(psnrs: list[float]) -> list[int]:
    """Numbers of those that lie below the median by more than the rest does, and by what is seen."""
    if not psnrs:
        return []
    own = middle(psnrs)
    spread = ROBUST * median(abs(each - own) for each in psnrs)
    return [number for number, each in enumerate(psnrs) if own - each > max(LEAST, DEVIATIONS * spread)]
