# SPDX-License-Identifier: BSD-2-Clause
"""What hcd_report and hcd_stream share: where this build's programs lie, and how to read what they say."""

import functools
import json
import re
import subprocess
from fractions import Fraction
from pathlib import Path

BIN = Path(__file__).resolve().parents[1] / "build" / "bin"


@functools.cache
def models(hcd: str) -> dict[str, bool]:
    """Names of that program's models, and whether they enlarge twofold with what is in this build: linear ones, and
    networks whose weights are built in. Without torchscript, which is only what a file makes of it."""
    listed = json.loads(subprocess.run([hcd, "models", "--json"], stdout=subprocess.PIPE, check=True).stdout)
    return {model["name"]: model["linear"] or any(it["scale"] == 2 and it["built_in"] for it in model["variants"])
            for model in listed if model["name"] != "torchscript"}


def reason(log: str) -> str:
    """The line of a program's log that tells why it failed, without the address of the object that wrote it."""
    lines = [re.sub(r" @ 0x[0-9a-f]+", "", line).strip() for line in log.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"rror|xpected|nvalid|ailed|annot|o such|nable|not |No space", line)]
    return (telling or lines or [""])[0]


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
