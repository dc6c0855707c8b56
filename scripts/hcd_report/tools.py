# SPDX-License-Identifier: BSD-2-Clause
"""The programs that do the work: the project's own ffmpeg, ffprobe and hcd, and the measuring ffmpeg of PyPI's
imageio-ffmpeg, which has libvmaf and xpsnr."""

import errno
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from failure import CellError, Failure, disk_full
from hcd_common import BIN, ended, reason

LIB = BIN.parent / "lib"

running: set[int] = set()  # process ids
lock = threading.Lock()
stopping = threading.Event()


@dataclass
class Done:
    """A program that ended well. Times in seconds: by the clock, and of the CPU."""
    output: bytes
    seconds: float
    cpu_seconds: float
    log: str = ""


def path_of(program: str) -> str:
    if program == "measuring ffmpeg":
        return measuring_ffmpeg()
    return str(BIN / program)


@functools.cache
def measuring_ffmpeg() -> str:
    try:
        import imageio_ffmpeg
        return imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError) as error:
        raise Failure(f"Python packages: expected imageio-ffmpeg, found {error}: run scripts/setup") from error


@functools.cache
def die_together() -> tuple[str, ...]:
    """A prefix by which a child ends when this program is killed."""
    return ("setpriv", "--pdeathsig", "KILL", "--") if shutil.which("setpriv") else ()


def run(stage: str, program: str, *arguments: object) -> Done:
    """Runs a program to its end; CellError with its first words where it fails."""
    command = [*die_together(), path_of(program), *map(str, arguments)]
    environment = dict(os.environ, SVT_LOG="1")  # its errors only
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as log:
        start = time.monotonic()
        with lock:
            if stopping.is_set():
                raise CellError(stage, "time to work", "an interrupt")
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=log, env=environment)
            running.add(child.pid)
        _, status, usage = os.wait4(child.pid, 0)
        with lock:
            running.discard(child.pid)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - start
        log.seek(0)
        text = log.read().decode(errors="replace")
        if child.returncode != 0:
            if os.strerror(errno.ENOSPC).lower() in text.lower():
                raise disk_full(str(Path(str(arguments[-1])).parent))
            raise CellError(stage, f"{program} to succeed", reason(text) or ended(child.returncode))
        output.seek(0)
        return Done(output.read(), seconds, usage.ru_utime + usage.ru_stime, text)


def stop_all() -> None:
    """Ends every child; no new one starts."""
    stopping.set()
    with lock:
        for process in running:
            os.kill(process, 9)


def ffmpeg(stage: str, *arguments: object) -> Done:
    return run(stage, "ffmpeg", "-v", "level+error", "-nostdin", "-y", *arguments)


def probe(stage: str, path: Path, *arguments: str) -> dict:
    """What ffprobe says about a file."""
    return json.loads(run(stage, "ffprobe", "-v", "level+error", "-of", "json", *arguments, path).output)


def hash_file(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def first_line(*command: str) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()[0]


@functools.cache
def coder_id() -> str:
    """Our ffmpeg, its libavfilter, and the names (with versions) of the libraries of encoders that it loads."""
    program = Path(path_of("ffmpeg"))
    launched = re.search(rb"exec (/\S+)", program.read_bytes()) if program.read_bytes()[:2] == b"#!" else None
    if launched:  # the distribution's, with our libavfilter
        program = Path(launched[1].decode())
    libraries = subprocess.run(["ldd", program], stdout=subprocess.PIPE, check=False,
                               env={**os.environ, "LD_LIBRARY_PATH": str(LIB)}).stdout.decode()
    names = sorted(os.path.basename(os.path.realpath(found)) for found in re.findall(r"=> (/\S+)", libraries)
                   if "libhcd" not in found)
    own = [hash_file(path) for path in sorted({path.resolve() for path in LIB.glob("libavfilter.so*")})]
    return hashlib.sha256("\n".join([hash_file(program), *own, *names]).encode()).hexdigest()


@functools.cache
def hcd_id() -> str:
    """libhcd and its back ends; only chains that use it depend on it."""
    files = sorted({path.resolve() for path in LIB.glob("libhcd*.so*")})
    return hashlib.sha256("\n".join(hash_file(path) for path in files).encode()).hexdigest()


@functools.cache
def measuring_id() -> str:
    return hash_file(Path(measuring_ffmpeg()))


def identity(filters: str) -> list[str]:
    """What the result of a filter string depends on beside its input."""
    return [coder_id(), hcd_id() if "hcd_" in filters else ""]


def versions() -> list[str]:
    """For the page: which programs did it."""
    return [first_line(path_of("ffmpeg"), "-version"), first_line(path_of("hcd"), "--version"),
            first_line(measuring_ffmpeg(), "-version") + " (measures)"]


@functools.cache
def commands() -> frozenset[str]:
    """Names of the sub-commands of hcd."""
    text = subprocess.run([path_of("hcd"), "--help"], stdout=subprocess.PIPE, check=True).stdout.decode()
    return frozenset(re.findall(r"^  ([a-z]+) ", text, re.MULTILINE))
