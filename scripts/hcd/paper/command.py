# SPDX-License-Identifier: BSD-2-Clause
"""The subcommand paper: the paper's tables and figures, measured here."""

import argparse
import os
import sys
from pathlib import Path

from hcd.command import Parser, integer, list_of, one_of
from hcd.files import write_whole
from hcd.paper import exhibits as known
from hcd.paper.cells import command_options
from hcd.paper.exhibits import Exhibit, Input, Set
from hcd.paper.output import to_csv, to_markdown
from hcd.paper.plan import Plan
from hcd.run import Fault, run

SHARED = ("device", "latent", "seed", "threads", "tile")  # options of hcd evaluate; the others are the experiments'
NUMBERS = SHARED[2:]
EPILOG = """\
Writes paper.md, a CSV for each table and figure, and a PNG for each figure (with matplotlib and
pillow, of the Python that HCD_PYTHON names, that of scripts/setup, or python3). What is computed is
kept in the folder cache of the output, by model, weights, options, picture and the library's
version: the same command goes on where it was stopped. Remove the folder to measure anew."""


def parse(words: list[str]) -> argparse.Namespace:
    parser = Parser("paper", "Measures the paper's tables and figures.", EPILOG)
    add = parser.add_argument
    add("--table", type=list_of(one_of(*known.TABLES)), nargs="+", action="extend", default=[], metavar="1|2|3",
        help="1: all methods; 2: the stages; 3: the steps")
    add("--figure", type=list_of(one_of(*known.FIGURES)), nargs="+", action="extend", default=[], metavar="2|5|6|7|8",
        help="2: along and against the gradient; 5: enlarged pictures; 6: step size; 7: budget; 8: small pictures")
    add("--set", nargs="+", action="extend", required=True, metavar="FOLDER",
        help="folders of PNG pictures, named as the sets are")
    add("--weights", metavar="FOLDER", help="folder of <model>_x<scale>.safetensors (torchscript_x<scale>.pt); they go "
        "before built-in ones")
    add("--models", type=list_of(str), nargs="+", action="extend", default=[], metavar="A,B,...",
        help="names of `hcd models`, joined by commas; default: every row of table 1, and the best model that has weights "
        "for the others")
    add("-o", "--output", type=Path, required=True, metavar="FOLDER", help="folder for the results and their cache")
    add("--scale", type=one_of(2, 4), default=4, metavar="2|4", help="2 or 4 (default: 4)")
    add("--jobs", type=integer(1, 256), default=1, metavar="INT", help="pictures at a time [1, 256] (default: 1)")
    add("--pictures", type=integer(0, 100000), default=3, metavar="INT", help="all but table 1 use so many pictures of "
        "the first set, the smallest files; 0: all (default: 3)")
    for name in SHARED:
        add(f"--{name}", metavar="INT" if name in NUMBERS else "TEXT", help="as `hcd evaluate --help` says")
    options = parser.parse_args(words)
    for name in ("table", "figure", "models"):
        setattr(options, name, [one for several in getattr(options, name) for one in several])
    options.shared = {name: value for name in SHARED if (value := getattr(options, name)) is not None}
    return options


def check(hcd: str, options: argparse.Namespace, plan: Plan) -> None:
    if not options.table and not options.figure:
        raise Fault("expected --table or --figure, found neither")
    for model in options.models:
        if model not in plan.models:
            raise Fault(f"option models: expected names that `hcd models` lists, found '{model}'")
    if options.weights is not None and not os.path.isdir(options.weights):
        raise Fault(f"option weights: expected a folder, found none at '{options.weights}'")
    # hcd evaluate looks at its options before the pictures, of which there are none here.
    given = [word for name in NUMBERS if name in options.shared for word in (f"--{name}", options.shared[name])]
    said = run(hcd, "evaluate", "--set", os.devnull, *given).log.strip()
    if said.startswith("hcd: option "):
        raise Fault(said.removeprefix("hcd: "))


def list_pictures(path: str) -> list[str]:
    """The PNG files of a folder, as hcd evaluate takes them, or the one file that `path` is."""
    if not os.path.exists(path):
        raise Fault(f"{path}: expected a folder or a PNG file, found nothing of that name")
    if not os.path.isdir(path):
        return [path]
    try:
        names = sorted(name for name in os.listdir(path) if name.lower().endswith(".png") and not name.startswith("."))
    except OSError as error:
        raise Fault(f"{path}: cannot read the folder: {error.strerror}") from error
    if not names:
        raise Fault(f"{path}: expected PNG pictures (*.png) in the folder, found none")
    return [os.path.join(path, name) for name in names]


def smallest(given: Set, count: int) -> Set:
    """The smallest files: sweeps over many settings need not wait for the large ones."""
    if count == 0:
        return given
    return Set(given.name, sorted(sorted(given.pictures, key=os.path.getsize)[:count]))


def read_input(options: argparse.Namespace) -> Input:
    sets: list[Set] = []
    for folder in options.set:
        name = os.path.basename(os.path.normpath(folder))
        found = Set(name, list_pictures(folder))
        if any(each.name == name for each in sets):
            raise Fault(f"option set: expected folders of different names, found '{name}' twice")
        sets.append(found)
    return Input(sets, smallest(sets[0], options.pictures), options.models)


def cpu_name() -> str:
    """What /proc/cpuinfo calls the first CPU; "" where it does not say."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((f", {line.partition(': ')[2]}" for line in lines if line.startswith("model name") and ": " in line), "")


def command_line(options: argparse.Namespace) -> str:
    words = [word for number in options.table for word in ("--table", str(number))]
    words += [word for number in options.figure for word in ("--figure", str(number))]
    words += [word for folder in options.set for word in ("--set", folder)]
    words += ["--weights", options.weights] if options.weights is not None else []
    words += ["--models", ",".join(options.models)] if options.models else []
    words += ["--scale", str(options.scale), "--jobs", str(options.jobs), "--pictures", str(options.pictures)]
    words += [command_options(options.shared)] if options.shared else []
    return " ".join(["hcd paper", *words, "-o", str(options.output)])


def heading(options: argparse.Namespace, plan: Plan) -> list[str]:
    return [f"Made by libhcd {plan.version}:", "", f"    {command_line(options)}", "",
            f"Machine: {os.sysconf('SC_NPROCESSORS_ONLN')} CPUs, {os.uname().machine}{cpu_name()}. {options.jobs} "
            f"picture{'s' * (options.jobs != 1)} at a time."]


def write_text(path: Path, text: str) -> None:
    write_whole(path, text.encode(errors="surrogateescape"))
    print(path)


def draw(options: argparse.Namespace, figures: list[Exhibit]) -> None:
    try:
        from hcd.paper.plots import FIGURES
    except ImportError as error:
        names = ", ".join(f"{figure.name}.png" for figure in figures)
        raise Fault(f"not drawn: {names}: '{sys.executable}': {error}; install Python 3 with matplotlib and pillow, or "
                    "name one that has them in the environment variable HCD_PYTHON, and run the same command again"
                    ) from error
    for figure in figures:
        FIGURES[figure.name](options.output, figure.name)
        print(options.output / f"{figure.name}.png")


def main(hcd: str, words: list[str]) -> None:
    options = parse(words)
    plan = Plan(hcd, options.scale, Path(options.weights) if options.weights is not None else None, options.shared)
    check(hcd, options, plan)
    given = read_input(options)
    made = [make(plan, given) for number, make in known.TABLES.items() if number in options.table]
    made += [make(plan, given) for number, make in known.FIGURES.items() if number in options.figure]
    plan.run(options.output / "cache", options.jobs)
    for exhibit in made:
        write_text(options.output / f"{exhibit.name}.csv", to_csv(exhibit, plan))
    write_text(options.output / "paper.md", to_markdown(made, plan, heading(options, plan)))
    if figures := [exhibit for exhibit in made if exhibit.is_figure]:
        draw(options, figures)
    if plan.has_failed():
        raise Fault(f"some cells failed, see above; the others are in {options.output}")
