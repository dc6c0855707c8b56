# SPDX-License-Identifier: BSD-2-Clause
"""What a farm meets first when it grows: how long more nodes pay; each limit, how much of it is used, and at how many nodes
or titles it is reached."""

from dataclasses import dataclass, replace

from hcd.farm.simulation.events import Simulation
from hcd.farm.simulation.model import Farm, Outcome, Work

SEVERAL = (1, 10, 100)  # nodes, beside those that are asked for
LEAST_EFFICIENCY = 0.5  # below it more nodes do not pay
MOST_DOUBLINGS = 4      # of the nodes, on the way there

# A worker at 1,000 titles of an hour reads a plan.json of 17 MB: json.loads() and the data classes took 0.06 s/MB (Python 3.11
# on an AMD EPYC shared with other work).
PARSING = 0.06e-6
OVERHEAD = 0.05  # of a chunk's seconds that may go into the reading of the plan
PATIENCE = 60.0  # seconds that somebody waits for `scripts/farm status`
OPERATIONS_OF_A_RECORD = 3  # to read it: lookup, open, read


@dataclass(frozen=True)
class Limit:
    """`used`: of it, 1 is all; `reached`: how many `unit` use all of it, None: never; `then`: what happens there."""
    name: str
    load: str
    used: float
    reached: float | None
    unit: str
    then: str


@dataclass(frozen=True)
class Scale:
    """A run of so many nodes. Speed-up and efficiency are against one plain node."""
    nodes: int
    seconds: float
    node_hours: float
    speed_up: float
    efficiency: float


@dataclass(frozen=True)
class Around:
    """What no simulated node does. `hours`: of a title's source; `scan`: seconds of the plan; `plan`: bytes of plan.json;
    `jobs`: that Slurm has to know at once, of `most_jobs`; `latency`: seconds of an operation on the storage."""
    hours: float
    scan: float
    plan: float
    jobs: int
    most_jobs: int
    latency: float


def scale(titles: list[Work], farm: Farm, told: Outcome) -> list[Scale]:
    """At 1, 10, 100 and the asked nodes; then twice as many until it does not pay."""
    found: list[Scale] = []

    def at(nodes: int) -> Scale:
        other = replace(farm, nodes=nodes)
        if nodes == 1:
            other = replace(other, speeds=[1.0], slow=0.0)
        seconds = told.seconds if other == farm else Simulation(titles, other).run().seconds
        speed_up = found[0].seconds / seconds if found else 1.0
        return Scale(nodes, seconds, nodes * seconds / 3600, speed_up, speed_up / nodes)

    for nodes in sorted({1, *(it for it in SEVERAL if it < farm.nodes), farm.nodes}):
        found.append(at(nodes))
    for doubling in range(1, MOST_DOUBLINGS + 1):
        if found[-1].efficiency < LEAST_EFFICIENCY:
            break
        found.append(at(farm.nodes << doubling))
    return found


def limits(titles: list[Work], farm: Farm, told: Outcome, around: Around) -> list[Limit]:
    """The most used first."""
    nodes, pieces = farm.nodes, [piece for work in titles for step in work.steps() for piece in step]
    # On plain nodes that never wait.
    work = sum(piece.seconds + farm.start for piece in pieces)
    mean, each, longest = work / len(pieces), work / nodes, max(piece.seconds for piece in pieces) + farm.start
    alone = max(sum(max(piece.seconds for piece in step) + farm.start for step in title.steps()) for title in titles)
    reading = len(pieces) * OPERATIONS_OF_A_RECORD * around.latency
    found = []

    def add(name: str, load: str, used: float, unit: str, then: str) -> None:
        now = {"nodes": nodes, "titles": len(titles), "h in a title": around.hours}[unit]
        found.append(Limit(name, load, used, now / used if used else None, unit, then))

    for name, shared, limit, unit, word in (("bandwidth", told.bytes, farm.bandwidth, 1e6, "MB/s"),
                                            ("operations", told.operations, farm.operations, 1, "a second")):
        if limit:
            rate = shared.total / each
            add(f"shared storage: {name}", f"{rate / unit:.0f} {word} of {limit / unit:.0f} while all nodes work", rate / limit,
                "nodes", "all tasks slow down together")
    if farm.starts:
        add("Slurm: starts of tasks", f"{nodes / mean:.1f} a second of {farm.starts:g}", nodes / mean / farm.starts, "nodes",
            "nodes wait for the controller: longer ranges")
    if farm.life:
        add("a node's life", f"{longest:.0f} s is the longest task, and {farm.life:.0f} s a life", longest / farm.life,
            "h in a title", "long tasks are lost and begun again and again")
    add("Slurm: MaxJobCount", f"{around.jobs} tasks in the queue of {around.most_jobs}", around.jobs / around.most_jobs, "titles",
        "titles wait for room in the queue: raise it")
    add("submission", f"{told.submitted:.0f} s, beside {each:.0f} s of work for each node", told.submitted / each, "nodes",
        "nodes wait for sbatch")
    add("the plan's look at the sources", f"{around.scan:.0f} s on one machine, beside {each:.0f} s of work for each node",
        around.scan / each, "nodes", "planning takes longer than the run: plan on several machines")
    add("a title's steps, one after the other", f"{alone:.0f} s, beside {each:.0f} s of work for each node", alone / each,
        "nodes", "no title ends earlier with more nodes: shorter ranges, or more titles")
    chunks = sum(len(title.chunks) for title in titles)
    add("chunks", f"{chunks} for {nodes} nodes", nodes / chunks, "nodes", "nodes are left without a chunk")
    add("status reads all records", f"{reading:.0f} s of {PATIENCE:.0f}", reading / PATIENCE, "titles", "whoever asks waits")
    parsing, most = around.plan * PARSING, OVERHEAD * mean
    add("plan.json, which each task reads", f"{around.plan / 1e6:.1f} MB take {parsing:.2f} s of {most:.2f}", parsing / most,
        "titles", f"its reading takes more than {100 * OVERHEAD:.0f} % of a task's time: several jobs")
    return sorted(found, key=lambda limit: -limit.used)
