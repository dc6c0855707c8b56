# SPDX-License-Identifier: BSD-2-Clause
"""Run by scripts/report, with the Python of build/venv."""

import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parents[1]))  # hcd_common

from cli import main  # noqa: E402

sys.exit(main())
