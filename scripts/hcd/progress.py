# SPDX-License-Identifier: BSD-2-Clause
"""What scripts write for people to standard error: messages, and one line of progress below them."""

import sys
import time
from collections.abc import Callable

WIDTH = 100  # characters of the line

heard: list[str] = []  # what has been said, for who keeps it
watchers: list[Callable[[str, int, int], None]] = []  # told of stages, and of frames done and in all


def clear() -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)  # ECMA-48: erase to the end of the line


def say(text: str) -> None:
    clear()
    heard.append(text)
    print(text, file=sys.stderr, flush=True)


def show(text: str) -> None:
    """The line of progress, drawn over; nothing where standard error is a file."""
    if sys.stderr.isatty():
        clear()
        print(text[:WIDTH], end="", file=sys.stderr, flush=True)


class Progress:
    """Steps of a long work and the time that is left: the line on a terminal, at most one plain line a second
    otherwise."""

    def __init__(self, who: str, total: int, cost: float | None = None):
        """`who` begins the plain lines; `cost`: of all steps that are not in a cache, if it is known."""
        self.who, self.total, self.done, self.shown = who, total, 0, 0.0
        self.cost, self.spent = cost, 0.0
        self.start = time.monotonic()

    def step(self, name: str, cost: float = 1.0) -> None:
        """Only what had to be worked for has a cost, and says how long the rest takes."""
        self.done += 1
        self.spent += cost
        now = time.monotonic()
        rest = self.total - self.done if self.cost is None else self.cost - self.spent
        left = (now - self.start) / max(self.spent, 1e-9 if self.cost else 1) * rest
        text = f"{self.done}/{self.total}, about {clock(left)} left: {name}"
        if sys.stderr.isatty():
            show(text)
        elif self.done == self.total or now - self.shown > 1:
            say(f"{self.who}: {text}")
            self.shown = now


def clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 120:
        return f"{round(minutes / 60)} h"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
