# SPDX-License-Identifier: BSD-2-Clause
"""Run by scripts/report, with the Python of build/venv."""

import signal
import sys
from pathlib import Path

signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback of a Python that is still loading
sys.path[0] = str(Path(__file__).resolve().parents[2])  # not this folder

from hcd.report.cli import main  # noqa: E402

main()
