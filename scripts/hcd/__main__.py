# SPDX-License-Identifier: BSD-2-Clause
"""Run by `hcd` for its subcommands that are written in Python: see command.py."""

import signal
import sys
from pathlib import Path

signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback of a Python that is still loading
sys.path[0] = str(Path(__file__).absolute().parents[1])  # not this folder

from hcd.command import main  # noqa: E402

main()
