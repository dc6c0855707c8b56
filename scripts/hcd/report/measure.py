# SPDX-License-Identifier: BSD-2-Clause
"""Enlarged frames against the untouched source."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy

from hcd.measuring import NEG_MODEL
from hcd.report import tools
from hcd.report.failure import CellError
from hcd.report.source import Clip

HIGHEST = 100.0  # dB: what counts for identical frames, whose PSNR is infinite
MS_SSIM_SIDE = 176  # pixels: the least that its five scales fit


@dataclass(frozen=True)
class Measure:
    """Means over the frames. `unit` also says how many decimals are worth printing."""
    name: str
    label: str
    unit: str
    decimals: int = 3
    rising: bool = True  # more is better, and a BD-rate makes sense


MEASURES = [
    Measure("psnr_y", "PSNR-Y", "dB"),
    Measure("vmaf_neg", "VMAF-NEG", ""),
    Measure("vmaf", "VMAF", ""),
    Measure("ms_ssim", "MS-SSIM", "", 5),
    Measure("ssim", "SSIM", "", 5),
    Measure("psnr_hvs", "PSNR-HVS", "dB"),
    Measure("xpsnr_y", "XPSNR-Y", "dB"),
    Measure("psnr_cb", "PSNR-Cb", "dB"),
    Measure("psnr_cr", "PSNR-Cr", "dB"),
    Measure("flicker", "PSNR of frame differences", "dB"),
    Measure("ringing", "ringing", "code values", 4, False),
]
ALL = frozenset(measure.name for measure in MEASURES)
MODELS = {"vmaf": r"version=vmaf_v0.6.1\:name=vmaf", "vmaf_neg": NEG_MODEL}  # as libvmaf is asked
FEATURES = {"ssim": "float_ssim", "ms_ssim": "float_ms_ssim", "psnr_hvs": "psnr_hvs"}
FIRST = ("psnr_y", "vmaf_neg")  # the ones that lead


def psnr(error: numpy.ndarray) -> float:
    """In dB, of differences in code values of 8 bits."""
    mean_square = float(numpy.mean(numpy.square(error, dtype=numpy.float64)))
    return HIGHEST if mean_square == 0 else min(HIGHEST, 10 * math.log10(255 ** 2 / mean_square))


def overshoot(source: numpy.ndarray, shown: numpy.ndarray) -> float:
    """Mean excess of `shown` over the range of the source's 3x3 neighbourhood, in code values."""
    lowest = highest = numpy.pad(source, 1, "edge")
    for axis, length in ((0, source.shape[0]), (1, source.shape[1])):
        shifts = [numpy.s_[k:k + length] if axis == 0 else numpy.s_[:, k:k + length] for k in range(3)]
        lowest = numpy.minimum.reduce([lowest[shift] for shift in shifts])
        highest = numpy.maximum.reduce([highest[shift] for shift in shifts])
    excess = numpy.maximum(shown - highest, 0) + numpy.maximum(lowest - shown, 0)
    return float(numpy.mean(excess, dtype=numpy.float64))


def by_samples(clip: Clip, frames: Path) -> dict[str, float | None]:
    """What is computed here: PSNR, flicker, ringing."""
    values: dict[str, list[float]] = {name: [] for name in ("psnr_y", "psnr_cb", "psnr_cr", "flicker", "ringing")}
    before = None
    for number in range(clip.frames):
        source, shown = clip.planes(clip.raw(), number), clip.planes(frames, number)
        for name, ours, theirs in zip(("psnr_y", "psnr_cb", "psnr_cr"), shown, source):
            values[name].append(psnr(ours - theirs))
        values["ringing"].append(overshoot(source[0], shown[0]))
        # (shown - shown before) - (source - source before) is the change of the error.
        error = shown[0] - source[0]
        if before is not None:
            values["flicker"].append(psnr(error - before))
        before = error
    return {name: sum(list_) / len(list_) if list_ else None for name, list_ in values.items()}


def compared(clip: Clip, frames: Path, graph: str) -> None:
    """Runs the measuring ffmpeg over the shown frames and the source."""
    raw = ["-f", "rawvideo", "-pix_fmt", clip.pixel_format, "-s", f"{clip.width}x{clip.height}", "-r", str(clip.rate)]
    tools.run("measured", tools.MEASURING, "-v", "level+error", "-nostdin", "-y", *raw, "-i", frames, *raw, "-i",
              clip.raw(), "-filter_complex_threads", "1", "-filter_complex", f"[0:v][1:v]{graph}[x]", "-map", "[x]", "-f",
              "null", "-")


def checked(clip: Clip, count: int) -> None:
    if count != clip.frames:
        raise CellError("measured", f"{clip.frames} frames", str(count))


def by_libvmaf(clip: Clip, frames: Path, wanted: set[str]) -> dict[str, float | None]:
    """What libvmaf computes, of luma; PSNR-HVS of all planes, as it weighs them."""
    large = min(clip.width, clip.height) >= MS_SSIM_SIDE
    names = [name for name in MODELS | FEATURES if name in wanted]
    features = [FEATURES[name] for name in names if name in FEATURES and (large or name != "ms_ssim")]
    # It wants a model, whatever it is asked for.
    models = [name for name in names if name in MODELS] or [next(iter(MODELS))]
    scores = frames.with_suffix(".json")
    graph = f"libvmaf=model='{'|'.join(MODELS[name] for name in models)}':log_fmt=json:log_path={quoted(scores)}:n_threads=1"
    if features:
        graph += f":feature='{'|'.join('name=' + name for name in features)}'"
    try:
        compared(clip, frames, graph)
        found = [frame["metrics"] for frame in json.loads(scores.read_text(encoding="utf-8"))["frames"]]
    except (ValueError, LookupError) as error:
        raise CellError("measured", "the file that libvmaf writes", str(error)) from error
    finally:
        scores.unlink(missing_ok=True)
    checked(clip, len(found))

    def mean(name: str) -> float | None:
        key = FEATURES.get(name, name)
        if name in FEATURES and key not in features:
            return None
        return sum(HIGHEST if frame[key] is None else frame[key] for frame in found) / len(found)

    return {name: mean(name) for name in names}


def by_xpsnr(clip: Clip, frames: Path) -> dict[str, float | None]:
    lines = frames.with_suffix(".xpsnr")
    try:
        compared(clip, frames, f"xpsnr=stats_file={quoted(lines)}")
        found = [float(line.split("y:")[1].split()[0]) for line in lines.read_text(encoding="ascii").splitlines()
                 if line.startswith("n:")]
    except (ValueError, LookupError) as error:
        raise CellError("measured", "the file that xpsnr writes", str(error)) from error
    finally:
        lines.unlink(missing_ok=True)
    checked(clip, len(found))
    return {"xpsnr_y": sum(min(HIGHEST, value) for value in found) / len(found)}


def quoted(path: Path) -> str:
    """A path for an option inside a filter graph."""
    text = "".join("\\" + letter if letter in "\\':" else letter for letter in str(path))
    return "".join("\\" + letter if letter in "\\'[],; " else letter for letter in text)


def score(clip: Clip, frames: Path, wanted: frozenset[str] = ALL) -> dict[str, float | None]:
    """Those of the measures that are wanted, by name."""
    expected = clip.frames * clip.frame_bytes()
    if frames.stat().st_size != expected:
        raise CellError("enlarged", f"{expected} bytes", str(frames.stat().st_size))
    found = {name: value for name, value in by_samples(clip, frames).items() if name in wanted}
    if wanted & (MODELS | FEATURES).keys():
        found |= by_libvmaf(clip, frames, wanted)
    if "xpsnr_y" in wanted:
        found |= by_xpsnr(clip, frames)
    return found
