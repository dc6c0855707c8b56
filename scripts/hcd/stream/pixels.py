# SPDX-License-Identifier: BSD-2-Clause
"""Pixel formats: what the first frame has, and what an encoder takes that loses least of it."""

import functools
import json
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from hcd import run
from hcd.encoders import EVERY, Encoder
from hcd.ffmpeg_log import reason
from hcd.run import Fault


@functools.cache
def known() -> dict[str, dict]:
    done = run.quick("ffprobe", "-v", "error", "-show_pixel_formats", "-of", "json")
    if done.code:
        raise Fault(f"ffprobe: expected a list of pixel formats, found: {reason(done.log)}")
    return {each["name"]: each for each in json.loads(done.output)["pixel_formats"]}


def flag(name: str, which: str) -> bool:
    return bool(known()[name]["flags"][which])


def subsampling(name: str) -> tuple[int, int]:
    own = known()[name]
    return own.get("log2_chroma_w", 0), own.get("log2_chroma_h", 0)


def depth(name: str) -> int:
    return max(part["bit_depth"] for part in known()[name]["components"])


@functools.cache
def of_encoder(encoder: Encoder) -> tuple[str, ...]:
    """In memory, without alpha."""
    listed = re.search(r"Supported pixel formats: (.*)",
                       run.quick("ffmpeg", "-v", "error", "-h", f"encoder={encoder.name}").text)
    if not listed:
        raise Fault(f"--encoder {encoder.name}: expected an encoder of this ffmpeg, found none")
    return encoder.takes or tuple(name for name in listed[1].split() if name in known() and not flag(name, "hwaccel")
                 and not flag(name, "alpha"))


def coded(encoder: str, name: str, width: int, height: int) -> str:
    """What an encoder takes of frames of this format and size: the same, or what loses least."""
    def fits(other: str) -> bool:
        across, down = subsampling(other)
        return width % (1 << across) == 0 and height % (1 << down) == 0

    def cost(other: str) -> tuple:
        own_chroma, chroma = subsampling(name), subsampling(other)
        grey = known()[other]["nb_components"] == 1
        full = "yuvj" in other
        return (grey and known()[name]["nb_components"] > 1,
                sum(max(0, b - a) for a, b in zip(own_chroma, chroma)), max(0, depth(name) - depth(other)),
                flag(name, "rgb") != flag(other, "rgb"), full != ("yuvj" in name),
                sum(max(0, a - b) for a, b in zip(own_chroma, chroma)), depth(other),
                not grey and known()[name]["nb_components"] == 1)

    there = [other for other in of_encoder(EVERY[encoder]) if fits(other)]
    if name in there:
        return name
    if not there:
        raise Fault(f"{encoder} takes even sizes only, found {width}x{height}: another --encoder takes them, "
                    "or --filter cuts them")
    return min(there, key=cost)


def loses(name: str, other: str) -> bool:
    """Whether one format for the other is worth a word."""
    return (flag(name, "rgb"), subsampling(name), depth(name)) != (flag(other, "rgb"), subsampling(other), depth(other))


@dataclass(frozen=True)
class Frame:
    """The first frame behind some filters. `rate`: frames per second, where the filters know it."""
    width: int
    height: int
    pixels: str
    interlaced: bool
    rate: Fraction | None = None

    @property
    def size(self) -> str:
        return f"{self.width}x{self.height}"


def first_frame(path: Path, reading: list[str], filters: str, folder: Path, readers: tuple[str, ...]) -> Frame:
    """Asks ffmpeg rather than the container: that may be wrong, and filters know best what they make."""
    try:
        log = run.ffmpeg(path.name, "-v", "level+info", *reading, "-i", f"file:{path.resolve()}", "-filter_complex",
                           f"[0:V:0]{filters},showinfo[v]", "-map", "[v]", "-frames:v", "1", "-f", "null", "-",
                           folder=folder, readers=readers)
    except Fault as fault:
        if not re.search("Cannot determine format of input stream|Output file is empty", fault.log):
            raise
        log = fault.log
    found = re.search(r"n: *0 pts:.* fmt:(\S+) .*\bs:(\d+)x(\d+) i:(\w)", log)
    if not found:
        raise Fault(f"{path}: expected a video with frames, found none"
                    f"{f': {what}' if (what := reason(log)) else ''}")
    rate = re.search(r"config in .*frame_rate: ([1-9][0-9]*)/([1-9][0-9]*)", log)
    return Frame(int(found[2]), int(found[3]), found[1], found[4] not in "P?",
                 Fraction(int(rate[1]), int(rate[2])) if rate else None)
