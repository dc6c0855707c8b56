# SPDX-License-Identifier: BSD-2-Clause
"""What ffprobe and ffmpeg say of a file."""

import json
from fractions import Fraction
from pathlib import Path

from hcd.run import Fault, quick


def probe(path: Path, *words: str) -> dict:
    """What ffprobe shows of a file, for its words `-show_entries` and the like."""
    done = quick("ffprobe", "-v", "level+error", "-of", "json", *words, f"file:{path}")
    if done.code:
        raise Fault(f"{path}: expected a video file, found: {done.why()}", done.log)
    return json.loads(done.output)


def packet_bits(packets: list[dict]) -> int:
    """Of `packet=size`."""
    return 8 * sum(int(packet["size"]) for packet in packets)


def listed_times(listing: Path) -> tuple[list[Fraction], str]:
    """Times in seconds of the frames of a framecrc file, and their size (<width>x<height>)."""
    unit, size, times = Fraction(1), "", []
    for line in listing.read_text(encoding="ascii").splitlines():
        if line.startswith("#tb 0:"):
            unit = Fraction(line.split(":")[1].strip())
        elif line.startswith("#dimensions 0:"):
            size = line.split(":")[1].strip()
        elif not line.startswith("#"):
            times.append(int(line.split(",")[2]) * unit)
    return times, size
