# SPDX-License-Identifier: BSD-2-Clause
"""The cells of a run: a clip, a chain, an encoder, a CRF. Each is made or taken from the cache; one that fails is
named and the others go on."""

import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

import encode
import measure
import tools
import tune
from cache import Cache
from chains import Chain
from encode import Encoder
from failure import CellError, Failure, disk_full
from source import Clip


CACHED = 0.1  # seconds: less than any work takes


@dataclass
class Cell:
    """One point of a curve. Sizes in bits, times in seconds."""
    clip: Clip
    chain: Chain
    encoder: Encoder
    crf: float
    bits: int = 0          # packets and weights
    weight_bits: int = 0
    header_bits: int = 0   # of the container's codec header; not in `bits`
    values: dict[str, float | None] = field(default_factory=dict)
    times: dict[str, float] = field(default_factory=dict)
    error: str = ""

    def name(self) -> str:
        return f"{self.clip.name}, {self.encoder.name}, {self.chain.name}, CRF {self.crf:g}"

    def kbps(self) -> float:
        return self.bits / 1000 / self.clip.seconds()


@dataclass
class Work:
    """What every cell of a run shares."""
    cache: Cache
    preset: str
    crfs: dict[str, list[float]]  # by encoder

    def stream(self, clip: Clip, chain: Chain, encoder: Encoder, crf: float) -> encode.Stream:
        return encode.encode(self.cache, clip, chain.down, encoder, self.preset, crf)

    def weights(self, clip: Clip, chain: Chain, encoder: Encoder) -> str:
        """The file that is sent with the stream, if any."""
        if not chain.tuned:
            return chain.weights
        streams = [self.stream(clip, chain, encoder, crf) for crf in self.crfs[encoder.name]]
        return str(tune.tuned_weights(self.cache, clip, streams))

    def fill(self, cell: Cell) -> None:
        """Does the work of one cell."""
        clip, chain = cell.clip, cell.chain
        stream = self.stream(clip, chain, cell.encoder, cell.crf)
        weights = self.weights(clip, chain, cell.encoder)
        up = clip.fill(chain.up, weights)
        content = [tools.hash_file(Path(weights))] if weights else []

        def make(key: str) -> tuple[dict, None]:
            frames = self.cache.scratch / f"{key}.yuv"
            try:
                done = encode.enlarge(clip, stream.path, up, frames)
                return {"values": measure.score(clip, frames), "seconds": done.seconds,
                        "cpu_seconds": done.cpu_seconds}, None
            finally:
                frames.unlink(missing_ok=True)

        _, scored = self.cache.get(["score", stream.key, clip.fill(chain.up), content, tools.identity(up),
                                    tools.measuring_id()], make)
        cell.weight_bits = encode.weight_bits(weights)
        cell.bits, cell.header_bits = stream.bits + cell.weight_bits, stream.header_bits
        cell.values = scored["values"]
        cell.times = {"encode_s": stream.seconds, "encode_cpu_s": stream.cpu_seconds,
                      "enlarge_s": scored["seconds"], "enlarge_cpu_s": scored["cpu_seconds"]}


class Progress:
    """One line on a terminal, plain lines otherwise, on standard error."""

    def __init__(self, total: int):
        self.total, self.done, self.worked, self.shown = total, 0, 0, 0.0
        self.start = time.monotonic()
        self.terminal = sys.stderr.isatty()

    def step(self, name: str, worked: bool) -> None:
        """`worked`: it was not in the cache. Only such steps say how long one takes."""
        self.done += 1
        self.worked += worked
        now = time.monotonic()
        left = (now - self.start) / max(self.worked, 1) * (self.total - self.done)
        text = f"{self.done}/{self.total}, about {clock(left)} left: {name}"
        if self.terminal:
            print(f"\r\033[K{text[:100]}", end="", file=sys.stderr, flush=True)
        elif self.done == self.total or now - self.shown > 1:
            print(f"report: {text}", file=sys.stderr, flush=True)
            self.shown = now

    def say(self, text: str) -> None:
        print(f"{self.clear()}report: {text}", file=sys.stderr, flush=True)

    def clear(self) -> str:
        return "\r\033[K" if self.terminal else ""

    def close(self) -> None:
        print(self.clear(), end="", file=sys.stderr, flush=True)


def clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def guarded(work: Work, cell: Cell) -> bool:
    """Fills a cell; whether that took time."""
    start = time.monotonic()
    try:
        work.fill(cell)
    except CellError as error:
        cell.error = str(error)
    except OSError as error:
        if error.errno == 28:  # no space
            raise disk_full(str(work.cache.folder)) from error
        cell.error = f"{error.filename or 'file'}: {error.strerror}"
    return time.monotonic() - start > CACHED


def run_all(work: Work, cells: list[Cell], jobs: int) -> None:
    """Fills every cell; Failure (or an interrupt) ends the run and its children."""
    progress = Progress(len(cells))
    progress.say(f"{len(cells)} cell{'s' * (len(cells) > 1)}, {jobs} at a time")
    left = {clip: sum(cell.clip is clip for cell in cells) for clip in {cell.clip for cell in cells}}
    pool = ThreadPoolExecutor(jobs)
    try:
        futures: dict[Future, Cell] = {pool.submit(guarded, work, cell): cell for cell in cells}
        waiting = set(futures)
        while waiting:
            ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in ended:
                worked, cell = future.result(), futures[future]
                left[cell.clip] -= 1
                if left[cell.clip] == 0:
                    cell.clip.forget()
                progress.step(cell.name(), worked)
                if cell.error:
                    progress.say(f"{cell.name()}: {cell.error}")
    except (Failure, KeyboardInterrupt):
        tools.stop_all()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        progress.close()


def curve(cells: list[Cell], measure_name: str) -> list[tuple[float, float]]:
    """(bits, quality) of the cells that were measured."""
    return [(cell.bits, cell.values[measure_name]) for cell in cells
            if not cell.error and cell.values.get(measure_name) is not None]
