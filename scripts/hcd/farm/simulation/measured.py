# SPDX-License-Identifier: BSD-2-Clause
"""What finished jobs tell of a farm: seconds and bytes of chunks, their spread, what a start takes, how nodes differ."""

from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median

from hcd.farm.job import DONE, Job, Record, Task
from hcd.run import Fault

FIXED, GROWING = ("probe", "tune"), ("join", "check")  # steps: the same for any title; longer with more frames
LISTING = 45        # bytes of a frame in the list of frames, where there is none to look at
WIDTH, HEIGHT = 1920, 1080  # where the plan does not say
LONGEST_GAP = 60.0  # seconds between two tasks of a node: more is a pause of the job, and no start
SAME = 1.5          # titles that differ by less in frames do not tell what of a step grows with them


@dataclass(frozen=True)
class Chunk:
    """`cpu`: seconds, as a node of mean speed would need them; `written`: bytes of all its rungs."""
    frames: int
    cpu: float
    written: float


@dataclass
class Measured:
    """A title. What takes time is in CPU seconds, since the nodes may have had other work. `rate`: frames a second;
    `pixels`: of one; `read`, `listing`: its bytes in the source, and in the list of frames, which each chunk reads; `steps`:
    the others."""
    name: str
    frames: int
    rate: float
    pixels: int
    read: float
    listing: float
    chunks: list[Chunk]
    steps: dict[str, float] = field(default_factory=dict)


@dataclass
class Farm:
    """`busy`: CPUs that a chunk keeps busy, with `threads` in the plan; `start`: seconds from a task's end to the next one's
    begin on a node, None where no node had two; `nodes`: how much slower than the mean each node is; `plan`: bytes of plan.json
    by title and by range; `steps`: fixed CPU seconds, and those of a frame."""
    titles: list[Measured]
    busy: float
    threads: int
    start: float | None
    nodes: list[float]
    plan: tuple[float, float]
    steps: dict[str, tuple[float, float]]

    @property
    def chunks(self) -> int:
        return sum(len(title.chunks) for title in self.titles)


def measure(folders: list[Path]) -> Farm:
    """Of all the jobs together. A Fault where no chunk is done."""
    jobs = [Job(folder) for folder in folders]
    records = [(job, task, record) for job in jobs for number in range(len(job.plan.titles)) for task in job.tasks(number)
               if (record := job.record(task)) and record.state == DONE]
    chunks = [(job, task, record) for job, task, record in records
              if task.step == "chunk" and record.seconds > 0 and frames_of(job, task) > 0]
    if not chunks:
        raise Fault(f"{', '.join(map(str, folders))}: expected a job with chunks that are done, found none")
    nodes = slowness(chunks)
    titles = []
    for job in jobs:
        for number, title in enumerate(job.plan.titles):
            own = [(task, record) for its, task, record in chunks if its is job and task.title == number]
            if own:
                titles.append(of_title(job, number, own, nodes))
                titles[-1].steps = {task.step: cpu_of(record) for its, task, record in records
                                    if its is job and task.title == number and task.step != "chunk"}
    busy = median(max(cpu_of(record), 1e-3) / record.seconds for _, _, record in chunks)
    threads = min(int(job.plan.settings.get("threads", 1)) for job in jobs)
    steps = {step: growth(step, titles) for step in FIXED + GROWING if any(step in title.steps for title in titles)}
    start = turnaround([record for _, _, record in records])
    return Farm(titles, busy, threads, start, sorted(nodes.values()), plan_bytes(jobs), steps)


def frames_of(job: Job, task: Task) -> int:
    return job.plan.titles[task.title].ranges[task.index].frames


def cpu_of(record: Record) -> float:
    """Where a record has none, its seconds by the clock stand for it."""
    return record.cpu or record.seconds


def of_title(job: Job, number: int, own: list[tuple[Task, Record]], nodes: dict[str, float]) -> Measured:
    title = job.plan.titles[number]
    chunks = [Chunk(frames_of(job, task), cpu_of(record) / nodes.get(record.node, 1.0), written(record)) for task, record in own]
    listing = sum(file.stat().st_size for file in job.folder(number).glob("frames.*"))
    frames = title.frames or sum(part.frames for part in title.ranges)
    rate = frames / title.seconds if title.seconds else 24.0
    pixels = title.frame.get("width", WIDTH) * title.frame.get("height", HEIGHT)
    return Measured(title.name, frames, rate, pixels, title.source.get("size", 0) / frames,
                    listing / frames if listing else LISTING, chunks)


def written(record: Record) -> float:
    """Bytes of all rungs."""
    return sum(rung.get("bytes", 0) for rung in record.found.values() if isinstance(rung, dict))


def slowness(chunks: list[tuple[Job, Task, Record]]) -> dict[str, float]:
    """Of each node: CPU seconds of a frame over those of the same title on all nodes. Empty where there is one node."""
    title_of = {}
    for job, task, record in chunks:
        title_of.setdefault((job.path, task.title), []).append((record.node, cpu_of(record) / frames_of(job, task)))
    factors: dict[str, list[float]] = {}
    for costs in title_of.values():
        mean = fmean(cost for _, cost in costs)
        for node, cost in costs:
            factors.setdefault(node, []).append(cost / mean)
    return {node: fmean(own) for node, own in factors.items()} if len(factors) > 1 else {}


def turnaround(records: list[Record]) -> float | None:
    """Median seconds between a task's end and the next one's begin on its node: the engine's, and the start of Python."""
    by_node: dict[str, list[Record]] = {}
    for record in records:
        by_node.setdefault(record.node, []).append(record)
    gaps = []
    for own in by_node.values():
        ended: list[float] = []  # of tasks that no other has followed yet; several may run beside each other
        for record in sorted(own, key=lambda it: it.begun):
            before = [end for end in ended if record.begun - LONGEST_GAP <= end <= record.begun]
            if before:
                gaps.append(record.begun - max(before))
                ended.remove(max(before))
            ended.append(record.ended)
    return median(gaps) if gaps else None


def plan_bytes(jobs: list[Job]) -> tuple[float, float]:
    """Bytes of plan.json by title without its ranges, and by range: what a worker reads grows with both."""
    per_range = 36.0  # of "[", two numbers and "]" on lines of their own
    titles = sum(len(job.plan.titles) for job in jobs)
    ranges = sum(len(title.ranges) for job in jobs for title in job.plan.titles)
    size = sum((job.path / "plan.json").stat().st_size for job in jobs)
    return max(0.0, size - per_range * ranges) / titles, per_range


def growth(step: str, titles: list[Measured]) -> tuple[float, float]:
    """Fixed CPU seconds of a step, and those of a frame. Of titles of one length, all of join and check counts as growing: an
    upper bound for longer titles."""
    points = [(title.frames, title.steps[step]) for title in titles if step in title.steps]
    mean_frames, mean_seconds = fmean(x for x, _ in points), fmean(y for _, y in points)
    if step in FIXED:
        return mean_seconds, 0.0
    if max(x for x, _ in points) < SAME * min(x for x, _ in points):
        return 0.0, mean_seconds / mean_frames
    slope = sum((x - mean_frames) * (y - mean_seconds) for x, y in points) / sum((x - mean_frames) ** 2 for x, _ in points)
    slope = min(max(slope, 0.0), mean_seconds / mean_frames)
    return mean_seconds - slope * mean_frames, slope
