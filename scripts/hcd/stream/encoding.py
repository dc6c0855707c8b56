# SPDX-License-Identifier: BSD-2-Clause
"""One source on its way into its streams: make small, encode, tune, attach, look at the result."""

import argparse
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hcd import run
from hcd.ffmpeg_log import reason
from hcd.probe import packet_bits, probe
from hcd.progress import say
from hcd.run import Fault
from hcd.stream import pixels, quality, shader, video
from hcd.stream.coder import Coder
from hcd.stream.rung import Rate, Rung, Shape, quality_of
from hcd.stream.streams import Streams
from hcd.stream.title import Title
from hcd.stream.video import Differs
from hcd.work_folder import Steps

NO_GAIN = 3  # exit code of hcd tune
FOUND = "found.times"  # of a finished file, with a hash of each frame


class NoGain(Exception):
    """The held-out frames do not gain."""


def identity(path: Path) -> tuple:
    stat = path.stat()
    return str(path.resolve()), stat.st_size, stat.st_mtime_ns


@dataclass(frozen=True)
class Facts:
    """Of a finished file: bits of its video, seconds of it."""
    bits: int
    seconds: float
    frames: int

    @property
    def bitrate(self) -> float:
        return self.bits / self.seconds if self.seconds else 0.0


class Encoding:
    """One source on its way into its rungs. `failed`: something is not as it was asked for, and has been said."""

    def __init__(self, options: argparse.Namespace, source: video.Video, work: Steps, title: Title | None = None):
        """`title`: where it has been looked at before."""
        self.options, self.source, self.work = options, source, work
        self.failed = False
        self.times: list = []
        self.given = work.path / "start.safetensors" if options.weights else None
        if self.given:
            self.given.write_bytes(options.weights.read_bytes())
        self.title = title or Title(options, source, work.path)
        self.coder = Coder(options, self.title.rate())
        self.plans: dict[Path, Streams] = {}
        self.formats: dict[Shape, str] = {}
        self.known: dict[tuple, float] = {}  # qualities
        self.key = (identity(source.path), self.title.front, sorted(options.drop),
                    identity(options.weights) if options.weights else None, identity(Path(run.program("ffmpeg"))))

    @property
    def frame(self) -> pixels.Frame:
        return self.title.frame

    # ---- before the work ----

    def plan(self, output: Path) -> Streams:
        if output not in self.plans:
            self.plans[output] = Streams(self.source, output).choose(self.options.drop)
        return self.plans[output]

    def prepare(self, rungs: list[Rung]) -> None:
        """What refuses does so now; what is left out is said."""
        for rung in rungs:
            self.format_of(rung.shape, rung.output.name)
            self.plan(rung.output).tell("encode", self.plan(rung.output).notes)
        self.try_coder(rungs[0].shape, rungs[0].rate, rungs[0].output.name)

    def try_coder(self, shape: Shape, rate: Rate, name: str) -> None:
        coded = self.format_of(shape, name)
        graph = f"{self.title.front},{self.trying(shape)},format={coded}"
        self.coder.try_out(rate, bool(shape.model), self.title.words(), graph, f"{name}: encoding", self.work.path,
                           self.source.readers)

    def trying(self, shape: Shape) -> str:
        """Filters that make a frame fast."""
        return shape.down(self.given, None, ":steps=0") if shape.model else "hcd_up=model=bicubic:scale=1"

    def format_of(self, shape: Shape, name: str) -> str:
        """Makes one small frame, so that a filter that refuses does so now; the format in which it is coded."""
        if shape not in self.formats:
            small = self.title.first_frame(f"{self.title.front},{self.trying(shape)}")
            encoder = self.options.encoder
            coded = pixels.coded(encoder, small.pixels, small.width, small.height)
            if pixels.loses(small.pixels, coded):
                say(f"encode: {name}: {small.size} {small.pixels} is coded as {coded}, which {encoder} takes")
            self.formats[shape] = coded
        return self.formats[shape]

    # ---- stages ----

    def encode(self, rung: Rung) -> Path:
        """The small stream with what goes along, and the times of the source's frames."""
        plan, coder, title = self.plan(rung.output), self.coder, self.title
        down = rung.shape.down(self.given, quality_of(rung.rate, self.options.encoder), coder.signal(rung.model))
        small = f"{coder.alone() if rung.model else ''}{down},format={self.formats[rung.shape]}{coder.encoder.upload}"
        fast = [] if video.is_matroska(rung.output) else ["-movflags", "+faststart"]
        stats = f"{rung.name}.stats"
        key = (self.key, small, plan.words(), coder.words(rung.rate, bool(rung.model)))

        def code(stage: str, turn: int, graph: str, *words: str) -> str:
            try:
                return run.ffmpeg(
                    f"{rung.output.name}: {stage}", *coder.encoder.device, "-v", "level+warning", *title.words(),
                    "-filter_complex", graph, "-map", "[small]", *self.source.timing(),
                    *coder.words(rung.rate, bool(rung.model), turn, stats), *words, folder=self.work.path,
                    frames=self.source.frames, readers=self.source.readers)
            except Fault as fault:
                raise title.in_users_words(fault) from None

        def look_ahead(path: Path) -> None:
            code("first pass", 1, f"[0:V:0]{title.front},{small}[small]", "-f", "null", "-")
            path.touch()

        def make(path: Path) -> None:
            log = code("encoding", 2 if coder.passes == 2 else 0,
                       f"[0:V:0]{title.front},split[all][one];[one]{small}[small]", *plan.words(), *fast, path.name,
                       "-map", "[all]", *self.source.timing(), "-f", "framecrc", f"{rung.name}.times")
            (self.work.path / f"{rung.name}.log").write_text(log, encoding="utf-8")

        if coder.passes == 2:
            self.work.step(f"{rung.name}.first", key, look_ahead)
        made = self.work.step(f"{rung.name}{rung.output.suffix}", key, make)
        if not self.times:
            self.times = video.times_from_first(self.work.path / f"{rung.name}.times")
            if not self.times:
                raise Fault(f"{self.source.path}: expected a video with frames, found none")
            log = (self.work.path / f"{rung.name}.log").read_text(encoding="utf-8")
            if told := video.damage(self.source, log):
                say(f"encode: warning: {told}")
        return made

    def weights(self, coded: list[Path]) -> Path | None:
        """What travels with the streams."""
        if not self.options.tune:
            return self.given
        tuned = self.work.path / "tuned.safetensors"
        words = ["tune", self.title.path, *coded, "-o", tuned, "--ffmpeg", run.program("ffmpeg"), "--filter",
                 f"{self.title.front},format={self.frame.pixels}"]
        for name, value in (("--init", self.given), ("--iterations", self.options.iterations),
                            ("--seed", self.options.seed)):
            words += [name, value] if value is not None else []

        def make(_: Path) -> None:
            process = run.start("hcd", *words)
            try:
                code = process.wait()
            finally:
                run.end(process)
            if code == NO_GAIN:
                raise NoGain
            if code:
                raise Fault("hcd tune failed, see above")

        try:
            return self.work.step(tuned.name, (self.key, words, [identity(path) for path in coded]), make)
        except NoGain:
            say("encode: tuning gains nothing here: the streams go without weights of their own")
        except Fault as fault:  # hours of encoding are not thrown away
            say(f"encode: {fault}: the streams go without weights of their own")
            self.failed = True
        return self.given

    def finish(self, rung: Rung, coded: Path, weights: Path | None) -> Path:
        """With the weights, cover pictures, and how to enlarge it."""
        folder, plan = self.work.path, self.plan(rung.output)
        path = folder / f"{coded.stem}.whole{coded.suffix}"
        tags = {video.MODEL: rung.model or "none", video.SIZE: self.frame.size}
        if weights:
            tags[video.KEY] = video.key_of(weights)
        if not video.is_matroska(path):
            plan.tag(coded, path, tags)
            if weights:
                shutil.copyfile(weights, video.beside(path))
            return path
        more = []
        if weights:
            shutil.copyfile(weights, folder / video.WEIGHTS)
            more = [(folder / video.WEIGHTS, video.WEIGHTS, "application/octet-stream")]
        tags |= {name: value for name, value in plan.tags().items() if name.lower() == "creation_time"}  # not copied
        own = [word for name, value in tags.items() for word in ("-metadata", f"{name}={value}")]
        run.ffmpeg(f"{rung.output.name}: joining", "-v", "level+error", "-i", coded.name, "-map", "0", "-c", "copy",
                     "-default_mode", "passthrough", *plan.dispositions(), *plan.attach(folder, more), *own, path.name,
                     folder=folder)
        return path

    def facts(self, path: Path) -> Facts:
        found = video.look(path)
        packets = probe(path, "-show_entries", "packet=size,stream_index")["packets"]
        bits = packet_bits([packet for packet in packets if packet["stream_index"] == found.own["index"]])
        times = self.times
        return Facts(bits, float(times[-1]) * len(times) / max(1, len(times) - 1), len(times))

    def quality(self, rung: Rung, path: Path, weights: Path | None, measure: quality.Measure) -> float:
        """Of a stream with weights of its own, as its viewer sees it."""
        key = rung, video.key_of(weights) if weights else None, measure
        if key not in self.known:
            if weights:
                shutil.copyfile(weights, self.work.path / video.WEIGHTS)
            up = video.enlarging(rung.model, self.frame.size, weights is not None) if rung.model else "null"
            pair = quality.Pair(["-i", path.name], up, self.title.words(), self.title.front, self.frame.pixels,
                                self.frame.size, self.source.frames, self.work.path, self.source.readers)
            self.known[key] = quality.measured(measure, pair, f"{rung.output.name}: comparing")
        return self.known[key]

    def verify(self, path: Path, rung: Rung) -> None:
        """Decodes and enlarges the finished file: frames, times, size; tells what it lacks, the bits and the PSNR."""
        name, source, folder = rung.output.name, self.source, self.work.path
        found = video.look(path)
        (folder / video.WEIGHTS).unlink(missing_ok=True)
        weights = video.weights_of(found, folder) if rung.model else None
        # By itself, so that damage of the source is none of the result's; then against the source.
        log = run.ffmpeg(f"{name}: checking", "-v", "level+error", "-err_detect", "explode", "-i", path.name,
                         "-filter_complex", "[0:V:0]null[v]", "-map", "[v]", *source.timing(), "-f", "framemd5",
                         FOUND, folder=folder, frames=source.frames)
        if log:
            raise Differs(f"its decoder says: {reason(log)}")
        video.check_times(video.times_from_first(folder / FOUND), self.times)
        own = folder / "found.safetensors"
        if weights:
            os.replace(weights, own)
        psnr = self.quality(rung, path, own if weights else None, quality.PSNR)
        plan = self.plan(rung.output)
        plan.tell("encode", plan.compare(path))
        facts = self.facts(path)
        sent = f", {own.stat().st_size} bytes of weights" if weights else ""
        by = f"enlarged by {rung.model}" if rung.model else "coded as it is"
        say(f"{rung.output}: {found.size}, {by}, {facts.frames} frames, {facts.bits // 8} bytes of video"
            f"{f' ({facts.bitrate / 1000:.0f} kb/s)' if facts.seconds else ''}{sent}, PSNR-Y {psnr:.2f} dB")

    def shade(self, rung: Rung, done: Path, weights: Path | None) -> None:
        """The client as a shader beside a finished file, where one was asked for."""
        if not self.options.shader:
            return
        if rung.model not in shader.LIGHT:
            say(f"encode: {rung.output.name}: no shader: {rung.model or 'its own size'} needs none")
            return
        try:
            shader.write(video.look(done), rung.model, weights, self.frame.size, shader.beside(done))
        except Fault as fault:
            self.failed = True
            say(f"encode: {rung.output.name}: no shader: {fault}")

    def complete(self, coded: dict[Rung, Path], weights: Path | None,
                 deliver: Callable[[Path, Path, Path | None], None]) -> None:
        for rung, path in coded.items():
            own = weights if rung.model == "lite" else None
            done = self.finish(rung, path, own)
            output, problem = rung.output, None
            try:
                self.verify(done, rung)
            except Fault as fault:  # of the check, too: finished work is not thrown away
                output, problem = output.with_name(f"{output.stem}.failed-check{output.suffix}"), fault
            self.shade(rung, done, own)
            deliver(done, output, own)
            if problem:
                self.failed = True
                say(f"encode: {rung.output.name}: the finished file failed its check: {problem}: kept as {output}")
