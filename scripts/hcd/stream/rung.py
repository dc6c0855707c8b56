# SPDX-License-Identifier: BSD-2-Clause
"""The streams of one title: their sizes, who enlarges them, and what is asked of the encoder for each."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from hcd import run
from hcd.encoders import EVERY
from hcd.run import Fault
from hcd.stream import pixels, shader, video


@dataclass(frozen=True)
class Rate:
    """What an encoder is asked for: a CRF (its own), or bits per second. `near`: a CRF that makes about as many."""
    crf: float | None = None
    bitrate: int | None = None
    near: float | None = None

    def __str__(self) -> str:
        return f"{self.bitrate / 1000:.0f} kb/s" if self.crf is None else f"CRF {self.crf:g}"


@dataclass(frozen=True)
class Shape:
    """A size, and who enlarges it; "": nobody, at full size. Without `size` it is half the source's, as hcd_down and
    hcd_up have it by themselves."""
    model: str
    size: tuple[int, int] | None = None
    height: int | None = None  # alone: the width keeps the aspect

    def down(self, weights: Path | None, quality: float | None, more: str = "") -> str:
        """The filter that makes its frames, with weights that lie in the folder where ffmpeg runs. `quality`: on
        libx264's scale; `more`: options of hcd_down."""
        if not self.model:
            return "null"
        words = [f"model={self.model}"]
        words += [f"weights={weights.name}"] if weights and self.model == "lite" else []
        words += [] if quality is None else [f"quality_hint={round(quality)}"]
        words += [f"w={self.size[0]}", f"h={self.size[1]}"] if self.size else []
        words += [f"h={self.height}"] if self.height else []
        return f"hcd_down={':'.join(words)}{more}"


@dataclass(frozen=True)
class Rung:
    """A stream to be made. `name`: of its files in the work folder, no two rungs share one."""
    shape: Shape
    rate: Rate
    output: Path
    name: str

    @property
    def model(self) -> str:
        return self.shape.model


def has_lite(options: argparse.Namespace) -> bool:
    return options.weights is not None or run.models(run.program("hcd")).get("lite", False)


def asked_rungs(options: argparse.Namespace, frame: pixels.Frame) -> list[Rung]:
    """What --ladder asks for of frames like this one, or the one of half the size."""
    lite = has_lite(options)
    rate = Rate(options.crf, options.bitrate)
    unit = 1 << pixels.subsampling(frame.pixels)[1]
    # What half is: first what hcd_down makes, on the chroma grid, then what a user may write for it.
    halves = (-(-frame.height // (2 * unit)) * unit, -(-frame.height // 2), frame.height // 2)
    heights = list(dict.fromkeys(int(text) for text in options.ladder.split(","))) if options.ladder else [0]
    half = next((height for height in halves if height in heights), 0)
    chosen = []
    for height in heights:
        output = options.file
        if options.ladder:
            output = output.with_name(f"{output.stem}.{height}{output.suffix}")
        if height > frame.height:
            raise Fault(f"--ladder: expected heights of at most the source's {frame.height}, found {height}")
        if height == frame.height:
            shape = Shape("")
        elif height == half:
            shape = Shape("lite" if lite else "bicubic")
        else:
            shape = Shape("bicubic", height=height)
        chosen.append(Rung(shape, rate, output, f"{height}.{shape.model or 'own'}" if height else "half"))
    if options.tune and not any(rung.model == "lite" for rung in chosen):
        lack = "a rung of half the height" if lite else "weights of lite in this build, or --weights"
        raise Fault(f"--tune: expected {lack}, found none")
    return chosen


def check_output(output: Path, options: argparse.Namespace, source: video.Video) -> None:
    places = [output] if video.is_matroska(output) else [output, video.beside(output)]
    if options.shader:
        places.append(shader.beside(output))
    for place in filter(Path.exists, places):
        if place.is_dir():
            raise Fault(f"{place}: expected the name of a file, found a folder")
        if place.samefile(source.path):
            raise Fault(f"{place}: expected another file than the source")
        if options.weights is not None and place.samefile(options.weights):
            raise Fault(f"{place}: expected another file than that of --weights")
        if not options.overwrite:
            raise Fault(f"{place}: expected no such file, found one (-y replaces it)")


def quality_of(rate: Rate, encoder: str) -> float | None:
    """What hcd_down is told of the encoder's."""
    crf = rate.near if rate.crf is None else rate.crf
    return None if crf is None else EVERY[encoder].crf_on_x264(crf)
