# SPDX-License-Identifier: BSD-2-Clause
"""What tasks have cost."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from hcd.farm.job import DONE, FAILED
from hcd.farm.overview import View


@dataclass
class Spent:
    """`elapsed`: from the first to begin to the last to end; `seconds`: of all tasks together, of their last attempts;
    `cpu`: of these; `attempts`: of the task that needed the most."""
    elapsed: float = 0.0
    seconds: float = 0.0
    cpu: float = 0.0
    attempts: int = 0


@dataclass
class NodeSpent:
    """`frames`: of chunks that are done, in `chunk_seconds`; `models`: of its CPU."""
    tasks: int = 0
    failed: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    frames: int = 0
    chunk_seconds: float = 0.0
    models: Counter = field(default_factory=Counter)


def spent(views: Iterable[View]) -> Spent:
    found, first, last = Spent(), None, 0.0
    for view in views:
        if not view.record:
            continue
        found.seconds += view.duration
        found.cpu += view.record.cpu
        found.attempts = max(found.attempts, view.record.attempt)
        if view.record.begun:
            first = min(first or view.record.begun, view.record.begun)
            last = max(last, view.record.ended or view.seen.updated)
    if first:
        found.elapsed = max(0.0, last - first)
    return found


def by_node(views: Iterable[View]) -> dict[str, NodeSpent]:
    """Of the tasks that have run."""
    nodes: dict[str, NodeSpent] = defaultdict(NodeSpent)
    for view in views:
        if not view.record:
            continue
        own = nodes[view.record.node]
        own.tasks += 1
        own.failed += view.record.state == FAILED
        own.seconds += view.duration
        own.cpu += view.record.cpu
        if view.task.step == "chunk" and view.state == DONE:
            own.frames += view.frames
            own.chunk_seconds += view.duration
            model = view.record.found.get("cpu_model")
            if isinstance(model, str) and model:
                own.models[model] += 1
    return dict(sorted(nodes.items()))
