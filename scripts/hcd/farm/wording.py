# SPDX-License-Identifier: BSD-2-Clause
"""Names, times and figures in words for people: whatever stands in a name, a line stays a line."""

import time
import unicodedata

WIDTH = 100  # columns of a terminal


def plain(text: str) -> str:
    """Without what steers a terminal, turns the direction of writing or cannot be written as UTF-8."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def wide(text: str) -> int:
    """Columns of a terminal."""
    return sum(0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
               for letter in text)


def cut(text: str, columns: int) -> str:
    """Plain, and its middle left out where it is too long: names differ at their ends."""
    text = plain(text)
    if wide(text) <= columns:
        return text
    front, back = "", ""
    while True:
        at_front = wide(front) <= wide(back)
        more = text[len(front)] if at_front else text[-1 - len(back)]
        if wide(front) + wide(back) + wide(more) > columns - 1:
            return f"{front}…{back}"
        front, back = (front + more, back) if at_front else (front, more + back)


def wrapped(text: str, indent: str = "") -> str:
    """Within a terminal's width, where there are spaces: paths stay whole, so that they can be copied."""
    lines = [indent]
    for place, word in enumerate(text.split()):
        if place and wide(lines[-1]) + 1 + wide(word) > WIDTH:
            lines.append(indent + "  " + word)
        else:
            lines[-1] += f" {word}" if place else word
    return "\n".join(lines)


def padded(text: str, columns: int) -> str:
    return text + " " * max(0, columns - wide(text))


def span(seconds: float) -> str:
    """How long something takes or took."""
    whole = round(max(0.0, seconds))
    if whole < 100:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} d {hours % 24} h"


def moment(when: float, now: float) -> str:
    """Hours and minutes here, with the day where it is another one."""
    try:
        own, today = time.localtime(when), time.localtime(now)
    except (OverflowError, ValueError, OSError):
        return "?"
    if own[:3] == today[:3]:
        return time.strftime("%H:%M", own)
    return time.strftime("%a %H:%M" if abs(when - now) < 6 * 86400 else "%Y-%m-%d %H:%M", own)


def count(of: int, one: str, more: str = "") -> str:
    return f"{of} {one if of == 1 else more or f'{one}s'}"


def bit_rate(bits: float | None, seconds: float | None) -> str:
    """In kb/s."""
    return f"{bits / seconds / 1000:.0f}" if bits and seconds and seconds > 0 else ""


def play_time(seconds: float) -> str:
    """A place in a title."""
    tenths = round(max(0.0, seconds) * 10)
    minutes, tenths = divmod(tenths, 600)
    return f"{minutes // 60}:{minutes % 60:02d}:{tenths // 10:02d}.{tenths % 10}"
