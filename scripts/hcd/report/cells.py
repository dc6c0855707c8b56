# SPDX-License-Identifier: BSD-2-Clause
"""The cells of a run: a clip, a chain, an encoder, a CRF. Each is made or taken from the cache; one that fails is
named and the others go on."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from hcd import sizes
from hcd.encoders import Encoder
from hcd.files import hash_file
from hcd.pool import in_parallel
from hcd.progress import Progress, clear, say
from hcd.report import encode, measure, tools, tune
from hcd.report.cache import Cache
from hcd.report.chains import Chain
from hcd.report.failure import CellError, disk_full
from hcd.report.source import Clip

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


@dataclass(frozen=True)
class Crfs:
    """The CRFs of the curves: what the user said, or spread by size. By the encoder's name."""
    every: dict[str, list[float]] = field(default_factory=dict)
    full: dict[str, list[float]] = field(default_factory=dict)

    def of(self, encoder: Encoder, chain: Chain) -> list[float]:
        if chain.full_size and encoder.name in self.full:
            return self.full[encoder.name]
        return self.every.get(encoder.name) or sizes.crfs(encoder, chain.size or sizes.HALF)


@dataclass
class Work:
    """What every cell of a run shares."""
    cache: Cache
    preset: str
    crfs: Crfs
    measures: frozenset[str] = measure.ALL

    def stream(self, clip: Clip, chain: Chain, encoder: Encoder, crf: float) -> encode.Stream:
        return encode.encode(self.cache, clip, clip.fill(chain.down, chain.size), encoder, self.preset, crf)

    def weights(self, clip: Clip, chain: Chain, encoder: Encoder) -> str:
        """The file that is sent with the stream, if any."""
        if not chain.tuned:
            return chain.weights
        streams = [self.stream(clip, chain, encoder, crf) for crf in self.crfs.of(encoder, chain)]
        return str(tune.tuned_weights(self.cache, clip, streams))

    def fill(self, cell: Cell) -> None:
        """Does the work of one cell."""
        clip, chain = cell.clip, cell.chain
        stream = self.stream(clip, chain, cell.encoder, cell.crf)
        weights = self.weights(clip, chain, cell.encoder)
        up = clip.fill(chain.up, chain.size, weights)
        content = [hash_file(Path(weights))] if weights else []

        def make(key: str) -> tuple[dict, None]:
            frames = self.cache.scratch / f"{key}.yuv"
            try:
                done = encode.enlarge(clip, stream.path, up, frames)
                return {"values": measure.score(clip, frames, self.measures), "seconds": done.seconds,
                        "cpu_seconds": done.cpu_seconds}, None
            finally:
                frames.unlink(missing_ok=True)

        _, scored = self.cache.get(["score", stream.key, clip.fill(chain.up, chain.size), content, tools.identity(up),
                                    tools.measuring_id(), sorted(self.measures)], make)
        cell.weight_bits = encode.weight_bits(weights)
        cell.bits, cell.header_bits = stream.bits + cell.weight_bits, stream.header_bits
        cell.values = scored["values"]
        cell.times = {"encode_s": stream.seconds, "encode_cpu_s": stream.cpu_seconds,
                      "enlarge_s": scored["seconds"], "enlarge_cpu_s": scored["cpu_seconds"]}


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
    """Fills every cell."""
    progress = Progress("report", len(cells))
    say(f"report: {len(cells)} cell{'s' * (len(cells) > 1)}, {jobs} at a time")
    left = {clip: sum(cell.clip is clip for cell in cells) for clip in {cell.clip for cell in cells}}

    def done(cell: Cell, worked: bool) -> None:
        left[cell.clip] -= 1
        if left[cell.clip] == 0:
            cell.clip.forget()
        progress.step(cell.name(), worked)
        if cell.error:
            say(f"report: {cell.name()}: {cell.error}")

    try:
        in_parallel(lambda cell: guarded(work, cell), cells, jobs, done)
    finally:
        clear()


def curve(cells: list[Cell], measure_name: str) -> list[tuple[float, float]]:
    """(bits, quality) of the cells that were measured."""
    return [(cell.bits, cell.values[measure_name]) for cell in cells
            if not cell.error and cell.values.get(measure_name) is not None]
