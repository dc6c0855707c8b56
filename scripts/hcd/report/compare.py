# SPDX-License-Identifier: BSD-2-Clause
"""All comparisons of a run: pairs of chains, each chain against the better blind one, hulls over sizes."""

from dataclasses import dataclass

from hcd import bdrate
from hcd.bdrate import Difference
from hcd.report.cells import Cell, curve
from hcd.report.chains import BICUBIC, LANCZOS, Chain
from hcd.report.measure import MEASURES, Measure


@dataclass
class Row:
    """One figure. `kind`: pair, anchor (the headline), hull; `unit`: what the figure is."""
    kind: str
    clip: str
    encoder: str
    measure: str
    anchor: str
    tested: str
    unit: str
    difference: Difference


@dataclass
class Group:
    """The cells of one clip and one encoder, by chain."""
    clip: str
    encoder: str
    chains: list[Chain]
    cells: dict[str, list[Cell]]

    def curve(self, chain: Chain, measure: Measure) -> bdrate.Curve:
        return curve(self.cells[chain.name], measure.name)

    def measured(self) -> list[Measure]:
        """Measures that any cell has."""
        every = [cell for cells in self.cells.values() for cell in cells]
        return [measure for measure in MEASURES if any(cell.values.get(measure.name) is not None for cell in every)]


def group(cells: list[Cell]) -> list[Group]:
    groups: dict[tuple[str, str], Group] = {}
    for cell in cells:
        own = groups.setdefault((cell.clip.name, cell.encoder.name),
                                Group(cell.clip.name, cell.encoder.name, [], {}))
        if cell.chain not in own.chains:
            own.chains.append(cell.chain)
        own.cells.setdefault(cell.chain.name, []).append(cell)
    return list(groups.values())


def pairs(own: Group) -> list[Row]:
    return [Row("pair", own.clip, own.encoder, measure.name, anchor.name, tested.name, "% bits",
                bdrate.bd_rate(own.curve(anchor, measure), own.curve(tested, measure)))
            for measure in own.measured() if measure.rising
            for anchor in own.chains for tested in own.chains if anchor is not tested]


def claims(own: Group) -> list[Row]:
    """Each chain that is not blind against the better of bicubic and lanczos, made small for the same client."""
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
                    and chain.viewer == tested.viewer), None) for down in (BICUBIC, LANCZOS)]
    if None in blinds:
        return "no blind chains with this client"
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
    """The best of all sizes against full size, with the blind chains alone and with all."""
    full = next((chain for chain in own.chains if chain.full_size), None)
    small = [chain for chain in own.chains if not chain.full_size]
    if full is None or not small:
        return []
    rows = []
    for measure in own.measured():
        if not measure.rising:
            continue
        for name, chains in (("full + blind", [chain for chain in small if chain.blind]), ("full + all", small)):
            anchor, curves = own.curve(full, measure), [own.curve(chain, measure) for chain in chains]
            found = {"% bits": bdrate.bd_hull(anchor, curves),
                     "% bits, low rates": bdrate.bd_hull(anchor, curves, True),
                     "% bits, envelope": bdrate.bd_envelope(anchor, curves)} if chains else {}
            rows += [Row("hull", own.clip, own.encoder, measure.name, full.name, name, unit, difference)
                     for unit, difference in found.items()]
    return rows


def compare_all(groups: list[Group]) -> list[Row]:
    return [row for own in groups for row in [*claims(own), *hulls(own), *pairs(own)]]


def means(rows: list[Row]) -> list[Row]:
    """Means over the clips of the rows of anchors and hulls, where there is more than one clip."""
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
            result.append(Row(kind, "mean", encoder, measure, "full" if kind == "hull" else "the better blind", tested,
                              unit, Difference(sum(values) / len(values), None, why)))
    return result
