# SPDX-License-Identifier: BSD-2-Clause
"""How good a stream is: its frames as the viewer enlarges them against the source's, at the source's size."""

import contextlib
import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hcd import run
from hcd.ffmpeg_log import reason
from hcd.measuring import NEG_MODEL, measured_format, measuring_ffmpeg, plain
from hcd.run import Fault

IDENTICAL = 100.0  # dB of a frame without any error


@dataclass(frozen=True)
class Measure:
    """A mean over the frames. `near`: what counts as met; `slope`: change by one CRF of libx264, about."""
    name: str
    unit: str
    near: float
    slope: float
    decimals: int

    def text(self, value: float) -> str:
        return f"{value:.{self.decimals}f}{self.unit}"


PSNR, NEG = Measure("psnr", " dB", 0.15, -0.45, 2), Measure("vmaf-neg", "", 0.5, -1.7, 2)
MEASURES = {measure.name: measure for measure in (PSNR, NEG)}


@dataclass(frozen=True)
class Pair:
    """Two inputs of ffmpeg with frame n of one to be held against frame n of the other: words and filters of each, and
    the format and size (<width>x<height>) of what these make."""
    shown: list[str]
    up: str
    source: list[str]
    front: str
    pixels: str
    size: str
    frames: int  # about
    folder: Path
    readers: tuple[str, ...] = ()

    def graph(self, pixels: str) -> str:
        # The same shape of a pixel, too: filters of two inputs ask for it, and a small frame's is rounded.
        numbered = f"settb=1/1000,setpts=N,setsar=1,format={pixels}"
        return f"[0:V:0]{self.up},{numbered}[shown];[1:V:0]{self.front},{numbered}[source];"


def measured(measure: Measure, pair: Pair, stage: str) -> float:
    return psnr_y(pair, stage) if measure is PSNR else vmaf_neg(pair, stage)


def psnr_y(pair: Pair, stage: str) -> float:
    """In dB; of frames in RGB that of red."""
    graph = f"{pair.graph(pair.pixels)}[shown][source]psnr=stats_file=frames.psnr,format={pair.pixels}[out]"
    run.ffmpeg(stage, "-v", "level+error", *pair.shown, *pair.source, "-filter_complex", graph, "-map", "[out]", "-f", "null",
               "-", folder=pair.folder, frames=pair.frames, readers=pair.readers)
    found = re.findall(r"\bpsnr_[yr]:(\S+)", (pair.folder / "frames.psnr").read_text(encoding="ascii"))
    if not found:
        raise Fault(f"{stage}: expected a PSNR from ffmpeg, found none")
    return sum(min(IDENTICAL, float(value)) for value in found) / len(found)


def vmaf_neg(pair: Pair, stage: str) -> float:
    """By the measuring ffmpeg, to which ours hands the frames of both in turn."""
    pixels = pair.pixels if plain(pair.pixels) == measured_format(pair.pixels) else measured_format(pair.pixels)
    graph = f"{pair.graph(pixels)}[shown]setpts=2*N[a];[source]setpts=2*N+1[b];[a][b]interleave[out]"
    score = "neg.json"
    with open(os.memfd_create("log"), "w+b") as log:
        ours = run.start("ffmpeg", "-nostdin", "-v", "level+error", *pair.shown, *pair.source, "-filter_complex", graph,
                         "-map", "[out]", "-fps_mode", "passthrough", "-c:v", "rawvideo", "-f", "rawvideo", "pipe:1",
                         stdout=subprocess.PIPE, stderr=log, cwd=pair.folder)
        try:
            done = run.run(
                measuring_ffmpeg(), "-nostdin", "-y", "-v", "level+error", "-nostats", "-progress", "pipe:1", "-f", "rawvideo",
                "-pix_fmt", plain(pixels), "-s", pair.size, "-r", "50", "-i", "pipe:0", "-filter_complex",
                r"[0:v]split[a][b];[a]select=not(mod(n\,2)),setpts=N[shown];[b]select=mod(n\,2),setpts=N[source];"
                f"[shown][source]libvmaf=model='{NEG_MODEL}':log_fmt=json:log_path={score}:n_threads={os.cpu_count()}",
                "-f", "null", "-", on_line=run.progress_line(stage, pair.frames), cwd=pair.folder, stdin=ours.stdout)
            ours.stdout.close()
            ours.wait()
        finally:
            run.end(ours)
        log.seek(0)
        said = log.read().decode(errors="replace")
    if done.code or ours.returncode:
        raise Fault(f"{stage}: {'measuring ffmpeg' if done.code else 'ffmpeg'}: "
                    f"{done.why() if done.code else reason(said, pair.readers)}", said + done.log)
    with contextlib.suppress(ValueError, LookupError, ZeroDivisionError):
        found = [frame["metrics"]["vmaf_neg"] for frame in
                 json.loads((pair.folder / score).read_text(encoding="utf-8"))["frames"]]
        return sum(found) / len(found)
    raise Fault(f"{stage}: expected VMAF-NEG from libvmaf, found none")
