# SPDX-License-Identifier: BSD-2-Clause
"""scripts/farm simulate: what a farm of a thousand nodes would do, from the records of jobs that a few nodes have done.

Measured are seconds and bytes of chunks and their spread, lengths of ranges, the other steps, starts and how nodes differ
(simulation/measured.py). What is not is an option, and its default has a reason here."""

import argparse
import json
import math
import random
from dataclasses import asdict, replace
from pathlib import Path

from hcd.farm.simulation import limits, measured, text
from hcd.farm.simulation.events import Simulation
from hcd.farm.simulation.model import Farm, Piece, Work
from hcd.run import Fault

PROGRAMS = 25e6         # bytes of build/bin and build/lib, which a node reads once if they are on the shared storage
START_OPERATIONS = 550  # calls on files of the checkout by a start of the scripts and one of ffmpeg, counted by strace
NEXT_OPERATIONS = 120   # of these, some 35 files that are opened (three operations each); the client's cache answers the rest
TASK_OPERATIONS = 30    # for the files of a chunk: to a temporary name, written, renamed
SEAM_OPERATIONS = 10    # for each chunk that a join reads: its record, frames and hashes
RECORD_EVERY, RECORD_OPERATIONS = 5.0, 6  # seconds; create, write, commit, close, rename, attributes
BLOCK = 1 << 20         # bytes of a read (NFS: rsize)
START = 3.0             # seconds, where no node of the jobs had two tasks

# Slurm. SchedMD's high throughput guide: "validated to execute 500 simple batch jobs per second on a sustained basis", with a
# tuned configuration; guides of earlier versions say 100,000 jobs an hour, which is 28/s. An event (a submission, an end) looks
# at default_queue_depth = 100 jobs (Scheduling Configuration Guide). MaxArraySize is 1001 and MaxJobCount 10000 by default, and
# each task of an array counts (job_mgr.c: job_count += task_cnt - 1). SlurmdTimeout is 300 s, AuthInfo's cred_expire 120 s.
# A call of sbatch is a process and an answer of the controller: about 0.1 s.
STARTS, CALLS, ARRAY, JOBS, NOTICE, REQUEUE = 100.0, 10.0, 1001, 10_000, 300.0, 120.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("job", nargs="+", type=Path, metavar="JOB", help="finished jobs, whose records are measured")
    add("--nodes", type=int, default=1000, help="each runs a task at a time (default: %(default)s)")
    add("--titles", type=int, default=100, help="each is like one of the measured ones, drawn by chance (default: %(default)s)")
    add("--hours", type=float, default=1.0, help="of source in a title (default: %(default)s)")
    add("--seed", type=int, default=1, help="of all that is drawn: the same seed, the same answer (default: %(default)s)")
    add("--json", action="store_true", help="print all figures as JSON")
    group = parser.add_argument_group("the titles")
    add = group.add_argument
    add("--cost", type=float, default=1.0, help="all seconds and bytes are so many times the measured ones, for a larger picture "
        "or a slower preset; what a task needs whatever its frames grows with them, so it is too much (default: %(default)s)")
    add("--mbit", type=float, help="Mbit/s of a source (default: as measured, times --cost)")
    add("--gop", type=int, default=250, help="frames that a chunk reads before its own, to the key frame: x264's longest "
        "(default: %(default)s)")
    add("--scan", type=float, default=0.022, help="CPU seconds of `scripts/farm plan` for a million pixels, times --cost: to "
        "decode them, and to look for scenes (default: %(default)s, measured with 640x360 on an AMD EPYC)")
    add("--looks", type=int, default=8, help="titles that the planning machine looks at at a time: plan's --jobs "
        "(default: %(default)s)")
    group = parser.add_argument_group("the nodes")
    add = group.add_argument
    add("--busy", type=float, help="CPUs that a chunk keeps busy, where the measured nodes had other work: all measured seconds "
        "change with it (default: as measured)")
    add("--start", type=float, help=f"seconds from a task's end to the next one's begin (default: as measured, else {START:g})")
    add("--slow", default="0.01:3", metavar="SHARE:TIMES", help="nodes that are slower than the measured ones' spread: "
        "hot, or shared with others (default: %(default)s)")
    add("--mtbf", type=float, default=8760.0, help="hours until a node is lost, in the mean; 0: never; a few for spot instances "
        "(default: %(default)s, a year)")
    add("--notice", type=float, default=NOTICE, help="seconds until it is noticed: SlurmdTimeout (default: %(default)s)")
    add("--requeue", type=float, default=REQUEUE, help="seconds until its task may start again: cred_expire "
        "(default: %(default)s)")
    add("--repair", type=float, default=1800.0, help="seconds until the node, or another, is there (default: %(default)s)")
    group = parser.add_argument_group("Slurm and the shared storage; 0: without limit")
    add = group.add_argument
    add("--starts", type=float, default=STARTS, help="of tasks, a second (default: %(default)s)")
    add("--calls", type=float, default=CALLS, help="of sbatch, a second, one after the other (default: %(default)s)")
    add("--array", type=int, default=ARRAY, help="MaxArraySize (default: %(default)s)")
    add("--most-jobs", type=int, default=JOBS, help="MaxJobCount (default: %(default)s)")
    add("--gbit", type=float, default=10.0, help="Gbit/s of the storage: one server's port (default: %(default)s)")
    add("--operations", type=float, default=10_000.0, help="of the storage, a second: one NFS server on flash "
        "(default: %(default)s)")
    add("--latency", type=float, default=0.5, help="milliseconds of an operation (default: %(default)s)")
    add("--no-cache", action="store_true", help="nodes keep nothing of the storage from task to task")


def run(options: argparse.Namespace) -> int:
    check(options)
    found = measured.measure(options.job)
    titles = draw(found, options)
    farm = farm_of(found, titles, options)
    told = Simulation(titles, farm).run()
    scales = limits.scale(titles, farm, told)
    like = drawn(found, options)
    frames = sum(frames_of(title, options) for title in like)
    pixels = sum(frames_of(title, options) * title.pixels for title in like)
    plan = plan_bytes(found, titles)
    jobs = sum(len(step) for title in titles for step in title.steps())
    scan = options.scan * options.cost * pixels / 1e6 / min(options.looks, options.titles)
    around = limits.Around(options.hours, scan, plan, jobs, options.most_jobs, options.latency / 1e3)
    met = limits.limits(titles, farm, told, around)
    result = text.Result(found, titles, farm, told, scales, met, frames, options.hours, scan)
    print(json.dumps(as_json(result), indent=1) if options.json else text.text(result))
    return 0


def check(options: argparse.Namespace) -> None:
    for name in ("nodes", "titles", "hours", "cost", "looks", "array", "most_jobs"):
        if not 0 < getattr(options, name) < math.inf:
            raise Fault(f"--{name.replace('_', '-')}: expected more than 0, found {getattr(options, name)}")
    for name in ("mbit", "gop", "scan", "start", "mtbf", "notice", "requeue", "repair", "starts", "calls", "gbit", "operations",
                 "latency"):
        value = getattr(options, name)
        if value is not None and not 0 <= value < math.inf:
            raise Fault(f"--{name}: expected 0 or more, found {value}")
    if options.busy is not None and not options.busy > 0:
        raise Fault(f"--busy: expected more than 0, found {options.busy}")
    slow(options.slow)


def slow(words: str) -> tuple[float, float]:
    try:
        share, times = map(float, words.split(":"))
    except ValueError:
        share, times = -1.0, 1.0
    if not (0 <= share <= 1 <= times < math.inf):
        raise Fault(f"--slow: expected a share from 0 to 1 and how many times slower as 0.01:3, found '{words}'")
    return share, times


# ---- what is simulated ----

def drawn(found: measured.Farm, options: argparse.Namespace) -> list[measured.Measured]:
    """The measured title that each simulated one is like."""
    chance = random.Random(f"{options.seed} titles")
    return [chance.choice(found.titles) for _ in range(options.titles)]


def frames_of(title: measured.Measured, options: argparse.Namespace) -> int:
    return max(1, round(options.hours * 3600 * title.rate))


def draw(found: measured.Farm, options: argparse.Namespace) -> list[Work]:
    """Each title's ranges are those of measured chunks, drawn by chance, with what they took, until its frames are full."""
    chance = random.Random(f"{options.seed} chunks")
    return [work_of(title, found, options, chance) for title in drawn(found, options)]


def work_of(title: measured.Measured, found: measured.Farm, options: argparse.Namespace, chance: random.Random) -> Work:
    busy, cost = options.busy or found.busy, options.cost
    read = title.read * cost if options.mbit is None else options.mbit * 1e6 / 8 / title.rate
    frames = frames_of(title, options)
    chunks, made, done = [], 0.0, 0
    while done < frames:
        like = chance.choice(title.chunks)
        own = min(like.frames, frames - done)
        written = like.written * own / like.frames * cost
        moved = (own + min(options.gop, done)) * read + written  # the first range has no frames before it
        chunks.append(Piece(like.cpu * own / like.frames * cost / busy, moved, TASK_OPERATIONS + moved / BLOCK))
        made, done = made + written, done + own
    source = frames * read

    def step(name: str, moved: float, operations: float) -> Piece | None:
        if name not in title.steps:
            return None
        fixed, growing = found.steps[name]
        return Piece((fixed + growing * frames) * cost / busy, moved, operations + moved / BLOCK)

    seams = SEAM_OPERATIONS * len(chunks)
    probed = min(1.0, title.frames / frames) * source  # as much as the probe of the measured one can have read
    work = Work(chunks, step("probe", probed, TASK_OPERATIONS), step("tune", probed, TASK_OPERATIONS + seams),
                step("join", source + 2 * made, TASK_OPERATIONS + seams), step("check", made, TASK_OPERATIONS + seams),
                title.listing * frames)
    return replace(work, calls=len(work.steps()) - 1 + math.ceil(len(chunks) / options.array))


def farm_of(found: measured.Farm, titles: list[Work], options: argparse.Namespace) -> Farm:
    share, times = slow(options.slow)
    start = START if found.start is None else found.start * found.busy / (options.busy or found.busy)
    start = start if options.start is None else options.start
    return Farm(options.nodes, start, options.starts, options.calls, options.mtbf * 3600, options.notice, options.requeue,
                options.repair, found.nodes or [1.0], share, times, options.gbit * 1e9 / 8, options.operations, RECORD_EVERY,
                RECORD_OPERATIONS, PROGRAMS + plan_bytes(found, titles), START_OPERATIONS, NEXT_OPERATIONS, not options.no_cache,
                options.seed)


def plan_bytes(found: measured.Farm, titles: list[Work]) -> float:
    per_title, per_range = found.plan
    return per_title * len(titles) + per_range * sum(len(title.chunks) for title in titles)


def as_json(result: text.Result) -> dict:
    told = asdict(result.told)
    told["done"] = len(result.told.done)
    farm = result.found
    return {"measured": {"chunks": farm.chunks, "titles": len(farm.titles), "busy": farm.busy, "threads": farm.threads,
                         "start": farm.start, "nodes": farm.nodes, "steps": farm.steps},
            "simulated": {"titles": len(result.titles), "hours": result.hours, "frames": result.frames,
                          "chunks": sum(len(title.chunks) for title in result.titles), "plan_seconds": result.scan},
            "farm": {key: value for key, value in asdict(result.farm).items() if key != "speeds"},
            "run": told, "scale": [asdict(it) for it in result.scales], "limits": [asdict(it) for it in result.limits]}
