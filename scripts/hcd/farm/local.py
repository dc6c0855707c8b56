# SPDX-License-Identifier: BSD-2-Clause
"""The engine `local`: all tasks of a job on this machine, several at a time."""

import contextlib
import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

from hcd import run
from hcd.farm import worker
from hcd.farm.job import ROUNDS, Job, Task
from hcd.progress import Progress, say
from hcd.run import Fault

MOMENT = 0.5  # seconds: who only looks whether a job is held lets go of it at once
FARM = Path(__file__).resolve().parents[2] / "farm"


class Lock:
    """Held while a job is run here; the system lets go of it however that ends."""

    def __init__(self, job: Job):
        self.path = job.path / "lock"

    def __enter__(self) -> "Lock":
        self.file = os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
        end = time.monotonic() + MOMENT
        while True:
            try:
                fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() < end:
                    time.sleep(MOMENT / 10)
                    continue
            os.close(self.file)
            raise Fault(f"{self.path.parent}: expected a job that nobody is starting or running, found one that is: "
                        "scripts/farm status shows it, scripts/farm cancel ends it")
        with contextlib.suppress(OSError):  # a full disk: `clean` makes room
            os.ftruncate(self.file, 0)
            os.write(self.file, f"{socket.gethostname()} {os.getpid()}\n".encode())
        return self

    def __exit__(self, *_) -> None:
        os.close(self.file)


def held(job: Job) -> bool:
    """Changes nothing: who looks may not be allowed to write."""
    try:
        file = os.open(job.path / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(file)


def holder(job: Job) -> tuple[str, int] | None:
    """The machine and the process that hold a job's lock; None: the disk had no room for them."""
    try:
        host, pid = (job.path / "lock").read_text(encoding="utf-8").split()
        return host, int(pid)
    except (OSError, ValueError):
        return None


def perform(job: Job, task: Task) -> int:
    """A worker of its own: its exit code. What it says goes to its log."""
    log = job.path / "log" / f"{task.title:03d}-{task.file_name}.log"
    with open(log, "ab") as file:
        process = run.start(sys.executable, "-B", FARM, "work", job.path, task.step, task.index, "--title", task.title,
                            stdout=file, stderr=file)
        try:
            return process.wait()
        finally:
            run.end(process)


class Title:
    """The tasks of one title in their order. `failed`: nothing more can be done for it now."""

    def __init__(self, job: Job, number: int):
        self.job, self.number, self.failed = job, number, False
        self.plan = job.plan.titles[number]
        self.tries: dict[Task, int] = {}
        self.open = worker.open_tasks(job, number)
        self.running: set[Task] = set()

    def ready(self) -> Iterator[Task]:
        """Those that may begin: all of one step."""
        if self.failed or not self.open:
            return
        step = self.open[0].step
        for task in self.open:
            if task.step != step:
                return
            if task not in self.running:
                yield task

    def ended(self, task: Task, code: int) -> None:
        self.running.discard(task)
        self.tries[task] = self.tries.get(task, 0) + 1
        if code == worker.OK:
            self.open.remove(task)
        elif code == worker.MISSING:
            found = [other for other in self.job.tasks(self.number) if other.step == "chunk" and
                     not worker.is_done(self.job, other) and self.tries.get(other, 0) < ROUNDS]
            self.failed = not found
            if found:
                say(f"farm: {self.plan.name}: {len(found)} chunk{'s' * (len(found) != 1)} once more")
            self.open = found + self.open
        elif (code in (worker.AGAIN, worker.KILLED) or code < 0) and self.tries[task] < ROUNDS:  # by a signal
            say(f"farm: {self.plan.name}: {task} once more")
        elif task.step == "chunk":  # the others go on; the step behind them tells what is missing
            self.open.remove(task)
            self.tries[task] = ROUNDS
        else:
            self.failed = True


def go(job: Job, jobs: int) -> bool:
    """Runs what is open, `jobs` tasks at a time; whether all is done."""
    titles = [Title(job, number) for number, title in enumerate(job.plan.titles) if not title.failed]
    shown = Progress("farm", sum(len(title.open) for title in titles))
    pool, running = ThreadPoolExecutor(jobs), {}
    try:
        while True:
            for title in titles:
                for task in title.ready():
                    if len(running) < jobs:
                        title.running.add(task)
                        running[pool.submit(perform, job, task)] = title, task
            if not running:
                break
            ended, _ = wait(running, timeout=1.0, return_when=FIRST_COMPLETED)
            for future in ended:
                title, task = running.pop(future)
                before = len(title.open)
                title.ended(task, future.result())
                shown.total += max(0, len(title.open) - before)
                if future.result() == worker.OK:
                    shown.step(f"{title.plan.name}: {task}")
    except BaseException:
        run.stop_all(signal.SIGTERM)  # they say so in their records
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return not any(title.failed for title in titles) and not any(title.failed for title in job.plan.titles)
