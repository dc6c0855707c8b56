# SPDX-License-Identifier: BSD-2-Clause
"""A job as Slurm gets it: for each title a chain of arrays, and what is missing once more."""

import shlex
import sys

from hcd.farm import local, slurm, worker
from hcd.farm.job import FAILED, ROUNDS, STOPPED, Job, Task, write_shared
from hcd.progress import say
from hcd.run import Fault

OPTIONS = ("gpus", "time", "memory", "partition", "account", "sbatch")  # of scripts/farm run


def settings(job: Job, engine: dict, step: str, minutes: int) -> slurm.Settings:
    """`minutes`: in place of those that were asked for; 0: those."""
    chunk = step == "chunk"
    return slurm.Settings(cpus=job.plan.settings["threads"], gpus=engine.get("gpus") or 0 if chunk else 0,
                          minutes=minutes or engine.get("time") or 0, memory=engine.get("memory") or "",
                          at_once=engine.get("jobs") or 0 if chunk else 0, partition=engine.get("partition") or "",
                          account=engine.get("account") or "", words=tuple(shlex.split(engine.get("sbatch") or "")))


def chain(job: Job, number: int, tasks: list[Task], engine: dict, minutes: int = 0) -> None:
    """Submits what is open of a title. The step behind the chunks begins when they have ended in whatever way: it looks at
    what is there."""
    title, steps = job.plan.titles[number], []
    for name in title.steps:
        indices = [task.index for task in tasks if task.step == name]
        before = {step.name: "afterok" for step in steps[-1:]}
        if name == title.after_chunks:
            before = {step.name: "afterany" if step.name == "chunk" else "afterok" for step in steps}
        if indices:
            command = (sys.executable, "-B", str(local.FARM), "work", "--title", str(number), str(job.path), name)
            steps.append(slurm.Step(name, command, indices, settings(job, engine, name, minutes), before))
    slurm.chain(job.path, number, steps)


def again(job: Job, number: int, engine: dict) -> None:
    """On a node, by the step behind the chunks: what is missing is submitted once more, with everything behind it, a few
    times at most."""
    file, name = job.folder(number) / "rounds", job.plan.titles[number].name
    rounds = int(file.read_text(encoding="ascii")) if file.exists() else 1
    tasks = worker.open_tasks(job, number)
    records = [job.record(task) for task in tasks if task.step == "chunk"]
    if any(record and record.state == FAILED and record.code == worker.BAD for record in records):
        say(f"farm: {name}: a chunk has failed for good: not tried again before `scripts/farm resume`")
        return
    if rounds >= ROUNDS:
        say(f"farm: {name}: {len(records)} missing after {rounds} rounds: not tried again before `scripts/farm resume`")
        return
    write_shared(file, str(rounds + 1).encode())
    late = any(record and record.state == STOPPED for record in records)
    minutes = (engine.get("time") or 0) * 2 ** rounds if late else 0
    say(f"farm: {name}: {len(records)} chunk{'s' * (len(records) != 1)} once more"
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
    todo = worker.open_tasks(job)
    titles = sorted({task.title for task in todo})
    try:
        for number in titles:
            chain(job, number, [task for task in todo if task.title == number], engine)
    except BaseException:
        slurm.cancel(job.path)
        raise
    say(f"farm: {job.path}: {len(todo)} tasks of {len(titles)} title{'s' * (len(titles) != 1)} handed to Slurm: scripts/farm "
        f"status {job.path}" if todo else f"farm: {job.path}: all is done")
    return 0
