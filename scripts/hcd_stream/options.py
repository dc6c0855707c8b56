# SPDX-License-Identifier: BSD-2-Clause
"""The command line of scripts/encode."""

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

import tools
import video
from hcd_common import models
from tools import Fault


@dataclass(frozen=True)
class Encoder:
    crf: int  # when none is asked for
    highest: int
    words: tuple[str, ...] = ()


ENCODERS = {"libx264": Encoder(23, 51), "libx265": Encoder(25, 51, ("-x265-params", "log-level=error")),
            "libsvtav1": Encoder(32, 63)}

EPILOG = """\
One rung of half the size, unless --ladder names heights: then out.mkv becomes out.1080.mkv, out.540.mkv and so on. A
rung of half the source's height is made for the network lite where this build or --weights has it, other rungs for
the bicubic scaler that most players have; the source's own height is coded as it is. Audio and subtitles are copied.
Matroska carries the weights as an attachment; beside an .mp4 they lie as <name>.hcd.safetensors. scripts/play enlarges
all of them. Exit code: 0 done, 1 an error, 130 stopped."""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="encode", epilog=EPILOG, description="Makes a video small for a known "
                                     "client, encodes it, fits the client to it, and looks at the result.")
    parser.add_argument("source", type=Path, help="a video file")
    parser.add_argument("output", type=Path, help=".mkv, or .mp4")
    parser.add_argument("--encoder", choices=list(ENCODERS), default="libx264", help="default: libx264")
    quality = parser.add_mutually_exclusive_group()
    quality.add_argument("--crf", type=int, help="default: 23, 25, 32")
    quality.add_argument("--bitrate", help="of the video in bits per second, as 800k or 2M")
    parser.add_argument("--preset", help="of the encoder")
    parser.add_argument("--ladder", help="heights of the rungs, comma-separated")
    parser.add_argument("--tune", action="store_true", help="fit lite to this title (some minutes) and send it along")
    parser.add_argument("--weights", type=Path, help="of lite, in place of the built-in ones; sent along")
    parser.add_argument("--iterations", type=int, help="of --tune")
    parser.add_argument("--seed", type=int, help="of --tune")
    parser.add_argument("-y", "--overwrite", action="store_true", help="replace results of before")
    options = parser.parse_args(arguments)
    check(options)
    return options


def check(options: argparse.Namespace) -> None:
    encoder = ENCODERS[options.encoder]
    if options.output.suffix.lower() not in (".mkv", ".mp4"):
        raise Fault(f"{options.output}: expected a name with .mkv or .mp4")
    if options.crf is not None and not 0 <= options.crf <= encoder.highest:
        raise Fault(f"--crf: expected a number [0, {encoder.highest}] for {options.encoder}, found {options.crf}")
    if options.bitrate is not None and not re.fullmatch(r"[1-9][0-9]*(\.[0-9]+)?[kM]?", options.bitrate):
        raise Fault(f"--bitrate: expected bits per second as 800k or 2M, found '{options.bitrate}'")
    if options.ladder is not None and not re.fullmatch(r"[1-9][0-9]{0,4}(,[1-9][0-9]{0,4})*", options.ladder):
        raise Fault(f"--ladder: expected heights with commas between them, found '{options.ladder}'")
    if options.weights is not None and not options.weights.is_file():
        raise Fault(f"--weights: expected a file of lite's weights, found none at {options.weights}")
    if options.preset is not None and not video.plain_name(options.preset):
        raise Fault(f"--preset: expected a name or a number, found '{options.preset}'")


@dataclass(frozen=True)
class Rung:
    """A stream of a height, and who enlarges it; "": nobody. `quality`: what hcd_down is told of the encoder's."""
    height: int
    model: str
    output: Path
    quality: int | None = None

    @property
    def small(self) -> str:
        """The filter that makes its frames."""
        if not self.model:
            return "null"
        hint = "" if self.quality is None else f":quality_hint={self.quality}"
        if self.model == "lite":
            return f"hcd_down=model=lite{{weights}}{hint}"
        return f"hcd_down=model={self.model}{hint}" + (f":h={self.height}" if self.height else "")


def quality(options: argparse.Namespace) -> int | None:
    """The CRF on libx264's scale, where there is one: the encoders' defaults are about as good as each other."""
    if options.bitrate is not None:
        return None
    encoder = ENCODERS[options.encoder]
    crf = encoder.crf if options.crf is None else options.crf
    return max(0, crf - encoder.crf + ENCODERS["libx264"].crf)


def rungs(options: argparse.Namespace, source: video.Video) -> list[Rung]:
    """What to make; a rung of height 0 is half the source's."""
    lite = options.weights is not None or models(tools.program("hcd")).get("lite", False)
    half = {source.height // 2, -(-source.height // 2), -(-source.height // 4) * 2}
    chosen = []
    for height in dict.fromkeys(int(text) for text in (options.ladder or "0").split(",")):
        output = options.output
        if options.ladder:
            output = output.with_name(f"{output.stem}.{height}{output.suffix}")
        if height > source.height:
            raise Fault(f"--ladder: expected heights of at most the source's {source.height}, found {height}")
        if height == source.height:
            chosen.append(Rung(height, "", output))
        elif height == 0 or height in half:
            chosen.append(Rung(0, "lite" if lite else "bicubic", output, quality(options)))
        else:
            chosen.append(Rung(height, "bicubic", output, quality(options)))
    if options.tune and not any(rung.model == "lite" for rung in chosen):
        lack = "a rung of half the height" if lite else "weights of lite in this build, or --weights"
        raise Fault(f"--tune: expected {lack}, found none")
    for rung in chosen:
        if rung.output.exists() and rung.output.samefile(source.path):
            raise Fault(f"{rung.output}: expected another file than the source")
        if rung.output.exists() and not options.overwrite:
            raise Fault(f"{rung.output}: expected no such file, found one (-y replaces it)")
    return chosen
