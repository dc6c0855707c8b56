# SPDX-License-Identifier: BSD-2-Clause
"""What the curves say about a title, in words: where half size pays, with which client, how much."""

import itertools
from dataclasses import dataclass

import numpy

from hcd import bdrate
from hcd.report.chains import Chain
from hcd.report.compare import Group, Row
from hcd.report.measure import MEASURES, Measure

STEPS = 400    # of the range of quality that is looked at
LEAST = 0.005  # share of bits below which full size and small size count as equal
SHORT = 0.15   # share of a range below which a part of it is not worth a word


@dataclass
class Span:
    """A range of rates, in bits of full size, where a smaller size pays."""
    low: float
    high: float
    from_the_least: bool   # it begins at the lowest quality that can be compared
    savings: list[float]   # shares of bits, at even steps of quality
    best: list[tuple[str, float]]  # chains in the order of rates, and the bits from which each is best


def spans(full: bdrate.Curve, small: dict[str, bdrate.Curve]) -> list[Span] | None:
    """Where the best small chain needs fewer bits than full size, from the fewest bits up; None where no quality is
    common to any of them and full size."""
    anchor = bdrate.akima(full)
    lines = {name: line for name, curve in small.items() if (line := bdrate.akima(curve)) is not None}
    if anchor is None or not lines:
        return None
    qualities = numpy.linspace(anchor.x[0], anchor.x[-1], STEPS)
    at_full = anchor(qualities)
    differences = numpy.array([line(qualities) - at_full for line in lines.values()])
    known = ~numpy.isnan(differences).all(axis=0)
    if not known.any():
        return None
    filled = numpy.where(numpy.isnan(differences), numpy.inf, differences)
    pays = known & (-numpy.expm1(filled.min(axis=0)) >= LEAST)
    names, found = list(lines), []
    for steps in runs(pays):
        bits = numpy.exp(at_full[steps])
        best = largest_runs([names[number] for number in filled[:, steps].argmin(axis=0)])
        found.append(Span(float(bits[0]), float(bits[-1]), steps[0] == known.argmax(),
                          list(-numpy.expm1(filled[:, steps].min(axis=0))),
                          [(name, float(bits[at])) for name, at in best]))
    return found


def runs(flags: numpy.ndarray) -> list[list[int]]:
    """The numbers of consecutive true flags."""
    found: list[list[int]] = []
    for number in numpy.flatnonzero(flags):
        if found and found[-1][-1] == number - 1:
            found[-1].append(int(number))
        else:
            found.append([int(number)])
    return found


def largest_runs(names: list[str]) -> list[tuple[str, int]]:
    """Who is best, and from which step on; runs too short to speak of go to the one before or after."""
    counts = [(name, sum(1 for _ in same)) for name, same in itertools.groupby(names)]
    found: list[tuple[str, int]] = []
    start = 0
    for name, count in counts:
        if count >= SHORT * len(names) and (not found or found[-1][0] != name):
            found.append((name, start if found else 0))
        start += count
    return found or [(max(counts, key=lambda item: item[1])[0], 0)]


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
    longest = max(len(span.savings) for span in found)
    said = [about_span(span, small, seconds) for span in found if len(span.savings) >= SHORT * longest]
    return f"{'; '.join(said)} ({measured})."


def about_span(span: Span, small: dict[str, Chain], seconds: float) -> str:
    start = "" if span.from_the_least else f"from {rate(span.low, seconds)} "
    first, *others = [f"{name} ({client_of(small[name])})" + (f" above {rate(bits, seconds)}" if number else "")
                      for number, (name, bits) in enumerate(span.best)]
    return (f"{start}up to {rate(span.high, seconds)} kbit/s of full size a smaller one needs "
            f"{100 * sum(span.savings) / len(span.savings):.1f} % fewer bits, at most {100 * max(span.savings):.1f} %: "
            f"{', '.join([first, *others])}")


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
