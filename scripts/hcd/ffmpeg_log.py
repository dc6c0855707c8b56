# SPDX-License-Identifier: BSD-2-Clause
"""Why ffmpeg failed: the one line of its log that tells."""

import re

# What only follows from another line.
FOLLOWS = re.compile(
    r"^Error (re)?initializing|^Error while (filtering|opening|processing)|^Failed to inject|^Conversion failed|"
    r"^Error (configuring|submitting|sending|muxing|writing|closing|opening output)|^Terminating thread|^Task finished|"
    r"^Cannot determine format of input|^Consider increasing|^Error marking filters|^Could not (write header|open encoder)|av_interleaved_write_frame|^Nothing was written|[Nn]on.monoton|"
    r"Cannot allocate memory$|^Failed to (configure|set value)|^Invalid data found|^(Last|Timestamps|Application)")
# Of a source's decoder or demuxer: ffmpeg passes over them.
DAMAGE = re.compile(r"^Error while decoding|^Error submitting packet to decoder|corrupt", re.IGNORECASE)
NO_ROOM = re.compile("No space left on device|Disk quota exceeded|File too large")
SYSTEM = re.compile(f"{NO_ROOM.pattern}|Read-only file system|Permission denied|Too many open files|Input/output error")


def lines_of(log: str) -> list[tuple[str, str, str]]:
    """A log of ffmpeg as (who wrote it, level, text), without addresses. Level and who may be empty."""
    found = []
    for line in re.split(r"[\r\n]+", log):
        match = re.match(r"((?:\[[^\]]* @ 0x[0-9a-f]+\] ?)*)(?:\[(\w+)\] )?(.*)", line.strip())
        names = re.findall(r"\[(?:Parsed_)?([^\]]*?)(?:_\d+)? @ 0x", match[1])
        if match[3]:
            found.append((names[-1] if names else "", match[2] or "", match[3].strip()))
    return found


def reason(log: str, readers: tuple[str, ...] = ()) -> str:
    """The line of a program's log that tells why it failed. `readers`: decoders and demuxers of the source, whose
    complaints do not end a run."""
    lines = lines_of(log)
    if any(level for _, level, _ in lines):
        lines = [line for line in lines if line[1] in ("error", "fatal", "panic", "") or SYSTEM.search(line[2])]

    def rank(line: tuple[str, str, str]) -> int:
        who, level, text = line
        if SYSTEM.search(text):
            return 0
        if who.startswith("hcd_"):
            return 1
        if FOLLOWS.search(text) or who in readers or DAMAGE.search(text):
            return 4
        return 2 if who or level or re.match(r"\w+ ?\[error\]:", text) else 3  # encoders that write by themselves

    best = min(lines, key=rank, default=None)  # the first of the best
    return f"{best[0]}: {best[2]}" if best and best[0] else best[2] if best else ""
