# SPDX-License-Identifier: BSD-2-Clause
"""What the curves say about a title, in words: which size pays below which rate, for whom, how much."""

from fractions import Fraction

from hcd import sizes
from hcd.report.compare import Row
from hcd.report.group import Group
from hcd.report.hull import PLAIN, Viewer, Winners, hull_of, size_of, viewers, winners
from hcd.report.measure import FIRST, MEASURES, Measure

LEAST = 0.5  # per cent of bits below which nothing is saved


def rate(bits: float, seconds: float) -> str:
    """kbit/s with three digits."""
    value = bits / 1000 / seconds
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def with_what(viewer: str) -> str:
    return "any player" if viewer == PLAIN else viewer


def made_by(found: Winners, start: int, end: int, size: Fraction) -> str:
    """The chain that is best most often in a part, without its size."""
    names = [chain.base for chain in found.chains[start:end] if size_of(chain) == size]
    return max(dict.fromkeys(names), key=names.count)


def about_sizes(found: Winners, seconds: float) -> str:
    """The sizes from the best quality down, each with the rate of the hull below which it is the cheapest."""
    said = []
    for size, start, end in reversed(found.parts()):
        name = "full size" if size == sizes.FULL else sizes.name(size)
        made = "" if size == sizes.FULL else f" ({made_by(found, start, end, size)})"
        if end < len(found.chains):
            said.append(f"{name} below {rate(found.bits[end], seconds)} kbit/s{made}")
        elif size != sizes.FULL:
            said.append(f"{name} up to {rate(found.bits[-1], seconds)} kbit/s{made}")
    return ", ".join(said)


def about_viewer(own: Group, viewer: Viewer, measure: Measure) -> str:
    """One measure's words for one viewer."""
    found, saved = winners(own, viewer, measure), hull_of(own, viewer, measure).saved
    if found is None or saved.value is None:
        return f"no figure ({saved.why}: --crf or --full-crf with other numbers)"
    seconds = own.seconds()
    compared = f"compared from {rate(found.bits[0], seconds)} to {rate(found.bits[found.compared - 1], seconds)} kbit/s"
    where = about_sizes(found, seconds)
    if saved.value > -LEAST or not where:
        return f"full size, a smaller one pays nowhere ({compared})"
    return f"{where}; {-saved.value:.1f} % fewer bits than full size alone ({compared})"


def verdict(own: Group) -> list[tuple[str, list[tuple[str, str]]]]:
    """For each viewer his name and, for each measure that leads, (its label, words)."""
    leading = [measure for measure in own.measured() if measure.name in FIRST]
    return [(with_what(viewer.name), [(measure.label, about_viewer(own, viewer, measure)) for measure in leading])
            for viewer in viewers(own)]


def other_measures(own: Group) -> list[tuple[str, str, str]]:
    """(viewer, measure, words) of the measures that do not lead."""
    return [(with_what(viewer.name), measure.label, about_viewer(own, viewer, measure)) for viewer in viewers(own)
            for measure in own.measured() if measure.rising and measure.name not in FIRST]


def about_claims(own: Group, rows: list[Row]) -> list[str]:
    """One sentence for each chain that knows its client."""
    sentences = []
    claims = [row for row in rows if row.kind == "anchor" and (row.clip, row.encoder) == (own.clip, own.encoder)]
    for name in dict.fromkeys(row.tested for row in claims):
        said = [f"{label_of(row.measure)} {row.difference.value:+.1f} % ({row.anchor})" for row in claims
                if row.tested == name and row.unit == "% bits" and row.difference.value is not None]
        missing = sorted({row.difference.why for row in claims if row.tested == name and row.difference.why})
        if said:
            sentences.append(f"{name}, bits against the better blind chain of its size and client: {', '.join(said)}.")
        else:
            sentences.append(f"{name} has no figure against a blind chain: {', '.join(missing)}.")
    return sentences


def label_of(name: str) -> str:
    return next(measure.label for measure in MEASURES if measure.name == name)
