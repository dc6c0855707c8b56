# SPDX-License-Identifier: BSD-2-Clause
"""The page's tables."""

from html import escape

from hcd.files import number
from hcd.report.cells import Cell
from hcd.report.chains import Chain
from hcd.report.compare import Row
from hcd.report.group import Group
from hcd.report.hull import cost, full_of, viewers, winners
from hcd.report.measure import FIRST, MEASURES, Measure
from hcd.report.words import with_what

COSTS = ("encode_cpu_s", "enlarge_cpu_s")


def table(head: list[str], rows: list[list[str]], caption: str = "") -> str:
    """Cells are HTML already."""
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    caption = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<div class=wide><table>{caption}<thead><tr>{top}</tr></thead><tbody>\n{body}</tbody></table></div>\n"


def figure(row: Row | None, decimals: int = 1, with_anchor: bool = True) -> str:
    """One comparison: its value, or why there is none; the anchor and the overlap on hover."""
    if row is None:
        return ""
    difference = row.difference
    hint = f"against {row.anchor}" if row.anchor else ""
    if difference.overlap is not None:
        hint += f"; overlap {100 * difference.overlap:.0f} %"
    if difference.value is None:
        return f"<span class=none title='{escape(hint)}'>{escape(difference.why)}</span>"
    good = difference.value < 0 if not row.unit.startswith("dB") else difference.value > 0
    sort = "" if abs(difference.value) < 0.05 else "good" if good else "bad"
    shown = f"{difference.value:+.{decimals}f}".replace("-", "\N{MINUS SIGN}") if sort else f"{0:.{decimals}f}"
    text = f"<span class='{sort}' title='{escape(hint)}'>{shown}</span>"
    if row.kind in ("anchor", "pair") and difference.overlap is not None and difference.overlap < 0.5:
        text += f"<small> {100 * difference.overlap:.0f} %</small>"
    if row.clip == "mean":
        return text + (f"<br><small>{escape(difference.why)}</small>" if difference.why else "")
    return text + (f"<br><small>{escape(row.anchor)}</small>" if with_anchor else "")


def each(rows: list[Row], kind: str, measures: list[Measure], head: str) -> str:
    """A line for each clip, encoder and what was tested, a column for each measure."""
    own = [row for row in rows if row.kind == kind]
    lines = list(dict.fromkeys((row.clip, row.encoder, row.tested) for row in own))
    found = {(row.clip, row.encoder, row.tested, row.measure): row for row in own}
    measures = [measure for measure in measures if any(row.measure == measure.name for row in own)]
    if not lines:
        return "<p>Full size, or a smaller one, was not measured.</p>"
    body = [[escape(text) for text in line] + [figure(found.get((*line, measure.name)), with_anchor=False)
                                               for measure in measures] for line in lines]
    return table(["clip", "encoder", head] + [escape(measure.label) for measure in measures], body)


def lead_table(groups: list[Group], rows: list[Row]) -> str:
    """Bits saved against full size alone by the measures that lead, and the cost beside them."""
    found = {(row.clip, row.encoder, row.tested, row.measure): row for row in rows if row.kind == "hull"}
    body, names = [], [name for name in FIRST if any(key[3] == name for key in found)]
    for encoder, viewer in dict.fromkeys((key[1], key[2]) for key in found if key[0] == "mean"):
        body.append(["mean", escape(encoder), escape(with_what(viewer)),
                     *(figure(found.get(("mean", encoder, viewer, name)), with_anchor=False) for name in names),
                     "", ""])
    for own in groups:
        full = full_of(own)
        if full is None:
            continue
        place = [escape(own.clip), escape(own.encoder)]
        body.append([*place, "full size alone", *[""] * len(names),
                     *(milliseconds(own.seconds_per_frame(full, name)) for name in COSTS)])
        for viewer in viewers(own):
            along = next((each for measure in own.measured() if measure.name in FIRST
                          and (each := winners(own, viewer, measure))), None)
            body.append([*place, escape(with_what(viewer.name)),
                         *(figure(found.get((own.clip, own.encoder, viewer.name, name)), with_anchor=False)
                           for name in names),
                         *(milliseconds(along and cost(own, along, name)) for name in COSTS)])
    labels = [f"{escape(measure.label)}, % bits" for measure in MEASURES if measure.name in names]
    return table(["clip", "encoder", "viewer", *labels, "making", "playing"], body) if body else (
        "<p>Full size, or a smaller one, was not measured.</p>")


def milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{1000 * seconds:.1f}\N{NO-BREAK SPACE}ms"


def cost_table(own: Group) -> str:
    return table(["chain", "making", "playing"],
                 [[escape(chain.name), *(milliseconds(own.seconds_per_frame(chain, name)) for name in COSTS)]
                  for chain in own.chains], "CPU time a frame, mean over the CRFs")


def claim_table(rows: list[Row]) -> str:
    claims = [row for row in rows if row.kind == "anchor"]
    columns = [(measure.name, "% bits", measure.label) for measure in MEASURES if measure.rising] + [
        ("flicker", "dB at equal bits", "frame differences, dB at equal bits"),
        ("ringing", "% at equal bits", "ringing, % at equal bits")]
    found = {(row.clip, row.encoder, row.tested, row.measure, row.unit): row for row in claims}
    lines = list(dict.fromkeys((row.clip, row.encoder, row.tested) for row in claims))
    if not lines:
        return "<p>No chain that knows its client was measured.</p>"
    columns = [column for column in columns if any((*line, *column[:2]) in found for line in lines)]
    body = [[escape(text) for text in line] + [figure(found.get((*line, *column[:2]))) for column in columns]
            for line in lines]
    return table(["clip", "encoder", "chain"] + [escape(column[2]) for column in columns], body)


def pair_table(own: Group, measure: Measure, rows: list[Row]) -> str:
    found = {(row.anchor, row.tested): row for row in rows}
    names = [chain.name for chain in own.chains]
    body = [[f"<b>{escape(tested)}</b>"] + [figure(found.get((anchor, tested)), with_anchor=False) for anchor in names]
            for tested in names]
    return table(["against"] + [escape(name) for name in names], body, f"{measure.label}, % bits")


def points_table(cells: list[Cell], measures: list[Measure]) -> str:
    body = []
    for cell in cells:
        line = [escape(cell.chain.name), f"{cell.crf:g}"]
        if cell.error:
            body.append(line + [f"<span class=bad>{escape(cell.error)}</span>"])
            continue
        values = [number(cell.values.get(measure.name), measure.decimals) for measure in measures]
        times = [number(cell.times.get(name), 1) for name in ("encode_s", "enlarge_s")]
        body.append(line + [f"{cell.bits / 1000:.1f}", f"{cell.weight_bits / 1000:.1f}", f"{cell.kbps():.1f}", *values,
                            *times])
    return table(["chain", "CRF", "kbit", "of it weights", "kbit/s", *(escape(measure.label) for measure in measures),
                  "encode s", "enlarge s"], body)


def chain_table(chains: list[Chain]) -> str:
    return table(["chain", "made small by", "enlarged by"],
                 [[escape(chain.name), f"<code>{escape(chain.down)}</code>", f"<code>{escape(chain.up)}</code>"]
                  for chain in chains])
