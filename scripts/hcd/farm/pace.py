# SPDX-License-Identifier: BSD-2-Clause
"""How fast a job goes and how long it will take, from what its records have measured. Where they have measured nothing,
nothing is said."""

from collections import defaultdict
from dataclasses import dataclass
from statistics import median

from hcd.farm.job import DONE, RUNNING
from hcd.farm.overview import BROKEN, LEFT, Overview, TitleView, View

WINDOW = 600.0  # seconds over which speed is looked at
SOONEST = 10.0  # seconds of work before there is a speed
TAIL = ("tune", "join", "check")


@dataclass
class Pace:
    """`speed`: frames per second of all nodes; `times`: of the titles' own speed; `left`: frames that are still to be
    coded; `chunks_s`: seconds until they are; `tail_s`: from there to the end, None where that is not known; `tail`: the
    steps it is of; `rates`: of one task."""
    rates: "Rates"
    speed: float | None = None
    times: float | None = None
    left: float = 0.0
    chunks_s: float | None = None
    tail_s: float | None = None
    tail: tuple[str, ...] = ()

    @property
    def left_s(self) -> float | None:
        return None if self.chunks_s is None or self.tail_s is None else self.chunks_s + self.tail_s


class Rates:
    """Frames per second of one task, as chunks that are done have shown: of its node, else of all."""

    def __init__(self, chunks: list[View]):
        done: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        for view in chunks:
            if view.state == DONE and view.duration > 0:
                for name in (view.node, ""):
                    done[name][0] += view.frames
                    done[name][1] += view.duration
        self.known: dict[str, float] = {name: frames / seconds for name, (frames, seconds) in done.items() if frames}

    def of(self, view: View) -> float | None:
        """None as long as no chunk is done: what one that runs counts are frames of one of its stages."""
        return self.known.get(view.node, self.known.get(""))

    def left(self, view: View) -> float | None:
        """Seconds that a running chunk still takes, 0 where it takes longer than others did."""
        rate = self.of(view)
        return max(0.0, view.frames / rate - view.duration) if rate else None

    def coded(self, view: View) -> float:
        """Frames of a chunk that are behind it by now."""
        if view.state == DONE:
            return view.frames
        rate = self.of(view) if view.state == RUNNING else None
        return min(view.frames, rate * view.duration) if rate else 0.0


def pace(about: Overview) -> Pace:
    chunks = [view for title in about.titles for view in title.chunks]
    rates = Rates(chunks)
    found = Pace(rates, left=sum(view.frames - rates.coded(view) for view in chunks if view.state in LEFT))
    found.speed = speed(chunks, rates, about.now)
    own = sum(title.title.seconds for title in about.titles if title.tasks)
    if found.speed and own > 0:
        found.times = found.speed * own / max(1, sum(title.title.frames for title in about.titles if title.tasks))
    if not any(view.state in LEFT for view in chunks):
        found.chunks_s = 0.0
    elif found.speed:
        found.chunks_s = max(found.left / found.speed, longest(chunks, rates))
    found.tail, found.tail_s = tail(about)
    return found


def speed(chunks: list[View], rates: Rates, now: float) -> float | None:
    """What was coded within the window, by its length: nodes that idle count, and a pause before it does not."""
    begin, frames, since = now - WINDOW, 0.0, now
    for view in chunks:
        if view.state not in (DONE, RUNNING) or view.duration <= 0:
            continue
        # The end by the disk's clock, the length by the node's: so it matters little whether they differ.
        end = now if view.state == RUNNING else min(now, view.seen.updated or view.record.ended)
        start = end - view.duration
        within = end - max(begin, start)
        if within > 0:
            frames += rates.coded(view) * within / view.duration
            since = min(since, max(begin, start))
    return frames / (now - since) if frames and now - since >= SOONEST else None


def longest(chunks: list[View], rates: Rates) -> float:
    """Seconds that the slowest of the running chunks still takes."""
    return max((rates.left(view) or 0.0 for view in chunks if view.state == RUNNING), default=0.0)


def tail(about: Overview) -> tuple[tuple[str, ...], float | None]:
    """The steps after the last chunk, and about how long they take: as those of other titles did, by the frame."""
    costs: dict[str, list[float]] = defaultdict(list)
    for title in about.titles:
        for view in steps(title):
            if view.state == DONE and title.title.frames:
                costs[view.task.step].append(view.duration / title.title.frames)
    seconds, names = 0.0, []
    unknown = False
    for title in about.titles:
        if any(view.state in BROKEN for view in title.tasks):
            continue
        own = 0.0
        for view in steps(title):
            if view.state not in LEFT:
                continue
            names.append(view.task.step)
            if view.task.step in costs:
                spent = view.duration if view.state == RUNNING else 0.0
                own += max(0.0, median(costs[view.task.step]) * title.title.frames - spent)
            else:
                unknown = True
        seconds = max(seconds, own)
    return tuple(step for step in TAIL if step in names), None if unknown else seconds


def steps(title: TitleView) -> list[View]:
    return [view for view in title.tasks if view.task.step in TAIL]
