# SPDX-License-Identifier: BSD-2-Clause
"""How the tasks of a job stand: what their records say, held against what the engine knows."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from hcd.farm.job import DONE, FAILED, RUNNING, STOPPED, Job, Record, Task, Title
from hcd.farm.records import Seen, read_title

# States beside those of records.
WAITING = "waiting"  # not begun; or a record that counts no more, and the engine has the task in its queue
BLOCKED = "blocked"  # what it needs has failed
AGAIN = "again"      # failed before, and the engine has it in its queue again
SILENT = "silent"    # says that it runs, and has not said so for a while
LOST = "lost"        # says that it runs, and the engine does not know it
STATES = (DONE, RUNNING, SILENT, LOST, FAILED, STOPPED, AGAIN, WAITING, BLOCKED)
BROKEN = (FAILED, STOPPED, LOST)  # nobody works on it, nor will
LEFT = (RUNNING, SILENT, AGAIN, WAITING)  # somebody does, or will

QUIET = 60.0   # seconds: a worker writes its record every 5
LATELY = 15.0  # seconds: what the engine said may be that much older than a record
RUNS = ("running", "completing", "configuring", "r", "cg", "cf")  # of an engine, lower case
QUEUED = ("pending", "waiting", "requeued", "requeue_hold", "special_exit", "suspended", "stopped", "pd", "s", "rq", "rh")
NEVER = "DependencyNeverSatisfied"

EngineStates = Mapping[object, tuple[str, str, str]]


def task_key(task: Task) -> str:
    """By which an engine names a task to us; the Task itself does, too."""
    return f"{task.title:03d}/{task.file_name}"


class Engine:
    """What it knows of the tasks: state, node, reason. `states` None: it does not answer; `busy`: it is at work, and has no
    list of its tasks: then their records are believed."""

    def __init__(self, states: EngineStates | None, name: str = "the engine", busy: bool = False):
        self.name, self.busy = name, busy
        self.answers = busy or states is not None
        self.states = {task_key(key) if isinstance(key, Task) else str(key): value for key, value in (states or {}).items()}

    def of(self, task: Task, record: Record | None) -> tuple[str, str, str]:
        """Running, waiting, or "": not known; the node; why it waits."""
        if self.busy:
            return {RUNNING: RUNNING, STOPPED: WAITING}.get(record.state if record else "", ""), "", ""
        state, node, reason = self.states.get(task_key(task), ("", "", ""))
        word = str(state).lower()
        known = RUNNING if word in RUNS else WAITING if word in QUEUED and reason != NEVER else ""
        return known, str(node or ""), str(reason or "")


@dataclass(eq=False)
class View:
    """A task as it stands. `asked`: the engine has it in its queue; `reason`: why it waits there; `frames`: of a
    chunk."""
    seen: Seen
    state: str
    node: str = ""
    reason: str = ""
    asked: bool = False
    frames: int = 0

    @property
    def task(self) -> Task:
        return self.seen.task

    @property
    def record(self) -> Record | None:
        return self.seen.record

    @property
    def duration(self) -> float:
        """Seconds that it has worked, as far as its record knows: by the node's clock where it has ended."""
        if not self.record or not self.record.begun:
            return 0.0
        return max(0.0, (self.record.ended or self.seen.updated) - self.record.begun)

    @property
    def why(self) -> str:
        """Its first line."""
        text = self.record.text.strip() if self.record else ""
        return text.splitlines()[0] if text else "no reason was written"


@dataclass(eq=False)
class TitleView:
    number: int
    title: Title
    tasks: list[View] = field(default_factory=list)

    @cached_property
    def counts(self) -> Counter:
        return Counter(view.state for view in self.tasks)

    @cached_property
    def state(self) -> str:
        counts = self.counts
        if self.title.failed or counts[FAILED]:
            return FAILED
        if self.tasks and self.tasks[-1].state == DONE:
            return DONE
        for state in (RUNNING, SILENT, LOST, STOPPED):
            if counts[state]:
                return RUNNING if state == SILENT else state
        return RUNNING if counts[DONE] and counts[AGAIN] + counts[WAITING] else WAITING

    @cached_property
    def chunks(self) -> list[View]:
        return [view for view in self.tasks if view.task.step == "chunk"]

    @cached_property
    def chunk_counts(self) -> Counter:
        return Counter(view.state for view in self.chunks)

    def step(self, name: str) -> View | None:
        """Any but chunks."""
        return next((view for view in self.tasks if view.task.step == name), None)

    @property
    def outputs(self) -> list[dict]:
        """Of the check."""
        view = self.step("check")
        found = view.record.found.get("outputs") if view and view.state == DONE and view.record else None
        return [output for output in found if isinstance(output, dict)] if isinstance(found, list) else []


@dataclass
class Overview:
    """`now`: seconds since 1970."""
    job: Job
    engine: Engine
    titles: list[TitleView]
    now: float

    @cached_property
    def tasks(self) -> list[View]:
        return [view for title in self.titles for view in title.tasks]

    @cached_property
    def counts(self) -> Counter:
        return Counter(view.state for view in self.tasks)

    @cached_property
    def title_counts(self) -> Counter:
        return Counter(title.state for title in self.titles)

    @property
    def over(self) -> bool:
        """Nobody works on anything."""
        return not any(self.counts[state] for state in LEFT)

    @cached_property
    def frames_done(self) -> int:
        return sum(view.frames for view in self.tasks if view.state == DONE)

    @cached_property
    def times(self) -> tuple[float | None, float | None]:
        """When the first task began and the last one ended."""
        records = [view.record for view in self.tasks if view.record]
        return (min((record.begun for record in records if record.begun), default=None),
                max((record.ended for record in records if record.ended), default=None))

    def age(self, view: View) -> float:
        """Seconds since its record was written; never below 0, whatever the clocks say."""
        return max(0.0, self.now - view.seen.updated)

    def ahead(self) -> float:
        """Seconds by which the disk's clock is ahead of ours, as far as the records show it."""
        return max((view.seen.updated for view in self.tasks), default=0.0) - self.now


def gather(job: Job, engine: Engine, now: float | None = None) -> Overview:
    """Reads all records, each once."""
    found = Overview(job, engine, [], time.time() if now is None else now)
    for number, title in enumerate(job.plan.titles):
        own = TitleView(number, title, [view_of(seen, title, found) for seen in read_title(job, number)])
        block(own)
        found.titles.append(own)
    return found


def view_of(seen: Seen, title: Title, about: Overview) -> View:
    known, node, reason = about.engine.of(seen.task, seen.record)
    record = seen.record
    frames = title.ranges[seen.task.index].frames if seen.task.step == "chunk" else 0
    found = View(seen, WAITING, (record.node if record else "") or node, reason, known == WAITING, frames)
    if record is None:
        found.state = RUNNING if known == RUNNING else WAITING
    elif record.state == RUNNING:
        found.state = state_of_running(known, about, found)
    elif record.state == DONE:
        found.state = DONE
    elif known:  # it is tried again; a new record is not written yet
        found.state = RUNNING if known == RUNNING else AGAIN if record.state == FAILED else WAITING
    else:
        found.state = record.state
    return found


def state_of_running(known: str, about: Overview, view: View) -> str:
    """Of a task whose record says that it runs."""
    age = about.age(view)
    if about.engine.answers and known != RUNNING and age > LATELY:
        return WAITING if known == WAITING else LOST
    return SILENT if age > QUIET else RUNNING


def block(own: TitleView) -> None:
    """Marks what cannot begin any more, since something before it is broken; unless the engine thinks otherwise."""
    broken, step = False, ""
    so_far = False
    for view in own.tasks:
        if view.task.step != step:
            step, broken = view.task.step, broken or so_far
        if broken and view.state == WAITING and not view.asked:
            view.state = BLOCKED
        so_far = so_far or view.state in BROKEN
