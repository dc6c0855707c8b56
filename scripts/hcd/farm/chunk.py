# SPDX-License-Identifier: BSD-2-Clause
"""The step `chunk`: one range of a title into its rungs, each looked at before it counts."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path

from hcd import run
from hcd.farm import rungs as found_rungs
from hcd.farm.build import cpu_model
from hcd.farm.job import DONE, Job, Record, Task
from hcd.farm.scan import Frame, read_frames
from hcd.farm.source import Planned, VideoOnly
from hcd.files import hash_file
from hcd.probe import probe
from hcd.progress import say
from hcd.run import Fault
from hcd.stream import quality
from hcd.stream.encoding import Encoding
from hcd.stream.rung import Rung
from hcd.stream.title import Title

NAME = "{}.mp4"   # the only container of ffmpeg whose parts join without a shift of a time
HASHES = "{}.md5"  # of the decoded frames


def key_of(job: Job, title: int, index: int, found: found_rungs.Rungs) -> str:
    """What a chunk is made of: another one is of no use."""
    plan = job.plan
    own = plan.titles[title]
    text = repr((plan.build["id"], plan.settings, plan.weights, own.source["sha256"], own.front, own.ranges[index], found.key))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def is_there(job: Job, task: Task, found: found_rungs.Rungs, whole: bool = False) -> Record | None:
    """The record of a chunk that is done and whose files are there. `whole`: every byte of them is looked at."""
    record = job.record(task)
    if not record or record.state != DONE or record.key != key_of(job, task.title, task.index, found):
        return None
    for rung in found.rungs:
        own = record.found.get(rung.name)
        if not own:
            return None
        path = job.chunk_file(task.title, task.index, NAME.format(rung.name))
        hashes = path.with_suffix(".md5")
        if not path.is_file() or path.stat().st_size != own["bytes"] or not hashes.is_file():
            return None
        if whole and (hash_file(path) != own["sha256"] or hash_file(hashes) != own["hashes"]):
            return None
    return record


def mean(records: list[Record], rung: Rung, measure: str) -> float | None:
    """Over the frames of all chunks; None: not all were measured so."""
    own = [record.found[rung.name] for record in records]
    if any(measure not in each for each in own):
        return None
    return sum(each[measure] * each["frames"] for each in own) / sum(each["frames"] for each in own)


def same_frames(found: list[Frame], expected: list[Frame]) -> bool:
    """Times count from the first of each."""
    return len(found) == len(expected) and all(
        own.hash == wanted.hash and own.time - found[0].time == wanted.time - expected[0].time
        for own, wanted in zip(found, expected))


class Chunk:
    def __init__(self, planned: Planned, index: int):
        self.planned, self.index, self.folder = planned, index, planned.folder
        self.found = found_rungs.read(planned.job, planned.number)
        frames = planned.frames()
        own = planned.plan.ranges[index]
        self.expected = frames[own.first:own.end]
        self.origin = planned.origin(index, frames)
        self.parts = planned.parts(index, frames)

    def make(self) -> dict:
        """Puts its files in their places; what is to be known of each."""
        try:
            done = self.made()
        except Fault:
            self.planned.check_source()  # where it has changed, that is why
            raise
        self.planned.check_source()
        for rung in self.found.rungs:
            self.keep(rung)
        return {**done, "cpu_model": cpu_model()}

    def made(self) -> dict:
        """In the folder for temporary files."""
        while len(self.parts) > 1 and not self.begins_right(self.parts[0]):
            self.farther()
        return {rung.name: self.rung(replace(rung, output=rung.output.with_suffix(".mp4"))) for rung in self.found.rungs}

    def changed(self) -> str:
        own = self.planned.plan.ranges[self.index]
        return f"{self.planned.options.source}: expected the frames {own.first} to {own.end - 1} as they were planned, found " \
               "others: the source has changed, or is read differently on this node"

    def farther(self) -> None:
        self.parts = self.parts[1:]
        if len(self.parts) == 1:
            say(f"farm: {self.planned.plan.name}: chunk {self.index}: seeking finds other frames than decoding does: decoded "
                "from the start of the source")

    def begins_right(self, part: Title) -> bool:
        """Whether the first frame behind a seek is the one that it should be."""
        try:
            run.ffmpeg("seeking", "-v", "level+error", *part.words(), "-filter_complex", f"[0:V:0]{part.front}[v]", "-map", "[v]",
                       *self.planned.video.timing(), "-frames:v", "1", "-f", "framecrc", "first.crc", folder=self.folder,
                       readers=self.planned.video.readers)
        except Fault:
            return False
        found = read_frames(self.folder / "first.crc")
        return bool(found) and found[0].hash == self.expected[0].hash

    def encoding(self) -> Encoding:
        found = self.planned.encoding(self.found, self.parts[0], len(self.expected))
        found.coder.origin, found.coder.inner = self.origin, self.index > 0
        first = self.expected[0].time  # known, and damage has been told
        found.times = [(frame.time - first) * self.planned.time_base for frame in self.expected]
        return found

    def rung(self, rung: Rung) -> dict:
        """Encodes it, from frames that are the planned ones."""
        while True:
            encoding = self.encoding()
            encoding.plans[rung.output] = VideoOnly(encoding.source, rung.output)
            (self.folder / f"{NAME.format(rung.name)}.done").unlink(missing_ok=True)  # of another way there
            path = encoding.encode(rung)
            if same_frames(read_frames(self.folder / f"{rung.name}.times"), self.expected):
                break
            if len(self.parts) == 1:
                raise Fault(self.changed())
            self.farther()
        return {"frames": len(self.expected), "bytes": path.stat().st_size, "sha256": hash_file(path),
                **self.hashes(encoding, rung, path), **self.packets(path), **self.qualities(encoding, rung, path)}

    def hashes(self, encoding: Encoding, rung: Rung, path: Path) -> dict:
        listing = self.folder / "decoded.md5"
        log = run.ffmpeg(f"{rung.name}: checking", "-v", "level+error", "-err_detect", "explode", "-i", path.name, "-map", "0:V:0",
                         *encoding.source.timing(), "-f", "framemd5", listing.name, folder=self.folder)
        frames = read_frames(listing)
        if log or len(frames) != len(self.expected) or [frame.time - frames[0].time for frame in frames] != [
                frame.time - self.expected[0].time for frame in self.expected]:
            raise Fault(f"{rung.name}: expected {len(self.expected)} frames at the source's times in what was encoded, found "
                        f"{len(frames)}{f' and: {log.strip()}' if log else ' at others' if frames else ''}")
        own = self.folder / HASHES.format(rung.name)
        own.write_text("".join(f"{frame.hash}\n" for frame in frames), encoding="ascii")
        return {"hashes": hash_file(own)}

    def packets(self, path: Path) -> dict:
        """`video`: bytes without the container; `headers`: a hash of what the decoder reads first."""
        found = probe(path, "-show_data_hash", "sha256", "-show_entries", "packet=size:stream=extradata_hash")
        return {"video": sum(int(packet["size"]) for packet in found["packets"]),
                "headers": found["streams"][0].get("extradata_hash", "")}

    def qualities(self, encoding: Encoding, rung: Rung, path: Path) -> dict:
        """As the viewer sees them, unless weights are fitted to the title afterwards."""
        weights = encoding.given if rung.model == "lite" else None
        found = {"psnr": encoding.quality(rung, path, weights, quality.PSNR)}
        if self.found.measure and self.found.measure != quality.PSNR.name and not self.planned.plan.tuned:
            found[self.found.measure] = encoding.quality(rung, path, weights, quality.MEASURES[self.found.measure])
        return found

    def keep(self, rung: Rung) -> None:
        job, number = self.planned.job, self.planned.number
        for name in (HASHES.format(rung.name), NAME.format(rung.name)):
            place = job.chunk_file(number, self.index, name)
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(self.folder / name, place)
