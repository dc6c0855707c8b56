# SPDX-License-Identifier: BSD-2-Clause
"""All comparisons of a run: hulls over sizes, each chain against the better blind one, pairs of chains."""

from dataclasses import dataclass

from hcd import bdrate
from hcd.bdrate import Difference
from hcd.report.chains import BICUBIC, LANCZOS, Chain
from hcd.report.group import Group
from hcd.report.hull import SHARE, hull_of, size_of, viewers
from hcd.report.measure import MEASURES, Measure


@dataclass
class Row:
    """One figure. `kind`: hull (the headline), share (of a hull), anchor, pair; `unit`: what the figure is."""
    kind: str
    clip: str
    encoder: str
    measure: str
    anchor: str
    tested: str
    unit: str
    difference: Difference


def pairs(own: Group) -> list[Row]:
    """Chains of one size, and each against full size."""
    return [Row("pair", own.clip, own.encoder, measure.name, anchor.name, tested.name, "% bits",
                bdrate.bd_rate(own.curve(anchor, measure), own.curve(tested, measure)))
            for measure in own.measured() if measure.rising
            for anchor in own.chains for tested in own.chains
            if anchor is not tested and (anchor.size == tested.size or anchor.full_size or tested.full_size)]


def claims(own: Group) -> list[Row]:
    """Each chain that is not blind against the better of bicubic and lanczos, made as small for the same client."""
    rows = []
    for tested in own.chains:
        if tested.blind or tested.full_size:
            continue
        for measure in own.measured():
            rows += against_anchor(own, tested, measure)
    return rows


def anchor_for(own: Group, tested: Chain, measure: Measure) -> Chain | str:
    """The better blind chain, or why there is none."""
    blinds = [next((chain for chain in own.chains if chain.blind and chain.down == down
                    and chain.viewer == tested.viewer and chain.size == size_of(tested)), None)
              for down in (BICUBIC, LANCZOS)]
    if None in blinds:
        return "no blind chains of this size with this client"
    judge = measure if measure.rising else MEASURES[0]  # ringing is no rate: the anchor by PSNR-Y
    which = bdrate.better(own.curve(blinds[0], judge), own.curve(blinds[1], judge))
    if which is None:
        return bdrate.bd_rate(own.curve(blinds[0], judge), own.curve(blinds[1], judge)).why
    return blinds[which]


def against_anchor(own: Group, tested: Chain, measure: Measure) -> list[Row]:
    anchor = anchor_for(own, tested, measure)

    def row(unit: str, compare, **options: bool) -> Row:
        if isinstance(anchor, str):
            return Row("anchor", own.clip, own.encoder, measure.name, "", tested.name, unit,
                       Difference(None, None, anchor))
        return Row("anchor", own.clip, own.encoder, measure.name, anchor.name, tested.name, unit,
                   compare(own.curve(anchor, measure), own.curve(tested, measure), **options))

    if not measure.rising:
        return [row("% at equal bits", bdrate.bd_quality, relative=True)]
    rows = [row("% bits", bdrate.bd_rate)]
    if measure.name == "flicker":
        rows.append(row("dB at equal bits", bdrate.bd_quality))
    return rows


def hulls(own: Group) -> list[Row]:
    """What each viewer saves against full size alone, and the share of each ingredient."""
    rows = []
    for viewer in viewers(own):
        for measure in own.measured():
            if measure.rising:
                found = hull_of(own, viewer, measure)
                rows += [Row("hull", own.clip, own.encoder, measure.name, "full", viewer.name, "% bits", found.saved),
                         *(Row("share", own.clip, own.encoder, measure.name, "full", f"{viewer.name}: {what}", SHARE, share)
                           for what, share in found.shares())]
    return rows


def compare_all(groups: list[Group]) -> list[Row]:
    return [row for own in groups for row in [*hulls(own), *claims(own), *pairs(own)]]


def means(rows: list[Row]) -> list[Row]:
    """Means over the clips of all rows but pairs, where there is more than one clip."""
    merged: dict[tuple, list[Row]] = {}
    for row in rows:
        if row.kind != "pair":
            key = (row.kind, row.encoder, row.measure, row.tested, row.unit)
            merged.setdefault(key, []).append(row)
    result = []
    for (kind, encoder, measure, tested, unit), own in merged.items():
        values = [row.difference.value for row in own if row.difference.value is not None]
        if len(own) > 1 and values:
            why = "" if len(values) == len(own) else f"{len(values)} of {len(own)} clips"
            result.append(Row(kind, "mean", encoder, measure, "the better blind" if kind == "anchor" else "full", tested,
                              unit, Difference(sum(values) / len(values), None, why)))
    return result
