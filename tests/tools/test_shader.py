# SPDX-License-Identifier: BSD-2-Clause
"""hcd shader: what it writes, and what it refuses. What players show of it: tests/e2e/test_shader.py."""

import os
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
import hcd_command  # noqa: E402
from shader_weights import network  # noqa: E402

WEIGHTS = Path(__file__).resolve().parents[2] / "core" / "weights" / "light"
