# SPDX-License-Identifier: BSD-2-Clause
"""Child programs, run so that nothing stays behind; signals; how a script ends."""

import contextlib
import functools
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from hcd.ffmpeg_log import NO_ROOM, reason
from hcd.progress import clear, clock, say, show, watchers

BIN = Path(__file__).resolve().parents[2] / "build" / "bin"
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STOPPED = 130  # exit code

children: set[subprocess.Popen] = set()
lock = threading.Lock()
stopping = threading.Event()


class Fault(Exception):
    """What went wrong, for the user: one line. `log`: of the program that failed."""

    def __init__(self, text: str, log: str = ""):
        super().__init__(text)
        self.log = log


class Stopped(BaseException):
    """SIGINT, SIGTERM or SIGHUP. `signal_number`: which, where it is known."""

    def __init__(self, signal_number: int = 0):
        super().__init__()
        self.signal_number = signal_number


# ---- signals and ends ----

class Held:
    """A stop of the main thread that waits until a child stands in `children`."""
    active, came = False, None


def on_stop() -> None:
    """From here on the first SIGINT, SIGTERM or SIGHUP raises Stopped, and later ones wait for the end. Scripts start
    with these signals blocked (env --block-signal): one that came while Python loaded is answered here."""
    def stop(number: int, _: object) -> None:
        for each in STOPS:
            signal.signal(each, signal.SIG_IGN)
        if not Held.active:
            raise Stopped(number)
        Held.came = number
    for number in STOPS:
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)


@contextlib.contextmanager
def held():
    """No stop comes within: it comes at the end."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread only
        return
    Held.active = True
    try:
        yield
    finally:
        Held.active = False
        if Held.came is not None:
            raise Stopped(Held.came)


def end_now(code: int) -> None:
    """Ends with an exit code; a signal that comes now ends it, too, without a traceback."""
    for number in STOPS:
        signal.signal(number, signal.SIG_DFL)
    raise SystemExit(code)


def described(error: OSError, where: object) -> str:
    """An error of the system with the file that it is about: a failed write does not know its name."""
    return f"{error.filename or where}: {error.strerror or error}"


class Script:
    """A script's way to its end. `stopped`: what it says when it is stopped; `where`: what is written, for errors of
    the system."""

    def __init__(self, name: str, stopped: str):
        self.name, self.stopped = name, stopped
        self.where: object = "output"

    def run(self, work: Callable[["Script"], int]) -> None:
        """Ends the process with the exit code that `work` returns, or as what it raises asks for."""
        code, text = 1, ""
        try:
            on_stop()
            code = work(self)
        except Stopped:
            code, text = STOPPED, self.stopped
        except Fault as fault:
            text = str(fault)
        except ImportError as error:
            text = f"Python packages: expected {error.name}, found none: run scripts/setup"
        except OSError as error:
            text = described(error, self.where)
        if text:
            say(f"{self.name}: {text}")
        end_now(code)


# ---- programs ----

def program(name: str) -> str:
    """Ours, or for ffmpeg and ffprobe one on the PATH. A whole path stands for itself."""
    if (BIN / name).exists():
        return str(BIN / name)
    found = shutil.which(name)
    if not found:
        raise Fault(f"{BIN / name}: expected a program, found none: run scripts/setup")
    return found


@functools.cache
def models(hcd: str) -> dict[str, bool]:
    """Names of that program's models, and whether they enlarge twofold with what is in this build: linear ones, and
    networks whose weights are built in. Without torchscript, which is only what a file makes of it."""
    done = run(hcd, "models", "--json")
    if done.code:
        raise Fault(f"hcd models: {done.why()}")
    return {model["name"]: model["linear"] or any(it["scale"] == 2 and it["built_in"] for it in model["variants"])
            for model in json.loads(done.output) if model["name"] != "torchscript"}


@functools.cache
def die_together() -> tuple[str, ...]:
    """A prefix by which a child ends when this program is killed."""
    return ("setpriv", "--pdeathsig", "KILL", "--") if shutil.which("setpriv") else ()


def start(name: str, *words: object, **options) -> subprocess.Popen:
    """A child that stands in `children`, and ends when this program is killed."""
    command = [*die_together(), program(name), *map(str, words)]
    options.setdefault("stdin", subprocess.DEVNULL)
    with held(), lock:
        if stopping.is_set():
            raise Stopped
        process = subprocess.Popen(command, env={**os.environ, "SVT_LOG": "1"}, **options)  # SVT-AV1: its errors only
        children.add(process)
    return process


def end(process: subprocess.Popen) -> None:
    """Whatever happened: no child stays."""
    if process.poll() is None:
        process.kill()
    process.wait()
    children.discard(process)


def stop_all(number: int = signal.SIGKILL) -> None:
    """Kills every child, or sends it another signal; no new one starts."""
    stopping.set()
    with lock:
        for process in tuple(children):  # other threads take theirs out
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, number)


@dataclass
class Done:
    """A program that has ended. Times in seconds: by the clock, and of the CPU. `log`: its standard error."""
    code: int
    output: bytes
    log: str
    seconds: float
    cpu_seconds: float

    @property
    def text(self) -> str:
        return self.output.decode(errors="replace")

    def why(self, readers: tuple[str, ...] = ()) -> str:
        """Why it failed; `readers`: see reason()."""
        return reason(self.log, readers) or ended(self.code)


def run(name: str, *words: object, on_line: Callable[[bytes], None] | None = None, cwd: Path | None = None,
        stdin: IO[bytes] | int = subprocess.DEVNULL) -> Done:
    """Runs a program to its end. `on_line` gets each line of its output as it comes."""
    begin, output = time.monotonic(), b""
    with open(os.memfd_create("log"), "w+b") as log:  # in memory: a full disk must not swallow it
        process = start(name, *words, stdin=stdin, stdout=subprocess.PIPE, stderr=log, cwd=cwd)
        try:
            if on_line:
                for line in process.stdout:
                    on_line(line)
            else:
                output = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            end(process)
            process.stdout.close()
        log.seek(0)
        text = log.read().decode(errors="replace")
    return Done(process.returncode, output, text, time.monotonic() - begin, usage.ru_utime + usage.ru_stime)


def ended(code: int) -> str:
    """Why a program ended that has said nothing."""
    if code == -signal.SIGXFSZ:
        return "File too large: more than the limit on the size of files (ulimit -f)"
    return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"


def progress_line(stage: str, frames: int) -> Callable[[bytes], None]:
    """Shows how far ffmpeg is, and the time that is left, from its lines of `-progress`."""
    begin = time.monotonic()
    for watch in watchers:
        watch(stage, 0, frames)

    def on_line(line: bytes) -> None:
        if not line.startswith(b"frame=") or not line[6:].strip().isdigit():
            return
        done = int(line[6:])
        for watch in watchers:
            watch(stage, done, frames)
        left = (time.monotonic() - begin) / max(1, done) * max(0, frames - done)
        show(f"{stage}: {min(100, 100 * done // frames)} %, about {clock(left)} left" if frames and done
             else f"{stage}: frame {done}")
    return on_line


def ffmpeg(stage: str, *words: object, folder: Path, frames: int = 0, readers: tuple[str, ...] = ()) -> str:
    """Runs ffmpeg in a folder, so that files of that folder need no quoting in filters; its log, a level on each line.
    `frames`: how many there are, for the line of progress; `readers`: see reason()."""
    on_line = progress_line(stage, frames)
    done = run("ffmpeg", "-nostdin", "-hide_banner", "-y", "-nostats", "-progress", "pipe:1", *words, on_line=on_line,
               cwd=folder)
    clear()
    if done.code or NO_ROOM.search(done.log):  # ffmpeg ends well where only the last bytes found none
        raise Fault(f"{stage}: ffmpeg: {done.why(readers)}", done.log)
    return done.log


def quick(name: str, *words: object) -> Done:
    """A short run of ffmpeg or ffprobe."""
    return run(name, "-hide_banner", *words)
