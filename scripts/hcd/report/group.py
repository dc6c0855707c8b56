# SPDX-License-Identifier: BSD-2-Clause
"""The cells of one clip and one encoder, as curves."""

from dataclasses import dataclass

from hcd import bdrate
from hcd.report.cells import Cell, curve
from hcd.report.chains import Chain
from hcd.report.measure import MEASURES, Measure


@dataclass
class Group:
    """The cells of one clip and one encoder, by chain."""
    clip: str
    encoder: str
    chains: list[Chain]
    cells: dict[str, list[Cell]]

    def curve(self, chain: Chain, measure: Measure) -> bdrate.Curve:
        return curve(self.cells[chain.name], measure.name)

    def seconds(self) -> float:
        """Of the clip."""
        return self.cells[self.chains[0].name][0].clip.seconds()

    def seconds_per_frame(self, chain: Chain, name: str) -> float | None:
        """Of a chain's cells, mean; `name` as in their times."""
        values = [cell.times[name] / cell.clip.frames for cell in self.cells[chain.name] if name in cell.times]
        return sum(values) / len(values) if values else None

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
