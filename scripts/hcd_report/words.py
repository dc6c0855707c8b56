# SPDX-License-Identifier: BSD-2-Clause
"""What the curves say about a title, in words: where half size pays, with which client, how much."""

from dataclasses import dataclass

import numpy

import bdrate
from chains import Chain
from compare import Group, Row
from measure import MEASURES, Measure

STEPS = 400   # of the range of quality that is looked at
LEAST = 0.005  # share of bits below which full size and small size count as equal


@dataclass
class Span:
    """A range of rates, in bits of full size, where the same small chain is best and pays."""
    low: float
    high: float
    chain: str
    savings: list[float]  # shares of bits


def spans(full: bdrate.Curve, small: dict[str, bdrate.Curve]) -> list[Span] | None:
    """Where the best small chain needs fewer bits than full size, from the fewest bits up; None where no range of
    quality is common to any of them and full size."""
    anchor = bdrate.akima(full)
    lines = {name: line for name, curve in small.items() if (line := bdrate.akima(curve)) is not None}
    if anchor is None or not lines:
        return None
    qualities = numpy.linspace(*sorted((anchor.x[0], anchor.x[-1])), STEPS)
    at_full = anchor(qualities)
    differences = numpy.array([line(qualities) - at_full for line in lines.values()])
    if numpy.isnan(differences).all():
        return None
    names, found = list(lines), []
    for column, log_full in zip(differences.T, at_full):
        if numpy.isnan(column).all():
            continue
        best = int(numpy.nanargmin(column))
        saving = float(-numpy.expm1(column[best]))
        bits = float(numpy.exp(log_full))
        if saving < LEAST:
            found.append(None)
        elif found and found[-1] and found[-1].chain == names[best]:
            found[-1].high = bits
            found[-1].savings.append(saving)
        else:
            found.append(Span(bits, bits, names[best], [saving]))
    return [span for span in found if span]


def client_of(chain: Chain) -> str:
    return chain.viewer.replace("hcd_up=model=", "").replace("hcd_up=", "") + " client"


def rate(bits: float, seconds: float) -> str:
    """kbit/s with three digits."""
    value = bits / 1000 / seconds
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def about_size(own: Group, measure: Measure) -> str:
    """One sentence on full against half size by one measure."""
    full = next((chain for chain in own.chains if chain.full_size), None)
    small = {chain.name: chain for chain in own.chains if not chain.full_size}
    if full is None or not small:
        return ""
    seconds = own.cells[full.name][0].clip.seconds()
    curve = own.curve(full, measure)
    found = spans(curve, {name: own.curve(chain, measure) for name, chain in small.items()})
    if found is None:
        return "no quality was measured that both full size and a smaller one reach (--full-crf with higher numbers)."
    lowest, highest = min(bits for bits, _ in curve), max(bits for bits, _ in curve)
    measured = f"full size measured from {rate(lowest, seconds)} to {rate(highest, seconds)} kbit/s"
    if not found:
        return f"a smaller size pays nowhere ({measured})."
    parts = []
    for span in merged(found):
        mean, most = 100 * sum(span.savings) / len(span.savings), 100 * max(span.savings)
        parts.append(f"from {rate(span.low, seconds)} to {rate(span.high, seconds)} kbit/s of full size {span.chain} "
                     f"({client_of(small[span.chain])}) needs {mean:.1f} % fewer bits, at most {most:.1f} %")
    return f"{'; '.join(parts)} ({measured})."


def merged(found: list[Span]) -> list[Span]:
    """Without spans too narrow to speak of: under a twentieth of the longest."""
    longest = max(len(span.savings) for span in found)
    return [span for span in found if len(span.savings) * 20 > longest]


def about_claims(own: Group, rows: list[Row]) -> list[str]:
    """One sentence for each chain that knows its client."""
    sentences = []
    claims = [row for row in rows if row.kind == "anchor" and (row.clip, row.encoder) == (own.clip, own.encoder)]
    for name in dict.fromkeys(row.tested for row in claims):
        said = [f"{label_of(row.measure)} {row.difference.value:+.1f} % ({row.anchor})" for row in claims
                if row.tested == name and row.unit == "% bits" and row.difference.value is not None]
        missing = sorted({row.difference.why for row in claims if row.tested == name and row.difference.why})
        if said:
            sentences.append(f"{name}, bits against the better blind chain with the same client: {', '.join(said)}.")
        else:
            sentences.append(f"{name} has no figure against a blind chain: {', '.join(missing)}.")
    return sentences


def label_of(name: str) -> str:
    return next(measure.label for measure in MEASURES if measure.name == name)


def summary(own: Group, rows: list[Row]) -> list[tuple[str, str]]:
    """(what it is about, sentence) for one clip and encoder."""
    by_text: dict[str, list[str]] = {}  # measures that say the same are named together
    for measure in own.measured():
        if measure.rising and (text := about_size(own, measure)):
            by_text.setdefault(text, []).append(measure.label)
    said = [(", ".join(labels), text) for text, labels in by_text.items()] or [("", "full size was not measured.")]
    return said + [("", text) for text in about_claims(own, rows)]
