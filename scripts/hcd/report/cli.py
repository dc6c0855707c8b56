# SPDX-License-Identifier: BSD-2-Clause
"""The command line of scripts/report."""

import argparse
import os
import re
import shlex
import sys
from pathlib import Path

from hcd import progress, sizes
from hcd.encoders import ENCODERS
from hcd.report.failure import CellError
from hcd.run import Fault, Script

CLAIMS = "1/2"
EPILOG = """\
Filter strings of --add may hold {w} and {h} (the source's size), {sw} and {sh} (the small one, at each of --sizes),
{siting} (options of scale that keep the place of chroma) and, with a third part |weights=FILE, {weights}: the file's
bytes are billed. Exit code: 0 all cells were measured, 1 an error, 3 some cells failed (named on standard error and in
the page)."""


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="report", epilog=EPILOG, description="Encodes, decodes, enlarges and "
                                     "measures clips by several chains; writes report.html, results.csv, bdrate.csv, "
                                     "plots/.")
    parser.add_argument("clips", nargs="+", metavar="clip")
    parser.add_argument("-o", "--output", required=True, type=Path, help="folder of the results (and of the cache)")
    parser.add_argument("--chains", help="names, comma-separated (default: those of this build)")
    parser.add_argument("--add", action="append", default=[], metavar="NAME=DOWN|UP",
                        help="a chain of your own filters")
    parser.add_argument("--encoders", default="libx264", help="of libx264, libx265, libsvtav1 (default: libx264)")
    parser.add_argument("--sizes", default=sizes.DEFAULT, help="full and fractions of the source's sides, "
                        f"comma-separated (default: {sizes.DEFAULT})")
    parser.add_argument("--claims", default=CLAIMS, help="sizes of which every CRF is measured, for BD-rates at one size, "
                        f"or none; of the others what can change the hull (default: {CLAIMS})")
    parser.add_argument("--crf", help="numbers, comma-separated, four or more for a BD-rate, the same for every size "
                        f"(default: spread by size, libx264 {listed(sizes.HALF)} for half size)")
    parser.add_argument("--full-crf", help="other numbers for full size, whose curve meets those of smaller sizes at "
                        f"higher CRFs (default: as --crf, or spread: libx264 {listed(sizes.FULL)})")
    parser.add_argument("--measures", help="of psnr_y, vmaf_neg and the others in results.csv, comma-separated; with "
                        "psnr_y,vmaf_neg a report takes a third of its time (default: all)")
    parser.add_argument("--frames", type=int, help="at most so many of each clip (default: all)")
    parser.add_argument("--preset", default="medium", help="of the encoder (default: medium)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="cells at a time (default: one per CPU)")
    parser.add_argument("--cache", type=Path, help="folder of the cache, to share it between reports (default: in -o)")
    parser.add_argument("--no-crops", action="store_true", help="no crop viewer, which may need more encodes")
    return parser.parse_args(arguments)


def listed(size) -> str:
    """The CRFs of libx264 at a size."""
    return ",".join(f"{crf:g}" for crf in sizes.crfs(ENCODERS["libx264"], size))


def numbers(option: str, text: str, encoder) -> list[float]:
    """CRFs for an encoder."""
    if not re.fullmatch(r"\d{1,2}(\.\d)?(,\d{1,2}(\.\d)?)*", text):
        raise Fault(f"{option}: expected numbers with commas between them, found '{text}'")
    found = sorted({float(part) for part in text.split(",")})
    if not 1 <= found[0] <= found[-1] <= encoder.highest:
        raise Fault(f"{option}: expected numbers [1, {encoder.highest}] for {encoder.name}, found '{text}'")
    if encoder.step == 1 and any(crf % 1 for crf in found):
        raise Fault(f"{option}: expected whole numbers for {encoder.name}, found '{text}'")
    return found


def sizes_of(options: argparse.Namespace) -> tuple[list, list]:
    """All sizes, and those of claims."""
    wanted = sizes.parse("--sizes", options.sizes)
    claims = [] if options.claims == "none" else sizes.parse("--claims", options.claims)
    others = [sizes.name(size) for size in claims if size not in wanted]
    if others and options.claims != CLAIMS:
        raise Fault(f"--claims: expected sizes of {','.join(map(sizes.name, wanted))} (--sizes), found '{others[0]}'")
    return wanted, claims


def measures_of(text: str | None) -> frozenset[str]:
    from hcd.report.measure import ALL, MEASURES
    if text is None:
        return ALL
    found = frozenset(text.split(","))
    if not found <= ALL or MEASURES[0].name not in found:
        raise Fault(f"--measures: expected {MEASURES[0].name} and any of {', '.join(each.name for each in MEASURES[1:])}, "
                    f"found '{text}'")
    return found


def settings(options: argparse.Namespace, say) -> tuple[list, "cells.Crfs"]:
    """Encoders, and what the user said of CRFs."""
    from hcd.bdrate import POINTS
    from hcd.report.cells import Crfs
    from hcd.report.encode import preset_of
    encoders, every, full = [], {}, {}
    for name in dict.fromkeys(options.encoders.split(",")):
        if name not in ENCODERS:
            raise Fault(f"--encoders: expected names of {', '.join(ENCODERS)}, found '{name}'")
        encoder = ENCODERS[name]
        if options.crf:
            every[name] = numbers("--crf", options.crf, encoder)
        if options.full_crf:
            full[name] = numbers("--full-crf", options.full_crf, encoder)
        preset_of(encoder, options.preset)
        encoders.append(encoder)
    for option, value in (("--jobs", options.jobs), ("--frames", options.frames)):
        if value is not None and not 1 <= value <= 999999:
            raise Fault(f"{option}: expected a number [1, 999999], found '{value}'")
    few = min((len(own) for own in [*every.values(), *full.values()]), default=POINTS)
    if few < POINTS:
        say(f"BD-rate: needs {POINTS} points, found {few}: there will be curves, but no such figures")
    return encoders, Crfs(every, full)


def unique_names(clips: list) -> None:
    """Clips of one name are told apart by a number."""
    seen: dict[str, int] = {}
    for clip in clips:
        seen[clip.name] = seen.get(clip.name, 0) + 1
        if seen[clip.name] > 1:
            clip.name += f"-{seen[clip.name]}"


def say(text: str) -> None:
    progress.say(f"report: {text}")


def work(options: argparse.Namespace) -> int:
    from hcd.files import write_whole
    from hcd.report import cells, chains, compare, crops, group, page, plan, plots, tables, tools
    from hcd.report.cache import Cache
    from hcd.report.source import Clip

    for clip in options.clips:
        if not Path(clip).is_file():
            raise Fault(f"clip: expected a video file, found none at {clip}")
    wanted, claims = sizes_of(options)
    measures = measures_of(options.measures)
    encoders, crfs = settings(options, say)
    chosen = chains.choose(options.chains.split(",") if options.chains else None, options.add, wanted, say)
    tools.measuring_ffmpeg()
    options.output.mkdir(parents=True, exist_ok=True)
    cache = Cache((options.cache or options.output / "cache").resolve())
    try:
        clips = [Clip(Path(clip).resolve(), options.frames, cache, say) for clip in dict.fromkeys(options.clips)]
        unique_names(clips)
        shared = cells.Work(cache, options.preset, crfs, measures)
        possible = [cells.Cell(clip, chain, encoder, crf) for clip in clips for encoder in encoders for chain in chosen
                    for crf in crfs.of(encoder, chain)]
        every = plan.fill(possible, claims, lambda some: cells.run_all(shared, some, options.jobs))
        if len(every) < len(possible):
            say(f"left out: {len(possible) - len(every)} of {len(possible)} cells, which cannot change a hull")
        groups = group.group(every)
        rows = compare.compare_all(groups)
        rows += compare.means(rows)
        tables.write_tables(options.output, every, rows, options.preset)
        drawn = {(own.clip, own.encoder): plots.plots_of(own) for own in groups}
        (options.output / "plots").mkdir(exist_ok=True)
        for (clip, encoder), own in drawn.items():
            for kind, png in own.items():
                write_whole(options.output / "plots" / f"{clip}.{encoder}.{kind}.png", png)
        sheets = [] if options.no_crops else crops.make_sheets(shared, groups, options.jobs)
        about = ["scripts/report " + shlex.join(sys.argv[1:]), *tools.versions()]
        text = page.page(groups, every, rows, sheets, drawn, about)
        write_whole(options.output / "report.html", text.encode())
    finally:
        cache.close()
    failed = sum(bool(cell.error) for cell in every)
    print(f"{options.output / 'report.html'}: {len(every) - failed} of {len(every)} cells")
    return 3 if failed else 0


def run(script: Script) -> int:
    options = parse(sys.argv[1:])
    script.where = options.output
    try:
        return work(options)
    except CellError as error:  # outside of the cells
        raise Fault(str(error)) from error


def main() -> None:
    Script("report", "interrupted; run again, what is done is kept").run(run)
