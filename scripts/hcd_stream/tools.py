# SPDX-License-Identifier: BSD-2-Clause
"""The project's programs, run so that nothing stays behind: messages, progress, children that end with us."""

import ctypes
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from hcd_common import BIN, reason

PR_SET_PDEATHSIG = 1


class Fault(Exception):
    """What went wrong, for the user: one line."""


class Stopped(Exception):
    """SIGINT or SIGTERM."""


def stop_on_signals() -> None:
    def stop(*_):
        raise Stopped
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def say(text: str) -> None:
    clear()
    print(text, file=sys.stderr, flush=True)


def show(text: str) -> None:
    """A line of progress, drawn over; nothing where standard error is a file."""
    if sys.stderr.isatty():
        clear()
        print(text, end="", file=sys.stderr, flush=True)


def clear() -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)  # ECMA-48: erase to the end of the line


def program(name: str) -> str:
    """Ours, or for ffmpeg and ffprobe one on the PATH."""
    if (BIN / name).exists():
        return str(BIN / name)
    found = shutil.which(name)
    if not found:
        raise Fault(f"{BIN / name}: expected a program, found none: run scripts/setup")
    return found


@functools.cache
def die_together():
    """Ends a child when this program is killed."""
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def start(name: str, *words: object, **options) -> subprocess.Popen:
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.Popen([program(name), *map(str, words)], preexec_fn=die_together(),
                            env={**os.environ, "SVT_LOG": "1"}, **options)  # SVT-AV1: its errors only


def end(process: subprocess.Popen) -> None:
    """Whatever happened: no child stays."""
    if process.poll() is None:
        process.kill()
    process.wait()


def ffmpeg(stage: str, *words: object, folder: Path, frames: int = 0) -> str:
    """Runs ffmpeg in a folder, so that files of that folder need no quoting in filters; its log. `frames`: how many
    there are, for the line of progress."""
    with open(folder / "ffmpeg.log", "w+b") as log:
        process = start("ffmpeg", "-nostdin", "-hide_banner", "-y", "-nostats", "-progress", "pipe:1", *words,
                        stdout=subprocess.PIPE, stderr=log, cwd=folder)
        try:
            for line in process.stdout:
                if line.startswith(b"frame=") and line[6:].strip().isdigit():
                    done = int(line[6:])
                    show(f"{stage}: {100 * done // frames} %" if frames else f"{stage}: frame {done}")
            process.wait()
        finally:
            end(process)
            process.stdout.close()
        clear()
        log.seek(0)
        text = log.read().decode(errors="replace")
    if process.returncode:
        raise Fault(f"{stage}: ffmpeg: {reason(text) or f'ended with {process.returncode}'}")
    return text


def probe(path: Path, entries: str) -> dict:
    done = subprocess.run([program("ffprobe"), "-v", "error", "-of", "json", "-show_entries", entries,
                           f"file:{path}"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Fault(f"{path}: expected a video file, found: {reason(done.stderr)}")
    return json.loads(done.stdout)
