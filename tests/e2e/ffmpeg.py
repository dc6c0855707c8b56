# SPDX-License-Identifier: BSD-2-Clause
"""Runs the ffmpeg under test."""

import json
import os
import subprocess
import sys
import unittest

FFMPEG = os.environ.get("HCD_TEST_FFMPEG", "build/bin/ffmpeg")
FFPROBE = os.path.join(os.path.dirname(FFMPEG), "ffprobe")
SCRIPTS = os.environ.get("HCD_TEST_SCRIPTS", "")


def run(*arguments, stdin=None, environment=None):
    """Runs ffmpeg; returns its exit code, standard output (bytes) and log (text)."""
    done = subprocess.run([FFMPEG, "-hide_banner", "-nostdin", "-y", *arguments] if stdin is None
                          else [FFMPEG, "-hide_banner", "-y", *arguments],
                          input=stdin, stdin=subprocess.DEVNULL if stdin is None else None,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          env={**os.environ, **(environment or {})})
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


def good(*arguments, stdin=None):
    """As run(), for commands that must succeed; returns their standard output and log."""
    code, out, log = run(*arguments, stdin=stdin)
    if code != 0:
        raise AssertionError(f"ffmpeg {' '.join(arguments)} ended with {code}:\n{log}")
    return out, log


def told(log, filters):
    """The log without the lines in which ffmpeg repeats its arguments, which say nothing of what is wrong."""
    return "\n".join(line for line in log.splitlines() if filters not in line and "with args" not in line)


def source(size="64x48", frames=3, pixel_format="yuv420p", rate=25):
    """Arguments of a moving test picture."""
    # By way of RGB: the test source itself rounds odd sizes to the chroma grid.
    graph = f"testsrc2=s={size}:r={rate},format=gbrp,format={pixel_format}"
    return ["-f", "lavfi", "-i", graph, "-frames:v", str(frames)]


def raw(filters, size="64x48", frames=3, pixel_format="yuv420p"):
    """The bytes that a filter chain makes of the test picture."""
    out, _ = good(*source(size, frames, pixel_format), "-vf", filters, "-f", "rawvideo", "-")
    return out


def probe(path, entries):
    done = subprocess.run([FFPROBE, "-v", "error", "-of", "json", "-show_entries", entries, path],
                          stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def main():
    if not os.path.exists(FFMPEG):
        print(f"skipped: no ffmpeg with the hcd filters at {FFMPEG} (scripts/setup builds it)")
        sys.exit(77)
    unittest.main(verbosity=1)
