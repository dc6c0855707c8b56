# SPDX-License-Identifier: BSD-2-Clause
"""Rungs as HLS and DASH, by ffmpeg's own muxers: segments of CMAF that begin with key frames, a playlist or a manifest, and
in each rung's init segment the tags that say how it is enlarged."""

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from hcd import run
from hcd.progress import say
from hcd.run import Fault
from hcd.stream import mp4_tags, video
from hcd.stream.coder import gop_of
from hcd.stream.rung import Rung

if TYPE_CHECKING:
    from hcd.stream.encoding import Encoding

PLAYLIST, MANIFEST, INIT = "master.m3u8", "manifest.mpd", "init.mp4"


def check_folder(output: Path, overwrite: bool) -> None:
    if not output.exists():
        return
    if not output.is_dir():
        raise Fault(f"{output}: expected the name of a folder, found a file")
    if not any(output.iterdir()):
        return
    if not any((output / name).is_file() for name in (PLAYLIST, MANIFEST)):
        raise Fault(f"{output}: expected no such folder, or one with {PLAYLIST} or {MANIFEST}, found other files in it")
    if not overwrite:
        raise Fault(f"{output}: expected no such folder, found one (-y replaces it)")


def complete(encoding: "Encoding", coded: dict[Rung, Path], weights: Path | None) -> None:
    """Looks at every rung, then puts them into the folder."""
    options, finished = encoding.options, []

    def keep(done: Path, output: Path, _: Path | None) -> None:
        if output.stem.endswith(".failed-check"):
            raise Fault(f"{options.output}: expected rungs that pass their check, see above")
        finished.append(done)

    encoding.complete(coded, weights, keep)
    folder = encoding.work.path / "package"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    Package(encoding, finished, folder).make(weights)
    if options.output.exists():
        os.rename(options.output, encoding.work.path / "before")  # goes with the work folder
    os.rename(folder, options.output)
    say(f"{options.output}: {' and '.join(name for name in (PLAYLIST, MANIFEST) if (options.output / name).exists())}, "
        f"{len(finished)} rung{'s' * (len(finished) > 1)}, segments of {options.gop.removesuffix('s')} s")


class Package:
    def __init__(self, encoding: "Encoding", rungs: list[Path], folder: Path):
        self.encoding, self.options, self.rungs, self.folder = encoding, encoding.options, rungs, folder
        self.seconds = str(gop_of(self.options.gop)[1])
        self.found = [video.look(path) for path in rungs]
        self.sound = self.found[0].of_kind("audio")
        others = [stream["codec_type"] for stream in self.found[0].streams
                  if stream is not self.found[0].own and stream not in self.sound]
        if others:
            say(f"encode: {self.options.output.name}: left out: {', '.join(sorted(set(others)))}: segments take video and sound")

    def make(self, weights: Path | None) -> None:
        """`weights`: for the rungs whose tags name them."""
        words = []
        for path in self.rungs:
            words += ["-i", f"../{path.name}"]
        for number in range(len(self.rungs)):
            words += ["-map", f"{number}:V:0"]
        words += [word for stream in self.sound for word in ("-map", f"0:{stream['index']}")]
        words += ["-c", "copy", "-map_metadata", "-1", "-map_chapters", "-1"]
        if self.found[0].own["codec_name"] == "hevc":
            words += ["-tag:v", "hvc1"]  # as players of Apple want it
        words += self.dash() if self.options.dash else self.hls()
        run.ffmpeg(f"{self.options.output.name}: segments", "-v", "level+error", *words, folder=self.folder)
        for number, found in enumerate(self.found):
            self.tag(self.init_of(number), found)
            if weights and found.tag(video.KEY):
                shutil.copyfile(weights, video.beside(self.list_of(number)))

    def hls(self) -> list[str]:
        # It reads the codec's name for the master playlist from headers of this form only; the segments get the other one.
        codec = ["-bsf:v", "h264_mp4toannexb"] if self.found[0].own["codec_name"] == "h264" else []
        group = ",agroup:sound" if self.sound else ""
        variants = [f"v:{number}{group},name:{number + 1}" for number in range(len(self.rungs))]
        variants += [f"a:{number},agroup:sound,name:sound{number + 1}{',default:yes' if number == 0 else ''}"
                     for number in range(len(self.sound))]
        return [*codec, "-f", "hls", "-hls_time", self.seconds, "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4",
                "-hls_flags", "independent_segments", "-hls_fmp4_init_filename", INIT, "-master_pl_name", PLAYLIST, "-var_stream_map",
                " ".join(variants), "-hls_segment_filename", "%v/%05d.m4s", "%v/stream.m3u8"]

    def dash(self) -> list[str]:
        sets = "id=0,streams=v" + (" id=1,streams=a" if self.sound else "")
        both = ["-hls_playlist", "1", "-hls_master_name", PLAYLIST] if self.options.hls else []
        return ["-f", "dash", "-seg_duration", self.seconds, "-use_template", "1", "-use_timeline", "1", "-adaptation_sets",
                sets, "-init_seg_name", "$RepresentationID$." + INIT, "-media_seg_name", "$RepresentationID$.$Number%05d$.m4s", *both,
                MANIFEST]

    def list_of(self, number: int) -> Path:
        """What names the segments of a rung."""
        if self.options.dash:
            return self.folder / (f"media_{number}.m3u8" if self.options.hls else MANIFEST)
        return self.folder / str(number + 1) / "stream.m3u8"

    def init_of(self, number: int) -> Path:
        """The muxer of HLS has names of its own."""
        if self.options.dash:
            return self.folder / f"{number}.{INIT}"
        playlist = self.list_of(number)
        return playlist.with_name(re.search(r'#EXT-X-MAP:URI="([^"/]+)"', playlist.read_text(encoding="utf-8"))[1])

    def tag(self, path: Path, found: video.Video) -> None:
        tags = {name: value for name in (video.MODEL, video.SIZE, video.KEY) if (value := found.tag(name))}
        tagged = path.with_name("tagged.mp4")
        mp4_tags.add(path, tagged, tags)
        os.replace(tagged, path)
