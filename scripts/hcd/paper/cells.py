# SPDX-License-Identifier: BSD-2-Clause
"""One picture under one model and rule: what `hcd paper` computes, each by an `hcd evaluate` of its own, keeps and finds
again. A child for each cell makes its peak of memory its own, and a cell that fails loses no other."""

import functools
import hashlib
import json
import math
import os
import signal
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hcd.files import hash_file, write_whole
from hcd.pool import in_parallel
from hcd.progress import Progress, clear, say
from hcd.run import Fault, run
from hcd.work_folder import Scratch

PROTOCOL = 1  # of hcd evaluate; a change of it makes older results void
FIXED = ("model", "scale", "weights", "device", "threads", "tile")  # options that are no part of a rule
KEPT = ("original", "small_plain", "small", "large")

@functools.cache
def hash_once(path: str) -> str:
    """Several cells share a file of weights, which may be large."""
    try:
        return hash_file(Path(path))
    except OSError as error:
        raise Fault(f"{path}: cannot read: {error.strerror}") from error


@dataclass(frozen=True)
class Rule:
    """How the small picture is made. The paper's norms are L2 norms of the whole small picture on the 8-bit scale; they
    reach the library as RMS per sample (the options budget and step_size)."""
    options: dict[str, str]  # besides model, weights and scale
    step_norm: float | None = None
    budget_norm: float | None = None


@dataclass
class Result:
    """`psnr_y` in dB, may be infinite; `seconds`: wall time of making the small picture; `peak_mib`: of the process;
    `options`: as `hcd evaluate` takes them."""
    psnr_y: float
    ssim: float
    seconds: float
    peak_mib: float
    options: dict[str, str]


@dataclass
class Cell:
    picture: str
    options: dict[str, str]  # all but what the norms come to
    step_norm: float | None
    budget_norm: float | None
    version: str             # of the library
    cost: float              # expected, in arbitrary units
    keep_pictures: bool = False  # <name>-<one of KEPT>.png
    identity: dict = field(init=False)  # what the result depends on
    name: str = field(init=False)       # of the files in the cache

    def __post_init__(self):
        """What is hashed: the bytes of the picture and of the weights, or the library, where they are built in."""
        options = {name: hash_once(text) if name == "weights" else text
                   for name, text in sorted(self.options.items())}
        self.identity = {"protocol": PROTOCOL, "library": self.version, "picture": hash_once(self.picture),
                         "options": options}
        for name, norm in (("step_norm", self.step_norm), ("budget_norm", self.budget_norm)):
            if norm is not None:
                self.identity[name] = float(norm)
        text = json.dumps(self.identity, separators=(",", ":"), ensure_ascii=False)
        self.name = hashlib.sha256(text.encode(errors="replace")).hexdigest()

    @property
    def title(self) -> str:
        return f"{self.picture} {command_options(self.options)}"


def command_options(options: dict[str, str]) -> str:
    """"--model irn --scale 4 ..."."""
    return " ".join(f"--{name} {value}" for name, value in sorted(options.items()))


class Cells:
    """The cells of a run, computed by a program `hcd` and kept in a folder."""

    def __init__(self, hcd: str, cache: Path):
        self.hcd, self.cache = hcd, cache
        self.samples: dict[tuple, int] = {}

    def file(self, cell: Cell, ending: str = ".json") -> Path:
        return self.cache / f"{cell.name}{ending}"

    def find(self, cell: Cell) -> Result | None:
        """From the cache, with its pictures where they are wanted; None where it is not there, or damaged."""
        if cell.keep_pictures and not self.file(cell, f"-{KEPT[-1]}.png").exists():
            return None
        try:
            stored = json.loads(self.file(cell).read_text(encoding="utf-8"))
            if stored["identity"] != cell.identity:
                return None
            psnr_y = math.inf if stored["psnr_y"] is None else float(stored["psnr_y"])  # JSON has no infinity
            return Result(psnr_y, *(float(stored[name]) for name in ("ssim", "seconds", "peak_mib")),
                          dict(stored["options"]))
        except (FileNotFoundError, ValueError, LookupError, TypeError):
            return None

    def store(self, cell: Cell, result: Result) -> None:
        stored = {"identity": cell.identity, "options": dict(sorted(result.options.items())),
                  "psnr_y": None if math.isinf(result.psnr_y) else result.psnr_y, "ssim": result.ssim,
                  "seconds": result.seconds, "peak_mib": result.peak_mib}
        write_whole(self.file(cell), (json.dumps(stored, indent=2, ensure_ascii=False) + "\n").encode(errors="replace"))

    def run(self, cells: list[Cell], jobs: int) -> list[Result | str]:
        """Results in the order of the cells, or why there is none: those of the cache, and the others computed, `jobs`
        at a time; each is kept as soon as it is there, so that a run that was killed goes on where it stopped."""
        try:
            self.cache.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Fault(f"{self.cache}: cannot make the folder: {error.strerror}") from error
        outcomes: dict[str, Result | str] = {cell.name: found for cell in cells if (found := self.find(cell))}
        missing = [cell for cell in cells if cell.name not in outcomes]
        say(f"hcd: {len(missing)} of {len(cells)} cells to compute, {len(cells) - len(missing)} kept")
        progress = Progress("hcd", len(missing), sum(cell.cost for cell in missing))

        def done(cell: Cell, outcome: Result | str) -> None:
            outcomes[cell.name] = outcome
            if isinstance(outcome, str):
                say(f"hcd: {cell.title}: {outcome}")
            else:
                self.store(cell, outcome)
            progress.step(cell.title, cell.cost)

        with Scratch(self.cache / "work") as scratch:
            in_parallel(lambda cell: self.compute(cell, scratch), missing, jobs, done)
        clear()
        return [outcomes[cell.name] for cell in cells]

    def compute(self, cell: Cell, scratch: Path) -> Result | str:
        """Kept pictures go to the cache."""
        options = dict(cell.options)
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            try:
                for name, norm in (("step_size", cell.step_norm), ("budget", cell.budget_norm)):
                    if norm is not None:
                        options[name] = f"{norm / math.sqrt(self.small_samples(cell)):.9g}"
                found = self.evaluate(cell.picture, options, ["--keep", folder] if cell.keep_pictures else [])
            except Fault as fault:
                return str(fault)
            for which in KEPT if cell.keep_pictures else ():
                os.replace(Path(folder) / f"{Path(cell.picture).stem}-{which}.png", self.file(cell, f"-{which}.png"))
        one = found["pictures"][0]
        return Result(math.inf if one["psnr_y"] is None else one["psnr_y"], one["ssim"], one["seconds"],
                      found["peak_mib"], options)

    def small_samples(self, cell: Cell) -> int:
        """Samples of the small picture, all channels: of the plain one, which is as large."""
        fixed = {name: text for name, text in cell.options.items() if name in FIXED}
        key = (cell.picture, *sorted(fixed.items()))
        if key not in self.samples:
            found = self.evaluate(cell.picture, {**fixed, "steps": "0"}, [])
            self.samples[key] = found["pictures"][0]["small_samples"]
        return self.samples[key]

    def evaluate(self, picture: str, options: dict[str, str], words: list[str]) -> dict:
        """What `hcd evaluate` finds; a Fault with what it says where it fails."""
        done = run(self.hcd, "evaluate", "--json", "--set", picture, *words,
                   *(word for name, text in options.items() for word in (f"--{name}", text)))
        lines = done.log.splitlines()
        why = lines.pop() if done.code > 0 and lines else ""
        for line in lines:  # the library's warnings
            say(line)
        if done.code < 0:
            raise Fault(f"ended by signal {-done.code}" + " (out of memory?)" * (done.code == -signal.SIGKILL))
        if done.code:
            raise Fault(why.removeprefix("hcd: ") or "ended without a result")
        return json.loads(done.output)
