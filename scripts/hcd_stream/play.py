# SPDX-License-Identifier: BSD-2-Clause
"""scripts/play: enlarges a stream as its tags and weights say, into a file or a player."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import tools
import video
from hcd_common import models
from tools import Fault, Stopped, say

EPILOG = """\
Files of scripts/encode say how they are to be enlarged; for others --model and --size do. Without -o the frames go to
mpv or ffplay. Exit code: 0 done, 1 an error, 130 stopped."""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="play", epilog=EPILOG,
                                     description="Enlarges a small stream as its client does.")
    parser.add_argument("stream", type=Path, help="a file of scripts/encode")
    parser.add_argument("-o", "--output", type=Path, help="write the enlarged video there, by libx264")
    parser.add_argument("--crf", type=int, default=15, help="of -o (default: 15)")
    parser.add_argument("--model", help="the client, in place of the file's tag")
    parser.add_argument("--size", help="WxH, in place of the file's tag (without one: twice the size)")
    parser.add_argument("--player", help="mpv or ffplay (default: the first one that is there)")
    parser.add_argument("-y", "--overwrite", action="store_true", help="replace the output of before")
    return parser.parse_args(arguments)


def filters(options: argparse.Namespace, found: video.Video, folder: Path) -> str:
    """What the file says is looked at before a filter gets it."""
    model = options.model or found.tags.get(video.MODEL)
    if model is None:
        raise Fault(f"{found.path}: expected a tag {video.MODEL}, found none: name the client with --model")
    if model == "none":
        return "null"
    if model not in models(tools.program("hcd")):
        raise Fault(f"{found.path}: expected a model of `hcd models`, found '{model}'")
    size = options.size or found.tags.get(video.SIZE) or f"{2 * found.width}x{2 * found.height}"
    numbers = re.fullmatch(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})", size)
    if not numbers:
        raise Fault(f"{found.path}: expected a size as 1920x1080, found '{size}'")
    weights = video.attached_weights(found, folder)
    return video.enlarging(model, int(numbers[1]), int(numbers[2]), weights is not None)


def write(options: argparse.Namespace, found: video.Video, up: str, folder: Path) -> None:
    if options.output.exists() and options.output.samefile(found.path):
        raise Fault(f"{options.output}: expected another file than the stream")
    if options.output.exists() and not options.overwrite:
        raise Fault(f"{options.output}: expected no such file, found one (-y replaces it)")
    part = folder / f"enlarged{options.output.suffix}"
    tools.ffmpeg(f"{options.output.name}: enlarging", "-v", "error", "-i", f"file:{found.path.resolve()}",
                 "-filter_complex", f"[0:V:0]{up}[large]", "-map", "[large]", "-map", "0:a?", "-map", "0:s?",
                 "-fps_mode", "passthrough", "-enc_time_base", found.time_base.replace("/", ":"), "-c", "copy",
                 "-c:v", "libx264", "-crf", options.crf, "-metadata", f"{video.MODEL}=none", part.name,
                 folder=folder, frames=found.frames)
    os.replace(part, options.output)


def find_player(wanted: str | None) -> str:
    if wanted not in (None, "mpv", "ffplay"):
        raise Fault(f"--player: expected mpv or ffplay, found '{wanted}'")
    for name in (wanted,) if wanted else ("mpv", "ffplay"):
        if shutil.which(name):
            return name
    raise Fault(f"expected {wanted or 'mpv or ffplay'} on the PATH, found none: -o FILE writes the enlarged video")


def play(options: argparse.Namespace, found: video.Video, up: str, folder: Path) -> None:
    player = find_player(options.player)
    source = tools.start("ffmpeg", "-nostdin", "-v", "error", "-i", f"file:{found.path.resolve()}", "-filter_complex",
                         f"[0:V:0]{up}[large]", "-map", "[large]", "-map", "0:a:0?", "-c:v", "rawvideo", "-c:a",
                         "pcm_s16le", "-f", "nut", "-", stdout=subprocess.PIPE, cwd=folder)
    viewer = None
    try:
        words = ["-"] if player == "mpv" else ["-v", "error", "-autoexit", "-i", "-"]
        viewer = subprocess.Popen([player, *words], stdin=source.stdout)
        source.stdout.close()
        viewer.wait()
    finally:
        tools.end(source)
        if viewer:
            tools.end(viewer)


def main(arguments: list[str] | None = None) -> int:
    try:
        tools.stop_on_signals()
        options = parse(arguments)
        found = video.look(options.stream)
        place = options.output.resolve().parent if options.output else None
        if place and not place.is_dir():
            raise Fault(f"{options.output}: expected an existing folder for the result, found none")
        with tempfile.TemporaryDirectory(prefix=".hcd-play-", dir=place) as folder:
            up = filters(options, found, Path(folder))
            (write if options.output else play)(options, found, up, Path(folder))
        return 0
    except Stopped:
        say("play: stopped, nothing is left behind" if "-o" in sys.argv else "play: stopped")
        return 130
    except (Fault, OSError) as fault:
        say(f"play: {fault}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
