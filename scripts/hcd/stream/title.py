# SPDX-License-Identifier: BSD-2-Clause
"""A source as it is read: the filters in front of everything, what they make of its frames, how long it is; and parts of
it, which are read as if they were the whole."""

import argparse
import copy
import re
from fractions import Fraction
from pathlib import Path

from hcd import run
from hcd.encoders import EVERY
from hcd.probe import listed_times, probe
from hcd.progress import say
from hcd.run import Fault
from hcd.stream import pixels, video
from hcd.stream.video import READING

FLAGS = "flags=bicubic+accurate_rnd+full_chroma_int"
LEAST_TUNED = 32  # pixels a side, in fours: what hcd tune can look at
RATE = Fraction(25)  # frames per second of sources that name none


class Title:
    """`front`: the filters; `frame`: the first frame behind them. Temporary files go to `folder`."""

    def __init__(self, options: argparse.Namespace, source: video.Video, folder: Path,
                 known: tuple[str, pixels.Frame] | None = None):
        """`known`: front and frame, where they have been looked at before."""
        self.options, self.source, self.folder = options, source, folder
        self.path = source.path.resolve()
        self.seek: list[str] = []
        self.front, self.frame = known or self.look_at_frames()

    def words(self) -> list[str]:
        """Of ffmpeg: this input."""
        return [*READING, *self.seek, "-i", f"file:{self.path}"]

    def part(self, start: int, end: int | None, seek: Fraction | None) -> "Title":
        """The frames from one time to another, this excluded, in units of the source's time base and counted as the
        source counts; None: to its end. They begin at 0. `seek`: seconds to which a demuxer may jump."""
        found = copy.copy(self)
        found.seek = ["-copyts"]
        if seek is not None:
            found.seek += ["-seek_timestamp", "1", "-noaccurate_seek", "-ss", f"{float(seek):.6f}"]
        base = self.source.time_base
        ends = f":end_pts={end}" if end is not None else ""
        found.front = f"{self.front},settb={base},trim=start_pts={start}{ends},setpts=PTS-STARTPTS"
        return found

    def look_at_frames(self) -> tuple[str, pixels.Frame]:
        source, own = self.source, self.options.filter
        raw = self.first_frame("scale")
        # A palette has an alpha, too; no filter can make one again where the source changes.
        steady = f"scale={raw.width}:{raw.height}:{FLAGS}"
        front = f"{steady},format={'bgra' if pixels.flag(raw.pixels, 'palette') else raw.pixels}"
        front += f",{own}" if own else ""
        frame = self.first_frame(front) if own or raw.pixels not in front else raw
        coded = any(pixels.flag(name, "rgb") for name in pixels.of_encoder(EVERY[self.options.encoder]))
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
            return pixels.first_frame(self.source.path, READING, filters, self.folder, self.source.readers)
        except Fault as fault:
            raise self.in_users_words(fault) from None

    def has_two_frames(self, front: str) -> bool:
        run.ffmpeg("source", "-v", "level+error", *self.words(), "-filter_complex", f"[0:V:0]{front}[v]", "-map", "[v]",
                   "-frames:v", "2", "-fps_mode", "passthrough", "-f", "framecrc", "two.times", folder=self.folder,
                   readers=self.source.readers)
        return len(listed_times(self.folder / "two.times")[0]) == 2

    def in_users_words(self, fault: Fault) -> Fault:
        text = str(fault).replace("start.safetensors", str(self.options.weights))
        advice = re.search(r"put (\S+?),? in front", text)
        return Fault(f"{text}: --filter {advice[1]} does that" if advice else text, fault.log)

    # ---- how long it is ----

    def rate(self) -> Fraction:
        """Frames per second: what filters of the user's make of them, else as the container has it."""
        return self.options.filter and self.frame.rate or self.source_rate()

    def source_rate(self) -> Fraction:
        over, under = (int(part) for part in self.source.own.get("avg_frame_rate", "0/0").split("/"))
        return Fraction(over, under) if over > 0 and under > 0 else RATE

    def frames(self) -> int:
        """About how many there are behind the filters, 1 at least: as the container has it, or its packets."""
        if not self.source.frames:
            found = probe(self.source.path, "-select_streams", str(self.source.own["index"]), "-count_packets",
                          "-show_entries", "stream=nb_read_packets")["streams"]
            self.source.frames = int(found[0].get("nb_read_packets", 0)) if found else 0
        return max(1, round(self.source.frames * self.rate() / self.source_rate()))

    def seconds(self) -> float:
        return float(self.frames() / self.rate())
