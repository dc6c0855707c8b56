# SPDX-License-Identifier: BSD-2-Clause
"""scripts/encode: make small, encode, tune, attach, look at the result."""

import argparse
import os
import re
import shutil
import sys
from pathlib import Path

import options as command_line
import tools
import video
from options import ENCODERS, Rung
from tools import Fault, Stopped, say
from work_folder import WorkFolder

NO_GAIN = 3  # exit code of hcd tune


class NoGain(Exception):
    """The held-out frames do not gain."""


def identity(path: Path) -> tuple:
    stat = path.stat()
    return str(path.resolve()), stat.st_size, stat.st_mtime_ns


class Encoding:
    def __init__(self, options: argparse.Namespace, source: video.Video, rungs: list[Rung], work: WorkFolder):
        self.options, self.source, self.rungs, self.work = options, source, rungs, work
        self.source_path = source.path.resolve()
        self.key = (identity(source.path), options.encoder, options.crf, options.bitrate, options.preset,
                    identity(options.weights) if options.weights else None, identity(Path(tools.program("ffmpeg"))))
        self.times = None
        if options.weights:
            (work.path / "start.safetensors").write_bytes(options.weights.read_bytes())

    def run(self) -> None:
        coded = {rung: self.encode(rung) for rung in self.rungs}
        weights = self.weights([path for rung, path in coded.items() if rung.model == "lite"])
        done = [(self.finish(rung, path, weights if rung.model == "lite" else None), rung)
                for rung, path in coded.items()]
        for path, rung in done:
            self.verify(path, rung)
        for path, rung in done:
            if weights and rung.model == "lite" and not video.is_matroska(rung.output):
                os.replace(video.beside(path), video.beside(rung.output))
            os.replace(path, rung.output)

    # ---- stages ----

    def encode(self, rung: Rung) -> Path:
        """The small stream with the source's other streams, and the times of the source's frames."""
        options, encoder = self.options, ENCODERS[self.options.encoder]
        small = rung.small.format(weights=":weights=start.safetensors" if options.weights else "")
        rate = ["-b:v", options.bitrate] if options.bitrate else \
            ["-crf", encoder.crf if options.crf is None else options.crf]
        preset = ["-preset", options.preset] if options.preset else []

        def make(path: Path) -> None:
            try:
                run(path)
            except Fault as fault:  # by the name that the user knows
                raise Fault(str(fault).replace("start.safetensors", str(options.weights))) from None

        def run(path: Path) -> None:
            tools.ffmpeg(f"{rung.output.name}: encoding", "-v", "error", "-i", f"file:{self.source_path}",
                         "-filter_complex", f"[0:V:0]split[all][one];[one]{small}[small]",
                         "-map", "[small]", *self.timing(), "-map", "0:a?", *self.texts(rung), "-c", "copy",
                         *self.conversions(rung), "-c:v", options.encoder, *encoder.words, *preset, *rate, path.name,
                         "-map", "[all]", *self.timing(), "-f", "framecrc", f"{path.stem}.times",
                         folder=self.work.path, frames=self.source.frames)

        return self.work.step(f"{rung.height}{rung.output.suffix}", (self.key, small), make)

    def timing(self) -> list[str]:
        """Frames keep their times, those of streams whose rate varies too."""
        return ["-fps_mode", "passthrough", "-enc_time_base", self.source.time_base.replace("/", ":")]

    def weights(self, coded: list[Path]) -> Path | None:
        """What travels with the streams."""
        given = self.work.path / "start.safetensors" if self.options.weights else None
        if not self.options.tune:
            return given
        tuned = self.work.path / "tuned.safetensors"
        words = ["tune", self.source_path, *coded, "-o", tuned, "--ffmpeg", tools.program("ffmpeg")]
        for name, value in (("--init", given), ("--iterations", self.options.iterations),
                            ("--seed", self.options.seed)):
            words += [name, value] if value is not None else []

        def make(_: Path) -> None:
            process = tools.start("hcd", *words)
            try:
                code = process.wait()
            finally:
                tools.end(process)
            if code == NO_GAIN:
                raise NoGain
            if code:
                raise Fault("hcd tune failed, see above")

        try:
            return self.work.step(tuned.name, (self.key, words), make)
        except NoGain:
            say("encode: tuning gains nothing here: the streams go without weights of their own")
            return given

    def finish(self, rung: Rung, coded: Path, weights: Path | None) -> Path:
        """With the weights, and how to enlarge it."""
        path = self.work.path / f"{coded.stem}.whole{coded.suffix}"
        words = ["-v", "error", "-i", coded.name, "-map", "0:v", "-map", "0:a?", "-map", "0:s?", "-map", "0:t?", "-c",
                 "copy", "-metadata", f"{video.MODEL}={rung.model or 'none'}",
                 "-metadata", f"{video.SIZE}={self.source.size}"]
        if not video.is_matroska(path):
            words += ["-movflags", "+faststart+use_metadata_tags"]
        if weights and video.is_matroska(path):
            shutil.copyfile(weights, self.work.path / video.WEIGHTS)
            number = len(video.look(coded).of_kind("attachment"))
            words += ["-attach", video.WEIGHTS, f"-metadata:s:t:{number}", "mimetype=application/octet-stream",
                      f"-metadata:s:t:{number}", f"filename={video.WEIGHTS}"]
        elif weights:
            shutil.copyfile(weights, video.beside(path))
        tools.ffmpeg(f"{rung.output.name}: joining", *words, path.name, folder=self.work.path)
        return path

    def texts(self, rung: Rung) -> list[str]:
        """Subtitles, and their fonts where the container takes them; not the weights of an earlier encoding."""
        words = ["-map", "0:s?"]
        for number, stream in enumerate(self.source.of_kind("attachment")):
            if video.is_matroska(rung.output) and stream.get("tags", {}).get("filename") != video.WEIGHTS:
                words += ["-map", f"0:t:{number}"]
        return words

    def conversions(self, rung: Rung) -> list[str]:
        """Of subtitles that only the other family of containers takes."""
        matroska, words = video.is_matroska(rung.output), []
        for number, stream in enumerate(self.source.of_kind("subtitle")):
            if matroska and stream["codec_name"] == "mov_text":
                words += [f"-c:s:{number}", "srt"]
            elif not matroska and stream["codec_name"] in ("subrip", "ass", "webvtt"):
                words += [f"-c:s:{number}", "mov_text"]
        return words

    def verify(self, path: Path, rung: Rung) -> None:
        """Decodes and enlarges the finished file: frames, times, size; tells the bits and the PSNR."""
        name, found, source = rung.output.name, video.look(path), self.source
        (self.work.path / video.WEIGHTS).unlink(missing_ok=True)
        weights = video.attached_weights(found, self.work.path) if rung.model else None
        up = video.enlarging(rung.model, source.width, source.height, weights is not None) if rung.model else "null"
        numbered = f"settb=1/1000,setpts=N,format={source.pixels}"  # frame n against frame n
        graph = (f"[0:V:0]split[all][one];[one]{up},{numbered}[shown];[1:V:0]{numbered}[source];"
                 f"[shown][source]psnr[out]")
        log = tools.ffmpeg(f"{name}: checking", "-v", "info", "-xerror", "-i", path.name, "-i",
                           f"file:{self.source_path}", "-filter_complex", graph, "-map", "[all]", *self.timing(),
                           "-f", "framecrc", "found.times", "-map", "[out]", "-f", "null", "-",
                           folder=self.work.path, frames=source.frames)
        times = video.times_from_first(self.work.path / "found.times")
        video.check_times(name, times, self.source_times())
        psnr = re.search(r"PSNR (?:y|r):([0-9.]+|inf)", log)
        if not psnr:
            raise Fault(f"{name}: expected a PSNR from ffmpeg, found none")
        packets = tools.probe(path, "packet=size,stream_index")["packets"]
        bits = 8 * sum(int(packet["size"]) for packet in packets if packet["stream_index"] == 0)
        seconds = float(times[-1]) * len(times) / max(1, len(times) - 1)
        sent = f", {weights.stat().st_size} bytes of weights" if weights else ""
        by = f"enlarged by {rung.model}" if rung.model else "coded as it is"
        say(f"{rung.output}: {found.size}, {by}, {len(times)} frames, {bits // 8} bytes of video"
            f"{f' ({bits / 1000 / seconds:.0f} kb/s)' if seconds else ''}{sent}, PSNR-Y {float(psnr.group(1)):.2f} dB")

    def source_times(self) -> list:
        if self.times is None:
            listing = self.work.path / f"{self.rungs[0].height}.times"
            self.times = video.times_from_first(listing)
        return self.times


def announce(rungs: list[Rung], source: video.Video) -> None:
    for rung in rungs:
        if rung.model == "bicubic":
            half = not rung.height
            say(f"encode: {rung.output.name}: for the bicubic scaler of players, since "
                f"{'this build has no weights of lite' if half else f'{rung.height} is not half of {source.height}'}")
    if source.interlaced:
        say(f"encode: warning: {source.path} says that it is interlaced: deinterlace it first")


def main(arguments: list[str] | None = None) -> int:
    try:
        tools.stop_on_signals()
        options = command_line.parse(arguments)
        source = video.look(options.source)
        rungs = command_line.rungs(options, source)
        with WorkFolder(options.output) as work:
            announce(rungs, source)
            Encoding(options, source, rungs, work).run()
        return 0
    except Stopped:
        say("encode: stopped, nothing is left behind")
        return 130
    except (Fault, OSError) as fault:
        say(f"encode: {fault}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
