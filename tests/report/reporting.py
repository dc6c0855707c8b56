# SPDX-License-Identifier: BSD-2-Clause
"""For the tests of scripts/report: its Python, its modules, a small clip, runs."""

import csv
import os
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
REPORT = TOP / "scripts" / "report"
FFMPEG = TOP / "build" / "bin" / "ffmpeg"
PYTHON = TOP / "build" / "venv" / "bin" / "python"
TIMES = ("encode_s", "encode_cpu_s", "enlarge_s", "enlarge_cpu_s")


def use_its_python():
    """Goes on in the Python that has the packages; a printed skip where scripts/setup has not made it."""
    for needed in (FFMPEG, PYTHON):
        if not needed.exists():
            print(f"skipped: no {needed} (scripts/setup makes it)")
            sys.exit(77)
    if Path(sys.prefix) != PYTHON.parents[1]:
        os.execv(PYTHON, [str(PYTHON), "-B", *sys.argv])
    sys.path[:0] = [str(TOP / "scripts")]


def make_clip(path, frames=4, size="192x184"):
    """A moving picture with grain, stored losslessly."""
    graph = f"testsrc2=s={size}:r=25,noise=alls=5:all_seed=7,format=yuv420p"
    subprocess.run([FFMPEG, "-v", "error", "-y", "-f", "lavfi", "-i", graph, "-frames:v", str(frames), "-c:v",
                    "ffv1", path], check=True)
    return path


def command(clip, output, *options):
    return [str(part) for part in (REPORT, clip, "-o", output, *options)]


def report(clip, output, *options):
    """A finished run: exit code, standard error."""
    done = subprocess.run(command(clip, output, *options), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stderr


def rows(output, name="results.csv"):
    """The lines of a CSV, without the times."""
    with open(output / name, encoding="utf-8", newline="") as file:
        return [{key: value for key, value in row.items() if key not in TIMES} for row in csv.DictReader(file)]
