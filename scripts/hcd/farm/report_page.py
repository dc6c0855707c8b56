# SPDX-License-Identifier: BSD-2-Clause
"""The page of a job: one file that needs nothing else."""

import os
from html import escape
from pathlib import Path
from urllib.parse import quote

from hcd.farm.causes import cause
from hcd.farm.job import DONE, FAILED
from hcd.farm.overview import Overview, TitleView
from hcd.farm.quality_picture import picture, weak_lines
from hcd.farm.report_words import STATES, attempt_lines, broken, options_line, said_lines, why_lines
from hcd.farm.results import Result, results, rungs
from hcd.farm.spent import by_node, spent
from hcd.farm.wording import bit_rate, count, moment, plain, span

HERE = Path(__file__).parent
STYLES = (HERE.parent / "report" / "page.css", HERE / "report.css")
MOST_TEXT = 20_000  # characters of a reason


def text(words: object) -> str:
    return escape(plain(str(words)))


def table(head: list[str], rows: list[list[str]], words: tuple[int, ...] = ()) -> str:
    """Cells are HTML already. `words`: columns of text that may be wrapped."""
    def cell(tag: str, place: int, content: str) -> str:
        return f"<{tag}{' class=words' if place in words else ''}>{content}</{tag}>"
    lines = ["".join(cell("td", place, content) for place, content in enumerate(row)) for row in rows]
    return (f"<div class=wide><table><thead><tr>{''.join(cell('th', place, text(name)) for place, name in enumerate(head))}</tr>"
            f"</thead><tbody>\n{''.join(f'<tr>{line}</tr>' + chr(10) for line in lines)}</tbody></table></div>\n")


def listed(lines: list[str]) -> str:
    """Plain text."""
    return "<ul>" + "".join(f"<li>{text(line)}</li>\n" for line in lines) + "</ul>\n" if lines else ""


def headed(name: str, content: str) -> str:
    return f"<h3>{text(name)}</h3>\n{content}" if content else ""


def state_words(state: str) -> str:
    return f"<span class={state.upper()}>{text(STATES.get(state, state))}</span>"


# ---- sections ----

def about_lines(about: Overview) -> list[str]:
    plan, (first, last) = about.job.plan, about.times
    lines = [f"folder: {about.job.path}"]
    if first:
        ended = f"ended {moment(last, 0.0)}" if about.over and last else f"not finished at {moment(about.now, 0.0)}"
        lines.append(f"begun {moment(first, 0.0)}, {ended}, after {span((last if about.over and last else about.now) - first)}")
    if plan.build.get("id"):
        lines.append(f"build {plan.build['id']}" + "".join(f", {name} {value}" for name, value in plan.settings.items()))
    return lines


def totals(about: Overview) -> str:
    """Over all titles; what an hour of a node makes is of titles that are done."""
    counts, all_own = about.title_counts, spent(about.tasks)
    done = [title for title in about.titles if title.state == DONE]
    open_ones = len(about.titles) - counts[DONE] - counts[FAILED]
    of_done = spent(view for title in done for view in title.tasks)
    source, source_done = (sum(title.title.seconds for title in titles) / 3600 for titles in (about.titles, done))
    bits = sum(result.bits or 0 for title in done for result in results(title))
    rows = [("titles", f"{len(about.titles)}: {counts[DONE]} done, {counts[FAILED]} failed, {open_ones} open"),
            ("hours of source", f"{source:.3g}, of which {source_done:.3g} are done"),
            ("node-hours", f"{all_own.seconds / 3600:.3g} (of the last attempt of each task)"),
            ("CPU hours", f"{all_own.cpu / 3600:.3g}"),
            ("hours of source per node-hour", f"{source_done / of_done.seconds * 3600:.3g} (of titles that are done)"
             if done and of_done.seconds else "not known: no title is done"),
            ("bits of finished files", f"{bits:.0f}: {bits / 8e6:.4g} MB" if bits else "none yet")]
    return table(["", "of the job"], [[text(name), text(value)] for name, value in rows], words=(1,))


def failures(about: Overview) -> str:
    lines = []
    for title in about.titles:
        for line in why_lines(title):
            hint = cause(line)
            lines.append(f"<li><a href='#t{title.number}'>{text(title.title.name)}</a>: {text(line)}"
                         f"{f'<br>{text(hint)}' if hint else ''}</li>\n")
    return f"<section class=errors><h2>What failed</h2><ul>{''.join(lines)}</ul></section>\n" if lines else ""


def output_link(result: Result) -> str:
    """Of the finished file, beside this page."""
    if not result.file:
        return text(result.name or "")
    return f"<a href='./{escape(quote(os.fsencode(result.file)))}'>{text(Path(result.file).name)}</a>"


def title_table(about: Overview) -> str:
    rows = []
    for title in about.titles:
        own = spent(title.tasks)
        for place, result in enumerate(results(title) or [Result("")]):
            first = not place
            psnr = "" if result.psnr is None else f"{result.psnr:.2f} dB"
            value = "" if result.value is None or result.measure == "psnr" else f"{result.measure} {result.value:.2f}"
            rows.append([f"<a href='#t{title.number}'>{text(title.title.name)}</a>" if first else "",
                         state_words(title.state) if first else "", output_link(result), text(result.size), text(result.model),
                         bit_rate(result.bits, result.seconds), text(psnr), text(value),
                         chunk_words(title) if first else "", span(title.title.seconds) if first else "",
                         span(own.elapsed) if first else "", span(own.seconds) if first else "", span(own.cpu) if first else ""])
    return table(["title", "state", "output", "size", "model", "kb/s", "PSNR", "quality", "chunks", "length", "elapsed",
                  "node time", "CPU time"], rows, words=(0, 2))


def chunk_words(title: TitleView) -> str:
    return f"{title.chunk_counts[DONE]}/{len(title.chunks)}"


def node_table(about: Overview) -> str:
    nodes = by_node(about.tasks)
    if not nodes:
        return "<p>No task has run yet.</p>\n"
    rows = [[text(name or "not known"), str(own.tasks), str(own.failed), span(own.seconds), span(own.cpu),
             f"{own.frames / own.chunk_seconds:.2f}" if own.chunk_seconds else "", text(", ".join(own.models))]
            for name, own in nodes.items()]
    models = sorted({model for own in nodes.values() for model in own.models})
    note = f"<p>Chunks were made by {len(models)} kinds of CPU ({text('; '.join(models))}). Sums of floating-point numbers may " \
           "differ between them in their last digit: a run on one machine need not give the same bits.</p>\n" \
        if len(models) > 1 else ""
    return table(["node", "tasks", "failed", "node time", "CPU time", "frames/s of a task", "CPU"], rows, words=(6,)) + note


def title_section(about: Overview, title: TitleView) -> str:
    """Folded, but for what failed."""
    content = "".join(rung_section(about, title, rung) for rung in rungs(title))
    content += headed("what failed", "".join(reasons(title)))
    content += headed("more than one attempt", listed(attempt_lines(title)))
    content += headed("warnings", listed(said_lines(title, warnings=True)))
    content += headed("what else was said", listed(said_lines(title, warnings=False)))
    asked = options_line(title)
    content += f"<p><small>source: {text(title.title.options.get('source', ''))}"
    content += f"; {count(title.title.frames, 'frame')}, {count(len(title.chunks), 'chunk')}"
    content += f"; options: {text(asked)}</small></p>\n" if asked else "</small></p>\n"
    summary = f"{text(title.title.name)}: {state_words(title.state)}"
    shown = " open" if title.state == FAILED else ""
    return f"<details id=t{title.number}{shown}><summary>{summary}</summary>\n{content}</details>\n"


def rung_section(about: Overview, title: TitleView, rung: str) -> str:
    own = picture(title, rung)
    if not own:
        return ""
    weak = weak_lines(about.job, title, rung)
    return headed(f"chunks of {rung}", own + (f"<p>Chunks whose quality falls off:</p>\n{listed(weak)}" if weak else ""))


def reasons(title: TitleView) -> list[str]:
    """In full, each once."""
    if title.title.failed:
        return [f"<p>when it was planned:</p><pre>{full(title.title.failed)}</pre>\n"]
    whole = dict.fromkeys(view.record.text for view in broken(title) if view.record and view.record.text.strip())
    return [listed(why_lines(title))] * bool(broken(title)) + [f"<pre>{full(own)}</pre>\n" for own in whole
                                                               if len(own.strip().splitlines()) > 1]


def full(words: str) -> str:
    return "\n".join(text(line) for line in words[:MOST_TEXT].strip().splitlines())


def page(about: Overview) -> str:
    name = about.job.plan.name
    style = "\n".join(path.read_text(encoding="utf-8") for path in STYLES)
    return (f"<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width'>"
            f"<meta name=color-scheme content='light dark'>\n<title>{text(name)}: report</title>\n"
            f"<style>\n{style}</style></head><body>\n"
            f"<h1>{text(name)}</h1>\n{listed(about_lines(about))}{totals(about)}{failures(about)}"
            f"<h2>Titles</h2>\n{title_table(about)}<h2>Nodes</h2>\n{node_table(about)}"
            f"<h2>Each title</h2>\n{''.join(title_section(about, title) for title in about.titles)}</body></html>\n")
