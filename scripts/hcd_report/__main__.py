# SPDX-License-Identifier: BSD-2-Clause
"""Run by scripts/report, with the Python of build/venv."""

import sys

from cli import main

sys.exit(main())
