# SPDX-License-Identifier: BSD-2-Clause
"""What scripts/farm simulate is made of: what is measured, the model, its events, its limits, and the text."""
