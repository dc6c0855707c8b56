# SPDX-License-Identifier: BSD-2-Clause
"""A farm and its work as they are simulated, and what comes out."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Piece(NamedTuple):
    """A task on a node of speed 1 and a storage that nobody else uses."""
    seconds: float
    bytes: float = 0.0  # read and written
    operations: float = 0.0  # on metadata, beside the start's and the records'


@dataclass
class Work:
    """A title. A step that is None is left out. `listing`: bytes that each of its tasks reads, but for those which a node
    still has of the title's task before; `calls`: of sbatch."""
    chunks: list[Piece]
    probe: Piece | None = None
    tune: Piece | None = None
    join: Piece | None = None
    check: Piece | None = None
    listing: float = 0.0
    calls: int = 0

    def steps(self) -> list[list[Piece]]:
        """In their order: each waits for all of the one before."""
        alone = [[step] if step else [] for step in (self.probe, self.tune, self.join, self.check)]
        return [step for step in (alone[0], self.chunks, *alone[1:]) if step]


@dataclass
class Farm:
    """Times in seconds; 0 of a rate or a limit: there is none. `start`: from a free node to a task that works; `starts`: tasks a
    second; `calls`: of sbatch, a second; `life`: mean time to a node's loss; `notice`: until the controller knows; `requeue`:
    until the lost task may start again; `repair`: until the node is back; `speeds`: seconds of a node over those of a plain
    one, of which each node draws one; `slow`: this share of nodes is `slower` times slower beside that; `bandwidth`: bytes a
    second; `operations`: a second; `record_every` seconds a task writes a record, for `record_operations`; `programs`: bytes
    that a node reads once; `start_operations`: of its first task, and `next_operations` of those after it; without `cache` each
    task is a first one."""
    nodes: int
    start: float = 0.0
    starts: float = 0.0
    calls: float = 0.0
    life: float = 0.0
    notice: float = 0.0
    requeue: float = 0.0
    repair: float = 0.0
    speeds: list[float] = field(default_factory=lambda: [1.0])
    slow: float = 0.0
    slower: float = 1.0
    bandwidth: float = 0.0
    operations: float = 0.0
    record_every: float = 0.0
    record_operations: float = 0.0
    programs: float = 0.0
    start_operations: float = 0.0
    next_operations: float = 0.0
    cache: bool = True
    seed: int = 1


@dataclass
class Shared:
    """Of the storage's bytes, or of its operations. Peaks a second: of what is served, and of what is asked for."""
    total: float = 0.0
    peak: float = 0.0
    asked: float = 0.0


@dataclass
class Outcome:
    """Seconds. `busy`: of nodes; `lost`: of those, for tasks that did not end; `down`: of nodes that are away; `short`: in which
    the storage could not keep up; `drain`: from the moment on at which no task waits for a node; `idle`: nodes in the last
    hundredth of the time; `slowest`: how many times slower the node of the last task to end is."""
    seconds: float = 0.0
    submitted: float = 0.0
    done: list[tuple[int, int, int]] = field(default_factory=list)  # title, step, index: in the order of their ends
    starts: int = 0
    busy: float = 0.0
    lost: float = 0.0
    redone: int = 0
    losses: int = 0
    down: float = 0.0
    bytes: Shared = field(default_factory=Shared)
    operations: Shared = field(default_factory=Shared)
    short: float = 0.0
    drain: float = 0.0
    idle: float = 0.0
    idle_in_drain: float = 0.0
    last: str = ""
    slowest: float = 1.0
