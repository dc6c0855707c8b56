# SPDX-License-Identifier: BSD-2-Clause
"""What stands behind the Python scripts and the commands of hcd that are written in Python."""
