# SPDX-License-Identifier: BSD-2-Clause
"""The page: one file that needs nothing else."""

import base64
import json
from html import escape
from pathlib import Path

from hcd.files import number
from hcd.report.cells import Cell
from hcd.report.chains import Chain
from hcd.report.compare import Group, Row
from hcd.report.crops import Sheet
from hcd.report.measure import MEASURES, Measure
from hcd.report.words import summary

HERE = Path(__file__).parent


def data_uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


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
    if difference.overlap is not None and difference.overlap < 0.5:
        text += f"<small> {100 * difference.overlap:.0f} %</small>"
    if row.clip == "mean":
        return text + (f"<br><small>{escape(difference.why)}</small>" if difference.why else "")
    return text + (f"<br><small>{escape(row.anchor)}</small>" if with_anchor else "")


# ---- sections ----

def headline(rows: list[Row]) -> str:
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


def hull_table(rows: list[Row]) -> str:
    own = [row for row in rows if row.kind == "hull"]
    lines = list(dict.fromkeys((row.clip, row.encoder, row.tested, row.unit) for row in own))
    found = {(row.clip, row.encoder, row.tested, row.unit, row.measure): row for row in own}
    measures = [measure for measure in MEASURES if any(row.measure == measure.name for row in own)]
    if not lines:
        return "<p>Full size, or a smaller one, was not measured.</p>"
    body = [[escape(text) for text in line] + [figure(found.get((*line, measure.name)), with_anchor=False)
                                               for measure in measures] for line in lines]
    return table(["clip", "encoder", "hull of", "unit"] + [escape(measure.label) for measure in measures], body)


def pair_table(own: Group, measure: Measure, rows: list[Row]) -> str:
    found = {(row.anchor, row.tested): row for row in rows}
    names = [chain.name for chain in own.chains]
    body = [[f"<b>{escape(tested)}</b>"] + ["" if anchor == tested else
            figure(found.get((anchor, tested)), with_anchor=False) for anchor in names] for tested in names]
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


def group_section(own: Group, rows: list[Row], plots: dict[str, bytes]) -> str:
    pairs = [row for row in rows if row.kind == "pair" and (row.clip, row.encoder) == (own.clip, own.encoder)]
    clip = own.cells[own.chains[0].name][0].clip
    text = (f"<h3>{escape(own.clip)}, {escape(own.encoder)}</h3><p>{clip.width}×{clip.height}, {clip.frames} frames, "
            f"{float(clip.rate):g} per second, {escape(clip.frame_format)}</p>\n")
    images = [f"<img class=plot alt='{escape(name)}' src='{data_uri(png)}'>" for name, png in plots.items()]
    text += images[0] if images else ""
    if images[1:]:
        text += f"<details><summary>other measures</summary>{''.join(images[1:])}</details>\n"
    text += ("<details><summary>all pairs: the chain of the line against that of the column</summary><div class=many>"
             + "".join(pair_table(own, measure, [row for row in pairs if row.measure == measure.name])
                       for measure in own.measured() if measure.rising) + "</div></details>\n")
    cells = [cell for chain in own.chains for cell in own.cells[chain.name]]
    return text + f"<details><summary>all points</summary>{points_table(cells, own.measured())}</details>\n"


def viewer_data(sheets: list[Sheet]) -> str:
    data = [{"title": f"{sheet.clip}, {sheet.encoder}, about {sheet.target / 1000:.1f} kbit", "where": sheet.where,
             "crops": [{"chain": crop.chain, "note": crop.note, "png": data_uri(crop.png) if crop.png else "",
                        "kbit": f"{crop.bits / 1000:.1f} kbit" if crop.bits else ""} for crop in sheet.crops]}
            for sheet in sheets]
    return json.dumps(data).replace("</", "<\\/")


def words_section(groups: list[Group], rows: list[Row]) -> str:
    text = ""
    for own in groups:
        text += f"<h3>{escape(own.clip)}, {escape(own.encoder)}</h3>\n<ul>"
        for about, sentence in summary(own, rows):
            text += f"<li>{f'<b>{escape(about)}</b>: ' if about else ''}{escape(sentence)}</li>\n"
        text += "</ul>"
    return text


def chain_table(chains: list[Chain]) -> str:
    return table(["chain", "made small by", "enlarged by"],
                 [[escape(chain.name), f"<code>{escape(chain.down)}</code>", f"<code>{escape(chain.up)}</code>"]
                  for chain in chains])


def error_section(cells: list[Cell]) -> str:
    failed = [cell for cell in cells if cell.error]
    if not failed:
        return ""
    lines = "".join(f"<li>{escape(cell.name())}: {escape(cell.error)}</li>" for cell in failed)
    return f"<section class=errors><h2>Cells that failed</h2><ul>{lines}</ul></section>"


def page(groups: list[Group], cells: list[Cell], rows: list[Row], sheets: list[Sheet],
         plots: dict[tuple[str, str], dict[str, bytes]], about: list[str]) -> str:
    chains = list(dict.fromkeys(chain for own in groups for chain in own.chains))
    parts = {
        "STYLE": (HERE / "page.css").read_text(encoding="utf-8"),
        "SCRIPT": (HERE / "page.js").read_text(encoding="utf-8"),
        "TITLE": escape(", ".join(dict.fromkeys(own.clip for own in groups))),
        "ABOUT": "".join(f"<li>{escape(line)}</li>" for line in about),
        "CHAINS": chain_table(chains),
        "ERRORS": error_section(cells),
        "HEADLINE": headline(rows),
        "HULLS": hull_table(rows),
        "GROUPS": "".join(group_section(own, rows, plots[own.clip, own.encoder]) for own in groups),
        "WORDS": words_section(groups, rows),
        "CROPS": viewer_data(sheets),
    }
    # In one pass: what is put in is not looked at again.
    pieces = (HERE / "page.html").read_text(encoding="utf-8").split("@@")
    return "".join(parts[piece] if odd else piece for piece, odd in zip(pieces, [False, True] * len(pieces)))
