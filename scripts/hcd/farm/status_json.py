# SPDX-License-Identifier: BSD-2-Clause
"""What an operator reads of a job, for machines."""

import json
import math
from collections import Counter

from hcd.farm.job import DONE, FAILED, RUNNING, Job
from hcd.farm.overview import AGAIN, BLOCKED, LEFT, LOST, WAITING, Engine, EngineStates, Overview, TitleView, View, gather
from hcd.farm.pace import Pace, pace
from hcd.farm.results import results
from hcd.farm.task_lines import Logs, unfit


def to_json(job: Job, engine_states: EngineStates | None, engine: str = "the engine", busy: bool = False,
            now: float | None = None) -> str:
    """What status() says, with its arguments; times in seconds, moments in seconds since 1970, null: not known."""
    about = gather(job, Engine(engine_states, engine, busy), now)
    speed = pace(about)
    first, last = about.times
    logs = Logs(job) if about.counts[FAILED] else None
    found = {
        "job": job.plan.name, "path": str(job.path), "now": about.now,
        "engine": {"name": engine, "answers": about.engine.answers},
        "over": about.over, "begun": first, "ended": last if about.over else None,
        "titles": {"all": len(about.titles), **about.title_counts}, "tasks": {"all": len(about.tasks), **about.counts},
        "frames": {"all": sum(title.title.frames for title in about.titles if not title.title.failed),
                   "done": about.frames_done},
        "frames_per_second": speed.speed, "times_real_time": speed.times,
        "seconds_left": None if about.over else speed.left_s, "seconds_left_of_chunks": None if about.over else speed.chunks_s,
        "unfit_nodes": unfit(job),
        "waiting": dict(Counter(view.reason for view in about.tasks if view.asked and view.state in (WAITING, AGAIN))),
        "each_title": [title_facts(title) for title in about.titles],
        "each_task": [task_facts(about, view, logs, speed) for view in about.tasks
                      if view.seen.damaged or view.state not in (DONE, WAITING, BLOCKED)],
    }
    return json.dumps(finite(found), indent=1, allow_nan=False) + "\n"


def title_facts(title: TitleView) -> dict:
    """Its outputs hold what is done so far."""
    return {"name": title.title.name, "state": title.state, "why": title.title.failed, "frames": title.title.frames,
            "seconds": title.title.seconds, "chunks": title.chunk_counts,
            "steps": {view.task.step: view.state for view in title.tasks if view.task.step != "chunk"},
            "outputs": [vars(each) for each in results(title)]}


def task_facts(about: Overview, view: View, logs: Logs | None, speed: Pace) -> dict:
    record = view.record
    found = {"title": view.task.title, "step": view.task.step, "index": view.task.index, "state": view.state, "node": view.node,
             "reason": view.reason, "damaged": view.seen.damaged}
    if record:
        found |= {"attempt": record.attempt, "engine": record.engine, "stage": record.stage, "frames": record.frames,
                  "total": record.total, "begun": record.begun, "ended": record.ended or None, "why": record.text,
                  "silent_seconds": about.age(view) if view.state in LEFT + (LOST,) else None,
                  "seconds_left": speed.rates.left(view) if view.state == RUNNING and view.frames else None}
    if logs and view.state == FAILED:
        found["log"] = str(logs.of(view) or "")
    return found


def finite(found: object) -> object:
    """JSON has no infinite numbers."""
    if isinstance(found, dict):
        return {str(name): finite(value) for name, value in found.items()}
    if isinstance(found, (list, tuple)):
        return [finite(value) for value in found]
    return None if isinstance(found, float) and not math.isfinite(found) else found
