# SPDX-License-Identifier: BSD-2-Clause
"""Run by `hcd` for its subcommands that are written in Python: see command.py."""

import signal
import sys
from pathlib import Path

if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback of a Python that is still loading
if sys.version_info < (3, 11):
    sys.exit(f"hcd: expected Python 3.11 or newer, found {sys.version.split()[0]} in '{sys.executable}': HCD_PYTHON names "
             "another")
sys.path[0] = str(Path(__file__).absolute().parents[1])  # not this folder

from hcd.command import main  # noqa: E402

main()
