# SPDX-License-Identifier: BSD-2-Clause
"""What the probe has found for a title: its rungs, and in which format each is coded."""

import json
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path

from hcd.farm.job import Job, write_shared
from hcd.run import Fault
from hcd.stream import pixels
from hcd.stream.rung import Rate, Rung, Shape


@dataclass
class Rungs:
    """`formats`: of pixels, by rung; `measure`: by which the sizes were chosen, "": none; `auto`: see correction.py."""
    rungs: list[Rung]
    formats: list[str]
    measure: str = ""
    auto: dict = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What a chunk depends on."""
        return json.dumps([[rung.name, asdict(rung.shape), asdict(rung.rate), form] for rung, form in
                           zip(self.rungs, self.formats)])


def path_of(job: Job, title: int) -> Path:
    return job.folder(title) / "rungs.json"


def write(job: Job, title: int, found: Rungs) -> None:
    rungs = [{"name": rung.name, "shape": asdict(rung.shape), "rate": asdict(rung.rate), "output":
              str(rung.output.relative_to(job.path))} for rung in found.rungs]
    text = json.dumps({"rungs": rungs, "formats": found.formats, "measure": found.measure, "auto": found.auto}, indent=1)
    write_shared(path_of(job, title), text.encode())


def read(job: Job, title: int) -> Rungs:
    file = path_of(job, title)
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        rungs = []
        for own in found["rungs"]:
            shape = dict(own["shape"])
            shape["size"] = tuple(shape["size"]) if shape["size"] else None
            rungs.append(Rung(Shape(**shape), Rate(**own["rate"]), job.path / own["output"], own["name"]))
        return Rungs(rungs, found["formats"], found["measure"], found["auto"])
    except FileNotFoundError:
        raise Fault(f"{file}: expected what the step probe writes, found none") from None
    except (ValueError, KeyError, TypeError) as error:
        raise Fault(f"{file}: expected what the step probe writes, found damage: {error}") from None


def frame_of(found: dict) -> pixels.Frame:
    """Of a plan."""
    return pixels.Frame(**{**found, "rate": Fraction(found["rate"]) if found["rate"] else None})


def frame_to(frame: pixels.Frame) -> dict:
    return {**asdict(frame), "rate": str(frame.rate) if frame.rate else None}
