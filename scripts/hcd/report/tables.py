# SPDX-License-Identifier: BSD-2-Clause
"""The CSV files of a report."""

from pathlib import Path

from hcd.files import csv_text, number, write_whole
from hcd.report.cells import Cell
from hcd.report.compare import Row
from hcd.report.measure import MEASURES

TIMES = ("encode_s", "encode_cpu_s", "enlarge_s", "enlarge_cpu_s")


def result_row(cell: Cell, preset: str) -> dict:
    clip = cell.clip
    row = {"clip": clip.name, "width": clip.width, "height": clip.height, "frames": clip.frames, "rate": str(clip.rate),
           "encoder": cell.encoder.name, "preset": preset, "chain": cell.chain.name, "crf": f"{cell.crf:g}",
           "bits": cell.bits or "", "weight_bits": cell.weight_bits, "header_bits": cell.header_bits,
           "kbit_per_s": number(cell.kbps(), 3) if cell.bits else ""}
    row |= {measure.name: number(cell.values.get(measure.name), measure.decimals + 1) for measure in MEASURES}
    row |= {name: number(cell.times.get(name), 2) for name in TIMES}
    return row | {"error": cell.error}


def comparison_row(row: Row) -> dict:
    difference = row.difference
    return {"kind": row.kind, "clip": row.clip, "encoder": row.encoder, "measure": row.measure, "anchor": row.anchor,
            "tested": row.tested, "unit": row.unit, "value": number(difference.value, 3),
            "overlap": number(difference.overlap, 3), "why": difference.why}


def write_tables(folder: Path, cells: list[Cell], rows: list[Row], preset: str) -> None:
    write_whole(folder / "results.csv", csv_text([result_row(cell, preset) for cell in cells]).encode())
    if rows:
        write_whole(folder / "bdrate.csv", csv_text([comparison_row(row) for row in rows]).encode())
