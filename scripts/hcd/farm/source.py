# SPDX-License-Identifier: BSD-2-Clause
"""A planned title as scripts/encode knows it: whole, or one range of it."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from hcd.farm import scan
from hcd.farm.job import Job
from hcd.farm.rungs import Rungs, frame_of
from hcd.farm.scan import Frame
from hcd.stream import streams, video
from hcd.stream.coder import gop_of
from hcd.stream.encoding import Encoding
from hcd.stream.title import Title
from hcd.work_folder import Steps

PREROLL = 2   # seconds that filters of the user's see before a range, since they may look back
FARTHER = 10  # seconds before, where a demuxer does not find the key frame in front of a time (MPEG-TS)


class VideoOnly(streams.Streams):
    """Of a chunk: nothing goes along. Its clock is the source's, so that no time is rounded."""

    def words(self, number: int = 0) -> list[str]:
        scale = Fraction(self.source.time_base).denominator
        return ["-map_chapters", "-1", "-map_metadata", "-1", "-video_track_timescale", str(scale)]


class Planned:
    """One title of a job. `folder`: for temporary files."""

    def __init__(self, job: Job, number: int, folder: Path):
        self.job, self.number, self.folder = job, number, folder
        self.plan = job.plan.titles[number]
        self.options = job.options(number)
        self.check_source()
        self.video = video.look(self.options.source)
        self.video.frames = self.plan.frames
        self.whole = Title(self.options, self.video, folder, (self.plan.front, frame_of(self.plan.frame)))

    @property
    def time_base(self) -> Fraction:
        return Fraction(self.plan.time_base)

    def frames(self) -> list[Frame]:
        return scan.read_frames(self.job.folder(self.number) / "frames.crc")

    def check_source(self) -> None:
        scan.check_source(self.options.source, self.plan.source)

    def encoding(self, found: Rungs | None = None, title: Title | None = None, frames: int = 0,
                 kind: type[Encoding] = Encoding) -> Encoding:
        """`found`: of the probe, so that nothing is tried once more; `title`, `frames`: a part, and how many it has."""
        source = replace(self.video, frames=frames) if frames else self.video
        encoding = kind(self.options, source, Steps(self.folder), title or self.whole)
        settings = self.job.plan.settings
        encoding.coder.threads = settings["threads"]
        encoding.coder.pinned = f":device={settings['device']}:threads={settings['threads']}"
        encoding.coder.precision = settings["precision"]
        if found:
            encoding.formats = {rung.shape: form for rung, form in zip(found.rungs, found.formats)}
        return encoding

    def parts(self, index: int, frames: list[Frame]) -> list[Title]:
        """One range of it, with ways to get there: the fast ones first, at last by decoding from the start."""
        own = self.plan.ranges[index]
        start = frames[own.first].time
        end = frames[own.end].time if own.end < len(frames) else None
        before = PREROLL if self.options.filter else 0
        seeks = [start * self.time_base - back for back in (before, before + FARTHER)] if index else []
        return [self.whole.part(start, end, seek) for seek in (*seeks, None)]

    def origin(self, index: int, frames: list[Frame]) -> Fraction:
        """Seconds from the last multiple of --gop to a range's first frame."""
        seconds = self.gop
        if not seconds:
            return Fraction(0)
        return (frames[self.plan.ranges[index].first].time - frames[0].time) * self.time_base % seconds

    @property
    def gop(self) -> Fraction | None:
        return gop_of(self.options.gop)[1] if self.options.gop else None
