# SPDX-License-Identifier: BSD-2-Clause
"""Pictures for the tests of the binding."""

import numpy as np


def picture(height, width, depth=8, seed=0):
    """A plane with edges, slopes and noise, so that a descent has something to do; uint8 or uint16."""
    y, x = np.mgrid[:height, :width]
    values = 0.5 + 0.25 * np.sin(x / 3 + seed) * np.cos(y / 5) + 0.15 * ((x // 7 + y // 5 + seed) % 2)
    values += 0.02 * np.random.default_rng(seed).standard_normal(values.shape)
    return np.clip(values * (1 << depth), 0, (1 << depth) - 1).astype(np.uint8 if depth == 8 else np.uint16)


def planes(form):
    """A frame of an hcd.Format."""
    return tuple(picture(*shape, form.depth, seed) << form.shift for seed, shape in enumerate(form.shapes))
