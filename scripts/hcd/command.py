# SPDX-License-Identifier: BSD-2-Clause
"""What the subcommands of hcd that are written in Python share: their command line, and their ends."""

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Callable

from hcd.progress import say
from hcd.run import Fault, Stopped, on_stop

WRONG_USAGE = 2  # exit code
MODULES = {"convert": "hcd.convert.command", "paper": "hcd.paper.command"}
EXIT_CODES = "Exit codes: 0 done; 1 an error, named on standard error; 2 a wrong command line."


class Parser(argparse.ArgumentParser):
    """Says what is wrong as the rest of hcd does."""

    def __init__(self, name: str, about: str, epilog: str):
        super().__init__(prog=f"hcd {name}", description=about, epilog=f"{epilog}\n{EXIT_CODES}", allow_abbrev=False,
                         formatter_class=argparse.RawDescriptionHelpFormatter)

    def error(self, message: str) -> None:
        say(f"hcd: {message.removeprefix('argument ')}\nhcd: \"hcd COMMAND --help\" explains the options")
        sys.exit(WRONG_USAGE)


def integer(low: int, high: int) -> Callable[[str], int]:
    """The type of an option."""
    def read(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"expected a whole number in [{low}, {high}], found '{text}'")
        return int(text)
    return read


def one_of(*numbers: int) -> Callable[[str], int]:
    """The type of an option."""
    def read(text: str) -> int:
        if text not in map(str, numbers):
            raise argparse.ArgumentTypeError(f"expected one of {', '.join(map(str, numbers))}, found '{text}'")
        return int(text)
    return read


def list_of(kind: Callable) -> Callable[[str], list]:
    """The type of an option that takes several with commas between them."""
    return lambda text: [kind(part) for part in text.split(",")]


def main() -> None:
    """`hcd` becomes this program with its own path, the subcommand and its words."""
    hcd, name, *words = sys.argv[1:]
    text = ""
    try:
        on_stop()
        importlib.import_module(MODULES[name]).main(hcd, words)
        sys.stdout.flush()
    except Stopped as stopped:  # ends by the signal, as the rest of hcd does
        signal.signal(stopped.signal_number, signal.SIG_DFL)
        os.kill(os.getpid(), stopped.signal_number)
    except Fault as fault:
        text = str(fault)
    except MemoryError:
        text = "out of memory"
    except ImportError as error:
        text = (f"{name}: expected the Python package {error.name}, found none in '{sys.executable}': scripts/setup installs "
                "it, or name a Python that has it in the environment variable HCD_PYTHON")
    except OSError as error:
        text = f"{error.filename or 'standard output'}: cannot write: {error.strerror}"
    if text:
        say(f"hcd: {text}")
    sys.stdout = None  # nothing is left to flush where that has failed
    sys.exit(bool(text))
