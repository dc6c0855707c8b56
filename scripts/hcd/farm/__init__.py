# SPDX-License-Identifier: BSD-2-Clause
"""The farm: many machines encode a title in chunks."""
