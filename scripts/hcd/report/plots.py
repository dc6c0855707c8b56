# SPDX-License-Identifier: BSD-2-Clause
"""Rate and quality of one clip and encoder as PNG."""

import io

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402
from PIL import Image  # noqa: E402

from hcd.report.compare import Group  # noqa: E402
from hcd.report.measure import Measure  # noqa: E402

FIRST = ("psnr_y", "vmaf_neg")  # shown large
COLOURS = 64  # of the PNG's palette


def draw(own: Group, measures: list[Measure], across: int, side: float) -> bytes:
    """Panels, `across` beside each other, each `side` inches wide."""
    down = -(-len(measures) // across)
    figure, axes = pyplot.subplots(down, across, squeeze=False, figsize=(side * across, 0.8 * side * down),
                                   layout="constrained")
    for axis in axes.flat[len(measures):]:
        axis.axis("off")
    for axis, measure in zip(axes.flat, measures):
        for number, chain in enumerate(own.chains):
            points = sorted((cell.kbps(), cell.values[measure.name]) for cell in own.cells[chain.name]
                            if not cell.error and cell.values.get(measure.name) is not None)
            if points:
                style = "--" if chain.full_size else ":" if chain.blind else "-"
                axis.plot(*zip(*points), style, marker="o", markersize=3.5, linewidth=1.3, label=chain.name,
                          color=f"C{number % 10}")
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_formatter(matplotlib.ticker.LogFormatter(minor_thresholds=(2, 0.7)))
        axis.tick_params(labelsize=7, which="both")
        axis.set_xlabel("kbit/s", fontsize=8)
        axis.set_title(measure.label + (f" ({measure.unit})" if measure.unit else ""), fontsize=9)
        axis.grid(alpha=0.3, which="both")
    axes.flat[0].legend(fontsize=7)
    return as_png(figure)


def as_png(figure) -> bytes:
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=110, metadata={"Software": None})
    pyplot.close(figure)
    small = io.BytesIO()
    Image.open(drawn).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return small.getvalue()


def plots_of(own: Group) -> dict[str, bytes]:
    """{name of the file: PNG}."""
    measures = own.measured()
    first = [measure for measure in measures if measure.name in FIRST]
    rest = [measure for measure in measures if measure.name not in FIRST]
    name = f"{own.clip}.{own.encoder}"
    plots = {}
    if first:
        plots[f"{name}.png"] = draw(own, first, len(first), 4.6)
    if rest:
        plots[f"{name}.more.png"] = draw(own, rest, 3, 3.1)
    return plots
