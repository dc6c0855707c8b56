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

from hcd_common import BIN, NO_ROOM, STOPS, ended, on_stop, reason

PR_SET_PDEATHSIG = 1
children: set[subprocess.Popen] = set()


class Fault(Exception):
    """What went wrong, for the user: one line. `log`: of the program that failed."""

    def __init__(self, text: str, log: str = ""):
        super().__init__(text)
        self.log = log


class Stopped(BaseException):
    """SIGINT, SIGTERM or SIGHUP."""


def stop_on_signals() -> None:
    on_stop(Stopped)


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
def libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def start(name: str, *words: object, **options) -> subprocess.Popen:
    """A child that ends when this program is killed. No signal comes between its start and its place in `children`."""
    kernel, path = libc(), program(name)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)

    def first() -> None:  # in the child
        kernel.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    options.setdefault("stdin", subprocess.DEVNULL)
    try:
        process = subprocess.Popen([path, *map(str, words)], preexec_fn=first,
                                   env={**os.environ, "SVT_LOG": "1"}, **options)  # SVT-AV1: its errors only
        children.add(process)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return process


def end(process: subprocess.Popen) -> None:
    """Whatever happened: no child stays."""
    if process.poll() is None:
        process.kill()
    process.wait()
    children.discard(process)


def end_all() -> None:
    for process in tuple(children):
        end(process)


def ffmpeg(stage: str, *words: object, folder: Path, frames: int = 0, readers: tuple[str, ...] = ()) -> str:
    """Runs ffmpeg in a folder, so that files of that folder need no quoting in filters; its log, a level on each line.
    `frames`: how many there are, for the line of progress; `readers`: see reason()."""
    with open(os.memfd_create("log"), "w+b") as log:  # in memory: a full disk must not swallow it
        process = start("ffmpeg", "-nostdin", "-hide_banner", "-y", "-nostats", "-progress", "pipe:1", *words,
                        stdout=subprocess.PIPE, stderr=log, cwd=folder)
        try:
            for line in process.stdout:
                if line.startswith(b"frame=") and line[6:].strip().isdigit():
                    done = int(line[6:])
                    show(f"{stage}: {min(100, 100 * done // frames)} %" if frames else f"{stage}: frame {done}")
            process.wait()
        finally:
            end(process)
            process.stdout.close()
        clear()
        log.seek(0)
        text = log.read().decode(errors="replace")
    if process.returncode or NO_ROOM.search(text):  # ffmpeg ends well where only the last bytes found none
        raise Fault(f"{stage}: ffmpeg: {reason(text, readers) or ended(process.returncode)}", text)
    return text


def quick(name: str, *words: object) -> tuple[int, str, str]:
    """A short run of ffmpeg or ffprobe: exit code, output, log."""
    process = start(name, "-hide_banner", *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                    errors="replace")
    try:
        output, log = process.communicate()
    finally:
        end(process)
    return process.returncode, output, log


def probe(path: Path, entries: str) -> dict:
    code, output, log = quick("ffprobe", "-v", "level+error", "-of", "json", "-show_entries", entries, f"file:{path}")
    if code:
        raise Fault(f"{path}: expected a video file, found: {reason(log)}")
    return json.loads(output)
