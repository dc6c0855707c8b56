# SPDX-License-Identifier: BSD-2-Clause
"""All records of a job, read once: while others write them, and whatever stands in them."""

import errno
import json
import math
import os
from dataclasses import dataclass, fields

from hcd.farm.job import DONE, FAILED, RUNNING, STOPPED, Job, Record, Task

GONE = (errno.ENOENT, errno.ESTALE)  # another record has taken its place, on a network's disk
KINDS = {field.name: type(field.default) for field in fields(Record) if isinstance(field.default, (str, int, float))}


@dataclass(frozen=True)
class Seen:
    """A task as its file has it. `updated`: when that was written, by the clock of the disk; `damaged`: why it cannot be
    read, though it is there."""
    task: Task
    record: Record | None = None
    updated: float = 0.0
    damaged: str = ""


def read_title(job: Job, number: int) -> list[Seen]:
    """Its tasks in their order. One listing of the folder, and each record at most once."""
    folder = job.folder(number) / "tasks"
    try:
        there = set(os.listdir(folder))
    except OSError:  # nothing has begun
        there = set()
    return [read(task, f"{folder}/{task.file_name}.json") if f"{task.file_name}.json" in there else Seen(task)
            for task in job.tasks(number)]


def read(task: Task, file: str) -> Seen:
    updated = 0.0
    try:
        with open(file, "rb") as stream:
            updated = os.fstat(stream.fileno()).st_mtime
            return Seen(task, parsed(stream.read()), updated)
    except OSError as error:
        return Seen(task) if error.errno in GONE else Seen(task, damaged=error.strerror or str(error))
    except (ValueError, TypeError, RecursionError) as error:
        return Seen(task, updated=updated, damaged=f"expected a record, found damage: {error}")


def parsed(content: bytes) -> Record:
    """Raises ValueError or TypeError for anything but a whole record: what reads it can count on its types."""
    found = json.loads(content)
    if not isinstance(found, dict):
        raise ValueError(f"a {type(found).__name__}")
    record = Record(**found)
    if record.state not in (DONE, RUNNING, FAILED, STOPPED):
        raise ValueError(f"state {record.state!r}")
    for name, kind in KINDS.items():
        value = getattr(record, name)
        wrong = not isinstance(value, str) if kind is str else number(value) is None
        if wrong:
            raise ValueError(f"{name} {value!r}")
    if not isinstance(record.found, dict):
        raise ValueError(f"found {record.found!r}")
    if not isinstance(record.said, list) or not all(isinstance(line, str) for line in record.said):
        raise ValueError(f"said {record.said!r}")
    return record


def number(value: object) -> float | None:
    """None: it is none, or not a finite one."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if abs(value) < 1e300 and math.isfinite(value) else None


def decibels(value: object) -> float | None:
    """A PSNR, which may be infinite: frames without loss."""
    if isinstance(value, float) and math.isinf(value) and value > 0:
        return value
    return number(value)
