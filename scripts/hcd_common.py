# SPDX-License-Identifier: BSD-2-Clause
"""What the Python scripts share: where this build's programs lie, how to read what they say, the scale of quality
on which encoders are compared, and how a script ends when it is stopped."""

import functools
import json
import re
import signal
import subprocess
from fractions import Fraction
from pathlib import Path

BIN = Path(__file__).resolve().parents[1] / "build" / "bin"
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# ---- quality ----

# CRFs of equal PSNR-Y, as (the encoder's, libx264's). Read off the curves of whole frames in
# docs/results/bandwidth/clips/results.csv (chain `full`, preset medium and SVT-AV1's 8): the median over nine clips,
# by straight lines between the points of libx264's curve, and on beyond its best one. VMAF-NEG gives the same to half
# a step.
CRF_OF_X264 = {"libx264": ((22, 22.0), (34, 34.0)), "libx265": ((22, 20.4), (26, 24.1), (30, 28.0), (34, 31.7)),
               "libsvtav1": ((30, 21.1), (38, 23.1), (46, 25.6), (54, 28.3))}
HIGHEST_CRF = {"libx264": 51, "libx265": 51, "libsvtav1": 63}
DEFAULT_CRF = 23  # on libx264's scale


def straight(points: list[tuple[float, float]], at: float) -> float:
    """Straight lines between points, and on beyond the first and the last."""
    for (x0, y0), (x1, y1) in zip(points, points[1:]):
        if at <= x1 or (x1, y1) == points[-1]:
            return y0 + (at - x0) * (y1 - y0) / (x1 - x0)
    raise ValueError("expected two points or more")


def crf_on_x264(encoder: str, crf: float) -> float:
    """libx264's CRF that is about as good as an encoder's."""
    return max(0.0, straight(list(CRF_OF_X264[encoder]), crf))


def crf_like_x264(encoder: str, crf: float) -> int:
    """An encoder's CRF that is about as good as libx264's."""
    found = straight([(theirs, own) for own, theirs in CRF_OF_X264[encoder]], crf)
    return min(max(round(found), 1), HIGHEST_CRF[encoder])


# ---- programs ----

@functools.cache
def models(hcd: str) -> dict[str, bool]:
    """Names of that program's models, and whether they enlarge twofold with what is in this build: linear ones, and
    networks whose weights are built in. Without torchscript, which is only what a file makes of it."""
    listed = json.loads(subprocess.run([hcd, "models", "--json"], stdout=subprocess.PIPE, check=True).stdout)
    return {model["name"]: model["linear"] or any(it["scale"] == 2 and it["built_in"] for it in model["variants"])
            for model in listed if model["name"] != "torchscript"}


# What only follows from another line.
FOLLOWS = re.compile(
    r"^Error (re)?initializing|^Error while (filtering|opening|processing)|^Failed to inject|^Conversion failed|"
    r"^Error (configuring|submitting|sending|muxing|writing|closing|opening output)|^Terminating thread|^Task finished|"
    r"^Cannot determine format of input|^Consider increasing|^Error marking filters|^Could not (write header|open encoder)|av_interleaved_write_frame|^Nothing was written|[Nn]on.monoton|"
    r"Cannot allocate memory$|^Failed to (configure|set value)|^Invalid data found|^(Last|Timestamps|Application)")
# Of a source's decoder or demuxer: ffmpeg passes over them.
DAMAGE = re.compile(r"^Error while decoding|^Error submitting packet to decoder|corrupt", re.IGNORECASE)
NO_ROOM = re.compile("No space left on device|Disk quota exceeded|File too large")
SYSTEM = re.compile(f"{NO_ROOM.pattern}|Read-only file system|Permission denied|Too many open files|Input/output error")


def lines_of(log: str) -> list[tuple[str, str, str]]:
    """A log of ffmpeg as (who wrote it, level, text), without addresses. Level and who may be empty."""
    found = []
    for line in re.split(r"[\r\n]+", log):
        match = re.match(r"((?:\[[^\]]* @ 0x[0-9a-f]+\] ?)*)(?:\[(\w+)\] )?(.*)", line.strip())
        names = re.findall(r"\[(?:Parsed_)?([^\]]*?)(?:_\d+)? @ 0x", match[1])
        if match[3]:
            found.append((names[-1] if names else "", match[2] or "", match[3].strip()))
    return found


def reason(log: str, readers: tuple[str, ...] = ()) -> str:
    """The line of a program's log that tells why it failed. `readers`: decoders and demuxers of the source, whose
    complaints do not end a run."""
    lines = lines_of(log)
    if any(level for _, level, _ in lines):
        lines = [line for line in lines if line[1] in ("error", "fatal", "panic", "") or SYSTEM.search(line[2])]

    def rank(line: tuple[str, str, str]) -> int:
        who, level, text = line
        if SYSTEM.search(text):
            return 0
        if who.startswith("hcd_"):
            return 1
        if FOLLOWS.search(text) or who in readers or DAMAGE.search(text):
            return 4
        return 2 if who or level or re.match(r"\w+ ?\[error\]:", text) else 3  # encoders that write by themselves

    best = min(lines, key=rank, default=None)  # the first of the best
    return f"{best[0]}: {best[2]}" if best and best[0] else best[2] if best else ""


def ended(code: int) -> str:
    """Why a program ended that has said nothing."""
    if code == -signal.SIGXFSZ:
        return "File too large: more than the limit on the size of files (ulimit -f)"
    return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"


def listed_times(listing: Path) -> tuple[list[Fraction], str]:
    """Times in seconds of the frames of a framecrc file, and their size (<width>x<height>)."""
    unit, size, times = Fraction(1), "", []
    for line in listing.read_text(encoding="ascii").splitlines():
        if line.startswith("#tb 0:"):
            unit = Fraction(line.split(":")[1].strip())
        elif line.startswith("#dimensions 0:"):
            size = line.split(":")[1].strip()
        elif not line.startswith("#"):
            times.append(int(line.split(",")[2]) * unit)
    return times, size


# ---- ends ----

def described(error: OSError, where: object) -> str:
    """An error of the system with the file that it is about: a failed write does not know its name."""
    return f"{error.filename or where}: {error.strerror or error}"


def on_stop(what: type[BaseException]) -> None:
    """From here on the first SIGINT, SIGTERM or SIGHUP raises `what`, and later ones wait for the end. Scripts start
    with these signals blocked (env --block-signal): one that came while Python loaded is answered here."""
    def stop(*_: object) -> None:
        for number in STOPS:
            signal.signal(number, signal.SIG_IGN)
        raise what
    for number in STOPS:
        signal.signal(number, stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)


def end_now(code: int) -> None:
    """Ends with an exit code; a signal that comes now ends it, too, without a traceback."""
    for number in STOPS:
        signal.signal(number, signal.SIG_DFL)
    raise SystemExit(code)
