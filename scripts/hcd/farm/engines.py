# SPDX-License-Identifier: BSD-2-Clause
"""Who runs a job: this machine, or Slurm. What is the same for both: begin, go on, look, stop, clean."""

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import time

from hcd.farm import local, on_slurm, overview, report, slurm, status, worker
from hcd.farm.job import FAILED, RUNNING, STEPS, STOPPED, Job, Task, write_shared
from hcd.progress import say
from hcd.run import Fault

GONE = ("log", "slurm", "titles/*/chunks", "titles/*/work", "titles/*/probes", "titles/*/joined.*", "titles/*/frames.crc",
        "titles/*/tuned.safetensors", "weights.safetensors")
LOCAL, SLURM = "local", "slurm"
PATIENCE = 5  # seconds in which Slurm has to answer who looks


def count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"expected a number, 1 or more, found '{text}'")
    return int(text)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--engine", choices=(LOCAL, SLURM), help="who runs it: this machine, or Slurm's nodes (default: as before; "
                        "slurm where sbatch is on the PATH, else local)")
    parser.add_argument("--jobs", type=count, help="tasks at a time (default: local: one a CPU; slurm: as many as it has room for)")
    group = parser.add_argument_group("Slurm's")
    group.add_argument("--gpus", type=count, help="of a chunk's task, for a plan with --device cuda")
    group.add_argument("--time", type=count, metavar="MINUTES", help="limit of a task; one that hits it gets twice as many, once "
                       "more")
    group.add_argument("--memory", help="of a task, as 4G")
    group.add_argument("--partition", help="of the nodes")
    group.add_argument("--account", help="that is charged")
    group.add_argument("--sbatch", metavar="OPTIONS", help="more of sbatch's, as '--nice=100 --qos=night'")


# ---- what is asked for ----

def default() -> str:
    if not shutil.which("sbatch"):
        return LOCAL
    if why := slurm.available():
        raise Fault(f"--engine: expected a Slurm that answers, found one that does not ({why}): name slurm or local")
    return SLURM


def asked(job: Job, options: argparse.Namespace) -> dict:
    """What is asked for; what is not named is as it was before."""
    given = {name: getattr(options, name) for name in ("engine", "jobs", *on_slurm.OPTIONS)}
    settings = job.plan.settings  # a plan that cannot be read is told first
    engine = {**job.engine(), **{name: value for name, value in given.items() if value is not None}}
    if "engine" not in engine:
        engine["engine"] = default()
    if engine["engine"] == LOCAL and (odd := [name for name in on_slurm.OPTIONS if given[name] is not None]):
        raise Fault(f"--{odd[0]}: expected --engine slurm with it, found local")
    if engine.get("gpus") and not settings["device"].startswith("cuda"):
        raise Fault(f"--gpus: expected a plan with --device cuda, found {settings['device']}")
    return engine


# ---- commands ----

def run(job: Job, options: argparse.Namespace) -> int:
    engine = asked(job, options)
    with local.Lock(job):
        if engine["engine"] == SLURM:
            on_slurm.check(job)
        begun = {**engine, "host": socket.gethostname(), "pid": os.getpid(), "begun": time.time()}
        write_shared(job.path / "engine.json", json.dumps(begun, indent=1).encode())
        (job.path / "log").mkdir(exist_ok=True)
        if engine["engine"] == SLURM:
            return on_slurm.submit(job, engine)
        done = local.go(job, engine.get("jobs") or os.cpu_count() or 1)
    tell(job, options)
    return finish(job, done)


def finish(job: Job, done: bool) -> int:
    for number, title in enumerate(job.plan.titles):
        for task in job.tasks(number):
            record = job.record(task)
            if record and record.state in (FAILED, STOPPED):
                say(f"farm: {title.name}: {task}: {record.text}")
        if title.failed:
            say(f"farm: {title.name}: {title.failed}")
    return int(not done)


def asked_states(job: Job) -> tuple[str, status.EngineStates | None, bool]:
    """The engine's name, what it knows of tasks (None: it does not answer, or has no list), whether it is at work."""
    if job.engine().get("engine") != SLURM:
        busy = local.held(job)
        return "this machine", None if busy else {}, busy
    try:
        found = slurm.tasks(job.path, patience=PATIENCE)
        return "Slurm", {Task(task.step, task.title, task.index): (task.state, task.node, task.reason) for task in found
                         if task.step in STEPS}, False
    except Fault:
        return "Slurm", None, False


def show(job: Job, options: argparse.Namespace) -> int:
    job.plan  # noqa: B018  one that cannot be read is told before an engine is asked
    name, states, busy = asked_states(job)
    if options.json:
        print(json.dumps(status.to_json(job, states, name, busy), indent=1))
    else:
        print(status.status(job, states, name, options.all, busy), end="")
    found = overview.gather(job, overview.Engine(states, name, busy))
    # Where something is lost and nobody is at work it ends nowhere: who looks by exit codes only is to be told.
    at_work = any(view.asked or view.state in (RUNNING, overview.SILENT, overview.AGAIN) for view in found.tasks)
    return int(any(title.state == FAILED for title in found.titles) or found.counts[overview.LOST] > 0 and not at_work)


def tell(job: Job, _: argparse.Namespace) -> int:
    say(f"farm: {report.write(job)}")
    return 0


def cancel(job: Job, _: argparse.Namespace) -> int:
    engine = job.engine()
    if not local.held(job):
        if engine.get("engine") != SLURM or not slurm.cancel(job.path):
            raise Fault(f"{job.path}: expected a job that is running, found one that is not")
    else:
        host, pid = local.holder(job) or (engine.get("host"), engine.get("pid"))
        if host != socket.gethostname():
            raise Fault(f"{job.path}: expected a job of this machine, found one that {host or 'another'} runs: cancel it there")
        with contextlib.suppress(ProcessLookupError):  # it has just ended
            os.kill(pid, signal.SIGTERM)
        while local.held(job):
            time.sleep(0.1)
    say(f"farm: {job.path}: stopped; what is done is kept: scripts/farm resume goes on")
    return 0


def clean(job: Job, options: argparse.Namespace) -> int:
    job.read_plan()
    with local.Lock(job):
        if job.engine().get("engine") == SLURM:
            on_slurm.check(job)
        left = worker.open_tasks(job)
        if left and not options.force:
            raise Fault(f"{job.path}: expected a job that is done, found {len(left)} tasks open (--force removes what they have)")
        for path in (path for pattern in GONE for path in job.path.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    return 0


COMMANDS = {"run": run, "resume": run, "status": show, "report": tell, "cancel": cancel, "clean": clean}
