# SPDX-License-Identifier: BSD-2-Clause
"""What is known of a file, and the names under which a stream says how it is to be enlarged."""

import re
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import tools
from hcd_common import listed_times
from tools import Fault

MODEL, SIZE = "HCD_MODEL", "HCD_SIZE"  # tags: the client, the size to enlarge to
WEIGHTS = "hcd_weights.safetensors"  # attachment

ENTRIES = ("format_tags:stream=index,codec_type,codec_name,width,height,pix_fmt,time_base,nb_frames,avg_frame_rate,"
           "duration,field_order:stream_tags=filename:stream_disposition=attached_pic:stream_side_data=rotation:"
           "format=duration")


@dataclass
class Video:
    """Its first video stream, as it is shown."""
    path: Path
    width: int = 0
    height: int = 0
    pixels: str = ""
    time_base: str = ""
    frames: int = 0  # about
    interlaced: bool = False
    tags: dict = field(default_factory=dict)
    streams: list = field(default_factory=list)

    @property
    def size(self) -> str:
        return f"{self.width}x{self.height}"

    def of_kind(self, kind: str) -> list[dict]:
        return [stream for stream in self.streams if stream["codec_type"] == kind]


def look(path: Path) -> Video:
    if not path.is_file():
        raise Fault(f"{path}: expected a video file, found {'something else' if path.exists() else 'none'}")
    found = tools.probe(path, ENTRIES)
    streams = found.get("streams", [])
    shown = [stream for stream in streams
             if stream["codec_type"] == "video" and not stream.get("disposition", {}).get("attached_pic")]
    if not shown:
        raise Fault(f"{path}: expected a video stream, found none")
    own = shown[0]
    width, height = own["width"], own["height"]
    if any(int(side.get("rotation", 0)) % 180 for side in own.get("side_data_list", [])):
        width, height = height, width  # ffmpeg turns the frames
    tags = {key.upper(): value for key, value in found.get("format", {}).get("tags", {}).items()}
    return Video(path, width, height, own.get("pix_fmt", ""), own["time_base"],
                 count(own, found.get("format", {})), own.get("field_order", "progressive") not in
                 ("progressive", "unknown"), tags, streams)


def count(stream: dict, container: dict) -> int:
    """About how many frames, for the progress."""
    if str(stream.get("nb_frames", "")).isdigit():
        return int(stream["nb_frames"])
    seconds = float(stream.get("duration", container.get("duration", 0)))
    over, under = (int(part) for part in stream.get("avg_frame_rate", "0/0").split("/"))
    return round(seconds * over / under) if under else 0


def beside(path: Path) -> Path:
    """Where the weights of a file lie that cannot hold them."""
    return path.with_name(f"{path.stem}.hcd.safetensors")


def is_matroska(path: Path) -> bool:
    return path.suffix.lower() in (".mkv", ".webm")


def attached_weights(video: Video, folder: Path) -> Path | None:
    """The weights that travel with a stream, if there are any; copied to the folder."""
    for stream in video.of_kind("attachment"):
        if stream.get("tags", {}).get("filename") == WEIGHTS:
            tools.ffmpeg("weights", "-v", "error", f"-dump_attachment:{stream['index']}", WEIGHTS, "-i",
                         f"file:{video.path.resolve()}", "-map", "0:V:0", "-c", "copy", "-frames:v", "1", "-f", "null", "-",
                         folder=folder)
            return folder / WEIGHTS
    own = beside(video.path)
    if own.is_file():
        (folder / WEIGHTS).write_bytes(own.read_bytes())
        return folder / WEIGHTS
    return None


def enlarging(model: str, width: int, height: int, weights: bool) -> str:
    """The filter of the viewer. Weights lie in the folder where ffmpeg runs."""
    own = f":weights={WEIGHTS}" if weights else ""
    return f"hcd_up=model={model}{own}:w={width}:h={height}"


def times_from_first(listing: Path) -> list[Fraction]:
    """Times in seconds of the frames of a framecrc file."""
    times, _ = listed_times(listing)
    return [time - times[0] for time in times]


def check_times(stage: str, found: list[Fraction], expected: list[Fraction]) -> None:
    if len(found) != len(expected):
        raise Fault(f"{stage}: expected {len(expected)} frames, found {len(found)}")
    for number, (own, wanted) in enumerate(zip(found, expected)):
        # Four times of half a millisecond each: Matroska counts in milliseconds.
        if abs(own - wanted) > Fraction(25, 10000):
            raise Fault(f"{stage}: expected frame {number} at {float(wanted):.3f} s, found {float(own):.3f} s")


def plain_name(text: str) -> bool:
    return re.fullmatch(r"[a-z0-9_-]+", text) is not None
