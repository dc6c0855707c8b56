# SPDX-License-Identifier: BSD-2-Clause
"""What an operator reads of single tasks: what runs, what is lost, what failed and why, and what to do."""

import os
import shlex
from collections import defaultdict
from pathlib import Path

from hcd.farm.job import FAILED, RUNNING, STOPPED, Job
from hcd.farm.overview import AGAIN, LOST, SILENT, WAITING, Overview, View
from hcd.farm.pace import Pace
from hcd.farm.wording import cut, moment, plain, span, wrapped
from hcd.ffmpeg_log import NO_ROOM


def section(name: str, lines: list[str], limit: int) -> str:
    if not lines:
        return ""
    rest = [f"  and {len(lines) - limit} more (--all lists them)"] if len(lines) > limit else []
    return "\n".join([name, *lines[:limit], *rest])


def name_of(about: Overview, view: View) -> str:
    return f"{cut(about.titles[view.task.title].title.name, 30)} {view.task}"


def running_part(about: Overview, speed: Pace, limit: int) -> str:
    running = [view for view in about.tasks if view.state == RUNNING]
    return section("running now", [running_line(about, view, speed) for view in running], limit)


def running_line(about: Overview, view: View, speed: Pace) -> str:
    node, record = plain(view.node) or "a node", view.record
    if record is None or record.state != RUNNING:
        return wrapped(f"{name_of(about, view)}: begins on {node}", "  ")
    frames = f" frame {record.frames}{f'/{record.total}' if record.total else ''}" if record.frames or record.total else ""
    words = [f"{name_of(about, view)}: {node}, {span(view.duration)}", f"{cut(record.stage, 40)}{frames}".strip()]
    rate = stage_rate(view)
    words.append(f"{rate:.3g} frames/s" if rate else "")
    left = speed.rates.left(view) if view.frames else None
    words.append("" if left is None else f"about {span(left)} left" if left >= 1 else "longer than others took")
    words.append(f"attempt {record.attempt}" if record.attempt > 1 else "")
    return wrapped(", ".join(filter(None, words)), "  ")


def stage_rate(view: View) -> float | None:
    """Frames per second of the stage, where its record says `since` when that runs."""
    since = getattr(view.record, "since", 0.0)
    seconds = view.seen.updated - since
    return view.record.frames / seconds if since and seconds >= 1 and view.record.frames > 0 else None


def lost_part(about: Overview, limit: int) -> str:
    """Those that say that they run, and seem not to."""
    lines = []
    for view in about.tasks:
        if view.state not in (SILENT, LOST):
            continue
        since = f"since {moment(view.seen.updated, about.now)}, {span(about.age(view))} ago"
        where = f"{since}: {name_of(about, view)} on {plain(view.node) or 'a node'}"
        if view.state == LOST:
            lines.append(wrapped(f"LOST {where}; {about.engine.name} does not know it any more", "  "))
        else:
            knows = f"{about.engine.name} says that it runs" if about.engine.answers else "is its node up?"
            lines.append(wrapped(f"silent {where}; {knows}", "  "))
    return section("lost or silent", lines, limit)


def unfit(job: Job) -> dict[str, str]:
    """Nodes that have shown that they cannot do this job, and why: see slurm.py."""
    found = {}
    try:
        for name in sorted(os.listdir(job.path / "slurm" / "unfit")):
            found[name] = (job.path / "slurm" / "unfit" / name).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:  # none; or the rest has gone since
        pass
    return found


def unfit_part(about: Overview, limit: int) -> str:
    return section("nodes that are left out, since they cannot do this job",
                   [wrapped(f"{plain(node)}: {plain(why)}", "  ") for node, why in unfit(about.job).items()], limit)


def damaged_part(about: Overview, limit: int) -> str:
    lines = [wrapped(f"{about.job.record_file(view.task)}: {plain(view.seen.damaged)}", "  ")
             for view in about.tasks if view.seen.damaged]
    return section("records that cannot be read: their tasks count as not begun", lines, limit)


# ---- what failed ----

def failed_part(about: Overview, limit: int) -> str:
    """Tasks with one reason in common are one line; what is asked for again comes last."""
    lines = [wrapped(f"{cut(title.title.name, 40)}: when it was planned: {plain(title.title.failed.splitlines()[0])}", "  ")
             for title in about.titles if title.title.failed]
    groups: dict[tuple[str, str], list[View]] = defaultdict(list)
    for state in (FAILED, STOPPED, AGAIN):
        for view in about.tasks:
            if view.state == state:
                groups[state, view.why].append(view)
    logs = Logs(about.job) if groups else None
    lines += [failed_lines(about, state, why, own, logs) for (state, why), own in groups.items()]
    return section("failed", lines, limit)


def failed_lines(about: Overview, state: str, why: str, own: list[View], logs: "Logs") -> str:
    last = own[-1]
    names = [name_of(about, view) for view in own[:3]]
    who = ", ".join(names) + (f" and {len(own) - 3} more" if len(own) > 3 else "")
    nodes = sorted({plain(view.node) for view in own if view.node})
    where = f" on {', '.join(nodes[:4])}{' and others' if len(nodes) > 4 else ''}" if nodes else ""
    word = {FAILED: "FAILED", STOPPED: "stopped", AGAIN: "to be tried again"}[state]
    attempts = f", attempt {last.record.attempt}" if len(own) == 1 else ""
    lines = [wrapped(f"{word}: {who}{where}{attempts}: {plain(why)}", "  ")]
    log = logs.of(last)
    if log:
        lines.append(f"    log: {plain(str(log))}")
    return "\n".join(lines)


class Logs:
    """The files of log/, listed once."""

    def __init__(self, job: Job):
        self.folder = job.path / "log"
        try:
            self.names = set(os.listdir(self.folder))
        except OSError:
            self.names = set()

    def of(self, view: View) -> Path | None:
        """Of a task: as local.py names it, or as batch.sh does."""
        task = view.task
        for name in (f"{task.title:03d}-{task.file_name}.log", f"{task.step}-{task.title}-{task.index}.log"):
            if name in self.names:
                return self.folder / name
        return None


def advice(about: Overview) -> str:
    """What to do, if anything."""
    counts, job, engine = about.counts, shlex.quote(str(about.job.path)), about.engine
    lines = []
    if any(NO_ROOM.search(view.why) for view in about.tasks if view.state in (FAILED, AGAIN)):
        lines.append("free some room first: a disk is full, or a limit on the size of files was met")
    if counts[SILENT]:
        lines.append("see whether the nodes of silent tasks are up, and see the job's folder")
    again = counts[FAILED] + counts[STOPPED] + counts[LOST]
    # The engine has nothing to do, and there is something.
    idle = engine.answers and not engine.busy and counts[WAITING] and not counts[RUNNING] + counts[SILENT] and not any(
        view.asked for view in about.tasks)
    if again or idle and any(view.record for view in about.tasks):
        lines.append(f"scripts/farm resume {job}")
        lines.append(f"  {'' if engine.answers else f'once {engine.name} answers: '}"
                     "does again what failed, stopped or was lost, and nothing that is done")
    elif idle:
        lines += [f"scripts/farm run {job}", f"  {engine.name} has not been asked for anything yet"]
    if any(title.title.failed for title in about.titles):
        lines.append("titles that failed when they were planned need a plan of their own: scripts/farm plan")
    return "\n".join(["what to do", *(f"  {line}" for line in lines)]) if lines else ""
