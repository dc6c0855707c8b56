# SPDX-License-Identifier: BSD-2-Clause
"""The command line of scripts/encode."""

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

from hcd import run
from hcd.encoders import DEFAULT_CRF, ENCODERS
from hcd.run import Fault
from hcd.stream import pixels, streams, video

EPILOG = """\
One rung of half the size, unless --ladder names heights: then out.mkv becomes out.1080.mkv, out.540.mkv and so on. A
rung of half the source's height is made for the network lite where this build or --weights has it, other rungs for
the bicubic scaler that most players have; the source's own height is coded as it is. Sound, subtitles, fonts, cover
pictures, chapters and tags come along where the container takes them; what does not is named. Matroska carries the
weights as an attachment; beside an .mp4 they lie as <name>.hcd.safetensors. scripts/play enlarges all of them. Damage
of the source is told, and decoded as FFmpeg decodes it; a result that fails its check is kept as
<name>.failed-check.<ending>. Exit code: 0 done, 1 an error, 130 stopped."""


def kinds(text: str) -> list[str]:
    """Of --drop."""
    found = text.split(",")
    for kind in found:
        if kind not in streams.KINDS[:-1]:
            raise argparse.ArgumentTypeError(f"expected some of {', '.join(streams.KINDS[:-1])}, found '{kind}'")
    return found


def parse(arguments: list[str] | None) -> argparse.Namespace:
    defaults = ", ".join(str(encoder.crf_like_x264(DEFAULT_CRF)) for encoder in ENCODERS.values())
    parser = argparse.ArgumentParser(prog="encode", epilog=EPILOG, description="Makes a video small for a known "
                                     "client, encodes it, fits the client to it, and looks at the result.")
    parser.add_argument("source", type=Path, help="a video file")
    parser.add_argument("output", type=Path, help=".mkv, or .mp4")
    parser.add_argument("--encoder", choices=list(ENCODERS), default="libx264", help="default: libx264")
    quality = parser.add_mutually_exclusive_group()
    quality.add_argument("--crf", type=int, help=f"default: {defaults}, which are about equally good")
    quality.add_argument("--bitrate", help="of the video in bits per second, as 800k or 2M")
    parser.add_argument("--preset", help="of the encoder")
    parser.add_argument("--filter", default="", metavar="FILTERS",
                        help="FFmpeg's, in front, as format=gbrp or bwdif; what they make counts as the source. Files "
                        "in them: with the whole path")
    parser.add_argument("--ladder", help="heights of the rungs, comma-separated")
    parser.add_argument("--tune", action="store_true", help="fit lite to this title (some minutes) and send it along")
    parser.add_argument("--weights", type=Path, help="of lite, in place of the built-in ones; sent along")
    parser.add_argument("--iterations", type=int, help="of --tune")
    parser.add_argument("--seed", type=int, help="of --tune")
    parser.add_argument("--drop", type=kinds, action="extend", default=[], metavar="KIND",
                        help=f"leave out: {', '.join(streams.KINDS[:-1])} (comma-separated)")
    parser.add_argument("-y", "--overwrite", action="store_true", help="replace results of before")
    options = parser.parse_args(arguments)
    check(options)
    return options


def check(options: argparse.Namespace) -> None:
    highest = ENCODERS[options.encoder].highest
    if options.output.suffix.lower() not in (".mkv", ".mp4"):
        raise Fault(f"{options.output}: expected a name with .mkv or .mp4")
    if options.crf is not None and not 0 <= options.crf <= highest:
        raise Fault(f"--crf: expected a number [0, {highest}] for {options.encoder}, found {options.crf}")
    if options.bitrate is not None and not re.fullmatch(r"[1-9][0-9]*(\.[0-9]+)?[kM]?", options.bitrate):
        raise Fault(f"--bitrate: expected bits per second as 800k or 2M, found '{options.bitrate}'")
    if options.ladder is not None and not re.fullmatch(r"[1-9][0-9]{0,4}(,[1-9][0-9]{0,4})*", options.ladder):
        raise Fault(f"--ladder: expected heights with commas between them, found '{options.ladder}'")
    if options.weights is not None and not options.weights.is_file():
        raise Fault(f"--weights: expected a file of lite's weights, found none at {options.weights}")
    if options.preset is not None and not video.plain_name(options.preset):
        raise Fault(f"--preset: expected a name or a number, found '{options.preset}'")
    if re.search(r"[;\[\]]", options.filter):
        raise Fault(f"--filter: expected filters with commas between them, found '{options.filter}'")
    if options.crf is None and options.bitrate is None:
        options.crf = ENCODERS[options.encoder].crf_like_x264(DEFAULT_CRF)


@dataclass(frozen=True)
class Rung:
    """A stream of a height, and who enlarges it; "": nobody. Height 0 is half the source's. `quality`: what hcd_down
    is told of the encoder's."""
    height: int
    model: str
    output: Path
    quality: int | None = None

    @property
    def name(self) -> str:
        """Of its files in the work folder: no two rungs share one."""
        return f"{self.output.stem.rpartition('.')[2]}.{self.model or 'own'}" if self.height else "half"

    def small_of(self, weights: Path | None) -> str:
        """The filter that makes its frames, with weights that lie in the folder where ffmpeg runs."""
        if not self.model:
            return "null"
        hint = "" if self.quality is None else f":quality_hint={self.quality}"
        if self.model == "lite":
            return f"hcd_down=model=lite{f':weights={weights.name}' if weights else ''}{hint}"
        return f"hcd_down=model={self.model}{hint}" + (f":h={self.height}" if self.height else "")


def rungs(options: argparse.Namespace, source: video.Video, frame: pixels.Frame) -> list[Rung]:
    """What to make of frames like this one."""
    lite = options.weights is not None or run.models(run.program("hcd")).get("lite", False)
    quality = None if options.bitrate is not None else round(ENCODERS[options.encoder].crf_on_x264(options.crf))
    unit = 1 << pixels.subsampling(frame.pixels)[1]
    # What half is: first what hcd_down makes, on the chroma grid, then what a user may write for it.
    halves = (-(-frame.height // (2 * unit)) * unit, -(-frame.height // 2), frame.height // 2)
    heights = list(dict.fromkeys(int(text) for text in options.ladder.split(","))) if options.ladder else [0]
    half = next((height for height in halves if height in heights), 0)
    chosen = []
    for height in heights:
        output = options.output
        if options.ladder:
            output = output.with_name(f"{output.stem}.{height}{output.suffix}")
        if height > frame.height:
            raise Fault(f"--ladder: expected heights of at most the source's {frame.height}, found {height}")
        if height == frame.height:
            chosen.append(Rung(height, "", output))
        elif height == half:
            chosen.append(Rung(0, "lite" if lite else "bicubic", output, quality))
        else:
            chosen.append(Rung(height, "bicubic", output, quality))
    if options.tune and not any(rung.model == "lite" for rung in chosen):
        lack = "a rung of half the height" if lite else "weights of lite in this build, or --weights"
        raise Fault(f"--tune: expected {lack}, found none")
    for rung in chosen:
        check_output(rung, options, source)
    return chosen


def check_output(rung: Rung, options: argparse.Namespace, source: video.Video) -> None:
    places = [rung.output] if video.is_matroska(rung.output) else [rung.output, video.beside(rung.output)]
    for place in filter(Path.exists, places):
        if place.is_dir():
            raise Fault(f"{place}: expected the name of a file, found a folder")
        if place.samefile(source.path):
            raise Fault(f"{place}: expected another file than the source")
        if options.weights is not None and place.samefile(options.weights):
            raise Fault(f"{place}: expected another file than that of --weights")
        if not options.overwrite:
            raise Fault(f"{place}: expected no such file, found one (-y replaces it)")
