# SPDX-License-Identifier: BSD-2-Clause
"""scripts/encode: make small, encode, tune, attach, look at the result."""

import argparse
import os
import re
import shutil
from pathlib import Path

from hcd import run
from hcd.encoders import ENCODERS
from hcd.ffmpeg_log import reason
from hcd.probe import packet_bits, probe
from hcd.progress import say
from hcd.run import Fault, Script
from hcd.stream import options as command_line
from hcd.stream import pixels, video
from hcd.stream.options import Rung
from hcd.stream.streams import Streams
from hcd.stream.video import READING, Differs
from hcd.work_folder import WorkFolder

NO_GAIN = 3  # exit code of hcd tune
FLAGS = "flags=bicubic+accurate_rnd+full_chroma_int"
LEAST_TUNED = 32  # pixels a side, in fours: what hcd tune can look at


class NoGain(Exception):
    """The held-out frames do not gain."""


def identity(path: Path) -> tuple:
    stat = path.stat()
    return str(path.resolve()), stat.st_size, stat.st_mtime_ns


class Encoding:
    """One source on its way into its rungs. `failed`: something is not as it was asked for, and has been said."""

    def __init__(self, options: argparse.Namespace, source: video.Video, work: WorkFolder):
        self.options, self.source, self.work = options, source, work
        self.source_path = source.path.resolve()
        self.failed = False
        self.times: list = []
        self.given = work.path / "start.safetensors" if options.weights else None
        if self.given:
            self.given.write_bytes(options.weights.read_bytes())
        self.front, self.frame = self.look_at_frames()
        self.rungs = command_line.rungs(options, source, self.frame)
        self.plans = {rung: Streams(source, rung.output).choose(options.drop) for rung in self.rungs}
        self.formats = {rung: self.try_filters(rung) for rung in self.rungs}
        self.key = (identity(source.path), options.encoder, options.crf, options.bitrate, options.preset, self.front,
                    sorted(options.drop), identity(options.weights) if options.weights else None,
                    identity(Path(run.program("ffmpeg"))))

    def run(self) -> None:
        coded = {rung: self.encode(rung) for rung in self.rungs}
        weights = self.weights([path for rung, path in coded.items() if rung.model == "lite"])
        for rung, path in coded.items():
            own = weights if rung.model == "lite" else None
            done = self.finish(rung, path, own)
            output, problem = rung.output, None
            try:
                self.verify(done, rung)
            except Fault as fault:  # of the check, too: finished work is not thrown away
                output, problem = output.with_name(f"{output.stem}.failed-check{output.suffix}"), fault
            self.deliver(done, output, own)
            if problem:
                self.failed = True
                say(f"encode: {rung.output.name}: the finished file failed its check: {problem}: kept as {output}")

    # ---- before the work ----

    def look_at_frames(self) -> tuple[str, pixels.Frame]:
        """The filters in front, and what they make of the first frame."""
        source, own = self.source, self.options.filter
        raw = self.first_frame("scale")
        # A palette has an alpha, too; no filter can make one again where the source changes.
        steady = f"scale={raw.width}:{raw.height}:{FLAGS}"
        front = f"{steady},format={'bgra' if pixels.flag(raw.pixels, 'palette') else raw.pixels}"
        front += f",{own}" if own else ""
        frame = self.first_frame(front) if own or raw.pixels not in front else raw
        coded = any(pixels.flag(name, "rgb") for name in pixels.of_encoder(self.options.encoder))
        if pixels.flag(frame.pixels, "rgb") and not pixels.flag(frame.pixels, "alpha") and (self.options.tune or not coded):
            depth = "10le" if pixels.depth(frame.pixels) > 8 else ""
            front += f",scale=out_color_matrix=bt709:out_range=tv:{FLAGS},format=yuv444p{depth}," \
                     "setparams=colorspace=bt709:range=tv"
            say(f"encode: {source.path.name}: {frame.pixels} is made Y'CbCr by BT.709: "
                f"{'--tune' if coded else self.options.encoder} takes no RGB")
            frame = self.first_frame(front)
        if any(name.upper() == "ALPHA_MODE" and value == "1" for name, value in source.own.get("tags", {}).items()) and \
                not pixels.flag(raw.pixels, "alpha"):
            say(f"encode: warning: {source.path} has an alpha plane that ffmpeg's decoder does not hand out: it is lost")
        if frame.interlaced:
            say(f"encode: warning: {source.path} says that it is interlaced: deinterlace it first (--filter bwdif)")
        if self.options.tune and min(frame.width, frame.height) // 4 * 4 < LEAST_TUNED:
            raise Fault(f"--tune: expected frames of {LEAST_TUNED} pixels a side or more, found {frame.size}")
        if self.options.tune and not self.has_two_frames(front):
            raise Fault("--tune: expected 2 frames or more, one of them to judge by, found 1")
        return front, frame

    def first_frame(self, filters: str) -> pixels.Frame:
        try:
            return pixels.first_frame(self.source.path, READING, filters, self.work.path, self.source.readers)
        except Fault as fault:
            raise Fault(self.in_users_words(str(fault))) from None

    def has_two_frames(self, front: str) -> bool:
        run.ffmpeg("source", "-v", "level+error", *READING, "-i", f"file:{self.source_path}", "-filter_complex",
                     f"[0:V:0]{front}[v]", "-map", "[v]", "-frames:v", "2", "-fps_mode", "passthrough", "-f",
                     "framecrc", "two.times", folder=self.work.path, readers=self.source.readers)
        return len(video.listed_times(self.work.path / "two.times")[0]) == 2

    def try_filters(self, rung: Rung) -> str:
        """Makes one small frame, so that a filter that refuses does so now; the format in which it is coded."""
        refuses = f",{rung.small_of(self.given)}:steps=0" if rung.model else ",hcd_up=model=bicubic:scale=1"
        small = self.first_frame(self.front + refuses)
        encoder = self.options.encoder
        coded = pixels.coded(encoder, small.pixels, small.width, small.height)
        if pixels.loses(small.pixels, coded):
            say(f"encode: {rung.output.name}: {small.size} {small.pixels} is coded as {coded}, which {encoder} takes")
        return coded

    def in_users_words(self, text: str) -> str:
        text = text.replace("start.safetensors", str(self.options.weights))
        advice = re.search(r"put (\S+?),? in front", text)
        return f"{text}: --filter {advice[1]} does that" if advice else text

    # ---- stages ----

    def encode(self, rung: Rung) -> Path:
        """The small stream with what goes along, and the times of the source's frames."""
        options, plan = self.options, self.plans[rung]
        rate = ["-b:v:0", options.bitrate] if options.bitrate else ["-crf:v:0", options.crf]
        preset = ["-preset:v:0", options.preset] if options.preset else []
        small = f"{rung.small_of(self.given)},format={self.formats[rung]}"
        fast = [] if video.is_matroska(rung.output) else ["-movflags", "+faststart"]

        def make(path: Path) -> None:
            try:
                log = run.ffmpeg(
                    f"{rung.output.name}: encoding", "-v", "level+warning", *READING, "-i", f"file:{self.source_path}",
                    "-filter_complex", f"[0:V:0]{self.front},split[all][one];[one]{small}[small]",
                    "-map", "[small]", *self.source.timing(), "-c:0", options.encoder, *ENCODERS[options.encoder].quiet, *preset,
                    *rate, *plan.words(), *fast, path.name, "-map", "[all]", *self.source.timing(), "-f", "framecrc",
                    f"{rung.name}.times", folder=self.work.path, frames=self.source.frames, readers=self.source.readers)
            except Fault as fault:
                raise Fault(self.in_users_words(str(fault))) from None
            (self.work.path / f"{rung.name}.log").write_text(log, encoding="utf-8")

        made = self.work.step(f"{rung.name}{rung.output.suffix}", (self.key, small, plan.words()), make)
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
        words = ["tune", self.source_path, *coded, "-o", tuned, "--ffmpeg", run.program("ffmpeg"), "--filter",
                 f"{self.front},format={self.frame.pixels}"]
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
            return self.work.step(tuned.name, (self.key, words), make)
        except NoGain:
            say("encode: tuning gains nothing here: the streams go without weights of their own")
        except Fault as fault:  # hours of encoding are not thrown away
            say(f"encode: {fault}: the streams go without weights of their own")
            self.failed = True
        return self.given

    def finish(self, rung: Rung, coded: Path, weights: Path | None) -> Path:
        """With the weights, cover pictures, and how to enlarge it."""
        folder, plan = self.work.path, self.plans[rung]
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

    def verify(self, path: Path, rung: Rung) -> None:
        """Decodes and enlarges the finished file: frames, times, size; tells what it lacks, the bits and the PSNR."""
        name, source, folder = rung.output.name, self.source, self.work.path
        found = video.look(path)
        (folder / video.WEIGHTS).unlink(missing_ok=True)
        weights = video.weights_of(found, folder) if rung.model else None
        # By itself, so that damage of the source is none of the result's; then against the source.
        log = run.ffmpeg(f"{name}: checking", "-v", "level+error", "-err_detect", "explode", "-i", path.name,
                           "-filter_complex", "[0:V:0]null[v]", "-map", "[v]", *source.timing(), "-f", "framecrc",
                           "found.times", folder=folder, frames=source.frames)
        if log:
            raise Differs(f"its decoder says: {reason(log)}")
        video.check_times(video.times_from_first(folder / "found.times"), self.times)
        up = video.enlarging(rung.model, self.frame.size, weights is not None) if rung.model else "null"
        numbered = f"settb=1/1000,setpts=N,format={self.frame.pixels}"  # frame n against frame n
        graph = (f"[0:V:0]{up},{numbered}[shown];[1:V:0]{self.front},{numbered}[source];[shown][source]psnr,"
                 f"format={self.frame.pixels}[out]")
        log = run.ffmpeg(f"{name}: comparing", "-v", "level+info", "-i", path.name, *READING, "-i",
                           f"file:{self.source_path}", "-filter_complex", graph, "-map", "[out]", "-f", "null", "-",
                           folder=folder, frames=source.frames, readers=source.readers)
        psnr = re.search(r"PSNR (?:y|r):([0-9.]+|inf)", log)
        if not psnr:
            raise Differs("expected a PSNR from ffmpeg, found none")
        plan = self.plans[rung]
        plan.tell("encode", plan.compare(path))
        packets = probe(path, "-show_entries", "packet=size,stream_index")["packets"]
        bits = packet_bits([packet for packet in packets if packet["stream_index"] == found.own["index"]])
        times = self.times
        seconds = float(times[-1]) * len(times) / max(1, len(times) - 1)
        sent = f", {weights.stat().st_size} bytes of weights" if weights else ""
        by = f"enlarged by {rung.model}" if rung.model else "coded as it is"
        say(f"{rung.output}: {found.size}, {by}, {len(times)} frames, {bits // 8} bytes of video"
            f"{f' ({bits / 1000 / seconds:.0f} kb/s)' if seconds else ''}{sent}, PSNR-Y {float(psnr.group(1)):.2f} dB")

    def deliver(self, done: Path, output: Path, weights: Path | None) -> None:
        """Puts a file in its place, and its weights beside it; those of a file of before go."""
        if not video.is_matroska(output):
            beside = video.beside(output)
            if weights:
                os.replace(video.beside(done), beside)
            else:
                beside.unlink(missing_ok=True)
        os.replace(done, output)


def announce(encoding: Encoding) -> None:
    for rung in encoding.rungs:
        if rung.model == "bicubic":
            half = not rung.height
            say(f"encode: {rung.output.name}: for the bicubic scaler of players, since "
                f"{'this build has no weights of lite' if half else f'{rung.height} is not half of {encoding.frame.height}'}")
        encoding.plans[rung].tell("encode", encoding.plans[rung].notes)


def work(script: Script, arguments: list[str] | None) -> int:
    options = command_line.parse(arguments)
    script.where = options.output
    source = video.look(options.source)
    with WorkFolder(options.output) as folder:
        encoding = Encoding(options, source, folder)
        announce(encoding)
        encoding.run()
    return int(encoding.failed)


def main(arguments: list[str] | None = None) -> None:
    Script("encode", "stopped, nothing is left behind").run(lambda script: work(script, arguments))
