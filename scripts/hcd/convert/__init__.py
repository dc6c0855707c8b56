# SPDX-License-Identifier: BSD-2-Clause
"""hcd convert: published weights, as torch.save writes them, become this project's weight files."""
