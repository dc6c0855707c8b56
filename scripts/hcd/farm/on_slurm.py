# SPDX-License-Identifier: BSD-2-Clause
"""A job as Slurm gets it: for each title a chain of arrays, and what is missing once more."""

import os
import shlex
import sys
import time
from dataclasses import replace
from pathlib import Path

from hcd.farm import local, slurm, worker
from hcd.farm.job import FAILED, ROUNDS, STEPS, STOPPED, Job, Task, write_shared
from hcd.progress import say
from hcd.run import Fault

PAUSE = 15  # seconds between two looks at a queue that is full
OPTIONS = ("gpus", "time", "memory", "partition", "account", "sbatch")  # of scripts/farm run


def settings(job: Job, engine: dict, step: str, minutes: int) -> slurm.Settings:
    """`minutes`: in place of those that were asked for; 0: those."""
    chunk = step == "chunk"
    return slurm.Settings(cpus=job.plan.settings["threads"], gpus=engine.get("gpus") or 0 if chunk else 0,
                          minutes=minutes or engine.get("time") or 0, memory=engine.get("memory") or "",
                          at_once=engine.get("jobs") or 0 if chunk else 0, partition=engine.get("partition") or "",
                          account=engine.get("account") or "", words=tuple(shlex.split(engine.get("sbatch") or "")))


def chain(job: Job, number: int, tasks: list[Task], engine: dict, minutes: int = 0, last: slurm.Step | None = None) -> None:
    """Submits what is open of a title. Steps behind the chunks begin when those before them have ended in whatever way: they
    look at what is there. `last`: a step behind all of them, whatever has become of them."""
    title, steps = job.plan.titles[number], []
    for name in title.steps:
        indices = [task.index for task in tasks if task.step == name]
        before = {step.name: "afterok" if name == "chunk" else "afterany" for step in steps}
        if indices:
            command = (sys.executable, "-B", str(local.FARM), "work", "--title", str(number), str(job.path), name)
            steps.append(slurm.Step(name, command, indices, settings(job, engine, name, minutes), before))
    if last:
        steps.append(replace(last, after={steps[-1].name: "afterany"}))
    slurm.chain(job.path, number, steps)


# ---- titles for which Slurm's queue has no room yet ----

def handed(job: Job, number: int) -> Path:
    """There: the title has been submitted since `run` or `resume`."""
    return job.folder(number) / "handed"


def more_later(job: Job) -> None:
    """On a node, behind a title. Where others are at work they have such a task behind them; else this one waits for room."""
    while more(job) and all(task.step == "more" for task in slurm.tasks(job.path)):
        time.sleep(PAUSE)


def more(job: Job) -> int:
    """Submits titles as long as Slurm's queue has room for them; where it has none for all, there is a task behind each
    that does so again. How many wait still."""
    engine, room = job.engine(), slurm.room()
    waiting = [number for number, title in enumerate(job.plan.titles) if not title.failed and not handed(job, number).exists()]
    todo = {number: worker.open_tasks(job, number) for number in waiting}
    all_fit, handed_over = sum(len(tasks) + 1 for tasks in todo.values()) <= room, 0
    last = None if all_fit else slurm.Step("more", (sys.executable, "-B", str(local.FARM), "more", str(job.path)),
                                           settings=settings(job, engine, "more", 0))
    for place, (number, tasks) in enumerate(todo.items()):
        if tasks and len(tasks) + 1 > room:
            if handed_over == 0 and not slurm.tasks(job.path):
                raise Fault(f"{job.plan.titles[number].name}: expected room for {len(tasks) + 1} tasks in Slurm's queue, found {room} "
                            "(MaxJobCount in slurm.conf): resume when there is some, or plan longer chunks")
            return len(waiting) - place
        try:
            handed(job, number).touch(exist_ok=False)  # two tasks may be here at the same time
        except FileExistsError:
            continue
        if not tasks:
            continue
        try:
            chain(job, number, tasks, engine, last=last)
        except BaseException:
            handed(job, number).unlink(missing_ok=True)
            raise
        room, handed_over = room - len(tasks) - 1, handed_over + 1
    return 0


def begun(job: Job, number: int) -> bool:
    """Whether what again() submits is there, to its last step. A part of it, without the rest, goes."""
    there = [(int(task.id.partition("_")[0]), task.step) for task in slurm.tasks(job.path)
             if task.title == number and task.step in STEPS]
    checks = sorted({array for array, step in there if step == "check"})  # the first is that behind the step that asks
    if len(checks) > 1:
        return True
    own = int(os.environ.get("SLURM_ARRAY_JOB_ID") or os.environ.get("SLURM_JOB_ID", 0))
    slurm.scancel({str(array) for array, _ in there if array > max([own, *checks])})
    return False


def again(job: Job, number: int, engine: dict) -> None:
    """On a node, by a step that misses something before it: that is submitted once more, with everything behind it, a few
    times at most."""
    file, name = job.folder(number) / "rounds", job.plan.titles[number].name
    rounds = int(file.read_text(encoding="ascii")) if file.exists() else 1
    tasks = worker.open_tasks(job, number)
    records = [job.record(task) for task in tasks]
    lost = [str(task) for task, record in zip(tasks, records) if not (record and record.code == worker.MISSING)]
    for task, record in zip(tasks, records):
        if record and record.state == FAILED and record.code == worker.BAD:
            say(f"farm: {name}: {task} has failed for good: not tried again before `scripts/farm resume`")
            return
    if rounds >= ROUNDS:
        say(f"farm: {name}: {', '.join(lost[:8])} still missing after {rounds} rounds: not tried again before `scripts/farm resume`")
        return
    if begun(job, number):  # this has been done: a node was lost behind the line above and below
        return
    write_shared(file, str(rounds + 1).encode())
    late = any(record and record.state == STOPPED for record in records)
    minutes = (engine.get("time") or 0) * 2 ** rounds if late else 0
    chunks = sum(task.step == "chunk" for task in tasks)
    say(f"farm: {name}: {f'{chunks} chunk' + 's' * (chunks != 1) if chunks else lost[0]} once more"
        f"{f', with {minutes} minutes each' if minutes else ''}")
    chain(job, number, tasks, engine, minutes)


def check(job: Job) -> None:
    """A Fault where Slurm does not answer, or has tasks of the job."""
    if why := slurm.available():
        raise Fault(f"--engine slurm: {why}")
    if there := slurm.tasks(job.path):
        raise Fault(f"{job.path}: expected a job that is not running, found {len(there)} of its tasks with Slurm: scripts/farm "
                    "status shows them, scripts/farm cancel ends them")


def submit(job: Job, engine: dict) -> int:
    slurm.forgive(job.path)
    for number in range(len(job.plan.titles)):
        (job.folder(number) / "rounds").unlink(missing_ok=True)
        handed(job, number).unlink(missing_ok=True)
    todo = worker.open_tasks(job)
    if not todo:
        say(f"farm: {job.path}: all is done")
        return 0
    try:
        waiting = more(job)
    except BaseException:
        slurm.cancel(job.path)
        raise
    titles = len({task.title for task in todo})
    say(f"farm: {job.path}: {len(todo)} tasks of {titles} title{'s' * (titles != 1)} "
        f"{f'for Slurm, whose queue has room for {titles - waiting} titles; the others follow' if waiting else 'handed to Slurm'}"
        f": scripts/farm status {job.path}")
    return 0
