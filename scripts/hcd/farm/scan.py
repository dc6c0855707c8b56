# SPDX-License-Identifier: BSD-2-Clause
"""One look at a whole source: times and checksums of its frames, and where scenes begin. What a chunk decodes is held
against it, so that no seek goes wrong unseen."""

import hashlib
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from hcd import run
from hcd.run import Fault
from hcd.stream.title import Title

SCENE = 10  # of scdet, its default
SMALL = 320  # pixels across, on which scenes are looked for


@dataclass(frozen=True)
class Frame:
    """`time`: in units of the source's time base, as the source counts; `hash`: of its pixels."""
    time: int
    hash: str


@dataclass
class Scan:
    frames: list[Frame]
    scenes: set[int]  # first frames
    log: str


def read_frames(listing: Path) -> list[Frame]:
    """Of a framecrc or framemd5 file."""
    found = []
    with open(listing, encoding="ascii") as file:
        for line in file:
            if not line.startswith("#"):
                words = line.split(",")
                found.append(Frame(int(words[2]), words[5].strip()))
    return found


def scan(title: Title, folder: Path, listing: Path) -> Scan:
    """Writes the frames to `listing`, by way of `folder`."""
    source = title.source
    small = f"scale={SMALL}:-2:flags=fast_bilinear" if title.frame.width > SMALL else "null"
    graph = f"[0:V:0]{title.front},split[all][look];[look]{small},scdet=t={SCENE},metadata=mode=print:key=lavfi.scd.time:" \
            "file=scenes.txt,nullsink"
    log = run.ffmpeg(f"{source.path.name}: looking at its frames", "-copyts", "-v", "level+warning", *title.words(),
                     "-filter_complex", graph, "-map", "[all]", *source.timing(), "-f", "framecrc", "frames.crc",
                     folder=folder, frames=source.frames, readers=source.readers)
    frames = read_frames(folder / "frames.crc")
    if not frames:
        raise Fault(f"{source.path}: expected a video with frames, found none")
    (folder / "frames.crc").replace(listing)
    numbers = re.findall(r"^frame:(\d+)", (folder / "scenes.txt").read_text(encoding="ascii"), re.MULTILINE)
    # scdet tells of frames by number.
    return Scan(frames, {int(number) for number in numbers} - {0}, log)


def identity(path: Path) -> dict:
    """Of a source: `sha256` of all of it, and what tells at a glance whether that needs to be looked at again."""
    stat = path.stat()
    with open(path, "rb") as file:
        return {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def check_source(path: Path, expected: dict) -> None:
    """A Fault where a source is not what it was."""
    try:
        stat = path.stat()
    except OSError as error:
        raise FileNotFoundError(error.errno, error.strerror, str(path)) from None
    if (stat.st_size, stat.st_mtime_ns) == (expected["size"], expected["mtime_ns"]):
        return
    if stat.st_size != expected["size"] or identity(path)["sha256"] != expected["sha256"]:
        raise Fault(f"{path}: expected the file that was planned ({expected['size']} bytes), found another ({stat.st_size} bytes): "
                    "it has changed; plan it again")


def seconds(frames: list[Frame], time_base: Fraction) -> float:
    """From the first frame to the end of the last, which lasts as long as the others do."""
    if len(frames) < 2:
        return 0.0
    return float((frames[-1].time - frames[0].time) * time_base) * len(frames) / (len(frames) - 1)
