# SPDX-License-Identifier: BSD-2-Clause
"""The command line of scripts/farm."""

import argparse
import os
import re
from pathlib import Path

from hcd.farm import engines, on_slurm, planning, ranges, report, simulate, worker
from hcd.farm.job import STEPS, Job, Task
from hcd.progress import say
from hcd.run import Fault, Script
from hcd.stream import options as command_line

EPILOG = """\
A job is a folder that all machines see under the same path, with the sources under theirs. Where chunks are lost or
damaged they are made again; `resume` goes on with what is open. Exit codes: 0 done; 1 an error, or something failed, and
is named; 130 stopped. Of work: 0 done, also before; 1 failed for good; 66 chunks are missing; 75 another try may help;
78 this node is unfit; 143 stopped."""
MOST_THREADS = 256


def number(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_THREADS:
        raise argparse.ArgumentTypeError(f"expected a number [1, {MOST_THREADS}], found '{text}'")
    return int(text)


def seconds(text: str) -> float:
    try:
        if ranges.LEAST <= float(text) <= ranges.MOST:
            return float(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"expected seconds [{ranges.LEAST}, {ranges.MOST}], found '{text}'")


def device(text: str) -> str:
    if not re.fullmatch("cpu|cuda(:[0-9]{1,3})?", text):
        raise argparse.ArgumentTypeError(f"expected cpu, cuda or cuda:N, found '{text}'")
    return text


def add_job(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", type=Path, help="the job's folder")


def parser() -> argparse.ArgumentParser:
    every = argparse.ArgumentParser(prog="farm", description="Encodes titles in chunks, on many machines.", epilog=EPILOG)
    commands = every.add_subparsers(dest="command", required=True, metavar="COMMAND")

    plan = commands.add_parser("plan", help="look at sources, and write what is to be done", epilog="Options that are not "
                               "explained here are those of scripts/encode.")
    plan.add_argument("sources", type=Path, nargs="+", help="video files, folders of them, or lists (.txt, a path a line)")
    plan.add_argument("-o", "--job", type=Path, required=True, help="the job's folder")
    plan.add_argument("-y", "--overwrite", action="store_true", help="replace a job of before")
    group = plan.add_argument_group("the farm")
    group.add_argument("--ending", choices=(".mkv", ".mp4"), default=".mkv", help="of the results (default: .mkv)")
    group.add_argument("--threads", type=number, default=1, help="of a task (default: 1, so that a node runs one task a core)")
    group.add_argument("--device", type=device, default="cpu", help="of hcd_down: cpu, cuda or cuda:N (default: cpu)")
    group.add_argument("--precision", choices=("auto", "int16", "fp32"), default="auto", help="of hcd_down (default: what auto "
                       "is here)")
    group.add_argument("--chunk", type=seconds, default=ranges.AIM, help="seconds of a chunk, about; scenes decide "
                       f"(default: {ranges.AIM:g})")
    group.add_argument("--jobs", type=number, default=os.cpu_count() or 1, help="sources looked at at a time")
    command_line.add_groups(plan)

    for name, about in (("run", "begin"), ("resume", "go on with what is open, failed or lost, as it was begun")):
        own = commands.add_parser(name, help=about)
        add_job(own)
        engines.add_arguments(own)
    status = commands.add_parser("status", help="what is done, running and failed")
    add_job(status)
    status.add_argument("--all", action="store_true", help="every title, however many there are")
    status.add_argument("--json", action="store_true", help="for machines")
    add_job(commands.add_parser("report", help="a page over all titles: report.html, and report.csv"))
    for name, about in (("cancel", "stop; nothing that is done is lost"), ("clean", "remove everything but results and the report")):
        own = commands.add_parser(name, help=about)
        add_job(own)
        if name == "clean":
            own.add_argument("--force", action="store_true", help="of a job that is not done, too")
    simulate.add_arguments(commands.add_parser("simulate", help="what a farm of a thousand nodes would do, from jobs that are done"))
    more = commands.add_parser("more", help="titles that wait for room in Slurm's queue; Slurm calls it")
    add_job(more)
    more.add_argument("index", nargs="?", help="of no meaning")
    work = commands.add_parser("work", help="one task, for schedulers")
    add_job(work)
    work.add_argument("step", choices=STEPS)
    work.add_argument("index", type=int, nargs="?", help="of a chunk within its title (default: JOB_COMPLETION_INDEX)")
    work.add_argument("--title", type=int, default=0, help="number of the title, from 0")
    return every


def work(options: argparse.Namespace) -> int:
    """Exit codes of the worker."""
    job = Job(options.job)
    if not (job.path / "plan.json").is_file():
        say(f"farm: node {worker.node_name()}: {job.path}: expected a job, found no plan.json: is its storage mounted here?")
        return worker.UNFIT
    titles = job.plan.titles
    if not 0 <= options.title < len(titles):
        raise Fault(f"--title: expected a number [0, {len(titles) - 1}], found {options.title}")
    count = len(titles[options.title].ranges) if options.step == "chunk" else 1
    index = options.index
    if options.step == "chunk" and index is None:
        given = os.environ.get("JOB_COMPLETION_INDEX", "")
        if not given.isdecimal():
            raise Fault(f"work chunk: expected an index, or JOB_COMPLETION_INDEX in the environment, found '{given}'")
        index = int(given)
    if options.step == "chunk" and not 0 <= index < count:
        raise Fault(f"work chunk: expected an index [0, {count - 1}], found {index}")
    if options.step not in titles[options.title].steps:
        raise Fault(f"work {options.step}: expected a title with --tune, found '{titles[options.title].name}' without")
    try:
        code, engine = worker.work(job, Task(options.step, options.title, index if options.step == "chunk" else 0)), job.engine()
        if code == worker.MISSING and "SLURM_JOB_ID" in os.environ and engine.get("engine") == engines.SLURM:
            on_slurm.again(job, options.title, engine)
        if options.step == "check":
            report.write(job)
        return code
    except Fault as fault:  # not even a record could be written
        say(f"farm: {fault}")
        return worker.AGAIN if worker.MAY_PASS.search(str(fault)) else worker.BAD


def do(script: Script, arguments: list[str] | None) -> int:
    options = parser().parse_args(arguments)
    script.where = options.job
    if options.command == "plan":
        return planning.plan(options)
    if options.command == "work":
        return work(options)
    if options.command == "simulate":
        return simulate.run(options)
    if options.command == "more":
        on_slurm.more_later(Job(options.job))
        return 0
    return engines.COMMANDS[options.command](Job(options.job), options)


def main(arguments: list[str] | None = None) -> None:
    Script("farm", "stopped; what is done is kept: scripts/farm resume goes on").run(lambda script: do(script, arguments))


