# SPDX-License-Identifier: BSD-2-Clause
"""What is known of a file, and the names under which a stream says how it is to be enlarged."""

import hashlib
import re
import zlib
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from hcd import run
from hcd.ffmpeg_log import lines_of
from hcd.probe import listed_times, probe
from hcd.run import Fault

MODEL, SIZE, KEY = "HCD_MODEL", "HCD_SIZE", "HCD_WEIGHTS"  # tags: the client, the size to enlarge to, key_of(weights)
WEIGHTS = "hcd_weights.safetensors"  # attachment
# One thread: with several, what ffmpeg makes of damaged frames changes from run to run. Frames of another size or
# format in mid-stream go into the filters that are there, whose first is a `scale`. However much is damaged, what
# there is counts.
READING = ["-threads", "1", "-reinit_filter", "0", "-max_error_rate", "1"]

ENTRIES = ("format_tags:stream=index,codec_type,codec_name,codec_tag_string,width,height,pix_fmt,time_base,nb_frames,"
           "avg_frame_rate,duration,color_range:stream_tags:stream_disposition:format=duration,format_name:chapter=id")


class Differs(Fault):
    """A finished file is not what it should be."""


@dataclass
class Video:
    """Its first video stream that is no cover picture, and what lies beside it."""
    path: Path
    own: dict = field(default_factory=dict)
    frames: int = 0  # about
    tags: dict[str, str] = field(default_factory=dict)
    streams: list[dict] = field(default_factory=list)
    chapters: int = 0
    readers: tuple[str, ...] = ()  # names of the demuxer and the decoders

    @property
    def size(self) -> str:
        return f"{self.own['width']}x{self.own['height']}"

    @property
    def time_base(self) -> str:
        return self.own["time_base"]

    def tag(self, name: str) -> str | None:
        return next((value for key, value in self.tags.items() if key.upper() == name), None)

    def of_kind(self, kind: str) -> list[dict]:
        return [stream for stream in self.streams if stream.get("codec_type") == kind]

    def timing(self) -> list[str]:
        """Frames keep their times, those of streams whose rate varies too."""
        return ["-fps_mode", "passthrough", "-enc_time_base", self.time_base.replace("/", ":")]


def is_cover(stream: dict) -> bool:
    return stream.get("codec_type") == "video" and bool(stream.get("disposition", {}).get("attached_pic"))


def look(path: Path) -> Video:
    if not path.is_file():
        raise Fault(f"{path}: expected a video file, found {'something else' if path.exists() else 'none'}")
    found = probe(path, "-show_entries", ENTRIES)
    streams, container = found.get("streams", []), found.get("format", {})
    shown = [stream for stream in streams if stream.get("codec_type") == "video" and not is_cover(stream)]
    if not shown:
        raise Fault(f"{path}: expected a video stream, found none")
    readers = {container.get("format_name", ""), *(stream.get("codec_name", "") for stream in streams)} - {""}
    if "av1" in readers:
        readers |= {"libdav1d", "libaom-av1"}
    return Video(path, shown[0], count(shown[0], container), container.get("tags", {}) | tags_of_init(path), streams,
                 len(found.get("chapters", [])), tuple(sorted(readers)))


def tags_of_init(path: Path) -> dict[str, str]:
    """Of a playlist of segments: those of the init segment that it names, which ffmpeg does not hand on."""
    if path.suffix.lower() != ".m3u8":
        return {}
    named = re.search(r'#EXT-X-MAP:URI="([^"/:]+)"', path.read_text(encoding="utf-8", errors="replace"))
    if not named or not path.with_name(named[1]).is_file():
        return {}
    return probe(path.with_name(named[1]), "-show_entries", "format_tags").get("format", {}).get("tags", {})


def count(stream: dict, container: dict) -> int:
    """About how many frames, for the progress."""
    if str(stream.get("nb_frames", "")).isdigit():
        return int(stream["nb_frames"])
    seconds = float(stream.get("duration", container.get("duration", 0)))
    over, under = (int(part) for part in stream.get("avg_frame_rate", "0/0").split("/"))
    return round(seconds * over / under) if under else 0


def damage(video: Video, log: str) -> str:
    """In words, what a log of ffmpeg says of a source that it has decoded; "": nothing. Where it is, a second run over
    the frames alone says."""
    def complains(who: str, level: str, text: str) -> bool:
        return level in ("error", "fatal") and (who in video.readers or bool(re.search("decod|corrupt", text)))

    first = next((line for line in lines_of(log) if complains(*line)), None)
    if not first:
        return ""
    again = run.quick("ffmpeg", "-nostdin", "-nostats", "-v", "level+info", *READING, "-i",
                      f"file:{video.path.resolve()}", "-filter_complex", "[0:V:0]scale,showinfo[v]", "-map", "[v]",
                      "-f", "null", "-").log
    places, last, pending, decoding = [], "", False, False
    for who, level, text in lines_of(again):
        shown = re.search(r"pts_time:([0-9.]+)", text) if who == "showinfo" else None
        if shown:
            places += [f"near {float(shown[1]):.3f} s"] * pending
            last, pending = shown[1], False
        decoding |= text.startswith("Stream mapping")  # before, ffmpeg looks at the first frames
        pending |= decoding and complains(who, level, text)
    if pending:
        places.append(f"behind {float(last):.3f} s, its last frame" if last else "at its start")
    more = f" and at {len(places) - 1} more place{'s' * (len(places) > 2)}" if len(places) > 1 else ""
    return (f"{video.path}: damaged {places[0] if places else 'at its start'}{more}, decoded as ffmpeg decodes it "
            f"({f'{first[0]}: ' if first[0] else ''}{first[2]})")


# ---- weights ----

def key_of(weights: Path) -> str:
    """As the stream itself names them: docs/signal.md."""
    data = weights.read_bytes()
    return f"{zlib.crc32(data):08x}{len(data):08x}"


def named(key: str, weights: Path) -> bool:
    """Whether a tag names these: files of before have the first digits of their
    SHA-256."""
    return key in (key_of(weights), hashlib.sha256(weights.read_bytes()).hexdigest()[:16])


def beside(path: Path) -> Path:
    """Where the weights of a file lie that cannot hold them."""
    return path.with_name(f"{path.stem}.hcd.safetensors")


def is_matroska(path: Path) -> bool:
    return path.suffix.lower() in (".mkv", ".webm")


def is_weights(stream: dict) -> bool:
    return stream.get("codec_type") == "attachment" and stream.get("tags", {}).get("filename") == WEIGHTS


def weights_of(video: Video, folder: Path) -> Path | None:
    """The weights that a file names, if it does; copied to the folder. An attachment is named by being there: files
    from before there were keys have none."""
    key, found = video.tag(KEY), []
    for stream in filter(is_weights, video.streams):
        run.ffmpeg("weights", "-v", "level+error", f"-dump_attachment:{stream['index']}", WEIGHTS, "-i",
                     f"file:{video.path.resolve()}", "-map", "0:V:0", "-c", "copy", "-frames:v", "1", "-f", "null", "-",
                     folder=folder)
        if key is None or named(key, folder / WEIGHTS):
            return folder / WEIGHTS
        found.append(f"an attachment {key_of(folder / WEIGHTS)}")
    own = beside(video.path)
    if key and own.is_file():
        (folder / WEIGHTS).write_bytes(own.read_bytes())
        if named(key, folder / WEIGHTS):
            return folder / WEIGHTS
        found.append(f"{key_of(folder / WEIGHTS)} in {own}")
    if key:
        raise Fault(f"{video.path}: expected its weights {key}, found {' and '.join(found) or f'none at {own}'}: "
                    "--model names a client that needs none of them")
    return None


def enlarging(model: str, size: str, weights: bool) -> str:
    """The filter of the viewer. Weights lie in the folder where ffmpeg runs."""
    width, height = size.split("x")
    own = f":weights={WEIGHTS}" if weights else ""
    return f"hcd_up=model={model}{own}:w={width}:h={height}"


# ---- times ----

def times_from_first(listing: Path) -> list[Fraction]:
    """Times in seconds of the frames of a framecrc file."""
    times, _ = listed_times(listing)
    return [time - times[0] for time in times]


def check_times(found: list[Fraction], expected: list[Fraction]) -> None:
    if len(found) != len(expected):
        raise Differs(f"expected {len(expected)} frames, found {len(found)}")
    for number, (own, wanted) in enumerate(zip(found, expected)):
        # Four times of half a millisecond each: Matroska counts in milliseconds.
        if abs(own - wanted) > Fraction(25, 10000):
            raise Differs(f"expected frame {number} at {float(wanted):.3f} s, found {float(own):.3f} s")


def plain_name(text: str) -> bool:
    return re.fullmatch(r"[a-z0-9_-]+", text) is not None
