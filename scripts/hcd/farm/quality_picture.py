# SPDX-License-Identifier: BSD-2-Clause
"""The quality of a title's chunks as a picture, and those of them that fall off."""

from fractions import Fraction
from html import escape
from pathlib import Path

from hcd.farm import falling
from hcd.farm.job import Job
from hcd.farm.overview import TitleView
from hcd.farm.results import of_chunks
from hcd.farm.wording import play_time

WIDTH, HEIGHT = 900, 110  # of the bars, in the picture's own units
LEAST_SPAN = 3.0          # dB from foot to top: small differences stay small


def starts(job: Job, title: TitleView) -> list[float]:
    """Seconds from the title's first frame to each range's, and to its end: as its frames have it, or else evenly."""
    own = title.title
    places = [part.first for part in own.ranges]
    try:
        times = frame_times(job.folder(title.number) / "frames.crc", set(places))
        base = float(Fraction(own.time_base))
        return [(times[place] - times[0]) * base for place in places] + [own.seconds]
    except (OSError, ValueError, KeyError, IndexError, ZeroDivisionError):
        rate = own.frames / own.seconds if own.frames and own.seconds > 0 else 25.0
        return [place / rate for place in places] + [own.seconds]


def frame_times(listing: Path, wanted: set[int]) -> dict[int, int]:
    """Of a framecrc file, by the frames' numbers; frame 0 among them."""
    found, number = {}, 0
    with open(listing, encoding="ascii") as file:
        for line in file:
            if line.startswith("#"):
                continue
            if number in wanted or not number:
                found[number] = int(line.split(",", 3)[2])
            number += 1
    return found


def weak_lines(job: Job, title: TitleView, rung: str) -> list[str]:
    """What falls off, in words, the worst first."""
    psnrs = of_chunks(title, rung, "psnr")
    weak = falling.weakest(psnrs)
    if not weak:
        return []
    times, middle = starts(job, title), falling.middle(psnrs)
    return [f"chunk {index}, {play_time(times[index])} to {play_time(times[index + 1])}: {psnrs[index]:.2f} dB, "
            f"{middle - psnrs[index]:.1f} dB below the middle one" for index in sorted(weak, key=lambda index: psnrs[index])]


def picture(title: TitleView, rung: str) -> str:
    """A bar for each chunk, as wide as it is long: one path for all, and those that fall off by themselves."""
    psnrs = falling.known(of_chunks(title, rung, "psnr"))
    if not psnrs:
        return ""
    weak = set(falling.weakest([psnrs.get(index) for index in range(len(title.chunks))]))
    top = max(psnrs.values())
    foot = min(min(psnrs.values()), top - LEAST_SPAN) - 0.5
    frames = max(1, title.title.frames)
    plain, falls, none = [], [], []
    for index, part in enumerate(title.title.ranges):
        left, width = WIDTH * part.first / frames, WIDTH * part.frames / frames
        width -= min(1.0, width / 5)
        if index not in psnrs:
            none.append(bar(left, width, 4))
            continue
        shape = bar(left, width, HEIGHT * (psnrs[index] - foot) / (top - foot))
        if index in weak:
            wash = bar(left, width, HEIGHT)  # a low bar is hard to see
            falls.append(f"<path class=wash d='{wash}'/><path class=falls d='{shape}'>"
                         f"<title>chunk {index}: {psnrs[index]:.2f} dB</title></path>")
        else:
            plain.append(shape)
    middle = falling.middle(list(psnrs.values()))
    level = HEIGHT * (top - middle) / (top - foot)
    about = f"quality of the chunks: from {min(psnrs.values()):.2f} to {top:.2f} dB, in the middle {middle:.2f} dB"
    return (f"<svg class=chunks viewBox='0 0 {WIDTH} {HEIGHT}' preserveAspectRatio=none role=img aria-label='{escape(about)}'>"
            f"<path class=chunk d='{''.join(plain)}'/><path class=open d='{''.join(none)}'/>{''.join(falls)}"
            f"<path class=middle d='M0 {level:.1f}h{WIDTH}'/></svg>\n<p><small>{escape(about)} (line)"
            f"{'; flat and grey: not done' if none else ''}</small></p>\n")


def bar(left: float, width: float, height: float) -> str:
    return f"M{left:.1f} {HEIGHT}v-{height:.1f}h{width:.2f}v{height:.1f}z"
