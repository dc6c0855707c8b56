# SPDX-License-Identifier: BSD-2-Clause
"""What a title has become: of its check, or as far as its chunks are done."""

from dataclasses import dataclass

from hcd.farm.job import DONE
from hcd.farm.overview import TitleView
from hcd.farm.records import decibels, number


@dataclass
class Result:
    """Of one output. `file`: within the job, "" as long as there is none; `seconds`: that the bits are of; `value`: by
    `measure`; `psnr`: in dB."""
    name: str
    file: str = ""
    size: str = ""
    model: str = ""
    bits: float | None = None
    seconds: float | None = None
    frames: float | None = None
    psnr: float | None = None
    measure: str = ""
    value: float | None = None

    @property
    def quality(self) -> str:
        if self.value is not None and self.measure and self.measure != "psnr":
            return f"{self.measure} {self.value:.1f}"
        return "" if self.psnr is None else f"{self.psnr:.2f} dB"


def results(title: TitleView) -> list[Result]:
    """By rungs."""
    names = rungs(title)
    if title.outputs:
        return [of_output(output, names[place] if place < len(names) else "") for place, output in enumerate(title.outputs)]
    return [so_far(title, name) for name in names]


def rungs(title: TitleView) -> list[str]:
    """Names, as the first chunk that is done has them."""
    for view in title.chunks:
        if view.state == DONE and view.record:
            return [name for name, found in view.record.found.items() if isinstance(found, dict)]
    return []


def of_output(output: dict, rung: str) -> Result:
    def text(name: str) -> str:
        value = output.get(name)
        if isinstance(value, (list, tuple)):
            return "x".join(str(side) for side in value)
        return str(value) if value else ""
    return Result(rung, text("file"), text("size"), text("model"), number(output.get("bits")), number(output.get("seconds")),
                  number(output.get("frames")), decibels(output.get("psnr")), text("measure"), number(output.get("value")))


def of_chunks(title: TitleView, rung: str, name: str) -> list[float | None]:
    """A figure of each chunk."""
    found = []
    for view in title.chunks:
        own = view.record.found.get(rung) if view.state == DONE and view.record else None
        value = own.get(name) if isinstance(own, dict) else None
        found.append(decibels(value) if name == "psnr" else number(value))
    return found


def so_far(title: TitleView, rung: str) -> Result:
    sizes, psnrs = of_chunks(title, rung, "bytes"), of_chunks(title, rung, "psnr")
    frames = [view.frames for view in title.chunks]
    coded = sum(own for own, size in zip(frames, sizes) if size is not None)
    rate = title.title.frames / title.title.seconds if title.title.seconds > 0 else 0.0
    return Result(rung, bits=8 * sum(size or 0 for size in sizes), seconds=coded / rate if rate else None, frames=coded,
                  psnr=mean_psnr(psnrs, frames))


def mean_psnr(psnrs: list[float | None], frames: list[int]) -> float | None:
    """Over the frames, as the check has it."""
    known = [(own, weight) for own, weight in zip(psnrs, frames) if own is not None and weight]
    return sum(own * weight for own, weight in known) / sum(weight for _, weight in known) if known else None
