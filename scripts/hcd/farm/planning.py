# SPDX-License-Identifier: BSD-2-Clause
"""scripts/farm plan: from sources and options to a plan."""

import argparse
import contextlib
import re
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

from hcd import run
from hcd.farm import build, engines, local, on_slurm, ranges, scan
from hcd.farm.job import PATHS, Job, Plan, Title
from hcd.farm.rungs import frame_to
from hcd.progress import clock, say
from hcd.run import Fault
from hcd.stream import coder, video
from hcd.stream import options as command_line
from hcd.stream.rung import has_lite
from hcd.stream.title import Title as Read

ENDINGS = (".mkv", ".mp4", ".mov", ".webm", ".avi", ".ts", ".m2ts", ".mts", ".mxf", ".y4m", ".mpg", ".mpeg", ".wmv", ".flv",
           ".m4v", ".ogv", ".vob", ".nut")
MADE = ("titles", "log", "slurm", "out", "engine.json", "weights.safetensors", "report.html", "report.csv")
INT16 = 0.03  # dB that auto lets int16 take: docs/options.md


def sources(given: list[Path]) -> list[Path]:
    """Files as they are; of a folder those with a video's ending; of a list (.txt) a path a line."""
    found = []
    for path in given:
        if path.is_dir():
            own = sorted(file for file in path.iterdir() if file.suffix.lower() in ENDINGS and not file.name.startswith("."))
            if not own:
                raise Fault(f"{path}: expected a folder with videos ({' '.join(ENDINGS)}), found none in it")
            found += own
        elif path.suffix.lower() == ".txt":
            try:
                lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
            except (OSError, UnicodeDecodeError) as error:
                raise Fault(f"{path}: expected a list of videos, a path a line: {error}") from None
            own = [path.parent / line for line in lines if line and not line.startswith("#")]
            if not own:
                raise Fault(f"{path}: expected a list of videos, a path a line, found no line")
            found += own
        else:
            found.append(path)
    return [path.resolve() for path in found]


def names(paths: list[Path]) -> list[str]:
    """One of its own for each."""
    found: list[str] = []
    for path in paths:
        name, number = path.stem, 2
        while name in found:
            name, number = f"{path.stem}-{number}", number + 1
        found.append(name)
    return found


def raw_options(options: argparse.Namespace, source: Path, name: str) -> dict:
    """Of scripts/encode, for one title; paths in the job's folder are relative to it."""
    own = {key: value for key, value in vars(options).items() if key not in FARM_OPTIONS}
    ending = "" if options.hls or options.dash else options.ending
    own |= {"source": str(source), "output": f"out/{name}{ending}", "overwrite": True,
            "weights": "weights.safetensors" if options.weights else None}
    return own


FARM_OPTIONS = ("sources", "job", "command", "ending", "threads", "device", "precision", "chunk", "overwrite", "jobs", "work")


def precision(options: argparse.Namespace) -> str:
    """What auto would take, as a word: another node must not take another."""
    if options.precision != "auto":
        return options.precision
    model = options.client if options.client in ("base", "bicubic") else "lite" if has_lite(options) else "bicubic"
    if model == "bicubic":
        return "fp32"
    weights = f":weights={options.weights.name}" if options.weights and model == "lite" else ""
    folder = options.weights.resolve().parent if weights else Path("/")
    log = run.ffmpeg("precision", "-v", "verbose", "-f", "lavfi", "-i", "color=s=64x64:r=1:d=1", "-vf",
                     f"hcd_down=model={model}{weights}:device=cpu:steps=0", "-f", "null", "-", folder=folder)
    found = re.search(r"int16 takes ([-0-9.]+) dB", log)
    return "int16" if found and float(found[1]) <= INT16 else "fp32"


def check(options: argparse.Namespace) -> None:
    """What chunks cannot do."""
    if options.bitrate:
        raise Fault(f"--bitrate: expected --crf or --auto --target bitrate:{options.bitrate}, found a rate that an encoder keeps "
                    "over a whole title, which no chunk sees")
    if options.two_pass:
        raise Fault("--two-pass: expected one pass, found two: no chunk sees the whole title; --auto --target finds the CRF "
                    "for a bit rate or a size")


class Planning:
    def __init__(self, job: Job, options: argparse.Namespace):
        self.job, self.options = job, options

    def title(self, number: int, source: Path, name: str) -> Title:
        own = Title(name, raw_options(self.options, source, name))
        try:
            self.look(own, number)
        except Fault as fault:
            own.failed = str(fault)
            say(f"farm: {source}: left out: {fault}")
        return own

    def typed(self, raw: dict) -> argparse.Namespace:
        paths = {name: Path(raw[name]) if raw[name] else None for name in PATHS}
        return argparse.Namespace(**{**raw, **paths, "weights": self.options.weights})

    def look(self, own: Title, number: int) -> None:
        """Fills in what there is to know of a source."""
        options = command_line.checked(self.typed(own.options))
        found = video.look(options.source)
        folder = self.job.folder(number)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="look.", dir=folder) as scratch:
            read = Read(options, found, Path(scratch))
            found.frames = read.frames()
            own.source = scan.identity(options.source)
            seen = scan.scan(read, Path(scratch), folder / "frames.crc")
        if told := video.damage(found, seen.log):
            say(f"farm: warning: {told}")
        scan.check_source(options.source, own.source)
        base = Fraction(found.time_base)
        first = seen.frames[0].time
        times = [(frame.time - first) * base for frame in seen.frames]
        gop = coder.gop_of(options.gop)[1] if options.gop else None
        own.frames, own.time_base, own.front, own.frame = len(seen.frames), found.time_base, read.front, frame_to(read.frame)
        own.seconds, own.scenes = scan.seconds(seen.frames, base), len(seen.scenes)
        own.ranges = ranges.cut(times, seen.scenes, gop, self.options.chunk)

    def paths(self) -> list[Path]:
        """Of the sources; a Fault for what is wrong with all of them. Nothing is written."""
        options = self.options
        if options.weights is not None and not options.weights.is_file():
            raise Fault(f"--weights: expected a file of lite's weights, found none at {options.weights}")
        paths = sources(options.sources)
        check(command_line.checked(self.typed(raw_options(options, paths[0], "first"))))
        if not any(path.is_file() for path in paths):
            raise Fault(f"{paths[0]}: expected a video, found none")
        return paths

    def run(self, paths: list[Path]) -> Plan:
        options = self.options
        titles: list[Title] = []
        with ThreadPoolExecutor(options.jobs) as pool:
            try:
                titles = list(pool.map(self.title, range(len(paths)), paths, names(paths)))
            except BaseException:
                run.stop_all()
                raise
        if all(title.failed for title in titles):
            raise Fault(f"{self.job.path}: expected a source that can be encoded, found none, see above")
        weights = ""
        if options.weights:
            shutil.copyfile(options.weights, self.job.path / "weights.safetensors")
            weights = video.key_of(self.job.path / "weights.safetensors")
        settings = {"threads": options.threads, "device": options.device, "precision": precision(options)}
        return Plan(self.job.path.name, build.identity(), settings, titles, weights, time.time())


def remove(job: Job) -> None:
    """A job of before, or what there is of one that could not be planned."""
    (job.path / "plan.json").unlink(missing_ok=True)
    for name in MADE:
        path = job.path / name
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def plan(options: argparse.Namespace) -> int:
    job = Job(options.job)
    if (job.path / "plan.json").exists() and not options.overwrite:
        raise Fault(f"{job.path}: expected no plan there, found one (-y replaces it and all that was made by it)")
    if job.path.exists() and not any((job.path / name).exists() for name in ("plan.json", "lock")) and any(job.path.iterdir()):
        raise Fault(f"{job.path}: expected an empty folder, or none, found other files in it")
    planning = Planning(job, options)
    paths = planning.paths()  # before anything goes
    job.path.mkdir(parents=True, exist_ok=True)
    with local.Lock(job):
        if job.engine().get("engine") == engines.SLURM:
            on_slurm.check(job)
        remove(job)
        try:
            made = planning.run(paths)
            job.write_plan(made)
        except BaseException:
            remove(job)
            (job.path / "lock").unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # what is not ours stays
                job.path.rmdir()
            raise
    good = [title for title in made.titles if not title.failed]
    chunks = sum(len(title.ranges) for title in good)
    say(f"farm: {job.path}: {len(good)} title{'s' * (len(good) != 1)} of {clock(sum(title.seconds for title in good))}, {chunks} "
        f"chunk{'s' * (chunks != 1)}, build {made.build['id']}, {made.settings['threads']} thread"
        f"{'s' * (made.settings['threads'] != 1)} a task, {made.settings['device']}, {made.settings['precision']}")
    return int(len(good) < len(made.titles))


