# SPDX-License-Identifier: BSD-2-Clause
"""Weights fitted to a title by `hcd tune`: one file for all streams of a chain."""

from pathlib import Path

from hcd import run
from hcd.files import hash_file
from hcd.report import tools
from hcd.report.cache import Cache
from hcd.report.encode import Stream
from hcd.report.source import Clip


def tuned_weights(cache: Cache, clip: Clip, streams: list[Stream]) -> Path:
    """The file of weights, from the cache or made."""
    def make(key: str) -> tuple[dict, Path]:
        source, weights = cache.scratch / f"{key}.source.mkv", cache.scratch / f"{key}.safetensors"
        try:
            tools.ffmpeg("tuned", *clip.input(), "-map", "0:V:0", "-vf", clip.first_filters(),
                         "-fps_mode", "passthrough", "-c:v", "libx264", "-qp", "0", "-preset", "ultrafast", source)
            tools.run("tuned", "hcd", "tune", source, *(stream.path for stream in streams), "-o", weights)
        finally:
            source.unlink(missing_ok=True)
        return {}, weights

    parts = ["tune", clip.parts, [stream.key for stream in streams], tools.hcd_id(),
             hash_file(Path(run.program("hcd")))]
    key, _ = cache.get(parts, make, ".safetensors")
    return cache.file(key, ".safetensors")
