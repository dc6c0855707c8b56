# SPDX-License-Identifier: BSD-2-Clause
"""What scripts/farm simulate prints."""

from dataclasses import dataclass
from statistics import fmean, median, pstdev

from hcd.farm.simulation import measured
from hcd.farm.simulation.limits import LEAST_EFFICIENCY, Limit, Scale
from hcd.farm.simulation.model import Farm, Outcome, Work

NEAR = 0.5   # of a limit: from there on it is marked
FAR = 0.001  # below it nobody asks where it ends
OWN = 0.7    # of a task's threads: a node that is its own keeps as many CPUs busy
FEW = 20     # chunks
LONGER = 10  # times that a title may be as long as a measured one, for steps that grow with it


@dataclass(frozen=True)
class Result:
    """`frames`: of all titles; `hours`: of one; `scan`: seconds of the plan."""
    found: measured.Farm
    titles: list[Work]
    farm: Farm
    told: Outcome
    scales: list[Scale]
    limits: list[Limit]
    frames: int
    hours: float
    scan: float


def text(result: Result) -> str:
    parts = (measured_part, run_part, storage_part, tail_part, loss_part, scale_part, limits_part)
    return "\n\n".join("\n".join(part(result)) for part in parts)


def time(seconds: float) -> str:
    if seconds >= 100 * 3600:
        return f"{seconds / 3600:.0f} h"
    if seconds >= 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.1f} min" if seconds >= 120 else f"{seconds:.1f} s"


def size(count: float) -> str:
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count / 1e3:.3g} kB"


def percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"


def plural(count: int, name: str) -> str:
    return f"{count:,} {name}{'s' * (count != 1)}"


def measured_part(result: Result) -> list[str]:
    found = result.found
    chunks = [chunk for title in found.titles for chunk in title.chunks]
    costs = [[chunk.cpu / chunk.frames for chunk in title.chunks] for title in found.titles]
    spread = fmean(pstdev(own) / fmean(own) for own in costs)
    lengths = sorted(chunk.frames for chunk in chunks)
    steps = ", ".join(f"{name} {fixed:.1f} CPU s" + (f" and {1000 * growing:.2g} for 1,000 frames" if growing else "")
                      for name, (fixed, growing) in found.steps.items())
    nodes = "one node" if not found.nodes else \
        f"{len(found.nodes)} nodes, whose seconds are {found.nodes[0]:.2f} to {found.nodes[-1]:.2f} of the mean"
    lines = [f"measured: {plural(len(chunks), 'chunk')} of {plural(len(found.titles), 'title')} on {nodes}",
             f"  a frame: {median(sum(costs, [])):.4g} CPU s (median; spread within a title {100 * spread:.0f} %), "
             f"{size(fmean(title.read for title in found.titles))} of source",
             f"  a chunk: {lengths[0]} to {lengths[-1]} frames, median {median(lengths):g}; keeps {found.busy:.2f} CPUs busy",
             f"  between two tasks of a node: {'not measured' if found.start is None else f'{found.start:.2f} s'}",
             f"  other steps: {steps or 'none'}"]
    if found.busy < OWN * found.threads:
        lines.append(f"  for {plural(found.threads, 'thread')} that is little: if the nodes had other work, --busy takes it out")
    if len(chunks) < FEW:
        lines.append("  few chunks: their spread says little of a farm's")
    longer = result.frames / len(result.titles) / max(title.frames for title in found.titles)
    if longer > LONGER:
        lines.append(f"  simulated titles are {longer:,.0f} times as long: what of the other steps grows with a title is not "
                     "seen in these")
    return lines


def run_part(result: Result) -> list[str]:
    told, farm = result.told, result.farm
    held, source = farm.nodes * told.seconds / 3600, result.hours * len(result.titles)
    count = sum(len(title.chunks) for title in result.titles)
    return [f"simulated: {plural(len(result.titles), 'title')} of {result.hours:.3g} h ({result.frames:,} frames) in "
            f"{plural(count, 'chunk')}, on {plural(farm.nodes, 'node')}, seed {farm.seed}",
            f"  submission {time(told.submitted)}; run {time(told.seconds)}; before it the plan: {time(result.scan)} on one "
            "machine",
            f"  node-hours: {held:,.1f} held, {told.busy / 3600:,.1f} at work ({percent(told.busy / 3600 / held)}); "
            f"{source / held:.3g} h of source a node-hour held"]


def storage_part(result: Result) -> list[str]:
    told, farm = result.told, result.farm
    lines = ["shared storage"]
    for name, shared, limit, shown in (("bytes", told.bytes, farm.bandwidth, size),
                                       ("operations", told.operations, farm.operations, "{:,.0f}".format)):
        mean = shared.total / told.seconds

        def share(count: float, of=limit, shown=shown) -> str:
            if not of:
                return f"{shown(count)}/s"
            used = f"{percent(count / of)} of" if count < 10 * of else f"{count / of:,.0f} times"
            return f"{shown(count)}/s ({used} the limit)"
        lines.append(f"  {name}: {shown(shared.total)} in all; mean {share(mean)}, peak {share(shared.peak)}; "
                     f"asked for at most {share(shared.asked)}")
    lines.append(f"  too slow for what was asked for: {time(told.short)} of {time(told.seconds)}")
    return lines


def tail_part(result: Result) -> list[str]:
    told, farm = result.told, result.farm
    wasted = told.idle_in_drain / (farm.nodes * told.seconds)
    times = f", on a node {told.slowest:.2g} times slower than the others" if told.slowest >= 1.1 else ""
    return ["tail",
            f"  no task waits for a node in the last {time(told.drain)} ({percent(told.drain / told.seconds)} of the run): "
            f"{told.idle_in_drain / 3600:,.1f} node-hours idle, {percent(wasted)} of those held",
            f"  in the last 1 % of the time {told.idle:,.1f} of {plural(farm.nodes, 'node')} have nothing to do",
            f"  the last to end: {told.last}{times}"]


def loss_part(result: Result) -> list[str]:
    told = result.told
    return ["losses",
            f"  {plural(told.losses, 'node')} lost; {plural(told.redone, 'task')} redone; {told.lost / 3600:,.2f} node-hours of "
            f"work lost ({percent(told.lost / told.busy)}), {told.down / 3600:,.1f} with a node away"]


def scale_part(result: Result) -> list[str]:
    lines = ["nodes      run     with plan  node-hours  speed-up  efficiency"]
    for it in result.scales:
        lines.append(f"{it.nodes:6,}  {time(it.seconds):>9}  {time(it.seconds + result.scan):>9}  {it.node_hours:10,.1f}  "
                     f"{it.speed_up:8.1f}  {100 * it.efficiency:8.0f} %")
    poor = next((it.nodes for it in result.scales if it.efficiency < LEAST_EFFICIENCY), None)
    last = max(it.nodes for it in result.scales if poor is None or it.nodes < poor)
    least = f"efficiency of {100 * LEAST_EFFICIENCY:.0f} %"
    lines.append(f"pays up to {last:,} nodes at least: {least} and more" if poor is None else
                 f"stops paying between {last:,} and {poor:,} nodes: less than an {least} there")
    return lines


def limits_part(result: Result) -> list[str]:
    farm, count = plural(result.farm.nodes, "node"), plural(len(result.titles), "title")
    lines = [f"what would break first: of each limit, how much is used at {farm} and {count} of {result.hours:.3g} h"]
    for it in result.limits:
        mark = "!" if it.used >= 1 else "~" if it.used >= NEAR else " "
        at = f"{it.reached:,.0f}" if it.reached and it.reached >= 10 else f"{it.reached or 0:.2g}"
        reached = "far away" if it.used < FAR else f"all of it at {at} {it.unit}"
        lines.append(f"{mark} {percent(it.used):>7}  {it.name}: {it.load}; {reached}")
        if it.used >= NEAR:
            lines.append(f"{'':11}{it.then}")
    return lines
