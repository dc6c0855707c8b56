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
MEASURES = (("psnr_y", "PSNR-Y"), ("vmaf_neg", "NEG"), ("vmaf", "VMAF"), ("ms_ssim", "MS-SSIM"),
            ("psnr_hvs", "PSNR-HVS"), ("xpsnr_y", "XPSNR"), ("psnr_cb", "Cb"), ("psnr_cr", "Cr"))
FLICKER, RINGING = ("flicker", "dB at equal bits"), ("ringing", "% at equal bits")


def signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.1f}".replace("-", "−")


def mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


class Figures:
    """Rows of one kind: values by (clip, encoder, tested, measure, unit)."""

    def __init__(self, rows: list[dict], kind: str):
        self.values = {(row["clip"], row["encoder"], row["tested"], row["measure"], row["unit"]): float(row["value"])
                       for row in rows if row["kind"] == kind and row["value"] and row["clip"] != "mean"}

    def names(self, place: int) -> list[str]:
        return list(dict.fromkeys(key[place] for key in self.values))

    def over_clips(self, encoder: str, tested: str, measure: str, unit: str) -> list[float]:
        return [value for key, value in self.values.items() if key[1:] == (encoder, tested, measure, unit)]


def table(head: list[str], rows: list[list[str]]) -> None:
    print(markdown_table(head, rows))


def claims(figures: Figures) -> None:
    """Means over the clips, and each clip's own."""
    print("Means over the clips against the better blind chain with the same client: bits saved at equal quality (%),\n"
          "flicker (dB) and ringing (%) at equal bits.\n")
    rows = []
    for encoder in figures.names(1):
        for tested in figures.names(2):
            values = [mean(figures.over_clips(encoder, tested, measure, "% bits")) for measure, _ in MEASURES]
            values += [mean(figures.over_clips(encoder, tested, *FLICKER)), mean(figures.over_clips(encoder, tested, *RINGING))]
            rows.append([encoder, f"`{tested}`", *(signed(value) for value in values)])
    table(["encoder", "chain", *(title for _, title in MEASURES), "flicker", "ringing"], rows)
    print("Each clip, PSNR-Y / VMAF-NEG:\n")
    pairs = [(encoder, tested) for encoder in figures.names(1) for tested in figures.names(2)]
    rows = [[clip, *(" / ".join(signed(figures.values.get((clip, encoder, tested, measure, "% bits")))
                                for measure in ("psnr_y", "vmaf_neg")) for encoder, tested in pairs)]
            for clip in figures.names(0)]
    table(["clip", *(f"{encoder} `{tested}`" for encoder, tested in pairs)], rows)


def hulls(figures: Figures) -> None:
    """All sizes against full size alone."""
    if not figures.values:
        return
    print("Best of full and half size against full size alone (% bits, means over the clips):\n")
    rows = [[encoder, tested, unit, *(signed(mean(figures.over_clips(encoder, tested, measure, unit)))
                                      for measure, _ in MEASURES[:2])]
            for encoder in figures.names(1) for tested in figures.names(2) for unit in figures.names(4)]
    table(["encoder", "sizes", "unit", "PSNR-Y", "NEG"], rows)


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
        figures = Figures(rows, "anchor")
        claims(figures)
        hulls(Figures(rows, "hull"))
        break_even(results, rows)


if __name__ == "__main__":
    main()
