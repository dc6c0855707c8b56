# SPDX-License-Identifier: BSD-2-Clause
"""From the source to a coded stream, and back to frames of the source's size. Frames are counted, and their times
looked at, at every stage."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from hcd.encoders import SVT_PRESETS, Encoder
from hcd.probe import listed_times, packet_bits
from hcd.report import tools
from hcd.report.cache import Cache
from hcd.report.failure import CellError
from hcd.report.source import Clip
from hcd.run import Done, Fault

def preset_of(encoder: Encoder, preset: str) -> str:
    found = encoder.preset(preset)
    if found is None:
        raise Fault(f"--preset: expected one of {', '.join(SVT_PRESETS)}{' or a number' if encoder.counts_presets else ''} "
                    f"for {encoder.name}, found '{preset}'")
    return found


@dataclass
class Stream:
    """A coded stream. Sizes in bits, times in seconds."""
    key: str
    path: Path
    bits: int
    header_bits: int
    seconds: float
    cpu_seconds: float


def check_times(stage: str, times: list[Fraction], clip: Clip) -> None:
    """Frame n of each stage is frame n of the source."""
    if len(times) != clip.frames:
        raise CellError(stage, f"{clip.frames} frames", str(len(times)))
    for number, time in enumerate(times):
        if abs(time * clip.rate - number) > Fraction(1, 4):
            raise CellError(stage, f"frame {number} at {float(number / clip.rate):.3f} s", f"{float(time):.3f} s")


def log_outputs(*logs: tuple[str, Path]) -> list[str]:
    arguments = []
    for label, path in logs:
        arguments += ["-map", f"[{label}]", "-fps_mode", "passthrough", "-f", "framecrc", str(path)]
    return arguments


def small_frames(cache: Cache, clip: Clip, down: str) -> tuple[Path, dict]:
    """A chain's small frames without loss, from the cache or made: a descent is slow, and the same for every quality
    and encoder."""
    def make(key: str) -> tuple[dict, Path]:
        logs = [cache.scratch / f"{key}.{stage}" for stage in ("source", "small")]
        made = cache.scratch / f"{key}.mkv"
        graph = f"[0:V:0]{clip.first_filters()},split[s][p];[p]{down},split[e][l]"
        done = tools.ffmpeg("small", *clip.input(), "-filter_complex", graph,
                            *log_outputs(("s", logs[0]), ("l", logs[1])),
                            "-map", "[e]", "-fps_mode", "passthrough", "-c:v", "ffv1", "-level", "3", made)
        for stage, log in zip(("source", "small"), logs):
            check_times(stage, listed_times(log)[0], clip)
        return {"seconds": done.seconds, "cpu_seconds": done.cpu_seconds}, made

    key, value = cache.get(["small", clip.parts, down, tools.identity(down)], make, ".mkv")
    return cache.file(key, ".mkv"), value


def encode(cache: Cache, clip: Clip, down: str, encoder: Encoder, preset: str, crf: float) -> Stream:
    """The stream of a chain's small frames, from the cache or made. `down`: filters without placeholders."""
    options = ["-preset", preset_of(encoder, preset), "-crf", f"{crf:g}", *encoder.one_thread]
    parts = ["encode", clip.parts, down, encoder.name, options, tools.identity(down)]

    def make(key: str) -> tuple[dict, Path]:
        logs = [cache.scratch / f"{key}.{stage}" for stage in ("source", "small")]
        coded = cache.scratch / f"{key}.mkv"
        frames, graph, before = clip.input(), f"{clip.first_filters()},split[s][p];[p]{down}", {}
        if "hcd_" in down:
            path, before = small_frames(cache, clip, down)
            frames, graph = ["-threads", "1", "-r", str(clip.rate), "-i", str(path)], "split[s][p];[p]null"
        done = tools.ffmpeg("small", *frames, "-filter_complex", f"[0:V:0]{graph},split[e][l]",
                            *log_outputs(("s", logs[0]), ("l", logs[1])),
                            "-map", "[e]", "-fps_mode", "passthrough", "-c:v", encoder.name, *options, coded)
        for stage, log in zip(("source", "small"), logs):
            check_times(stage, listed_times(log)[0], clip)
        found = tools.probe("encoded", coded, "-show_entries", "packet=pts_time,size:stream=extradata_size")
        packets = found["packets"]
        check_times("encoded", sorted(Fraction(packet.get("pts_time", "-1")) for packet in packets), clip)
        return {"bits": packet_bits(packets),
                "header_bits": 8 * sum(stream.get("extradata_size", 0) for stream in found["streams"]),
                "seconds": done.seconds + before.get("seconds", 0),
                "cpu_seconds": done.cpu_seconds + before.get("cpu_seconds", 0)}, coded

    key, value = cache.get(parts, make, ".mkv")
    return Stream(key, cache.file(key, ".mkv"), value["bits"], value["header_bits"], value["seconds"],
                  value["cpu_seconds"])


def enlarge(clip: Clip, stream: Path, up: str, frames: Path) -> Done:
    """Decodes a stream and writes the enlarged frames, raw, to a file."""
    logs = [frames.with_suffix(f".{stage}") for stage in ("decoded", "enlarged")]
    graph = f"[0:v:0]split[d][u];[u]{up},format={clip.frame_format},split[l][r]"
    done = tools.ffmpeg("enlarged", "-threads", "1", "-i", stream, "-filter_complex", graph,
                        *log_outputs(("d", logs[0]), ("l", logs[1])),
                        "-map", "[r]", "-fps_mode", "passthrough", "-f", "rawvideo", frames)
    check_times("decoded", listed_times(logs[0])[0], clip)
    times, size = listed_times(logs[1])
    check_times("enlarged", times, clip)
    if size != f"{clip.width}x{clip.height}":
        raise CellError("enlarged", f"{clip.width}x{clip.height}", size)
    return done


def weight_bits(weights: str) -> int:
    return 8 * Path(weights).stat().st_size if weights else 0
