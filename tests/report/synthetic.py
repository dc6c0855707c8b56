# SPDX-License-Identifier: BSD-2-Clause
"""Curves that nobody measured, as the cells of a report; for Python that has its packages (reporting.use_its_python)."""

from fractions import Fraction
from types import SimpleNamespace

from hcd.encoders import ENCODERS
from hcd.report import cells, chains, group
from hcd.report.measure import MEASURES

X264 = ENCODERS["libx264"]
THIRD, HALF, TWO_THIRDS, FULL_SIZE = Fraction(1, 3), Fraction(1, 2), Fraction(2, 3), Fraction(1)
PSNR = MEASURES[0]


def times(factor, curve):
    return [(factor * bits, quality) for bits, quality in curve]


def clip():
    return SimpleNamespace(name="clip", frames=10, seconds=lambda: 1.0)


def table(name):
    return next(chain for chain in chains.TABLE if chain.name == name)


def made(curves, measure=PSNR):
    """A group of curves by (chain, size)."""
    own, every = clip(), []
    for (name, size), curve in curves.items():
        chain = table(name).at(size) if size else table(name)
        every += [cells.Cell(own, chain, X264, float(number), round(bits), values={measure.name: quality},
                             times={"encode_cpu_s": 10.0 * (size or 1), "enlarge_cpu_s": 1.0})
                  for number, (bits, quality) in enumerate(curve)]
    return group.group(every)[0]


WIDE = [(1e6 * 2 ** (step / 2), 28.0 + 2 * step) for step in range(9)]  # an octave of bits for 4 dB, 28 to 44
