# SPDX-License-Identifier: BSD-2-Clause
"""The report of a job: a page over all titles that needs nothing else, and a table for machines."""

from pathlib import Path

from hcd.farm import falling
from hcd.farm.job import DONE, Job, write_shared
from hcd.farm.overview import Engine, TitleView, gather
from hcd.farm.report_page import page
from hcd.farm.report_words import why_lines
from hcd.farm.results import Result, of_chunks, results
from hcd.farm.spent import spent
from hcd.files import csv_text, number

COLUMNS = ("title", "state", "output", "file", "size", "model", "bits", "kbit_per_s", "psnr", "measure", "value", "frames",
           "seconds", "source_frames", "source_seconds", "chunks", "chunks_done", "weakest_chunks", "most_attempts",
           "elapsed_seconds", "node_seconds", "cpu_seconds", "why")


def write(job: Job, now: float | None = None) -> Path:
    """report.html, whose path it gives back, and report.csv. A job that is still at work gets what is there."""
    about = gather(job, Engine(None), now)
    rows = [row for title in about.titles for row in title_rows(title)]
    # Names of files need not be text.
    write_shared(job.path / "report.csv", csv_text(rows or [dict.fromkeys(COLUMNS, "")]).encode("utf-8", "backslashreplace"))
    path = job.path / "report.html"
    write_shared(path, page(about).encode("utf-8", "backslashreplace"))
    return path


def title_rows(title: TitleView) -> list[dict]:
    """One for each output; where there is none yet, or never, one with what is known."""
    return [row(title, result) for result in results(title) or [Result("")]]


def row(title: TitleView, result: Result) -> dict:
    own = spent(title.tasks)
    psnrs = of_chunks(title, result.name, "psnr")
    values = (title.title.name, title.state, result.name, result.file, result.size, result.model, number(result.bits, 0),
              number(result.bits / result.seconds / 1000 if result.bits and result.seconds else None, 3),
              number(result.psnr, 3), result.measure, number(result.value, 3), number(result.frames, 0),
              number(result.seconds, 3), title.title.frames, number(title.title.seconds, 3), len(title.chunks),
              title.chunk_counts[DONE], " ".join(str(index) for index in falling.weakest(psnrs)), own.attempts,
              number(own.elapsed, 1), number(own.seconds, 1), number(own.cpu, 1), "; ".join(why_lines(title)))
    return dict(zip(COLUMNS, values, strict=True))
