# SPDX-License-Identifier: BSD-2-Clause
"""Probes: a few spread seconds of a title at a size and a CRF, what bits and which quality they make. All lie in the work
folder: the run after one that was killed uses them again."""

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from hcd import run
from hcd.probe import listed_times, packet_bits, probe
from hcd.progress import Progress, say
from hcd.run import Fault
from hcd.stream import video
from hcd.stream.choice import Point
from hcd.stream.quality import Measure, Pair, measured
from hcd.stream.rung import Rate, Shape, quality_of

if TYPE_CHECKING:
    from hcd.stream.encoding import Encoding

SECONDS, MOST = 2, 3        # of a window; windows
LEAST = 24                  # frames of a window, where there are so many
PART = 6                    # a window is no longer than this part of a title that has the least
SELECTED = 1000             # frames of a title up to which the windows are cut by number, and not by seeking


@dataclass(frozen=True)
class Size:
    """One that is tried. `label`: for the user."""
    label: str
    shape: Shape
    pixels: tuple[int, int]

    @property
    def name(self) -> str:
        return f"{self.pixels[0]}x{self.pixels[1]}"

    def __str__(self) -> str:
        return f"{self.label} size ({self.name})"


def windows(frames: int, rate: Fraction) -> list[tuple[int, int]]:
    """First frame and length of each, evenly spread."""
    count = min(MOST, max(1, frames // (2 * LEAST)))
    length = min(frames, max(LEAST, min(round(SECONDS * rate), frames // PART)))
    gap = (frames - count * length) / (count + 1)
    return [(round(gap * (number + 1)) + number * length, length) for number in range(count)]


class Probes:
    def __init__(self, encoding: "Encoding", measure: Measure, total: int):
        self.encoding, self.measure = encoding, measure
        self.folder, self.rate = encoding.work.path, encoding.title.rate()
        self.made: dict[tuple[Size, float], Point] = {}
        self.hints: dict[Size, float] = {}  # of the small frames, which all probes of a size share
        self.sample, self.frames = self.cut()
        self.progress = Progress("encode", total)

    # ---- the sample ----

    def cut(self) -> tuple[Path, int]:
        """The windows behind the filters in front, without loss, and how many frames they have."""
        title = self.encoding.title
        chosen = windows(title.frames(), self.rate)

        def make(path: Path) -> None:
            try:
                self.cut_windows(path, chosen)
                if not listed_times(self.folder / "sample.times")[0]:
                    raise Fault("expected frames, found none")
            except Fault:
                if chosen[0][0] == 0:
                    raise
                say(f"encode: {title.source.path.name}: ends before its container says so: probed at its start")
                self.cut_windows(path, [(0, LEAST)])

        path = self.encoding.work.step("sample.mkv", (self.encoding.key, chosen), make)
        return path, len(listed_times(self.folder / "sample.times")[0])

    def cut_windows(self, path: Path, chosen: list[tuple[int, int]]) -> None:
        title = self.encoding.title
        timed = f"settb={1 / self.rate},setpts=N"
        if title.frames() <= SELECTED:
            inputs = title.words()
            ranges = "+".join(rf"between(n\,{first}\,{first + length - 1})" for first, length in chosen)
            graph = f"[0:V:0]{title.front},select={ranges},{timed}[v]"
        else:
            inputs = [word for first, _ in chosen for word in ("-ss", f"{float(first / self.rate):.3f}", *title.words())]
            parts = [f"[{number}:V:0]{title.front},trim=end_frame={length},setpts=N/{self.rate}/TB[v{number}]"
                     for number, (_, length) in enumerate(chosen)]
            joined = "".join(f"[v{number}]" for number in range(len(chosen)))
            graph = ";".join([*parts, f"{joined}concat=n={len(chosen)},{timed}[v]"])
        out = ["-fps_mode", "passthrough", "-enc_time_base", str(1 / self.rate).replace("/", ":")]
        run.ffmpeg(f"{title.source.path.name}: a sample", "-v", "level+error", *inputs, "-filter_complex",
                   f"{graph};[v]split[a][b]", "-map", "[a]", *out, "-c:v", "ffv1", "-level", "3", path.name, "-map", "[b]",
                   *out, "-f", "framecrc", "sample.times", folder=self.folder,
                   frames=sum(length for _, length in chosen), readers=title.source.readers)

    # ---- a probe ----

    def small(self, size: Size) -> Path:
        """The sample's small frames, without loss: the descent is slow, and much the same for every CRF."""
        if not size.shape.model:
            return self.sample
        encoding = self.encoding
        down = size.shape.down(encoding.given, self.hints[size])
        return encoding.work.step(f"small.{size.name}.mkv", (encoding.key, self.frames, down), lambda path: run.ffmpeg(
            f"{size}", "-v", "level+error", "-threads", "1", "-i", self.sample.name, "-filter_complex",
            f"[0:V:0]{down}[v]", "-map", "[v]", "-fps_mode", "passthrough", "-c:v", "ffv1", "-level", "3", path.name,
            folder=self.folder, frames=self.frames))

    def point(self, size: Size, crf: float) -> Point:
        """From this run, from one before, or made."""
        if (size, crf) not in self.made:
            encoding = self.encoding
            self.hints.setdefault(size, quality_of(Rate(crf), encoding.options.encoder))
            known = len(self.made)
            key = (encoding.key, self.frames, size, self.hints[size], encoding.coder.words(Rate(crf), False), self.measure.name)
            path = encoding.work.step(f"probe.{size.name}.{crf:g}.json", key, lambda path: self.probe(path, size, crf))
            self.made[size, crf] = Point(crf, **json.loads(path.read_text(encoding="ascii")))
            if known < self.progress.total:
                found = self.made[size, crf]
                self.progress.step(f"{size} at CRF {crf:g}: {found.bits * float(self.rate) / 1000:.0f} kb/s, "
                                   f"{self.measure.name} {self.measure.text(found.quality)}")
        return self.made[size, crf]

    def probe(self, path: Path, size: Size, crf: float) -> None:
        encoding, coded = self.encoding, "probe.mkv"
        stage = f"{size} at CRF {crf:g}"
        small = self.small(size)
        run.ffmpeg(
            stage, *encoding.coder.encoder.device, "-v", "level+error", "-threads", "1", "-i", small.name,
            "-filter_complex", f"[0:V:0]settb={1 / self.rate},setpts=N,format={encoding.formats[size.shape]}"
            f"{encoding.coder.encoder.upload}[v]", "-map", "[v]", "-fps_mode", "passthrough", "-enc_time_base",
            str(1 / self.rate).replace("/", ":"), *encoding.coder.words(Rate(crf), False), coded, folder=self.folder)
        bits = packet_bits(probe(self.folder / coded, "-show_entries", "packet=size")["packets"])
        up = "null"
        if size.shape.model:
            if encoding.given and size.shape.model == "lite":
                (self.folder / video.WEIGHTS).write_bytes(encoding.given.read_bytes())
            up = video.enlarging(size.shape.model, encoding.frame.size, bool(encoding.given) and size.shape.model == "lite")
        pair = Pair(["-i", coded], up, ["-i", self.sample.name], "null", encoding.frame.pixels, encoding.frame.size,
                    self.frames, self.folder)
        found = {"bits": bits / self.frames, "quality": measured(self.measure, pair, stage)}
        path.write_text(json.dumps(found), encoding="ascii")
