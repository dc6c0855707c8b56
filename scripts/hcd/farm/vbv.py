# SPDX-License-Identifier: BSD-2-Clause
"""Whether a joined stream keeps to --maxrate: each chunk does, but begins with a buffer that is nearly full, which the one
before may have emptied. The buffer is that of ITU-T H.264, annex C (and of H.265), filled at a constant rate."""

from dataclasses import dataclass
from fractions import Fraction

FILLED = 0.9  # of the buffer when a stream begins, x264's and x265's default


@dataclass(frozen=True)
class Short:
    """The worst place: seconds from the start, and bits that the buffer lacks there."""
    seconds: float
    bits: float


def worst(packets: list[tuple[Fraction, int]], rate: int, size: int) -> Short | None:
    """`packets`: decoding time in seconds and bits of each, in their order. None: the buffer never runs empty."""
    filled, last, found = FILLED * size, None, None
    for time, bits in packets:
        if last is not None:
            filled = min(float(size), filled + rate * float(time - last))
        last = time
        filled -= bits
        if filled < 0 and (found is None or -filled > found.bits):
            found = Short(float(time - packets[0][0]), -filled)
    return found
