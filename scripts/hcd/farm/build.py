# SPDX-License-Identifier: BSD-2-Clause
"""What a node would encode with, so that all nodes of a job encode with the same."""

import hashlib
import re
from pathlib import Path

from hcd import run
from hcd.files import hash_file
from hcd.run import Fault

# Of what ffmpeg has loaded: what makes bits. libm: its functions differ in their last digit from one version to the next.
MAKES_BITS = re.compile(r"ffmpeg|lib((av|sw|hcd|x26|SvtAv1)[\w-]*|postproc|dav1d|aom|vpx|zimg|m)\.so[.\d]*")
SCRIPTS = Path(__file__).resolve().parents[1]
OURS = ("*.py", "stream/*.py", "farm/chunk.py", "farm/source.py")  # of them: what asks ffmpeg for bits


class Unfit(Fault):
    """This node cannot do what others may."""


def loaded() -> list[Path]:
    """Files that ffmpeg says it has loaded: it may be a script, or any that is on the PATH."""
    done = run.quick("ffmpeg", "-nostdin", "-v", "error", "-f", "data", "-i", "/proc/self/maps", "-map", "0", "-c", "copy",
                     "-f", "data", "-")
    if done.code:
        raise Fault(f"ffmpeg: expected the files that it has loaded, found: {done.why()}")
    found = {Path(line.split(maxsplit=5)[5]) for line in done.text.splitlines() if len(line.split(maxsplit=5)) == 6}
    return sorted(path for path in found if path.is_absolute() and path.is_file())


def identity() -> dict:
    """`id` of the whole, and of each `files` by its name."""
    files = {path.name: path for path in loaded() if MAKES_BITS.fullmatch(path.name)}
    ours = next((path for name, path in files.items() if name.startswith("libhcd")), None)
    if ours is None:
        raise Fault("ffmpeg: expected one with the filters hcd_down and hcd_up, found one without libhcd: run scripts/setup")
    files |= {path.name: path for path in ours.parent.glob("libhcd-*.so")}  # loaded when a network asks for them
    files["hcd"] = Path(run.program("hcd"))
    found = {name: hash_file(path)[:16] for name, path in files.items()}
    scripts = hashlib.sha256()
    for path in sorted(path for pattern in OURS for path in SCRIPTS.glob(pattern)):
        scripts.update(str(path.relative_to(SCRIPTS)).encode() + b"\0" + path.read_bytes())
    found["scripts"] = scripts.hexdigest()[:16]
    whole = hashlib.sha256("".join(f"{name} {found[name]}\n" for name in sorted(found)).encode()).hexdigest()[:16]
    return {"id": whole, "files": dict(sorted(found.items()))}


def check(expected: dict, node: str) -> None:
    """Unfit where this node has another build."""
    found = identity()
    if found["id"] == expected["id"]:
        return
    names = sorted(name for name in {*expected["files"], *found["files"]}
                   if expected["files"].get(name) != found["files"].get(name))
    raise Unfit(f"node {node}: expected the build {expected['id']} of the plan, found {found['id']}: {', '.join(names)} "
                f"{'differs' if len(names) == 1 else 'differ'}")


def cpu_model() -> str:
    """Of this node: floating-point sums of the descent may differ in their last digit from one kind to the next."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    name = re.search(r"^model name\s*:\s*(.*)$", text, re.MULTILINE)
    flags = re.search(r"^flags\s*:\s*(.*)$", text, re.MULTILINE)
    widest = next((flag for flag in ("amx_tile", "avx512f", "avx2") if flags and flag in flags[1].split()), "")
    return " ".join(filter(None, (name[1] if name else "", widest)))
