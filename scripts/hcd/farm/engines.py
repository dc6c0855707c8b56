# SPDX-License-Identifier: BSD-2-Clause
"""Who runs a job: this machine, or Slurm. What is the same for both: begin, go on, look, stop, clean."""

import argparse
import json
import os
import shutil
import signal
import socket
import time

from hcd.farm import local, worker
from hcd.farm.job import FAILED, STOPPED, Job, write_shared
from hcd.progress import say
from hcd.run import Fault

KEPT = ("plan.json", "out", "report.html", "report.csv")


def add_arguments(parser: argparse.ArgumentParser, required: bool) -> None:
    parser.add_argument("--engine", choices=("local", "slurm"), help="who runs it (default: slurm where sbatch is on the PATH, "
                        "else local)" if required else argparse.SUPPRESS)
    parser.add_argument("--jobs", type=int, help="tasks at a time (default: local: one a CPU; slurm: as many as there is room)")


# ---- engine.json ----

def read(job: Job) -> dict:
    try:
        return json.loads((job.path / "engine.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def write(job: Job, found: dict) -> None:
    write_shared(job.path / "engine.json", json.dumps(found, indent=1).encode())


# ---- commands ----

def open_tasks(job: Job) -> int:
    return sum(not worker.is_done(job, task) for number in range(len(job.plan.titles)) for task in job.tasks(number))


def run(job: Job, options: argparse.Namespace) -> int:
    job.plan  # noqa: B018  one that cannot be read is told now
    with local.Lock(job):
        write(job, {"engine": "local", "host": socket.gethostname(), "pid": os.getpid(), "begun": time.time(),
                    "jobs": options.jobs})
        done = local.go(job, options.jobs or os.cpu_count() or 1, lambda: None)
    return finish(job, done)


def finish(job: Job, done: bool) -> int:
    for number, title in enumerate(job.plan.titles):
        for task in job.tasks(number):
            record = job.record(task)
            if record and record.state in (FAILED, STOPPED) and record.code != worker.OK:
                say(f"farm: {title.name}: {task}: {record.text}")
        if title.failed:
            say(f"farm: {title.name}: {title.failed}")
    return int(not done)


def resume(job: Job, options: argparse.Namespace) -> int:
    for key, value in read(job).items():
        if getattr(options, key, "") is None:
            setattr(options, key, value)
    return run(job, options)


def status(job: Job, options: argparse.Namespace) -> int:
    for number, title in enumerate(job.plan.titles):
        states = [job.state(task) or "open" for task in job.tasks(number)]
        print(title.name, {state: states.count(state) for state in set(states)})
    return 0


def cancel(job: Job, _: argparse.Namespace) -> int:
    found = read(job)
    if not local.held(job):
        raise Fault(f"{job.path}: expected a job that is running, found one that is not")
    if found.get("host") != socket.gethostname():
        raise Fault(f"{job.path}: it runs on {found.get('host')}: cancel it there")
    os.kill(found["pid"], signal.SIGTERM)
    while local.held(job):
        time.sleep(0.1)
    say(f"farm: {job.path}: stopped; scripts/farm resume goes on")
    return 0


def clean(job: Job, options: argparse.Namespace) -> int:
    with local.Lock(job):
        left = open_tasks(job)
        if left and not options.force:
            raise Fault(f"{job.path}: expected a job that is done, found {left} tasks open (--force removes what they have)")
        for path in job.path.iterdir():
            if path.name in (*KEPT, "lock"):
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    return 0


COMMANDS = {"run": run, "resume": resume, "status": status, "cancel": cancel, "clean": clean}
