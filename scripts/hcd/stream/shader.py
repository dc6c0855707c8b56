# SPDX-License-Identifier: BSD-2-Clause
"""A light client as a shader: beside a file, or for a player that plays the small stream itself."""

import os
import shutil
import subprocess
from pathlib import Path

from hcd import run
from hcd.run import Fault
from hcd.stream import video

LIGHT = ("lite", "base")


def beside(path: Path) -> Path:
    """Where the shader of a file lies."""
    return path.with_name(f"{path.stem}.glsl")


def write(found: video.Video, model: str, weights: Path | None, size: str, output: Path) -> None:
    """Of the model with those weights, for the code values of that file and that size."""
    width, height = size.split("x")
    # As hcd_up takes the network: docs/algorithm.md, "Any ratio".
    ratio = max(int(width) / found.own["width"], int(height) / found.own["height"])
    words = ["--model", model, "--range", "full" if found.own.get("color_range") == "pc" else "limited", "--chroma"]
    if weights:
        words += ["--weights", weights]
    elif model == "base":
        words += ["--scale", "2" if ratio <= 2.5 else "4"]
    done = run.run("hcd", "shader", *words, "-y", "-o", output)
    if done.code:
        raise Fault(f"hcd shader: {done.why()}")


def why_piped(model: str, player: str) -> str:
    """Why the player cannot enlarge by itself; "": it can."""
    if player != "mpv":
        return f"{player} takes no shaders"
    if model not in LIGHT:
        return {"none": "nothing is to be enlarged", "auto": "no tag of the file names the client"}.get(
            model, f"{model} is none of {', '.join(LIGHT)}")
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return "there is no display"
    outputs = subprocess.run([shutil.which("mpv"), "--no-config", "--vo=help"], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout
    return "" if "gpu-next" in outputs else "this mpv has no --vo=gpu-next"


def player_words(stream: Path, shader: Path, size: str) -> list[str]:
    """mpv's, which enlarges to its window."""
    return ["mpv", "--vo=gpu-next", f"--glsl-shaders-append={shader}", f"--geometry={size}", "--", str(stream.resolve())]
