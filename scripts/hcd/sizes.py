# SPDX-License-Identifier: BSD-2-Clause
"""The sizes at which a title can be sent: fractions of its own, their pixels, and the CRFs at which they compete."""

import math
import re
from fractions import Fraction

from hcd.encoders import Encoder
from hcd.run import Fault

FULL, HALF = Fraction(1), Fraction(1, 2)
LEAST = Fraction(1, 16)  # what hcd_down takes
DEFAULT = "full,2/3,1/2"
CRFS = (18, 38)       # of half size, on libx264's scale: the ends of its curve
POINTS = 5            # of a curve
PER_OCTAVE = 3        # steps of libx264's CRF that twice the pixels are worth where sizes compete


def parse(option: str, text: str, least: Fraction = LEAST) -> list[Fraction]:
    """Different sizes, the largest first."""
    found = []
    for part in text.split(","):
        if part != "full" and not re.fullmatch(r"[1-9]\d{0,3}/[1-9]\d{0,3}", part):
            raise Fault(f"{option}: expected full and fractions as 2/3 with commas between them, found '{part}'")
        size = FULL if part == "full" else Fraction(part)
        if not least <= size <= FULL or (size == FULL) != (part == "full"):
            raise Fault(f"{option}: expected full, or fractions from {least} to below 1, found '{part}'")
        found.append(size)
    return sorted(set(found), reverse=True)


def name(size: Fraction) -> str:
    return "full" if size == FULL else str(size)


def pixels(width: int, height: int, size: Fraction, grid: tuple[int, int] = (2, 2)) -> tuple[int, int]:
    """Width and height of the small frame as hcd_down makes it: rounded up, then up to the grid of chroma (across,
    down)."""
    sides = []
    for side, step in zip((width, height), grid):
        sides.append(-(-math.ceil(side * size) // step) * step)
    return sides[0], sides[1]


def crfs(encoder: Encoder, size: Fraction) -> list[float]:
    """CRFs of a size's curve, ascending. The more pixels, the higher: so the curves overlap in quality. Ends beyond the
    encoder's scale are cut off, and the steps get shorter."""
    shift = PER_OCTAVE * math.log2(size ** 2 / HALF ** 2)
    low, high = (encoder.crf_like_x264(end + shift) for end in CRFS)
    return [float(round(low + step * (high - low) / (POINTS - 1))) for step in range(POINTS)]
