# SPDX-License-Identifier: BSD-2-Clause
"""The worker: one task of a job, named by its step and numbers. It may be run any number of times, anywhere: what is done is
not done again, and files come into their places whole."""

import contextlib
import os
import re
import resource
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from hcd import progress, run
from hcd.farm import build, chunk, correction
from hcd.farm import rungs as found_rungs
from hcd.farm.build import Unfit
from hcd.farm.job import DONE, FAILED, RUNNING, STOPPED, Job, Record, Task, node_name
from hcd.farm.join import Joined, Missing, joined_file
from hcd.farm.rungs import Rungs
from hcd.farm.source import Planned
from hcd.ffmpeg_log import SYSTEM
from hcd.run import Fault, Stopped, described
from hcd.stream import encode, video
from hcd.stream.search import measure_of

# Exit codes, where sysexits.h has a name for the case: its.
OK, BAD, MISSING, AGAIN, UNFIT, KILLED = 0, 1, 66, 75, 78, 128 + signal.SIGTERM
TRY = "try"  # begins what is kept of those before
BEAT = 5.0  # seconds between two records of a task that is at work
MAY_PASS = re.compile(f"{SYSTEM.pattern}|ended by SIG|Cannot allocate memory|Stale file handle")


class Working:
    """The record of a task while it is at work."""

    def __init__(self, job: Job, task: Task):
        self.job, self.task = job, task
        before = job.record(task)
        self.record = Record(RUNNING, node_name(), engine_number(), (before.attempt + 1) if before else 1, time.time())
        if before:
            self.record.said = [line for line in before.said if line.startswith(TRY)]
            if before.state != DONE:
                self.record.said.append(f"{TRY} {before.attempt} on {before.node}: {before.text or 'it was lost'}")
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.beat, daemon=True)

    def __enter__(self) -> "Working":
        self.job.write_record(self.task, self.record)
        progress.watchers.append(self.watch)
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.ended.set()
        progress.watchers.remove(self.watch)
        self.thread.join()

    def watch(self, stage: str, frames: int, total: int) -> None:
        own = self.record
        if stage != own.stage:
            own.since = time.time()
        own.stage, own.frames, own.total = stage, frames, total

    def beat(self) -> None:
        while not self.ended.wait(BEAT):
            with contextlib.suppress(Fault, OSError):  # a full disk is met where it matters
                self.job.write_record(self.task, self.record)

    def end(self, state: str, code: int, text: str, key: str, found: dict) -> None:
        self.ended.set()
        self.thread.join()
        own = self.record
        own.state, own.code, own.text, own.key, own.found, own.ended = state, code, text, key, found, time.time()
        own.cpu = sum(usage.ru_utime + usage.ru_stime for usage in
                      map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
        own.said += progress.heard
        self.job.write_record(self.task, own)


def engine_number() -> str:
    """Of this task, for whoever runs it."""
    array, own = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID")
    return f"{array}_{own}" if array else os.environ.get("SLURM_JOB_ID") or f"{socket.gethostname()}:{os.getpid()}"


# ---- the steps ----

def probe(job: Job, task: Task, folder: Path) -> tuple[str, dict]:
    """Sizes and rates: as asked for, or by probes, which stay in the title's folder for a second run."""
    own = job.folder(task.title) / "probes"
    own.mkdir(exist_ok=True)
    planned = Planned(job, task.title, own)
    if planned.options.auto:
        found = correction.probed(planned)
    else:
        encoding = planned.encoding()
        rungs = encode.chosen_rungs(encoding)
        encoding.prepare(rungs)
        measure = measure_of(planned.options.measure, None).name if planned.options.rungs else ""
        found = Rungs(rungs, [encoding.formats[rung.shape] for rung in rungs], measure)
    found_rungs.write(job, task.title, found)
    shutil.rmtree(own, ignore_errors=True)
    return "", {"rungs": [f"{rung.output.name}: {rung.model or 'own size'} at {rung.rate}" for rung in found.rungs]}


def encode_chunk(job: Job, task: Task, folder: Path) -> tuple[str, dict]:
    found = found_rungs.read(job, task.title)
    made = chunk.Chunk(Planned(job, task.title, folder), task.index).make()
    return chunk.key_of(job, task.title, task.index, found), made


def check_before(job: Job, task: Task) -> None:
    """Missing where a step before this one is not done; chunks are looked at by who needs them."""
    steps = job.plan.titles[task.title].steps
    for name in steps[:steps.index(task.step)]:
        before = Task(name, task.title)
        if name != "chunk" and not is_done(job, before):
            record = job.record(before)
            raise Missing(f"expected the step {name} to be done, found {f'it {record.state}: {record.text}' if record else 'that it never began'}")


def after_chunks(name: str) -> Callable[[Job, Task, Path], tuple[str, dict]]:
    """A step of join.py."""
    def step(job: Job, task: Task, folder: Path) -> tuple[str, dict]:
        check_before(job, task)
        planned = Planned(job, task.title, folder)
        first = task.step == planned.plan.after_chunks
        joined = Joined(planned, whole=first)
        if first and (wrong := correction.settle(planned, joined.found, joined.records)):
            raise Missing(wrong)
        return joined.found.key, getattr(joined, name)()
    return step


STEPS = {"probe": probe, "chunk": encode_chunk, **{name: after_chunks(name) for name in ("tune", "join", "check")}}


def is_done(job: Job, task: Task) -> bool:
    record = job.record(task)
    if not record or record.state != DONE:
        return False
    try:
        found = found_rungs.read(job, task.title)
    except Fault:  # the probe's file is lost: it is made once more, and what it finds again is still of use
        return False
    if task.step == "probe":
        return True
    if task.step == "chunk":
        return chunk.is_there(job, task, found) is not None
    if record.key != found.key:
        return False
    if task.step == "join":
        return all(joined_file(job, task.title, rung).is_file() for rung in found.rungs) or is_finished(job, task.title)
    return task.step != "check" or is_finished(job, task.title)


def is_finished(job: Job, number: int) -> bool:
    """Whether a title's results are there; what they were made of may be gone."""
    record = job.record(Task("check", number))
    if not record or record.state != DONE:
        return False
    try:
        return record.key == found_rungs.read(job, number).key and all(
            (job.path / output["file"]).exists() for output in record.found["outputs"])
    except Fault:
        return False


def open_tasks(job: Job, only: int | None = None) -> list[Task]:
    """Of all titles, or of one."""
    numbers = range(len(job.plan.titles)) if only is None else (only,)
    return [task for number in numbers if not is_finished(job, number) for task in job.tasks(number) if not is_done(job, task)]


def scratch(job: Job, task: Task) -> Path:
    """A folder of this process; what killed ones of this machine have left goes. On the job's own storage, so that files
    come into their places by a rename."""
    shared = job.folder(task.title) / "work"
    shared.mkdir(parents=True, exist_ok=True)
    host = socket.gethostname()
    for left in shared.glob(f"{task.file_name}.{host}.*"):
        pid = left.name.rsplit(".", 1)[1]
        if pid == str(os.getpid()) or not Path("/proc", pid).exists():  # in containers all have the same host and number
            shutil.rmtree(left, ignore_errors=True)
    path = shared / f"{task.file_name}.{host}.{os.getpid()}"
    path.mkdir()
    return path


def work(job: Job, task: Task) -> int:
    """An exit code; what has happened stands in the task's record, and is said."""
    title = job.plan.titles[task.title]
    if title.failed:
        progress.say(f"farm: {title.name}: {title.failed}")
        return BAD
    if is_done(job, task):
        progress.say(f"farm: {title.name}: {task}: done already")
        return OK
    node, code, text, state = node_name(), OK, "", DONE
    with Working(job, task) as working:
        key, found, folder = "", {}, None
        try:
            build.check(job.plan.build, node)
            weights = job.path / "weights.safetensors"
            if job.plan.weights and video.key_of(weights) != job.plan.weights:
                raise Fault(f"{weights}: expected the weights {job.plan.weights} of the plan, found {video.key_of(weights)}")
            folder = scratch(job, task)
            key, found = STEPS[task.step](job, task, folder)
        except Stopped as stopped:
            run.stop_all()
            name = signal.Signals(stopped.signal_number or signal.SIGTERM).name
            code, state = KILLED, STOPPED
            text = f"stopped by {name} after {working.record.seconds:.0f} s{limit(job, working.record.seconds)}"
        except Unfit as fault:
            code, state, text = UNFIT, FAILED, str(fault)
        except Missing as fault:
            code, state, text = MISSING, FAILED, str(fault)
        except FileNotFoundError as error:
            # Of one title: a node that is unfit would be so for all.
            code, state, text = AGAIN, FAILED, f"node {node}: expected {error.filename}, found none: is it mounted here?"
        except Fault as fault:
            code, state, text = AGAIN if MAY_PASS.search(f"{fault} {fault.log}") else BAD, FAILED, str(fault)
        except OSError as error:
            code, state, text = AGAIN, FAILED, described(error, job.path)
        finally:
            if folder:
                shutil.rmtree(folder, ignore_errors=True)
        if text:
            progress.say(f"farm: {title.name}: {task}: {text}")
        working.end(state, code, text, key, found)
    return code


def limit(job: Job, seconds: float) -> str:
    """Whether it was a limit on its time."""
    minutes = job.engine().get("time") or 0
    return f", at the limit on its time (--time {minutes})" if minutes and seconds > 60 * minutes - 5 else ""
