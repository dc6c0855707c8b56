#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What `scripts/encode --auto` loses against an exhaustive search over sizes and CRFs, and what time it saves.

The search codes the whole title at every size and CRF by the same program and measures each; its bits for a quality are the
least of its curves there, monotone cubics through all CRFs. It is held against the bits that --auto
needs for the quality that its result has. Times are those of the clock, on an idle machine: those of the search are of coding
and comparing alone."""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "scripts"))
from hcd.progress import Progress  # noqa: E402
from hcd.stream import options as command_line  # noqa: E402
from hcd.stream import quality, video  # noqa: E402
from hcd.stream.candidates import candidates  # noqa: E402
from hcd.stream.choice import Curve, Point, at_quality  # noqa: E402
from hcd.stream.encoding import Encoding  # noqa: E402
from hcd.stream.rung import Rate, Rung  # noqa: E402
from hcd.work_folder import WorkFolder  # noqa: E402


def search(source, folder, measure, crfs, words):
    """The curve of each size, and the seconds."""
    options = command_line.parse([str(source), str(folder / "search.mkv"), "--auto", "--target", f"{measure.name}:50", *words])
    found, seconds = {}, 0.0
    with WorkFolder(options.output) as work:
        encoding = Encoding(options, video.look(source), work)
        sizes = candidates(encoding)
        progress = Progress(source.stem, len(sizes) * len(crfs))
        for size in sizes:
            for crf in crfs:
                rung = Rung(size.shape, Rate(crf), options.file, "search")
                start = time.monotonic()
                coded = encoding.encode(rung)
                value = encoding.quality(rung, coded, None, measure)
                seconds += time.monotonic() - start
                found.setdefault(size, []).append(Point(crf, encoding.facts(coded).bits, value))
                progress.step(f"{size} at CRF {crf}: {measure.text(value)}")
    return {size: Curve(points) for size, points in found.items()}, seconds


def auto(source, output, target, words):
    start = time.monotonic()
    done = subprocess.run([TOP / "scripts" / "encode", source, output, "-y", "--auto", "--target", target, *words],
                          stderr=subprocess.PIPE, text=True, check=False)
    seconds = time.monotonic() - start
    if done.returncode:
        sys.exit(done.stderr)
    return done.stderr, seconds


def row(source, folder, found, seconds, target, words, measure):
    log, own = auto(source, folder / "auto.mkv", target, words)
    size = re.search(r"chose (\S+ size \([0-9x]+\))", log)[1]
    value = float(re.search(rf"auto.mkv: {measure.name} ([\d.]+)", log)[1])
    bits = 8 * int(re.search(r"(\d+) bytes of video", log)[1])
    best = next(iter(at_quality(found, value, (0, 100))), None)
    more = f"{100 * (bits / best.bits - 1):+.1f}" if best else "outside"
    return (f"| {source.stem} | {target} | {measure.text(value)} | {size} | {best.size if best else ''} | {more} | {own:.0f} | "
            f"{seconds:.0f} | {100 * own / seconds:.0f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--scale", default="", help="filters in front that make the clip smaller, as scale=640:-2")
    parser.add_argument("--targets", default="vmaf-neg:85,vmaf-neg:70", help="of one measure")
    parser.add_argument("--crfs", default="16,46,2", help="of the search: from, to (not with), step")
    parser.add_argument("--words", default="", help="more for scripts/encode, as '--client bicubic --encoder libx265'")
    given = parser.parse_args()
    words, targets = given.words.split(), given.targets.split(",")
    measure = quality.MEASURES[targets[0].partition(":")[0]]
    print(f"| clip | target | found | --auto's size | the search's | bits, % more | --auto, s | search of {given.crfs}, s | % |")
    print("|---|---|---|---|---|---|---|---|---|")
    for clip in given.clips:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            source = folder / f"{clip.stem}.mkv"
            subprocess.run([TOP / "build" / "bin" / "ffmpeg", "-v", "error", "-i", clip, "-map", "0:V:0", "-frames:v",
                            str(given.frames), *(["-vf", given.scale] if given.scale else []), "-c:v", "ffv1", source],
                           check=True)
            found, seconds = search(source, folder, measure, range(*map(int, given.crfs.split(","))), words)
            for target in targets:
                print(row(source, folder, found, seconds, target, words, measure), flush=True)


if __name__ == "__main__":
    main()
