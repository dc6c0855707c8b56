# SPDX-License-Identifier: BSD-2-Clause
"""The tables of docs/results/bandwidth.md, from the CSV files of its parts: `python -m hcd.report.summary FOLDER...`."""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback

import sys  # noqa: E402
from collections import defaultdict  # noqa: E402
from fractions import Fraction  # noqa: E402
from pathlib import Path  # noqa: E402

from hcd import bdrate  # noqa: E402
from hcd.files import markdown_table, read_csv  # noqa: E402

TITLES = {"clips": "All clips", "tuned": "Tuned clients", "whole": "Tuned clients, whole clips"}
EXAMPLE = 12  # frames: clips that have fewer are shown, but not in the means
MEASURES = (("psnr_y", "PSNR-Y"), ("vmaf_neg", "NEG"), ("vmaf", "VMAF"), ("ms_ssim", "MS-SSIM"),
            ("psnr_hvs", "PSNR-HVS"), ("xpsnr_y", "XPSNR"), ("psnr_cb", "Cb"), ("psnr_cr", "Cr"))
FLICKER, RINGING = ("flicker", "dB at equal bits"), ("ringing", "% at equal bits")


def signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.1f}".replace("-", "−")


class Figures:
    """Rows of one kind: values by (clip, encoder, tested, measure, unit). `examples`: clips that no mean counts."""

    def __init__(self, rows: list[dict], kind: str, examples: set[str]):
        self.examples = examples
        self.values = {(row["clip"], row["encoder"], row["tested"], row["measure"], row["unit"]): float(row["value"])
                       for row in rows if row["kind"] == kind and row["value"] and row["clip"] != "mean"}

    def names(self, place: int) -> list[str]:
        return list(dict.fromkeys(key[place] for key in self.values))

    def mean(self, *key: str) -> float | None:
        """Over the clips; key: encoder, tested, measure, unit."""
        values = [value for own, value in self.values.items() if own[1:] == key and own[0] not in self.examples]
        return sum(values) / len(values) if values else None


def table(head: list[str], rows: list[list[str]]) -> None:
    print(markdown_table(head, rows))


def hulls(figures: Figures) -> None:
    """Against full size alone: means, and each clip."""
    if not figures.values:
        return
    print("The hull, the cheapest of all sizes at each quality, against full size alone (% bits, means over the clips):\n")
    table(["encoder", "viewer", *(title for _, title in MEASURES)],
          [[encoder, f"`{viewer}`", *(signed(figures.mean(encoder, viewer, measure, "% bits")) for measure, _ in MEASURES)]
           for encoder in figures.names(1) for viewer in figures.names(2)])
    each_clip(figures)


def shares(figures: Figures) -> None:
    """What each ingredient adds to a hull, in the order of the report."""
    if not figures.values:
        return
    print("What each ingredient adds, in points, in the order in which it comes in; those of a viewer add up to his figure:\n")
    lines = [(encoder, *tested.split(": ", 1), tested) for encoder in figures.names(1) for tested in figures.names(2)]
    table(["encoder", "viewer", "ingredient", *(title for _, title in MEASURES)],
          [[encoder, f"`{viewer}`", what, *(signed(figures.mean(encoder, tested, measure, "points"))
                                            for measure, _ in MEASURES)] for encoder, viewer, what, tested in lines])


def claims(figures: Figures) -> None:
    """Means over the clips, and each clip's own."""
    if not figures.values:
        return
    print("Means over the clips against the better blind chain of the same size with the same client: bits saved at equal\n"
          "quality (%), flicker (dB) and ringing (%) at equal bits.\n")
    rows = []
    for encoder in figures.names(1):
        for tested in figures.names(2):
            values = [figures.mean(encoder, tested, measure, "% bits") for measure, _ in MEASURES]
            values += [figures.mean(encoder, tested, *FLICKER), figures.mean(encoder, tested, *RINGING)]
            rows.append([encoder, f"`{tested}`", *(signed(value) for value in values)])
    table(["encoder", "chain", *(title for _, title in MEASURES), "flicker", "ringing"], rows)
    each_clip(figures)


def each_clip(figures: Figures) -> None:
    print("Each clip, PSNR-Y / VMAF-NEG:\n")
    pairs = [(encoder, tested) for encoder in figures.names(1) for tested in figures.names(2)]
    rows = [[clip, *(" / ".join(signed(figures.values.get((clip, encoder, tested, measure, "% bits")))
                                for measure in ("psnr_y", "vmaf_neg")) for encoder, tested in pairs)]
            for clip in figures.names(0)]
    table(["clip", *(f"{encoder} `{tested}`" for encoder, tested in pairs)], rows)


def seconds_a_frame(results: list[dict], examples: set[str]) -> None:
    """What making and playing cost, in CPU time a frame of the largest clip."""
    largest = max((row for row in results if row["clip"] not in examples),
                  key=lambda row: int(row["width"]) * int(row["height"]), default=None)
    if largest is None:
        return
    costs = defaultdict(list)
    for row in results:
        if row["clip"] == largest["clip"] and not row["error"]:
            costs[row["encoder"], row["chain"]].append(
                [1000 * float(row[name]) / int(row["frames"]) for name in ("encode_cpu_s", "enlarge_cpu_s")])
    print(f"CPU time a frame ({largest['clip']}, {largest['width']}×{largest['height']}, ms, mean over the CRFs): making "
          "(small frames and stream), and playing (decoding and enlarging):\n")
    table(["encoder", "chain", "making", "playing"],
          [[encoder, f"`{chain}`", *(f"{sum(column) / len(own):.1f}" for column in zip(*own))]
           for (encoder, chain), own in costs.items()])


def break_even(results: list[dict], rows: list[dict]) -> None:
    """From which length on a tuned client pays: its weights against the bits that it saves in a second without them."""
    chains = defaultdict(list)
    for row in results:
        if not row["error"]:
            chains[row["clip"], row["encoder"], row["chain"]].append(row)

    def curve(key: tuple[str, str, str]) -> bdrate.Curve:
        return [(float(row["bits"]) - float(row["weight_bits"] or 0), float(row["psnr_y"])) for row in chains[key]]

    lines = []
    for row in rows:
        key = row["clip"], row["encoder"], row["tested"]
        own = chains.get(key)
        if (row["kind"], row["measure"], row["unit"]) != ("anchor", "psnr_y", "% bits") or not own:
            continue
        weights = float(own[0]["weight_bits"] or 0)
        if not weights:
            continue
        saved = bdrate.bd_rate(curve((*key[:2], row["anchor"])), curve(key)).value
        if saved is None:
            continue
        seconds = int(own[0]["frames"]) / float(Fraction(own[0]["rate"]))
        rates = [(float(point["bits"]) - weights) / seconds for point in own]
        lines.append([row["clip"], row["encoder"], f"`{row['tested']}`", f"{seconds:.1f}", signed(saved),
                      signed(float(row["value"])) if row["value"] else "–",
                      ", ".join(f"{rate / 1000:.0f}" for rate in rates),
                      ", ".join(f"{weights / (rate * -saved / (100 + saved)):.1f}" for rate in rates)
                      if saved < 0 else "never"])
    if lines:
        print("The weights' part, by PSNR-Y: % of bits without and with them, and from which length on they pay at each "
              "CRF:\n")
        table(["clip", "encoder", "chain", "seconds", "without", "with", "kbit/s", "pay from, s"], lines)


def main() -> None:
    for folder in map(Path, sys.argv[1:]):
        if not folder.is_dir():
            continue
        rows, results = read_csv(folder / "bdrate.csv"), read_csv(folder / "results.csv")
        print(f"\n## {TITLES.get(folder.name, folder.name)}\n\nEvery figure: [results.csv]({folder}/results.csv), "
              f"[bdrate.csv]({folder}/bdrate.csv).\n")
        examples = {row["clip"] for row in results if int(row["frames"]) < EXAMPLE}
        if examples:
            print(f"Examples, not in the means: {', '.join(sorted(examples))} (fewer than {EXAMPLE} frames).\n")
        hulls(Figures(rows, "hull", examples))
        shares(Figures(rows, "share", examples))
        claims(Figures(rows, "anchor", examples))
        seconds_a_frame(results, examples)
        break_even(results, rows)


if __name__ == "__main__":
    main()
