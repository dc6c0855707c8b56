# SPDX-License-Identifier: BSD-2-Clause
"""The command line of scripts/encode."""

import argparse
import re
from pathlib import Path

from hcd import sizes
from hcd.encoders import DEFAULT_CRF, ENCODERS, EVERY, HARDWARE
from hcd.run import Fault
from hcd.stream import candidates, coder, ladder, streams, target, video
from hcd.stream.quality import MEASURES

EPILOG = """\
One rung of half the size, unless --ladder names heights: then out.mkv becomes out.1080.mkv, out.540.mkv and so on. A
rung of half the source's height is made for the network lite where this build or --weights has it, other rungs for
the bicubic scaler that most players have; the source's own height is coded as it is. --auto chooses the size and the
CRF by probes of a few seconds, --ladder auto:N makes out.1.mkv (the best) to out.N.mkv. Sound, subtitles, fonts, cover
pictures, chapters and tags come along where the container takes them; what does not is named. Matroska carries the
weights as an attachment; beside an .mp4 they lie as <name>.hcd.safetensors. scripts/play enlarges all of them. Damage
of the source is told, and decoded as FFmpeg decodes it; a result that fails its check is kept as
<name>.failed-check.<ending>. Exit code: 0 done, 1 an error, 130 stopped."""
GOP = "2s"  # where segments are cut


def kinds(text: str) -> list[str]:
    """Of --drop."""
    found = text.split(",")
    for kind in found:
        if kind not in streams.KINDS[:-1]:
            raise argparse.ArgumentTypeError(f"expected some of {', '.join(streams.KINDS[:-1])}, found '{kind}'")
    return found


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="encode", epilog=EPILOG, description="Makes a video small for a known "
                                     "client, encodes it, fits the client to it, and looks at the result.")
    parser.add_argument("source", type=Path, help="a video file")
    parser.add_argument("output", type=Path, help=".mkv, or .mp4; a folder with --hls and --dash")
    parser.add_argument("-y", "--overwrite", action="store_true", help="replace results of before")
    add_groups(parser)
    return checked(parser.parse_args(arguments))


def add_groups(parser: argparse.ArgumentParser) -> None:
    """Everything but files."""
    defaults = ", ".join(str(encoder.crf_like_x264(DEFAULT_CRF)) for encoder in ENCODERS.values())
    group = parser.add_argument_group("the encoder")
    group.add_argument("--encoder", choices=list(EVERY), default="libx264", metavar="NAME",
                       help=f"{', '.join(ENCODERS)} (default: libx264); in hardware: {', '.join(HARDWARE)}")
    quality = group.add_mutually_exclusive_group()
    quality.add_argument("--crf", type=int, help=f"default: {defaults}, which are about equally good; encoders in hardware: "
                         "what their own option of constant quality takes")
    quality.add_argument("--bitrate", help="of the video in bits per second, as 800k or 2M")
    group.add_argument("--maxrate", help="caps --crf, --bitrate and --auto: bits per second, over the seconds that --bufsize "
                       "holds")
    group.add_argument("--bufsize", help="of --maxrate, in bits (default: 2 seconds of it)")
    group.add_argument("--two-pass", action="store_true", help="for --bitrate, or --auto with a bit rate or a size; the "
                       "frames are made small twice")
    group.add_argument("--preset", help="of the encoder")
    group.add_argument("--gop", help="from one key frame to the next at most: frames as 48, or seconds as 2s, which also "
                       f"forces key frames at their multiples (with --hls, --dash and --ladder auto: {GOP})")
    group.add_argument("--encoder-options", metavar="KEY=VALUE:...", help="any other of the encoder's options in ffmpeg, as "
                       "tune=film:aq-mode=3; \\: is a colon within a value")

    group = parser.add_argument_group("what is made")
    group.add_argument("--filter", default="", metavar="FILTERS",
                       help="FFmpeg's, in front, as format=gbrp or bwdif; what they make counts as the source. Files in "
                       "them: with the whole path")
    group.add_argument("--ladder", metavar="HEIGHTS", help="of the rungs, comma-separated; auto:N chooses N rungs")
    group.add_argument("--hls", action="store_true", help="the rungs as HLS (CMAF segments) in a folder")
    group.add_argument("--dash", action="store_true", help="as DASH; with --hls both, over the same segments")
    group.add_argument("--drop", type=kinds, action="extend", default=[], metavar="KIND",
                       help=f"leave out: {', '.join(streams.KINDS[:-1])} (comma-separated)")

    group.add_argument("--shader", action="store_true", help="beside the file, as <name>.glsl, the client for mpv and "
                       "libplacebo: mpv --vo=gpu-next --glsl-shaders=<name>.glsl <name>.mkv")

    group = parser.add_argument_group("the choice")
    group.add_argument("--auto", action="store_true", help="choose size and CRF for --target")
    group.add_argument("--target", help=f"{target.FORMS}: a quality at the source's size behind the viewer's client, bits per "
                       "second of the video, or bytes of the file at most. With --ladder auto: the quality of the best rung")
    group.add_argument("--client", choices=candidates.CLIENTS, help="what the viewer has (default: lite where this build has it, "
                       "else bicubic); tuned: lite with --tune")
    group.add_argument("--sizes", help=f"that are tried: full or fractions from 1/4 (default: {sizes.DEFAULT})")
    group.add_argument("--measure", choices=list(MEASURES), help="by which a bit rate, a size or a ladder is judged (default: "
                       "vmaf-neg where it can be had)")

    group = parser.add_argument_group("the client's weights")
    group.add_argument("--tune", action="store_true", help="fit lite to this title (some minutes) and send it along")
    group.add_argument("--weights", type=Path, help="of lite, in place of the built-in ones; sent along")
    group.add_argument("--iterations", type=int, help="of --tune")
    group.add_argument("--seed", type=int, help="of --tune")


def checked(options: argparse.Namespace) -> argparse.Namespace:
    """Options as they were typed, with what follows from them."""
    options.package = options.hls or options.dash
    options.rungs = ladder.count_of(options.ladder)
    # The rungs of a package lie in its work folder.
    options.file = options.output.with_name(f"{options.output.name}.mp4") if options.package else options.output
    check_rate(options)
    check_choice(options)
    check_files(options)
    return options


def check_rate(options: argparse.Namespace) -> None:
    """What is asked of the encoder; bits per second become numbers."""
    encoder = EVERY[options.encoder]
    if options.crf is not None and not 0 <= options.crf <= encoder.highest:
        raise Fault(f"--crf: expected a number [0, {encoder.highest}] for {options.encoder}, found {options.crf}")
    for name in ("bitrate", "maxrate", "bufsize"):
        if getattr(options, name) is not None:
            setattr(options, name, target.bits_per_second(getattr(options, name), f"--{name}"))
    if options.bufsize and not options.maxrate:
        raise Fault("--bufsize: expected --maxrate with it, found none")
    if options.maxrate and options.bitrate and options.maxrate < options.bitrate:
        raise Fault(f"--maxrate: expected --bitrate ({options.bitrate}) or more, found {options.maxrate}")
    if options.maxrate and not options.bitrate and not encoder.capped:
        capped = ", ".join(each.name for each in EVERY.values() if each.capped)
        raise Fault(f"--maxrate: expected an encoder that caps a constant quality ({capped}), or --bitrate, found "
                    f"{options.encoder}")
    if options.two_pass and not encoder.two_pass:
        able = ", ".join(each.name for each in EVERY.values() if each.two_pass)
        raise Fault(f"--two-pass: expected one of {able}, found {options.encoder}")
    if options.preset is not None and not video.plain_name(options.preset):
        raise Fault(f"--preset: expected a name or a number, found '{options.preset}'")
    if options.encoder_options is not None:
        coder.split_options(options.encoder_options)
    if options.package or options.rungs:
        options.gop = options.gop or GOP
    seconds = coder.gop_of(options.gop)[1] if options.gop else None
    if (options.package or options.rungs) and not (seconds and seconds.denominator == 1):
        raise Fault("--gop: expected whole seconds as 2s, where segments are cut and each says how it is enlarged, found "
                    f"'{options.gop}'")


def check_choice(options: argparse.Namespace) -> None:
    """--auto and --ladder auto, and what belongs to them."""
    choosing = options.auto or options.rungs
    if options.ladder is not None and not options.rungs and not re.fullmatch(
            r"[1-9][0-9]{0,4}(,[1-9][0-9]{0,4})*", options.ladder):
        raise Fault(f"--ladder: expected heights with commas between them, or auto:N, found '{options.ladder}'")
    if options.auto and options.ladder:
        raise Fault(f"--auto: expected no --ladder beside it (auto:N chooses by itself), found '{options.ladder}'")
    if options.auto and options.target is None:
        raise Fault(f"--auto: expected --target {target.FORMS}, found none")
    for name in ("target", "client", "sizes", "measure"):
        if getattr(options, name) is not None and not choosing:
            raise Fault(f"--{name}: expected --auto or --ladder auto:N with it, found none")
    for name in ("crf", "bitrate"):
        if getattr(options, name) is not None and choosing:
            raise Fault(f"--{name}: expected --target in its place where the CRF is chosen, found {getattr(options, name)}")
    wanted = target.parse(options.target) if options.target else None
    if wanted and options.rungs and not wanted.measure:
        raise Fault(f"--target: expected the quality of the best rung, as {' or '.join(MEASURES)}:N, found '{options.target}'")
    if wanted and wanted.kind == "size" and options.package:
        raise Fault("--target size: expected a file, found --hls or --dash, which make many")
    if wanted and wanted.measure and options.measure not in (None, wanted.kind):
        raise Fault(f"--measure: expected that of --target {options.target}, found {options.measure}")
    if options.sizes is not None:
        candidates.fractions(options.sizes)
    if options.two_pass and not (options.bitrate or wanted and not wanted.measure):
        raise Fault("--two-pass: expected --bitrate, or --auto with a bit rate or a size, found none")
    if choosing and options.tune and options.client not in (None, "lite", "tuned"):
        raise Fault(f"--tune: expected --client tuned, found {options.client}")
    if choosing and (options.tune or options.client == "tuned"):
        options.client, options.tune = "tuned", True
    if not choosing and options.crf is None and options.bitrate is None:
        options.crf = EVERY[options.encoder].crf_like_x264(DEFAULT_CRF)


def check_files(options: argparse.Namespace) -> None:
    if options.shader and options.package:
        raise Fault("--shader: expected a file, found --hls or --dash: `hcd shader` writes one for all rungs")
    if not options.package and options.output.suffix.lower() not in (".mkv", ".mp4"):
        raise Fault(f"{options.output}: expected a name with .mkv or .mp4")
    if options.weights is not None and not options.weights.is_file():
        raise Fault(f"--weights: expected a file of lite's weights, found none at {options.weights}")
    if re.search(r"[;\[\]]", options.filter):
        raise Fault(f"--filter: expected filters with commas between them, found '{options.filter}'")
