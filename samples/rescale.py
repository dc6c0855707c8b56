#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A picture on its way down and up again in numpy, step by step, by the Python binding: what the descent gains.

usage: rescale.py [video]       needs numpy, and an ffmpeg that reads the video (default: clip.mkv beside this file)

Between `# %%` are the cells of a notebook, which editors run one by one. build/venv/bin/python finds the binding;
others by PYTHONPATH=scripts/python, or once it is installed (docs/python.md).
"""
import subprocess
import sys
from pathlib import Path

import hcd
import numpy as np

VIDEO = sys.argv[1] if len(sys.argv) > 1 else str(Path(__file__).with_name("clip.mkv"))


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """In dB, peak 255."""
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b.astype(float)) ** 2)))


# %% The luma of one frame, as a plane of bytes.
facts = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height", "-of",
                        "csv=p=0", VIDEO], stdout=subprocess.PIPE, text=True, check=True).stdout
width, height = map(int, facts.strip().split(",")[:2])
raw = subprocess.run(["ffmpeg", "-v", "error", "-i", VIDEO, "-map", "0:v:0", "-frames:v", "1", "-pix_fmt", "yuv420p", "-f",
                      "rawvideo", "-"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=True).stdout
luma = np.frombuffer(raw, np.uint8)[:width * height].reshape(height, width)
print(f"libhcd {hcd.version()}: a frame of {width}x{height}")

# %% Half its size and back, for three viewers: players with two kernels, and the network `lite`.
# loss="mse": what PSNR measures. For video the default also minds lost detail and the bits of the encoder.
print(f"\n{'viewer':8} {'plain':>6} {'HCD':>6} {'gain':>6}   steps  moved  ms")
for model in ("bicubic", "lanczos", "lite"):
    with hcd.Down(width, height, layout="gray", model=model, loss="mse") as down:
        plain, small = down(luma, plain=True), down(luma)
        stats = down.stats  # of the frame that came out last
    rows, columns = small.shape
    with hcd.Up(columns, rows, layout="gray", model=model, size=(width, height)) as up:
        before, after = psnr(up(plain), luma), psnr(up(small), luma)
    print(f"{model:8} {before:6.2f} {after:6.2f} {after - before:+6.2f}   {stats.steps:5}  {stats.move_rms:5.2f}  "
          f"{stats.time_ms:.0f}")

# %% Step by step towards the best small frame for a bicubic player, which optimizer="exact" with proximity=0 finds at once.
print("\nsteps     dB")
with hcd.Down(width, height, layout="gray", model="bicubic", loss="mse", optimizer="cg", steps=1) as down:
    for steps in (1, 2, 4, 8, 16):
        down.set(steps=steps)
        down(luma)
        print(f"{steps:5}  {down.stats.psnr:5.2f}")

# %% Where the small frame has moved: rows of the picture, averaged, in code values.
print("\nmoved by, from the top of the picture to its bottom:")
moved = np.abs(small.astype(float) - plain)
for part in np.array_split(moved, 8):
    print(f"{part.mean():6.2f}  {'#' * round(10 * part.mean())}")
