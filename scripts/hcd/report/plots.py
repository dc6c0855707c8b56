# SPDX-License-Identifier: BSD-2-Clause
"""Rate and quality of one clip and encoder as PNG: the hulls with the winning size, and every curve."""

import io

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402
from PIL import Image  # noqa: E402

from hcd import bdrate, sizes  # noqa: E402
from hcd.report.group import Group  # noqa: E402
from hcd.report.hull import Viewer, full_of, size_of, viewers, winners  # noqa: E402
from hcd.report.measure import FIRST, Measure  # noqa: E402
from hcd.report.words import with_what  # noqa: E402

COLOURS = 64  # of the PNG's palette
FULL = "0.35"  # grey


def panels(across: int, count: int, side: float):
    """A figure and its axes, `across` beside each other, each `side` inches wide; those left over are empty."""
    down = -(-count // across)
    figure, axes = pyplot.subplots(down, across, squeeze=False, figsize=(side * across, 0.8 * side * down),
                                   layout="constrained")
    for axis in axes.flat[count:]:
        axis.axis("off")
    return figure, axes


def dress(axis, title: str) -> None:
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter("{x:g}")
    axis.xaxis.set_minor_formatter(matplotlib.ticker.LogFormatter(minor_thresholds=(2, 0.7)))
    axis.tick_params(labelsize=7, which="both")
    axis.set_xlabel("kbit/s", fontsize=8)
    axis.set_title(title, fontsize=9)
    axis.grid(alpha=0.3, which="both")


def title_of(measure: Measure) -> str:
    return measure.label + (f" ({measure.unit})" if measure.unit else "")


# ---- the hulls ----

def draw_hulls(own: Group, measures: list[Measure], side: float) -> bytes | None:
    """A row for each viewer; the hull is drawn in the colour of the size that is cheapest there."""
    rows = viewers(own)
    if not rows or not measures:
        return None
    colours = {size: f"C{number}" for number, size in enumerate(sorted(
        {size_of(chain) for chain in own.chains if not chain.full_size}, reverse=True))}
    figure, axes = panels(len(measures), len(rows) * len(measures), side)
    for line, viewer in zip(axes, rows):
        for axis, measure in zip(line, measures):
            draw_hull(axis, own, viewer, measure, colours)
    axes.flat[0].legend(fontsize=7)
    return as_png(figure)


def draw_hull(axis, own: Group, viewer: Viewer, measure: Measure, colours: dict) -> None:
    per_kbit = 1000 * own.seconds()
    for chain in viewer.chains():
        points = bdrate.cheapest(own.curve(chain, measure))
        axis.plot([bits / per_kbit for bits, _ in points], [quality for _, quality in points], "-", linewidth=0.7,
                  alpha=0.35, color=colours[size_of(chain)])
    full = bdrate.cheapest(own.curve(full_of(own), measure))
    axis.plot([bits / per_kbit for bits, _ in full], [quality for _, quality in full], "--", marker="o", markersize=3,
              linewidth=1.2, color=FULL, label="full size alone")
    qualities = [quality for _, quality in full]
    if qualities:  # a chain that is far worse would make all else flat
        edge = 0.05 * (qualities[-1] - qualities[0])
        axis.set_ylim(qualities[0] - 2 * edge, qualities[-1] + edge)
    found = winners(own, viewer, measure)
    dress(axis, f"{with_what(viewer.name)}: {title_of(measure)}")
    if found is None:
        return
    named = set()
    for size, start, end in found.parts():
        shown = slice(start, min(end + 1, len(found.bits)))
        label = f"cheapest: {'full size' if size == sizes.FULL else sizes.name(size)}"
        axis.plot(found.bits[shown] / per_kbit, found.qualities[shown], "-", linewidth=3.2, solid_capstyle="butt",
                  color=colours.get(size, FULL), label="" if size in named else label)
        named.add(size)
        if size != sizes.FULL:
            middle = (start + end) // 2
            axis.annotate(sizes.name(size), (found.bits[middle] / per_kbit, found.qualities[middle]), (-16, 6),
                          textcoords="offset points", fontsize=8, color=colours[size], weight="bold")


# ---- every curve ----

def draw_curves(own: Group, measures: list[Measure], across: int, side: float) -> bytes:
    """A colour for each chain, a style for each size."""
    figure, axes = panels(across, len(measures), side)
    bases = list(dict.fromkeys(chain.base for chain in own.chains))
    small = sorted({size_of(chain) for chain in own.chains} - {sizes.FULL}, reverse=True)
    styles = {sizes.FULL: "--"} | dict(zip(small, ("-.", "-", ":", (0, (3, 1, 1, 1)), (0, (1, 4))) * len(small)))
    for axis, measure in zip(axes.flat, measures):
        for chain in own.chains:
            points = sorted((cell.kbps(), cell.values[measure.name]) for cell in own.cells[chain.name]
                            if not cell.error and cell.values.get(measure.name) is not None)
            if points:
                axis.plot(*zip(*points), linestyle=styles[size_of(chain)], marker="o", markersize=2.5,
                          linewidth=1.1, label=chain.name, color=f"C{bases.index(chain.base) % 10}")
        dress(axis, title_of(measure))
    axes.flat[0].legend(fontsize=6)
    return as_png(figure)


def as_png(figure) -> bytes:
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=110, metadata={"Software": None})
    pyplot.close(figure)
    small = io.BytesIO()
    Image.open(drawn).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return small.getvalue()


def plots_of(own: Group) -> dict[str, bytes]:
    """{kind: PNG}: hull, curves, more."""
    measures = own.measured()
    leading = [measure for measure in measures if measure.name in FIRST]
    others = [measure for measure in measures if measure.name not in FIRST]
    found = {"hull": draw_hulls(own, leading, 4.6),
             "curves": draw_curves(own, leading, len(leading), 4.6) if leading else None,
             "more": draw_curves(own, others, 3, 3.1) if others else None}
    return {kind: png for kind, png in found.items() if png}
