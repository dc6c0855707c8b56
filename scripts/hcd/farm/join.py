# SPDX-License-Identifier: BSD-2-Clause
"""The steps `tune`, `join` and `check`: from chunks to a finished title."""

import hashlib
import os
import shutil
from fractions import Fraction
from pathlib import Path

from hcd import run
from hcd.farm import chunk, falling, vbv
from hcd.farm import rungs as found_rungs
from hcd.farm.job import DONE, Job, Record, Task
from hcd.farm.scan import read_frames
from hcd.farm.source import Planned
from hcd.probe import probe
from hcd.progress import say
from hcd.run import Fault
from hcd.stream import encode, package, quality, video
from hcd.stream.encoding import FOUND, Encoding
from hcd.stream.rung import Rung
from hcd.stream.video import Differs

TUNED = "tuned.safetensors"
MATROSKA = Fraction(1, 1000)  # seconds: two times are rounded to its clock


def lengths(starts: list[Fraction]) -> list[int]:
    """Microseconds, in which ffmpeg's concat counts, from each start to the next. It adds them up: each rounded by itself,
    the starts of a long title would drift away from its times."""
    places = [round(start * 1_000_000) for start in starts]
    return [after - own for own, after in zip(places, places[1:])]


class Missing(Fault):
    """Chunks are not there, or not as they are to be."""


class Checked(Encoding):
    """Decodes to what the chunks decoded to."""
    expected: dict[str, str] = {}

    def verify(self, path: Path, rung: Rung) -> None:
        super().verify(path, rung)
        own, listing = hashlib.sha256(), self.work.path / FOUND
        for frame in read_frames(listing):
            own.update(f"{frame.hash}\n".encode())
        for number, (found, wanted) in enumerate(zip(video.times_from_first(listing), self.times)):
            if abs(found - wanted) > (MATROSKA if video.is_matroska(path) else 0):
                raise Differs(f"expected frame {number} at {float(wanted):.6f} s, found {float(found):.6f} s")
        if own.hexdigest() != self.expected[rung.name]:
            raise Differs("expected the frames that its chunks decode to, found others")


def joined_file(job: Job, number: int, rung: Rung) -> Path:
    return job.folder(number) / f"joined.{rung.name}{rung.output.suffix}"


class Joined:
    """A title whose chunks are there. Missing, where they are not."""

    def __init__(self, planned: Planned, whole: bool):
        """`whole`: every byte of every chunk is looked at."""
        self.planned, self.job, self.number = planned, planned.job, planned.number
        self.found = found_rungs.read(planned.job, planned.number)
        self.records = self.chunks(whole)

    def chunks(self, whole: bool) -> list[Record]:
        records, missing = [], {}
        for index in range(len(self.planned.plan.ranges)):
            task = Task("chunk", self.number, index)
            record = chunk.is_there(self.job, task, self.found, whole)
            records.append(record)
            if record is None:
                missing.setdefault(self.why(self.job.record(task)), []).append(index)
        if missing:
            count = sum(map(len, missing.values()))
            raise Missing(f"expected {len(records)} chunks, found {count} missing: " + "; ".join(
                f"{', '.join(map(str, own[:8]))}{f' and {len(own) - 8} more' if len(own) > 8 else ''}: {why}"
                for why, own in missing.items()))
        return records

    @staticmethod
    def why(record: Record | None) -> str:
        if record is None:
            return "it never began"
        if record.state == DONE:
            return "its file is not as it was made"
        return record.text or f"{record.state} on {record.node}"

    # ---- the joint ----

    def concat(self, rung: Rung) -> list[str]:
        """Words of ffmpeg for the chunks of a rung as one input. Each lasts until the next begins."""
        frames, base = self.planned.frames(), self.planned.time_base
        headers = {record.found[rung.name]["headers"] for record in self.records}
        if len(headers) > 1:
            raise Fault(f"{rung.output.name}: expected chunks with the same headers, found {len(headers)} kinds: they do not join")
        lines = ["ffconcat version 1.0"]
        starts = [(frames[own.first].time - frames[0].time) * base for own in self.planned.plan.ranges]
        for index, length in enumerate([*lengths(starts), None]):
            name = self.job.chunk_file(self.number, index, chunk.NAME.format(rung.name))
            lines.append(f"file '{os.path.relpath(name, self.planned.folder)}'")
            if length is not None:
                lines.append(f"duration {length / 1_000_000:.6f}")
        listing = self.planned.folder / f"{rung.name}.ffconcat"
        listing.write_text("\n".join(lines) + "\n", encoding="ascii")
        return ["-f", "concat", "-safe", "0", "-i", listing.name]

    def join(self) -> dict:
        """With everything that goes along; the video begins when the source's does."""
        planned = self.planned
        encoding = planned.encoding(self.found)
        start = probe(planned.options.source, "-show_entries", "format=start_time").get("format", {}).get("start_time", "0")
        begin = planned.frames()[0].time * planned.time_base - Fraction(start if start != "N/A" else 0)
        for rung in self.found.rungs:
            plan = encoding.plan(rung.output)
            fast = [] if video.is_matroska(rung.output) else ["-movflags", "+faststart", *planned.clock()]
            path = planned.folder / f"{rung.name}{rung.output.suffix}"
            run.ffmpeg(f"{rung.output.name}: joining", "-v", "level+error", "-i", f"file:{planned.whole.path}", "-itsoffset",
                       f"{float(begin):.6f}", *self.concat(rung), "-map", "1:v:0", "-c:0", "copy", *self.about_chunks(),
                       *plan.words(), *fast, path.name, folder=planned.folder, frames=planned.plan.frames)
            os.replace(path, self.place(rung))
        planned.check_source()
        return {}

    def about_chunks(self) -> list[str]:
        """What the container of the chunks says of itself goes; the frame rate, which it guesses, is told."""
        gone = [word for name in ("handler_name", "vendor_id") for word in ("-metadata:s:0", f"{name}=")]
        return [*gone, "-r:0", str(self.planned.whole.rate())]

    def place(self, rung: Rung) -> Path:
        """Of the joined stream."""
        return joined_file(self.job, self.number, rung)

    # ---- weights ----

    def tune(self) -> dict:
        encoding = self.planned.encoding(self.found)
        coded = []
        for rung in self.found.rungs:
            if rung.model == "lite":
                coded.append(self.planned.folder / f"{rung.name}.mp4")
                run.ffmpeg(f"{rung.output.name}: joining", "-v", "level+error", *self.concat(rung), "-c", "copy",
                           *self.planned.clock(), coded[-1].name, folder=self.planned.folder)
        tuned = encoding.weights(coded)
        if encoding.failed:
            raise Fault("hcd tune failed, see its log")
        place = self.job.folder(self.number) / TUNED
        place.unlink(missing_ok=True)
        if tuned and tuned != encoding.given:
            shutil.copyfile(tuned, tuned.with_suffix(".copy"))
            os.replace(tuned.with_suffix(".copy"), place)
        return {"gains": place.exists()}

    def weights(self, encoding: Encoding) -> Path | None:
        tuned = self.job.folder(self.number) / TUNED
        return tuned if self.planned.plan.tuned and tuned.exists() else encoding.given

    # ---- the end ----

    def hashes(self, rung: Rung) -> str:
        found = hashlib.sha256()
        for index in range(len(self.records)):
            found.update(self.job.chunk_file(self.number, index, chunk.HASHES.format(rung.name)).read_bytes())
        return found.hexdigest()

    def check(self) -> dict:
        """Adds weights and tags, looks at the whole, and puts it into its place."""
        planned, found = self.planned, self.found
        encoding = planned.encoding(found, kind=Checked)
        frames = planned.frames()
        encoding.times = [(frame.time - frames[0].time) * planned.time_base for frame in frames]
        encoding.expected = {rung.name: self.hashes(rung) for rung in found.rungs}
        weights, coded = self.weights(encoding), {}
        for rung in found.rungs:
            joined = self.place(rung)
            if not joined.is_file():
                raise Fault(f"{joined}: expected what the step join makes, found none")
            coded[rung] = planned.folder / joined.name
            os.symlink(joined, coded[rung])
            own = weights if rung.model == "lite" else None
            if not (planned.plan.tuned and own):
                encoding.known[rung, video.key_of(own) if own else None, quality.PSNR] = chunk.mean(self.records, rung, "psnr")
        planned.job.path.joinpath("out").mkdir(exist_ok=True)
        outputs = [self.facts(encoding, rung, path, weights) for rung, path in coded.items()]
        if planned.options.package:
            package.complete(encoding, coded, weights)
        else:
            encoding.complete(coded, weights, encode.deliver)
        if encoding.failed:
            raise Fault("the finished file failed its check, see its log")
        for rung, output in zip(coded, outputs):
            self.check_rate(rung)
            own = weights if rung.model == "lite" else None
            output["psnr"] = encoding.known[rung, video.key_of(own) if own else None, quality.PSNR]
        return {"outputs": outputs, "weakest": self.weakest()}

    def facts(self, encoding: Encoding, rung: Rung, path: Path, weights: Path | None) -> dict:
        own = encoding.facts(path)
        name = self.planned.options.output if self.planned.options.package else rung.output
        found = {"file": str(name.relative_to(self.job.path)), "size": video.look(path).size, "model": rung.model, "bits": own.bits,
                 "seconds": own.seconds, "frames": own.frames, "rate": str(rung.rate), "measure": self.found.measure,
                 "value": chunk.mean(self.records, rung, self.found.measure) if self.found.measure else None}
        if rung.model == "lite" and weights:
            found["weights"] = video.key_of(weights)
        return found

    def check_rate(self, rung: Rung) -> None:
        """--maxrate holds in every chunk; where it does not over a seam, that is told."""
        options = self.planned.options
        if not options.maxrate:
            return
        packets, start = [], 0
        frames, base = self.planned.frames(), self.planned.time_base
        for index, own in enumerate(self.planned.plan.ranges):
            path = self.job.chunk_file(self.number, index, chunk.NAME.format(rung.name))
            start = (frames[own.first].time - frames[0].time) * base
            packets += [(start + Fraction(packet["dts_time"]), 8 * int(packet["size"])) for packet in
                        probe(path, "-select_streams", "V:0", "-show_entries", "packet=dts_time,size")["packets"]]
        short = vbv.worst(packets, options.maxrate, options.bufsize or 2 * options.maxrate)
        if short:
            say(f"farm: warning: {rung.output.name}: expected --maxrate {options.maxrate} to hold over the seams of chunks, found a "
                f"buffer that lacks {short.bits / 1000:.0f} kbit at {short.seconds:.1f} s: a larger --bufsize holds them")

    def weakest(self) -> list[str]:
        """Chunks whose quality falls off, in words."""
        said = []
        frames, base = self.planned.frames(), self.planned.time_base
        for rung in self.found.rungs:
            psnrs = [record.found[rung.name]["psnr"] for record in self.records]
            for index in falling.weakest(psnrs):
                own = self.planned.plan.ranges[index]
                start, end = (float((frames[at].time - frames[0].time) * base) for at in (own.first, own.end - 1))
                said.append(f"{rung.output.name}: chunk {index} ({start:.1f} to {end:.1f} s) has {psnrs[index]:.2f} dB, "
                            f"{falling.middle(psnrs) - psnrs[index]:.1f} dB below the middle one")
        for line in said:
            say(f"farm: {line}")
        return said
