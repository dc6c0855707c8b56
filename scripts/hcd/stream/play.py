# SPDX-License-Identifier: BSD-2-Clause
"""scripts/play: enlarges a stream as its tags and weights say, into a file or a player."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hcd import run
from hcd.progress import say
from hcd.run import Fault, Script
from hcd.stream import pixels, shader, streams, video, web
from hcd.stream.streams import Streams

ENDINGS = tuple(streams.MUXERS)
FAILED = (1, 2, 3)  # exit codes of mpv: it could not begin, or not play the file

EPILOG = """\
Files of scripts/encode say how they are to be enlarged, and name their weights, and so do the frames of H.264 and HEVC
when the container's tags are lost; for others --model and --size do.
Without -o mpv plays the stream itself and enlarges it by a shader, where the client is lite or base; else the enlarged
frames go to mpv or ffplay; with --web to a browser. Exit code: 0 done, 1 an error, 130 stopped."""


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="play", epilog=EPILOG,
                                     description="Enlarges a small stream as its client does.")
    parser.add_argument("stream", type=Path, help="a file of scripts/encode")
    parser.add_argument("-o", "--output", type=Path, help=f"write the enlarged video there, by libx264: "
                        f"{', '.join(ENDINGS)}")
    parser.add_argument("--crf", type=int, default=15, help="of -o (default: 15)")
    parser.add_argument("--model", help="the client, in place of the file's tag")
    parser.add_argument("--size", help="WxH, in place of the file's tag (without one: twice the size)")
    parser.add_argument("--player", help="mpv or ffplay (default: the first one that is there)")
    parser.add_argument("--web", action="store_true", help="serve a page on the loopback address that enlarges it in a browser; a "
                        "folder of --hls or --dash, too (docs/web.md)")
    parser.add_argument("-y", "--overwrite", action="store_true", help="replace the output of before")
    options = parser.parse_args(arguments)
    if not 0 <= options.crf <= 51:
        raise Fault(f"--crf: expected a number [0, 51], found {options.crf}")
    if options.web and (options.output or options.size or options.player):
        raise Fault("--web: expected neither -o nor --size nor --player, found one of them")
    return options


def stream_says(found: video.Video) -> tuple[str, str] | None:
    """Model and size that the frames themselves name (docs/signal.md), as hcd_up reads them."""
    log, up = "", "hcd_up"
    for _ in range(2):  # of another size than twice their own hcd_up says first which option to give
        log = run.quick("ffmpeg", "-nostdin", "-v", "level+info", *video.READING, "-i", f"file:{found.path.resolve()}",
                        "-filter_complex", f"[0:V:0]scale,{up}[v]", "-map", "[v]", "-frames:v", "1", "-f", "null", "-").log
        sized = re.search(r"the stream says .*expected (hcd_up=w=\d+:h=\d+)", log)
        if not sized:
            break
        up = sized[1]
    says = re.search(r"the stream says: (\w+).*?, \d+x\d+ to (\d+x\d+)", log)
    return (says[1], says[2]) if says else None


@dataclass(frozen=True)
class Client:
    """Who enlarges to which size. `model`: "auto": as the frames say. `weights`: in the folder where ffmpeg runs."""
    model: str
    size: str = ""
    weights: Path | None = None

    @property
    def filter(self) -> str:
        return "null" if self.model == "none" else video.enlarging(self.model, self.size, self.weights is not None)


def client(options: argparse.Namespace, found: video.Video, folder: Path) -> Client:
    """What the file says is looked at before a filter gets it."""
    own, size = found.tag(video.MODEL), found.tag(video.SIZE)
    model, says = options.model or own, None if options.model else stream_says(found)
    if says and own is None:
        model, size = "auto", options.size or says[1]
    elif says and (own, size) != says:
        say(f"play: warning: {found.path.name}: its tags say {own} to {size}, its frames {' to '.join(says)}: by the tags")
    if model is None:
        raise Fault(f"{found.path}: expected a tag {video.MODEL}, found none: name the client with --model")
    if model == "none":
        return Client(model)
    if model != "auto" and model not in run.models(run.program("hcd")):
        raise Fault(f"{found.path}: expected a model of `hcd models`, found '{model}'")
    width, height = found.own["width"], found.own["height"]
    size = options.size or size or f"{2 * width}x{2 * height}"
    if not re.fullmatch(r"[1-9][0-9]{0,4}x[1-9][0-9]{0,4}", size):
        raise Fault(f"{found.path}: expected a size as 1920x1080, found '{size}'")
    if options.model:  # the user's client has its own weights; the file's only where they are there and fit
        weights = None
        try:
            weights = video.weights_of(found, folder) if model == own else None
        except Fault as fault:
            say(f"play: warning: {str(fault).removesuffix(': --model names a client that needs none of them')}: goes on "
                "without them")
    else:
        weights = None if model == "auto" else video.weights_of(found, folder)
        stray = video.beside(found.path)
        if not weights and not video.is_matroska(found.path) and stray.is_file():
            say(f"play: {stray.name} is not used: {found.path.name} does not name it")
    return Client(model, size, weights)


def check_output(options: argparse.Namespace, found: video.Video) -> None:
    output = options.output
    if output.suffix.lower() not in ENDINGS:
        raise Fault(f"{output}: expected a name with {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}")
    if not output.resolve().parent.is_dir():
        raise Fault(f"{output}: expected an existing folder for the result, found none")
    if output.is_dir():
        raise Fault(f"{output}: expected the name of a file, found a folder")
    if output.exists() and output.samefile(found.path):
        raise Fault(f"{output}: expected another file than the stream")
    if output.exists() and not options.overwrite:
        raise Fault(f"{output}: expected no such file, found one (-y replaces it)")


def write(options: argparse.Namespace, found: video.Video, up: str, folder: Path) -> None:
    output, matroska = options.output, video.is_matroska(options.output)
    frame = pixels.first_frame(found.path, video.READING, f"scale,{up}", folder, found.readers)
    coded = pixels.coded("libx264", frame.pixels, frame.width, frame.height)
    if pixels.loses(frame.pixels, coded):
        say(f"play: {output.name}: {frame.size} {frame.pixels} is coded as {coded}, which libx264 takes")
    plan = Streams(found, output).choose([])
    plan.tell("play", plan.notes)
    part = folder / f"enlarged{output.suffix}"
    tags = {video.MODEL: "none"}
    if matroska:
        more = [*plan.attach(folder), *(word for name, value in tags.items() for word in ("-metadata", f"{name}={value}"))]
    else:
        more = ["-movflags", "+faststart"]
    log = run.ffmpeg(f"{output.name}: enlarging", "-v", "level+warning", *video.READING, "-i",
                       f"file:{found.path.resolve()}", "-filter_complex", f"[0:V:0]scale,{up},format={coded}[large]",
                       "-map", "[large]", *found.timing(), "-c:0", "libx264", "-crf:v:0", options.crf, *plan.words(),
                       *more, part.name, folder=folder, frames=found.frames, readers=found.readers)
    if told := video.damage(found, log):
        say(f"play: warning: {told}")
    if not matroska:
        whole = folder / f"whole{output.suffix}"
        plan.tag(part, whole, tags)
        part = whole
    plan.tell("play", plan.compare(part))
    os.replace(part, output)


def find_player(wanted: str | None) -> str:
    if wanted not in (None, "mpv", "ffplay"):
        raise Fault(f"--player: expected mpv or ffplay, found '{wanted}'")
    for name in (wanted,) if wanted else ("mpv", "ffplay"):
        if shutil.which(name):
            return name
    raise Fault(f"expected {wanted or 'mpv or ffplay'} on the PATH, found none: -o FILE writes the enlarged video")


def play(options: argparse.Namespace, found: video.Video, up: Client, folder: Path) -> None:
    player = find_player(options.player)
    piped = shader.why_piped(up.model, player)
    if not piped:
        piped = play_live(found, up, folder)
    if piped:
        say(f"play: ffmpeg enlarges, not {player} itself: {piped}")
        play_piped(player, found, up.filter, folder)


def play_live(found: video.Video, up: Client, folder: Path) -> str:
    """The player enlarges by a shader; why it did not, or ""."""
    path = folder / "client.glsl"
    try:
        shader.write(found, up.model, up.weights, up.size, path)
    except Fault as fault:
        return str(fault)
    say(f"play: mpv enlarges by {up.model} as a shader, to its window ({up.size}): --vo=gpu-next --glsl-shaders={path}")
    code = subprocess.run(shader.player_words(found.path, path, up.size), check=False).returncode
    return f"it ended with {code}" if code in FAILED else ""


def play_piped(player: str, found: video.Video, up: str, folder: Path) -> None:
    source = run.start("ffmpeg", "-nostdin", "-v", "error", *video.READING, "-i", f"file:{found.path.resolve()}",
                         "-filter_complex", f"[0:V:0]scale,{up}[large]", "-map", "[large]", "-map", "0:a:0?", "-c:v",
                         "rawvideo", "-c:a", "pcm_s16le", "-f", "nut", "-", stdout=subprocess.PIPE, cwd=folder)
    viewer = None
    try:
        words = ["-"] if player == "mpv" else ["-v", "error", "-autoexit", "-i", "-"]
        viewer = subprocess.Popen([player, *words], stdin=source.stdout)
        source.stdout.close()
        viewer.wait()
    finally:
        run.end(source)
        if viewer:
            run.end(viewer)


def work(script: Script, arguments: list[str] | None) -> int:
    options = parse(arguments)
    if options.web:
        with tempfile.TemporaryDirectory(prefix=".hcd-play-") as folder:
            web.serve(options.stream, options.model, Path(folder))
        return 0
    found = video.look(options.stream)
    if options.output:
        script.where = options.output
        check_output(options, found)
    place = options.output.resolve().parent if options.output else None
    with tempfile.TemporaryDirectory(prefix=".hcd-play-", dir=place) as folder:
        up = client(options, found, Path(folder))
        if options.output:
            write(options, found, up.filter, Path(folder))
        else:
            play(options, found, up, Path(folder))
    return 0


def main(arguments: list[str] | None = None) -> None:
    stopped = "stopped, nothing is left behind" if "-o" in sys.argv else "stopped"
    Script("play", stopped).run(lambda script: work(script, arguments))
