# SPDX-License-Identifier: BSD-2-Clause
"""Job folders as a job at work leaves them, made without any work: by job.py's own functions."""

import os
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from hcd.farm.job import DONE, FAILED, RUNNING, Job, Plan, Range, Record, Task, Title  # noqa: E402

NOW = 1_780_000_000.0  # seconds since 1970
LENGTH = 100  # frames of a chunk
RATE = 25.0


def title(name: str, chunks: int = 4, tune: bool = False, failed: str = "") -> Title:
    options = {"source": f"/films/{name}", "output": f"out/{name}.mkv", "weights": None, "tune": tune, "client": None}
    frames = chunks * LENGTH
    return Title(name, options, frames=frames, seconds=frames / RATE, failed=failed,
                 ranges=[Range(first, first + LENGTH) for first in range(0, frames, LENGTH)])


def chunk_found(psnr: float = 40.0, size: int = 100_000, rungs: tuple[str, ...] = ("half",), cpu: str = "CPU A") -> dict:
    return {**{rung: {"bytes": size, "frames": LENGTH, "sha256": "0", "psnr": psnr, "md5": "0", "headers": "0"}
               for rung in rungs},
            "cpu_model": cpu}


def output(name: str, **more: object) -> dict:
    return {"file": f"out/{name}.mkv", "size": "960x540", "model": "lite", "bits": 8_000_000, "seconds": 16.0, "psnr": 40.25,
            "measure": "vmaf-neg", "value": 91.5, "frames": 400, **more}


class FolderTest(unittest.TestCase):
    """`job`: with the titles that a test asks for."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "job"
        self.path.mkdir()

    def plan(self, *titles: Title, name: str = "film") -> Job:
        self.job = Job(self.path)
        self.job.write_plan(Plan(name, {"id": "0"}, {"threads": 1}, list(titles), made=NOW - 9000))
        return Job(self.path)  # as another process reads it

    def put(self, task: Task, record: Record, age: float = 0.0) -> Path:
        """`age`: seconds since it was written."""
        self.job.write_record(task, record)
        file = self.job.record_file(task)
        os.utime(file, (NOW - age, NOW - age))
        return file

    def done(self, step: str, number: int = 0, index: int = 0, ago: float = 60.0, seconds: float = 50.0, node: str = "n1",
             **more: object) -> None:
        """A task that ended `ago` seconds before NOW."""
        if step == "chunk":
            more.setdefault("found", chunk_found())
        more.setdefault("cpu", seconds)
        self.put(Task(step, number, index), Record(DONE, node, "7", begun=NOW - ago - seconds, ended=NOW - ago, **more), ago)

    def runs(self, step: str, number: int = 0, index: int = 0, age: float = 2.0, seconds: float = 30.0, node: str = "n1",
             **more: object) -> None:
        """A task that runs, of which was heard `age` seconds ago."""
        self.put(Task(step, number, index), Record(RUNNING, node, "7", begun=NOW - seconds, stage="coding", frames=20,
                                                   total=LENGTH, **more), age)

    def fails(self, step: str, number: int = 0, index: int = 0, text: str = "ffmpeg: it broke", node: str = "n2",
              attempt: int = 1) -> None:
        self.put(Task(step, number, index), Record(FAILED, node, "7", attempt, NOW - 100, NOW - 90, text=text), 90)
