# SPDX-License-Identifier: BSD-2-Clause
"""What the report says of a title's tasks, in plain text."""

from collections import Counter

from hcd.farm.job import DONE, FAILED, RUNNING, STOPPED
from hcd.farm.overview import LOST, SILENT, TitleView, View

STATES = {DONE: "done", RUNNING: "at work", FAILED: "failed", STOPPED: "stopped", LOST: "lost", "waiting": "waiting"}


def broken(title: TitleView) -> list[View]:
    """What failed, was stopped, or has not been heard of."""
    return [view for view in title.tasks if view.state in (FAILED, STOPPED, LOST, SILENT)]


def why_lines(title: TitleView) -> list[str]:
    """A line for each reason."""
    if title.title.failed:
        return [f"when it was planned: {title.title.failed.strip().splitlines()[0]}"]
    tasks: dict[str, list[View]] = {}
    for view in broken(title):
        why = "nothing was heard of it any more" if view.state in (LOST, SILENT) else view.why
        tasks.setdefault(why, []).append(view)
    return [f"{named(views)}: {why}" for why, views in tasks.items()]


def named(views: list[View]) -> str:
    """Tasks and where they ran."""
    names = ", ".join(str(view.task) for view in views[:5]) + (f" and {len(views) - 5} more" if len(views) > 5 else "")
    nodes = sorted({view.node for view in views if view.node})
    return f"{names} (on {', '.join(nodes[:5])}{' and others' if len(nodes) > 5 else ''})" if nodes else names


def attempt_lines(title: TitleView) -> list[str]:
    """Tasks that took more than one."""
    found = []
    for view in title.tasks:
        if view.record and view.record.attempt > 1:
            why = f": {view.why}" if view.record.text.strip() else ""
            found.append(f"{view.task}: attempt {view.record.attempt}, {view.state} on {view.node or 'a node'}{why}")
    return found


def said_lines(title: TitleView, warnings: bool) -> list[str]:
    """What the steps have said, warnings or the rest. What many have said stands there once."""
    lines = Counter()
    for view in title.tasks:
        lines.update(set(view.record.said if view.record else ()))
        more = view.record.found.get("warnings") if view.record else None
        if warnings and isinstance(more, list):
            lines.update({f"warning: {line}" for line in more if isinstance(line, str)})
    return [line + (f" (said by {count} tasks)" if count > 1 else "") for line, count in lines.items()
            if ("warning" in line.lower()) == warnings]


def options_line(title: TitleView) -> str:
    """Of scripts/encode, without files and what was not asked for."""
    own = {name: value for name, value in title.title.options.items()
           if name not in ("source", "output", "weights", "overwrite") and value not in (None, False, "", [], 0)}
    return ", ".join(f"{name.replace('_', '-')} {value}" if value is not True else name.replace("_", "-")
                     for name, value in own.items())
