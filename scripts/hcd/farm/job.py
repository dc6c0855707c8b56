# SPDX-License-Identifier: BSD-2-Clause
"""A job's folder: its plan, and a record of each task, which all machines see.

    plan.json                    what is to be made; nothing in it changes
    weights.safetensors          of --weights
    engine.json                  who runs it: engines.py
    titles/000/frames.crc        of the source: time and checksum of each frame
    titles/000/rungs.json        sizes and rates: made by the probe
    titles/000/chunks/00003.*    the coded frames of a range, and their hashes
    titles/000/tasks/chunk-00003.json   the record of a task
    log/, slurm/, out/           logs; batch scripts; results
"""

import argparse
import json
import os
import socket
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from hcd.run import Fault

VERSION = 1
STEPS = ("probe", "chunk", "tune", "join", "check")  # in their order; of a title without --tune there is no tune
DONE, RUNNING, FAILED, STOPPED = "done", "running", "failed", "stopped"
PATHS = ("source", "output", "weights")  # options that are files
ROUNDS = 3  # times that a chunk is asked for: by the first array, and by those after it


@dataclass(frozen=True)
class Range:
    """Frames [first, end) of a source."""
    first: int
    end: int

    @property
    def frames(self) -> int:
        return self.end - self.first


@dataclass(frozen=True)
class Task:
    step: str
    title: int
    index: int = 0  # of a chunk

    def __str__(self) -> str:
        return f"{self.step} {self.index}" if self.step == "chunk" else self.step

    @property
    def file_name(self) -> str:
        return f"{self.step}-{self.index:05d}" if self.step == "chunk" else self.step


@dataclass
class Record:
    """What a task has to say. `node`, `engine`: where it runs, and its number there; `attempt` counts from 1; `begun`,
    `ended`: seconds since 1970; `stage`: what it does `since` then; `frames`: of `total` of that; `cpu`: seconds of it; `text`: why it failed, and
    `code`: the exit code that says whether another try may help (worker.py); `key`: what it was made of; `found`: what it has made, by the step."""
    state: str
    node: str = ""
    engine: str = ""
    attempt: int = 1
    begun: float = 0.0
    ended: float = 0.0
    stage: str = ""
    since: float = 0.0
    frames: int = 0
    total: int = 0
    cpu: float = 0.0
    text: str = ""
    code: int = 0
    key: str = ""
    found: dict = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return max(0.0, (self.ended or time.time()) - self.begun) if self.begun else 0.0


@dataclass
class Title:
    """Of the plan. `options`: of scripts/encode, as they were typed; `first`: time of the first frame in units of
    `time_base`; `failed`: why nothing can be made of it."""
    name: str
    options: dict
    source: dict = field(default_factory=dict)    # size, mtime_ns, sha256
    frames: int = 0
    seconds: float = 0.0
    time_base: str = "1/1000"
    front: str = ""
    frame: dict = field(default_factory=dict)     # pixels.Frame
    ranges: list[Range] = field(default_factory=list)
    scenes: int = 0
    failed: str = ""

    @property
    def path(self) -> Path:
        return Path(self.options["source"])

    @property
    def tuned(self) -> bool:
        return bool(self.options["tune"] or self.options["client"] == "tuned")

    @property
    def steps(self) -> tuple[str, ...]:
        return STEPS if self.tuned else tuple(step for step in STEPS if step != "tune")

    @property
    def after_chunks(self) -> str:
        """The step that looks whether all chunks are there."""
        return "tune" if self.tuned else "join"


@dataclass
class Plan:
    """`build`: see build.py; `settings`: what is pinned beside it: threads, device, precision."""
    name: str
    build: dict
    settings: dict
    titles: list[Title]
    weights: str = ""      # key_of() them
    made: float = 0.0
    version: int = VERSION


class Job:
    def __init__(self, path: Path):
        self.path = path.resolve()
        self._plan: Plan | None = None

    # ---- the plan ----

    @property
    def plan(self) -> Plan:
        if self._plan is None:
            self._plan = self.read_plan()
        return self._plan

    def read_plan(self) -> Plan:
        file = self.path / "plan.json"
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            if found["version"] != VERSION:
                raise Fault(f"{file}: expected a plan of version {VERSION}, found {found['version']}: plan it again")
            titles = [Title(**{**title, "ranges": [Range(*pair) for pair in title["ranges"]]}) for title in found["titles"]]
            return Plan(**{**found, "titles": titles})
        except FileNotFoundError:
            raise Fault(f"{self.path}: expected a job made by `scripts/farm plan`, found no plan.json there") from None
        except (ValueError, KeyError, TypeError) as error:
            raise Fault(f"{file}: expected a plan, found damage: {error}") from None

    def write_plan(self, plan: Plan) -> None:
        found = asdict(plan)
        for title, own in zip(found["titles"], plan.titles):
            title["ranges"] = [[part.first, part.end] for part in own.ranges]
        self._plan = plan
        write_shared(self.path / "plan.json", (json.dumps(found, indent=1) + "\n").encode())

    def options(self, number: int) -> argparse.Namespace:
        """Of a title, as scripts/encode has them."""
        from hcd.stream import options as command_line  # pylint: disable=import-outside-toplevel
        own = dict(self.plan.titles[number].options)
        for name in PATHS:
            own[name] = Path(own[name]) if own[name] else None
        own["output"] = self.path / own["output"]
        if own["weights"]:
            own["weights"] = self.path / own["weights"]
        return command_line.checked(argparse.Namespace(**own))

    def engine(self) -> dict:
        """Who runs it, and what was asked of it."""
        try:
            return json.loads((self.path / "engine.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}

    # ---- places ----

    def folder(self, number: int) -> Path:
        return self.path / "titles" / f"{number:03d}"

    def chunk_file(self, number: int, index: int, name: str) -> Path:
        return self.folder(number) / "chunks" / f"{index:05d}.{name}"

    # ---- records ----

    def record_file(self, task: Task) -> Path:
        return self.folder(task.title) / "tasks" / f"{task.file_name}.json"

    def record(self, task: Task) -> Record | None:
        """None: there is none, or no whole one."""
        try:
            return Record(**json.loads(self.record_file(task).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write_record(self, task: Task, record: Record) -> None:
        file = self.record_file(task)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_shared(file, json.dumps(asdict(record)).encode())

    def forget(self, task: Task) -> None:
        self.record_file(task).unlink(missing_ok=True)

    def tasks(self, number: int) -> list[Task]:
        """Of a title, in their order."""
        title = self.plan.titles[number]
        if title.failed:
            return []
        found = []
        for step in title.steps:
            count = len(title.ranges) if step == "chunk" else 1
            found += [Task(step, number, index) for index in range(count)]
        return found

    def state(self, task: Task) -> str:
        """"": not begun."""
        record = self.record(task)
        return record.state if record else ""


def write_shared(path: Path, content: bytes) -> None:
    """A file that other machines see whole or not at all."""
    temporary = path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise Fault(f"{path}: cannot write: {error.strerror}") from None


def node_name() -> str:
    """Of this machine; Slurm's where there is one, since several of its nodes may be one machine."""
    return os.environ.get("SLURMD_NODENAME") or os.environ.get("NODE_NAME") or socket.gethostname()
