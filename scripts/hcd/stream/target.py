# SPDX-License-Identifier: BSD-2-Clause
"""What --target asks for."""

import re
from dataclasses import dataclass

from hcd.run import Fault
from hcd.stream.quality import MEASURES, Measure

NUMBER = r"(-?[0-9]+(?:\.[0-9]+)?)"
UNITS = {"": 1, "k": 1_000, "M": 1_000_000, "G": 1_000_000_000}
NEAR_BITS = 0.03   # of them: what counts as met
ROOM = 0.01        # of a file's size: the aim lies so far below, since a size is a limit
FORMS = "vmaf-neg:85, psnr:38, bitrate:900k or size:20M"


def bits_per_second(text: str, option: str) -> int:
    """As 800k or 2M; 1 or more."""
    match = re.fullmatch(NUMBER + "([kMG]?)", text)
    value = round(float(match[1]) * UNITS[match[2]]) if match else 0
    if value < 1:
        raise Fault(f"{option}: expected bits per second as 800k or 2M, found '{text}'")
    return value


@dataclass(frozen=True)
class Target:
    """`kind`: a measure's name, "bitrate" (bits per second of the video) or "size" (bytes of the file at most)."""
    kind: str
    value: float

    @property
    def measure(self) -> Measure | None:
        return MEASURES.get(self.kind)

    def __str__(self) -> str:
        return f"{self.kind}:{self.text(self.value)}"

    def text(self, value: float) -> str:
        """A value of this kind, with its unit."""
        if self.measure:
            return self.measure.text(value)
        return f"{value / 1000:.0f} kb/s" if self.kind == "bitrate" else f"{value / 1000:.0f} kB"

    def off(self, found: float) -> float:
        """How far what was found is from the aim, in what counts as met: more than 1 (or less than -1) is off. Above 0:
        too good, or too many bits."""
        if self.measure:
            return (found - self.value) / self.measure.near
        if self.kind == "bitrate":
            return (found / self.value - 1) / NEAR_BITS
        over = found / self.value - 1
        return 1 + over / NEAR_BITS if over > 0 else min(1.0, (over + ROOM) / (NEAR_BITS - ROOM))

    def badness(self, found: float) -> tuple[bool, float]:
        """Of two that are off the worse has the larger one; a size is a limit."""
        return self.kind == "size" and found > self.value, abs(self.off(found))


def parse(text: str) -> Target:
    """A Fault for what is none, and for what nothing can reach."""
    kind, _, value = text.partition(":")
    if kind not in (*MEASURES, "bitrate", "size") or not value:
        raise Fault(f"--target: expected {FORMS}, found '{text}'")
    if kind in MEASURES:
        if not re.fullmatch(NUMBER, value) or not 0 < float(value) <= 100:
            raise Fault(f"--target {kind}: expected a number (0, 100], found '{value}'")
        return Target(kind, float(value))
    if kind == "bitrate":
        return Target(kind, bits_per_second(value, "--target bitrate"))
    match = re.fullmatch(NUMBER + "([kMG]?)", value)
    if not match or float(match[1]) * UNITS[match[2]] < 1:
        raise Fault(f"--target size: expected bytes as 700k or 20M, found '{value}'")
    return Target(kind, float(match[1]) * UNITS[match[2]])
