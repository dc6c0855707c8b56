# SPDX-License-Identifier: BSD-2-Clause
"""Draws the figures of `hcd paper` from the CSV and PNG files that it wrote."""

import matplotlib

matplotlib.use("Agg")
import numpy  # noqa: E402
from matplotlib import pyplot  # noqa: E402
from PIL import Image  # noqa: E402

from hcd.files import read_csv  # noqa: E402

CROP = 64  # pixels of the enlarged picture, figure 5
AMPLIFIED = 16  # times, figure 8
ERROR_BOX = 16  # pixels: the window whose error chooses the crop


def read_entries(folder, name):
    """The lines of a CSV that were measured; numbers as such."""
    entries = [entry for entry in read_csv(folder / f"{name}.csv") if entry["status"] == "done"]
    for entry in entries:
        entry["psnr_y"] = float(entry["psnr_y"])
        entry["x"] = float(entry["x"]) if entry["x"] else None
    return entries


def groups_of(entries, key):
    """{value of `key`: entries}, in their order."""
    groups = {}
    for entry in entries:
        groups.setdefault(entry[key], []).append(entry)
    return groups


def save(figure, folder, name):
    figure.savefig(folder / f"{name}.png", dpi=120, bbox_inches="tight")
    pyplot.close(figure)


def draw_bars(folder, name):
    """Figure 2: PSNR of the adversarial, the plain and the collaborative small picture."""
    groups = groups_of(read_entries(folder, name), "column")
    figure, axes = pyplot.subplots(1, max(len(groups), 1), squeeze=False,
                                   figsize=(3.2 * max(len(groups), 1), 3))
    for axis, (model, entries) in zip(axes[0], groups.items()):
        values = [entry["psnr_y"] for entry in entries]
        bars = axis.bar([entry["row"] for entry in entries], values,
                        color=["tab:red", "tab:gray", "tab:green"][:len(values)])
        axis.bar_label(bars, fmt="%.2f")
        span = max(max(values) - min(values), 0.1)
        axis.set_ylim(min(values) - 0.5 * span, max(values) + 0.3 * span)
        axis.set_title(model)
        axis.set_ylabel("PSNR-Y (dB)")
    save(figure, folder, name)


def draw_curve(label, published):
    """Figures 6 and 7: PSNR over a norm; the plain picture as a dashed line."""
    def draw(folder, name):
        figure, axis = pyplot.subplots(figsize=(5, 3.5))
        for model, entries in groups_of(read_entries(folder, name), "column").items():
            points = [entry for entry in entries if entry["row"] != "plain"]
            line, = axis.plot([entry["x"] for entry in points],
                              [entry["psnr_y"] for entry in points], marker="o", label=model)
            for entry in entries:
                if entry["row"] == "plain":
                    axis.axhline(entry["psnr_y"], color=line.get_color(), linestyle="--",
                                 label=f"{model}, plain")
        axis.axvline(published, color="lightgray", zorder=0, label="published")
        axis.set_xscale("log")
        ticks = sorted({entry["x"] for entry in points})
        axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.minorticks_off()
        axis.set_xlabel(label)
        axis.set_ylabel("PSNR-Y (dB)")
        axis.grid(alpha=0.3)
        axis.legend()
        save(figure, folder, name)
    return draw


def pixels(path):
    return numpy.asarray(Image.open(path).convert("RGB"), dtype=numpy.int16)


def worst_crop(original, enlarged):
    """Upper left corner of the crop around the window with the largest squared error."""
    error = ((original - enlarged).astype(float) ** 2).sum(axis=2)
    height, width = (side // ERROR_BOX for side in error.shape)
    boxes = error[:height * ERROR_BOX, :width * ERROR_BOX].reshape(
        height, ERROR_BOX, width, ERROR_BOX).sum(axis=(1, 3))
    row, column = divmod(int(boxes.argmax()), width)
    middle = ERROR_BOX // 2 - CROP // 2
    limits = (max(side - CROP, 0) for side in error.shape)
    return [min(max(at * ERROR_BOX + middle, 0), limit)
            for at, limit in zip((row, column), limits)]


def draw_grid(folder, name, rows):
    """`rows`: [(title, [(caption, pixels)])]."""
    columns = max((len(cells) for _, cells in rows), default=1)
    figure, axes = pyplot.subplots(max(len(rows), 1), columns, squeeze=False,
                                   figsize=(2.2 * columns, 2.5 * max(len(rows), 1)))
    for axis in axes.flat:
        axis.axis("off")
    for line, (title, cells) in zip(axes, rows):
        for axis, (caption, values) in zip(line, cells):
            axis.imshow(values.astype(numpy.uint8), interpolation="nearest")
            axis.set_title(caption, fontsize=8)
        line[0].text(0, -0.04, title, transform=line[0].transAxes, fontsize=8, va="top")
    save(figure, folder, name)


def draw_crops(folder, name):
    """Figure 5: original, plain and HCD, enlarged, where the plain one is worst."""
    rows = []
    for title, entries in groups_of(read_entries(folder, name), "row").items():
        original = pixels(folder / f"{entries[0]['cell']}-original.png")
        large = [pixels(folder / f"{entry['cell']}-large.png") for entry in entries]
        y, x = worst_crop(original, large[0])
        crop = numpy.s_[y:y + CROP, x:x + CROP]
        rows.append((title, [("original", original[crop])] + [
            (f"{entry['column']}, {entry['psnr_y']:.2f} dB", picture[crop])
            for entry, picture in zip(entries, large)]))
    draw_grid(folder, name, rows)


def draw_small(folder, name):
    """Figure 8: small pictures, and what was added to the plain one, amplified."""
    rows = []
    for title, entries in groups_of(read_entries(folder, name), "row").items():
        plain = pixels(folder / f"{entries[0]['cell']}-small_plain.png")
        cells = [("plain", plain)]
        for entry in entries[1:]:
            small = pixels(folder / f"{entry['cell']}-small.png")
            added = numpy.clip(128 + AMPLIFIED * (small - plain), 0, 255)
            cells += [(entry["column"], small), (f"added, x{AMPLIFIED}", added)]
        rows.append((title, cells))
    draw_grid(folder, name, rows)


FIGURES = {"figure_2": draw_bars, "figure_5": draw_crops,
           "figure_6": draw_curve("step (L2 norm x 255)", 20),
           "figure_7": draw_curve("budget (L2 norm)", 0.3), "figure_8": draw_small}
