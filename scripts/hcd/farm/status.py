# SPDX-License-Identifier: BSD-2-Clause
"""What an operator reads of a job, on a terminal of 100 columns; and the same for machines."""

from collections import Counter

from hcd.farm import overview as views
from hcd.farm.job import DONE, FAILED, RUNNING, STOPPED, Job
from hcd.farm.overview import AGAIN, BLOCKED, LOST, SILENT, WAITING, Engine, EngineStates, Overview, TitleView, gather
from hcd.farm.pace import Pace, pace
from hcd.farm.results import Result, results
from hcd.farm.status_json import to_json
from hcd.farm.task_lines import advice, damaged_part, failed_part, lost_part, running_part, section, unfit_part
from hcd.farm.wording import bit_rate, count, cut, moment, padded, plain, span, wide, wrapped

__all__ = ["status", "to_json"]

MANY = 20  # lines of a kind; more of them are counted
WORDS = {DONE: "done", RUNNING: "runs", SILENT: "silent", LOST: "LOST", FAILED: "FAILED", STOPPED: "halted",
         AGAIN: "again", WAITING: "waits", BLOCKED: "-"}
REASONS = {"Dependency": "for the steps before them", "Resources": "for a free node", "Priority": "for a free node",
           "BeginTime": "to be started again", "JobArrayTaskLimit": "for others of the array to end",
           "JobHeldUser": "held: scontrol release", "JobHeldAdmin": "held: scontrol release",
           "ReqNodeNotAvail": "for nodes that are not available", "PartitionDown": "for a partition that is down",
           "launch failed requeued held": "held, since a node could not start them: scontrol release"}
COLUMNS = (("title", 24), ("probe", 6), ("chunks", 25), ("tune", 6), ("join", 6), ("check", 6), ("quality", 8), ("kb/s", 0))


def status(job: Job, engine_states: EngineStates | None, engine: str = "the engine", everything: bool = False,
           busy: bool = False, now: float | None = None) -> str:
    """`engine_states`: of each task that the engine knows (by the Task, or by overview.task_key()) its state, node and
    reason; None where it does not answer. `busy`: see overview.Engine; `everything`: every title and task has its line."""
    about = gather(job, Engine(engine_states, engine, busy), now)
    speed = pace(about)
    limit = len(about.tasks) + len(about.titles) if everything else MANY
    parts = [head(about, speed), titles_part(about, limit, everything), running_part(about, speed, limit),
             lost_part(about, limit), unfit_part(about, limit), damaged_part(about, limit), failed_part(about, limit),
             advice(about)]
    return "\n\n".join(filter(None, parts)) + "\n"


# ---- the head ----

def head(about: Overview, speed: Pace) -> str:
    """The whole job in a few lines."""
    plan, counts = about.job.plan, about.title_counts
    frames = sum(title.title.frames for title in about.titles if not title.title.failed)
    done = about.frames_done
    titles = ", ".join(f"{counts[state]} {name}" for state, name in
                       ((DONE, "done"), (RUNNING, "at work"), (FAILED, "failed"), (STOPPED, "stopped"), (LOST, "lost"),
                        (WAITING, "waiting")) if counts[state])
    text = f"job {cut(plan.name, 40)}: {count(len(about.titles), 'title')} ({titles}); {done} of {frames} frames coded"
    text += f", {percent(done, frames)} %" if frames else ""
    lines = [text, rest_words(about, speed), "; ".join(filter(None, [pace_words(about, speed), begun(about)])),
             f"tasks: {task_counts(about)}"]
    lines = [wrapped(line) for line in lines if line]
    if not about.engine.answers:
        lines.append(wrapped(f"{about.engine.name} does not answer: from the files alone"))
    elif waits := reasons(about):
        lines.append(wrapped(f"waiting: {waits}"))
    if about.ahead() > views.LATELY:
        lines.append(wrapped(f"clocks differ: the newest record is {span(about.ahead())} ahead of this machine's clock"))
    if said := warnings(about):
        lines.append(f"{count(said, 'task')} had warnings (scripts/farm report lists them)")
    return "\n".join(lines)


def percent(part: int, whole: int) -> int:
    """100 only where nothing is missing."""
    return min(99, 100 * part // whole) if part < whole else 100


def task_counts(about: Overview) -> str:
    names = ((DONE, "done"), (RUNNING, "running"), (SILENT, "silent"), (LOST, "lost"), (FAILED, "failed"), (STOPPED, "stopped"),
             (AGAIN, "failed and asked for again"), (WAITING, "waiting"), (BLOCKED, "not possible any more"))
    found = [f"{about.counts[state]} {name}" for state, name in names if about.counts[state] or state in (DONE, RUNNING)]
    return f"{', '.join(found)}, of {len(about.tasks)}"


def begun(about: Overview) -> str:
    first, last = about.times
    if first is None:
        made = about.job.plan.made
        return f"planned {moment(made, about.now)}, nothing has begun" if made else "nothing has begun"
    text = f"begun {moment(first, about.now)}, {span(about.now - first)} ago"
    return f"{text}; ended {moment(last, about.now)}, after {span(last - first)}" if about.over and last else text


def pace_words(about: Overview, speed: Pace) -> str:
    if about.over or not speed.left or about.times[0] is None:
        return ""
    nodes = len({view.node for view in about.tasks if view.state == RUNNING})
    if speed.speed is None:
        return "the speed is known once a chunk is done" if not about.frames_done else "nothing was coded in the last 10 minutes"
    factor = f" ({speed.times:.2g} x real time)" if speed.times else ""
    return f"{speed.speed:.3g} frames/s{factor}" + (f" on {count(nodes, 'node')}" if nodes else "")


def rest_words(about: Overview, speed: Pace) -> str:
    """When it will end, as far as that is known."""
    if about.over:
        return ""
    steps = " and ".join(filter(None, [", ".join(speed.tail[:-1]), *speed.tail[-1:]]))
    if speed.left_s is not None:
        end = about.now + speed.left_s
        broken = " without what has failed" if any(about.counts[state] for state in views.BROKEN) else ""
        left = f"about {span(speed.left_s)} left{broken}, ends about {moment(end, about.now)}"
        return left if speed.left_s >= 1 else f"about to end{broken}"
    if speed.chunks_s is None:
        return ""
    unknown = f"{steps}, of which none has been done yet" if steps else ""
    if not speed.chunks_s:
        return f"all chunks are done; what is left: {unknown}"
    end = moment(about.now + speed.chunks_s, about.now)
    return f"all chunks done in about {span(speed.chunks_s)}, about {end}, then {unknown}"


def reasons(about: Overview) -> str:
    """Why tasks wait, as the engine has it."""
    found = Counter(view.reason for view in about.tasks if view.asked and view.state in (WAITING, AGAIN) and
                    view.reason not in ("", "None"))
    words = []
    for reason, number in found.most_common():
        known = REASONS.get(reason.partition(",")[0])  # behind it the nodes' names
        words.append(f"{number} {known} ({plain(reason)})" if known else f"{number}: {plain(reason)}")
    return "; ".join(words)


def warnings(about: Overview) -> int:
    return sum(1 for view in about.tasks if view.record and any("warning" in line.lower() for line in view.record.said))


# ---- titles ----

def titles_part(about: Overview, limit: int, everything: bool) -> str:
    """Where there are many: those in which something happens."""
    shown = about.titles
    if len(shown) > limit and not everything:
        shown = [title for title in shown if title.state not in (DONE, WAITING)]
        shown.sort(key=lambda title: title.state != FAILED)
    top = "".join(padded(name, columns) + " " for name, columns in COLUMNS).rstrip()
    text = section(top, [title_line(title, everything) for title in shown], limit)
    left = Counter(title.state for title in about.titles if title not in shown) if len(shown) < len(about.titles) else Counter()
    rest = ", ".join(f"{left[state]} {name}" for state, name in ((DONE, "done"), (WAITING, "not begun")) if left[state])
    return "\n".join(filter(None, [text, f"  {'beside them: ' if text else ''}{rest} (--all lists them)" if rest else ""]))


def title_line(title: TitleView, everything: bool = False) -> str:
    name = padded(cut(title.title.name, COLUMNS[0][1]), COLUMNS[0][1])
    if title.title.failed:
        return f"{name} FAILED when it was planned"
    cells = [step_word(title, "probe"), chunk_words(title)] + [step_word(title, step) for step in ("tune", "join", "check")]
    line = " ".join([name, *(padded(cell, columns) for cell, (_, columns) in zip(cells, COLUMNS[1:]))])
    own = [f"{padded(short_quality(each), COLUMNS[6][1])} {bit_rate(each.bits, each.seconds)}" for each in results(title)]
    if own and everything:  # one below the other
        return (line + " " + ("\n" + " " * (wide(line) + 1)).join(own)).rstrip()
    return f"{line} {own[0] if own else ''}{f' +{len(own) - 1}' if len(own) > 1 else ''}".rstrip()


def short_quality(result: Result) -> str:
    if result.value is not None and result.measure not in ("", "psnr"):
        return f"{result.value:.1f} {result.measure.rpartition('-')[2]}"[:COLUMNS[6][1]]
    return "" if result.psnr is None else f"{result.psnr:.2f} dB"


def step_word(title: TitleView, step: str) -> str:
    view = title.step(step)
    return WORDS[view.state] if view else "-"


def chunk_words(title: TitleView) -> str:
    """As 12/43, 3 run, 1 failed."""
    counts = title.chunk_counts
    words = [f"{counts[DONE]}/{len(title.chunks)}"]
    words += [f"{counts[state]} {name}" for state, name in
              ((FAILED, "failed"), (LOST, "lost"), (SILENT, "silent"), (STOPPED, "stopped"), (RUNNING, "run"), (AGAIN, "again"))
              if counts[state]]
    # The rest stands in the lists below.
    while len(", ".join(words)) > COLUMNS[2][1]:
        words.pop()
    return ", ".join(words)
