# SPDX-License-Identifier: BSD-2-Clause
"""The tables and figures as Markdown and CSV."""

from hcd.files import csv_text, markdown_table, number
from hcd.paper.exhibits import Entry, Exhibit
from hcd.paper.plan import Plan, Summary
from hcd.paper.reference import Published


def published_text(score: Published, with_cost: bool) -> str:
    text = f"{score.psnr_y:.2f}"
    if score.ssim > 0:
        text += f" / {score.ssim:.4f}"
    if with_cost and score.seconds > 0:
        text += f", {score.seconds:.2f} s"
    return f" ({text})"


def cell_text(entry: Entry, summary: Summary, with_cost: bool) -> str:
    text = summary.status.partition(":")[0]  # the CSV says why
    if text == "done":
        text = f"{summary.psnr_y:.2f} / {summary.ssim:.4f}"
        if with_cost:
            text += f", {summary.seconds:.2f} s, {summary.peak_mib:.0f} MiB"
    return text + (published_text(entry.published, with_cost) if entry.published else "")


def table(exhibit: Exhibit, plan: Plan) -> str:
    columns = list(dict.fromkeys(entry.column for entry in exhibit.entries))
    cells: dict[str, dict[str, str]] = {}
    for entry in exhibit.entries:
        text = cell_text(entry, plan.summary(entry.experiment), exhibit.with_cost)
        cells.setdefault(entry.row, {}).setdefault(entry.column, text)
    return markdown_table([exhibit.first_column, *columns],
                          [[row, *(own.get(column, "") for column in columns)] for row, own in cells.items()])


def csv_row(entry: Entry, summary: Summary) -> dict[str, str]:
    """`cell`: stem of the kept pictures, in the output folder."""
    done, published = summary.status == "done", entry.published or Published(0)

    def if_done(value: float, decimals: int) -> str:
        return number(value if done else None, decimals)

    def if_given(value: float, decimals: int) -> str:
        return number(value or None, decimals)

    return {"row": entry.row, "column": entry.column, "x": number(entry.x, 4), "pictures": str(summary.pictures),
            "psnr_y": if_done(summary.psnr_y, 4), "ssim": if_done(summary.ssim, 6),
            "seconds": if_done(summary.seconds, 3), "peak_mib": if_done(summary.peak_mib, 1),
            "published_psnr_y": if_given(published.psnr_y, 2), "published_ssim": if_given(published.ssim, 4),
            "published_seconds": if_given(published.seconds, 2), "status": summary.status, "options": summary.options,
            "cell": f"cache/{summary.cell}" if done else ""}


def to_csv(exhibit: Exhibit, plan: Plan) -> str:
    return csv_text([csv_row(entry, plan.summary(entry.experiment)) for entry in exhibit.entries])


def to_markdown(exhibits: list[Exhibit], plan: Plan, heading: list[str]) -> str:
    """A page with all exhibits. `heading`: lines about the run."""
    text = "# The paper's tables and figures\n\n" + "".join(f"{line}\n" for line in heading)
    for exhibit in exhibits:
        text += f"\n## {exhibit.title}\n\n{table(exhibit, plan)}\n" + "".join(f"{note}\n" for note in exhibit.notes)
        if exhibit.is_figure:
            text += f"\n![{exhibit.title}]({exhibit.name}.png)\n"
    return text
