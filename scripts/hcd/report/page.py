# SPDX-License-Identifier: BSD-2-Clause
"""The page: one file that needs nothing else."""

import base64
import json
from html import escape
from pathlib import Path

from hcd.report import page_tables as tables
from hcd.report import words
from hcd.report.cells import Cell
from hcd.report.compare import Row
from hcd.report.crops import Sheet
from hcd.report.group import Group
from hcd.report.measure import FIRST, MEASURES

HERE = Path(__file__).parent
Plots = dict[tuple[str, str], dict[str, bytes]]  # by clip and encoder, then by kind


def image(png: bytes | None, about: str) -> str:
    return f"<img class=plot alt='{escape(about)}' src='{data_uri(png)}'>\n" if png else ""


def data_uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def folded(title: str, content: str) -> str:
    return f"<details><summary>{escape(title)}</summary>\n{content}</details>\n"


def listed(lines: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{line}</li>\n" for line in lines) + "</ul>\n"


def title_of(own: Group) -> str:
    return f"{own.clip}, {own.encoder}"


def verdict_section(groups: list[Group], plots: Plots) -> str:
    """For each clip and encoder the words, and the hulls' plot."""
    text = ""
    for own in groups:
        text += f"<h3>{escape(title_of(own))}</h3>\n"
        said = words.verdict(own)
        text += listed([f"<b>{escape(who)}</b>" + "".join(f"<br>by {escape(label)}: {escape(sentence)}."
                                                         for label, sentence in lines)
                        for who, lines in said]) if said else "<p>Full size, or a smaller one, was not measured.</p>"
        text += image(plots[own.clip, own.encoder].get("hull"), f"hulls of {title_of(own)}")
    return text


def words_section(groups: list[Group], rows: list[Row]) -> str:
    text = ""
    for own in groups:
        text += f"<h3>{escape(title_of(own))}</h3>\n"
        text += listed([f"<b>{escape(who)}, {escape(label)}</b>: {escape(sentence)}."
                        for who, label, sentence in words.other_measures(own)]
                       + [escape(sentence) for sentence in words.about_claims(own, rows)])
    return text


def group_section(own: Group, rows: list[Row], plots: dict[str, bytes]) -> str:
    pairs = [row for row in rows if row.kind == "pair" and (row.clip, row.encoder) == (own.clip, own.encoder)]
    clip = own.cells[own.chains[0].name][0].clip
    cells = [cell for chain in own.chains for cell in own.cells[chain.name]]
    return (f"<h3>{escape(title_of(own))}</h3><p>{clip.width}×{clip.height}, {clip.frames} frames, "
            f"{float(clip.rate):g} per second, {escape(clip.frame_format)}</p>\n"
            + image(plots.get("curves"), f"curves of {title_of(own)}")
            + folded("other measures", image(plots.get("more"), f"more curves of {title_of(own)}"))
            + folded("what each chain costs", tables.cost_table(own))
            + folded("pairs of one size, and against full size: the chain of the line against that of the column",
                     "".join(tables.pair_table(own, measure, [row for row in pairs if row.measure == measure.name])
                             for measure in own.measured() if measure.rising))
            + folded("all points", tables.points_table(cells, own.measured())))


def viewer_data(sheets: list[Sheet]) -> str:
    data = [{"title": f"{sheet.clip}, {sheet.encoder}, about {sheet.target / 1000:.1f} kbit", "where": sheet.where,
             "crops": [{"chain": crop.chain, "note": crop.note, "png": data_uri(crop.png) if crop.png else "",
                        "kbit": f"{crop.bits / 1000:.1f} kbit" if crop.bits else ""} for crop in sheet.crops]}
            for sheet in sheets]
    return json.dumps(data).replace("</", "<\\/")


def error_section(cells: list[Cell]) -> str:
    failed = [cell for cell in cells if cell.error]
    if not failed:
        return ""
    lines = "".join(f"<li>{escape(cell.name())}: {escape(cell.error)}</li>" for cell in failed)
    return f"<section class=errors><h2>Cells that failed</h2><ul>{lines}</ul></section>"


def page(groups: list[Group], cells: list[Cell], rows: list[Row], sheets: list[Sheet], plots: Plots,
         about: list[str]) -> str:
    chains = list(dict.fromkeys(chain for own in groups for chain in own.chains))
    rising = [measure for measure in MEASURES if measure.rising]
    parts = {
        "STYLE": (HERE / "page.css").read_text(encoding="utf-8"),
        "SCRIPT": (HERE / "page.js").read_text(encoding="utf-8"),
        "TITLE": escape(", ".join(dict.fromkeys(own.clip for own in groups))),
        "ABOUT": listed([escape(line) for line in about]),
        "CHAINS": tables.chain_table(chains),
        "ERRORS": error_section(cells),
        "VERDICT": verdict_section(groups, plots),
        "LEAD": tables.lead_table(groups, rows),
        "HULLS": tables.each(rows, "hull", [each for each in rising if each.name not in FIRST], "viewer"),
        "SHARES": tables.each(rows, "share", rising, "viewer: ingredient"),
        "CLAIMS": tables.claim_table(rows),
        "WORDS": words_section(groups, rows),
        "GROUPS": "".join(group_section(own, rows, plots[own.clip, own.encoder]) for own in groups),
        "CROPS": viewer_data(sheets),
    }
    # In one pass: what is put in is not looked at again.
    pieces = (HERE / "page.html").read_text(encoding="utf-8").split("@@")
    return "".join(parts[piece] if odd else piece for piece, odd in zip(pieces, [False, True] * len(pieces)))
