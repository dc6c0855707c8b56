# SPDX-License-Identifier: BSD-2-Clause
"""The tables of docs/results/bandwidth.md, from the CSV files of runs: `summary.py FOLDER=TITLE...`."""

import csv
import sys
from collections import defaultdict
from pathlib import Path

MEASURES = (("psnr_y", "PSNR-Y"), ("vmaf_neg", "NEG"), ("vmaf", "VMAF"), ("ms_ssim", "MS-SSIM"),
            ("psnr_hvs", "PSNR-HVS"), ("xpsnr_y", "XPSNR"), ("psnr_cb", "Cb"), ("psnr_cr", "Cr"))
FLICKER, RINGING = ("flicker", "dB at equal bits"), ("ringing", "% at equal bits")


def read(path: Path) -> list[dict]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


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
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


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


def break_even(results: list[dict], figures: Figures) -> None:
    """From which length on a tuned client pays: its weights against the bits that it saves in a second."""
    rows = []
    points = defaultdict(list)
    for row in results:
        if not row["error"]:
            points[row["clip"], row["encoder"], row["chain"]].append(row)
    for (clip, encoder, chain), own in points.items():
        weights = float(own[0]["weight_bits"] or 0)
        saved = figures.values.get((clip, encoder, chain, "psnr_y", "% bits"))
        if not weights:
            continue
        seconds = int(own[0]["frames"]) / eval_rate(own[0]["rate"])
        for row in own:
            stream = float(row["bits"]) - weights
            # With its weights billed the chain saves `saved`; they are `share` of what it sends.
            share = 100 * weights / float(row["bits"])
            if saved is None or share >= 100:
                continue
            free = saved - share * (1 + saved / 100)
            rate = stream / seconds
            length = weights / (rate * -free / (100 + free)) if free < 0 else None
            rows.append([clip, encoder, f"`{chain}`", row["crf"], f"{rate / 1000:.0f}", f"{share:.1f}",
                         "never" if length is None else f"{length:.1f}"])
    if rows:
        print("From which length on the weights pay, by PSNR-Y over the whole curve:\n")
        table(["clip", "encoder", "chain", "CRF", "kbit/s", "weights, % of bits", "seconds"], rows)


def eval_rate(text: str) -> float:
    above, _, below = text.partition("/")
    return float(above) / float(below or 1)


def main() -> None:
    for argument in sys.argv[1:]:
        folder, _, title = argument.partition("=")
        rows, results = read(Path(folder) / "bdrate.csv"), read(Path(folder) / "results.csv")
        name = Path(folder).name
        print(f"\n## {title}\n\nEvery figure: [results.csv](bandwidth/{name}/results.csv), "
              f"[bdrate.csv](bandwidth/{name}/bdrate.csv).\n")
        figures = Figures(rows, "anchor")
        claims(figures)
        hulls(Figures(rows, "hull"))
        break_even(results, figures)


if __name__ == "__main__":
    main()
