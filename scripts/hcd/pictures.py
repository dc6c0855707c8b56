# SPDX-License-Identifier: BSD-2-Clause
"""Where in a picture there is most to see."""

import numpy


def busiest_window(luma: numpy.ndarray, width: int, height: int, step: int = 1) -> tuple[int, int]:
    """Left and top, in multiples of `step`, of the window with most fine detail."""
    luma = luma.astype(numpy.float64)
    detail = numpy.zeros_like(luma)
    detail[1:-1, 1:-1] = numpy.abs(4 * luma[1:-1, 1:-1] - luma[:-2, 1:-1] - luma[2:, 1:-1]
                                   - luma[1:-1, :-2] - luma[1:-1, 2:])
    total = numpy.pad(detail.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    sums = (total[height:, width:] - total[:-height, width:] - total[height:, :-width] + total[:-height, :-width])
    sums = sums[::step, ::step]
    top, left = numpy.unravel_index(sums.argmax(), sums.shape)
    return step * int(left), step * int(top)
