# SPDX-License-Identifier: BSD-2-Clause
"""The programs that do the work: the project's own ffmpeg, ffprobe and hcd, and the measuring ffmpeg; and what a result
depends on of them."""

import errno
import functools
import hashlib
import os
import re
import subprocess
from pathlib import Path

from hcd import probe as ffprobe
from hcd import run as programs
from hcd.files import hash_file
from hcd.measuring import measuring_ffmpeg
from hcd.report.failure import CellError, disk_full
from hcd.run import Done, Fault, program

LIB = programs.BIN.parent / "lib"
MEASURING = "measuring ffmpeg"


def run(stage: str, name: str, *arguments: object) -> Done:
    """Runs a program to its end; CellError with its first words where it fails."""
    done = programs.run(measuring_ffmpeg() if name == MEASURING else name, *arguments)
    if done.code:
        if os.strerror(errno.ENOSPC).lower() in done.log.lower():
            raise disk_full(str(Path(str(arguments[-1])).parent))
        raise CellError(stage, f"{name} to succeed", done.why())
    return done


def ffmpeg(stage: str, *arguments: object) -> Done:
    return run(stage, "ffmpeg", "-v", "level+error", "-nostdin", "-y", *arguments)


def probe(stage: str, path: Path, *arguments: str) -> dict:
    """What ffprobe says about a file that a cell has made."""
    try:
        return ffprobe.probe(path, *arguments)
    except Fault as fault:
        raise CellError(stage, "a file for ffprobe", str(fault)) from fault


def first_line(*command: str) -> str:
    return programs.run(*command).text.splitlines()[0]


@functools.cache
def coder_id() -> str:
    """Our ffmpeg, its libavfilter, and the names (with versions) of the libraries of encoders that it loads."""
    own = Path(program("ffmpeg"))
    launched = re.search(rb"exec (/\S+)", own.read_bytes()) if own.read_bytes()[:2] == b"#!" else None
    if launched:  # the distribution's, with our libavfilter
        own = Path(launched[1].decode())
    libraries = subprocess.run(["ldd", own], stdout=subprocess.PIPE, check=False,
                               env={**os.environ, "LD_LIBRARY_PATH": str(LIB)}).stdout.decode()
    names = sorted(os.path.basename(os.path.realpath(found)) for found in re.findall(r"=> (/\S+)", libraries)
                   if "libhcd" not in found)
    filters = [hash_file(path) for path in sorted({path.resolve() for path in LIB.glob("libavfilter.so*")})]
    return hashlib.sha256("\n".join([hash_file(own), *filters, *names]).encode()).hexdigest()


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
    return [first_line("ffmpeg", "-version"), first_line("hcd", "--version"),
            first_line(measuring_ffmpeg(), "-version") + " (measures)"]


@functools.cache
def commands() -> frozenset[str]:
    """Names of the sub-commands of hcd."""
    return frozenset(re.findall(r"^  ([a-z]+) ", programs.run("hcd", "--help").text, re.MULTILINE))
