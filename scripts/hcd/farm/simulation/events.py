# SPDX-License-Identifier: BSD-2-Clause
"""A farm as a simulation of events: titles whose steps wait for each other, nodes that are slow or get lost, a controller
that starts so many tasks a second, and a storage that all share.

Where running tasks ask more of the storage than it gives, all slow down by the same factor. So one clock of work, which then
runs slower than the real one, serves all of them: a task has its end on that clock from the moment it starts, whatever the
others do, and an event costs a step in a heap."""

import heapq
import random
from dataclasses import dataclass

from hcd.farm.simulation.model import Farm, Outcome, Work
from hcd.run import Fault

MOST_STARTS = 20  # of a task, in the mean: beyond it there is no end
TAIL = 0.01  # of the time: its end, which is looked at apart


@dataclass
class Node:
    """`epoch` changes with each task's end and each loss: what was foreseen for an earlier one is void."""
    speed: float
    epoch: int = 0
    up: bool = True
    task: tuple[int, int, int] | None = None
    begun: float = 0.0
    work: tuple[float, float, float] | None = None  # what follows the start: seconds, bytes, operations
    asks: tuple[float, float] = (0.0, 0.0)  # bytes and operations a second
    warm: bool = False
    title: int = -1


class Simulation:
    def __init__(self, titles: list[Work], farm: Farm):
        self.titles, self.farm = titles, farm
        self.steps = [title.steps() for title in titles]
        self.at = [0] * len(titles)  # the step that a title is in
        self.left = [0] * len(titles)  # tasks of it
        self.chance = random.Random(f"{farm.seed} {farm.nodes}")
        self.nodes = [Node(self.chance.choice(farm.speeds) * (farm.slower if self.chance.random() < farm.slow else 1.0))
                      for _ in range(farm.nodes)]
        self.free = list(range(farm.nodes))  # heaps: the first node, the first task in the order of submission
        self.waiting: list[tuple[int, int, int]] = []
        self.events: list[tuple] = []  # time, number, function, arguments
        self.ends: list[tuple[float, int, int, int]] = []  # on the clock of work: time, number, node, epoch
        self.number = 0
        self.now = self.work = 0.0
        self.next_start, self.awaited = 0.0, False  # when the controller can start another task; whether an event waits for it
        self.full, self.short = 0.0, False  # when a task last waited for a node; whether one does
        self.bytes = self.operations = 0.0  # a second, that all tasks together ask of the storage
        self.pace = 1.0  # of the clock of work
        self.open = sum(1 for steps in self.steps if steps)
        self.spans: list[tuple[float, float]] = []  # in which a node was busy
        self.told = Outcome()

    def run(self) -> Outcome:
        calls = 0
        for number, title in enumerate(self.titles):
            calls += title.calls
            self.told.submitted = calls / self.farm.calls if self.farm.calls else 0.0
            if self.steps[number]:
                self.later(self.told.submitted, self.open_step, number)
        if self.farm.life:
            for number in range(self.farm.nodes):
                self.later(self.chance.expovariate(1 / self.farm.life), self.lose, number)
        most = MOST_STARTS * sum(len(step) for steps in self.steps for step in steps)
        while self.open:
            self.next_event()
            if self.told.starts > most:
                raise Fault(f"after {self.told.starts} starts: expected {most // MOST_STARTS} tasks to be done, found "
                            f"{len(self.told.done)}: nodes do not last as long as tasks do")
        return self.tell()

    # ---- time ----

    def later(self, time: float, function, *arguments) -> None:
        self.number += 1
        heapq.heappush(self.events, (time, self.number, function, arguments))

    def next_event(self) -> None:
        end = self.now + max(0.0, self.ends[0][0] - self.work) / self.pace if self.ends else float("inf")
        if self.events and self.events[0][0] <= end:
            time, _, function, arguments = heapq.heappop(self.events)
            self.advance(time)
            function(*arguments)
        else:
            self.advance(end)
            _, _, number, epoch = heapq.heappop(self.ends)
            if self.nodes[number].epoch == epoch:
                self.end_of_part(number)

    def advance(self, time: float) -> None:
        passed = time - self.now
        if passed > 0:
            done = passed * self.pace
            self.work += done
            self.told.bytes.total += done * self.bytes
            self.told.operations.total += done * self.operations
            if self.pace < 1.0:
                self.told.short += passed
            self.now = time

    def ask(self, more_bytes: float, more_operations: float) -> None:
        """More of the storage a second, or less, and what it comes to for all."""
        self.bytes += more_bytes
        self.operations += more_operations
        farm, told = self.farm, self.told
        over = 1.0
        if farm.bandwidth and self.bytes > farm.bandwidth:
            over = self.bytes / farm.bandwidth
        if farm.operations and self.operations > farm.operations * over:
            over = self.operations / farm.operations
        self.pace = 1.0 / over
        for shared, asked in ((told.bytes, self.bytes), (told.operations, self.operations)):
            if asked > shared.asked:
                shared.asked = asked
            if asked > shared.peak * over:
                shared.peak = asked / over

    # ---- tasks ----

    def open_step(self, title: int) -> None:
        """The tasks of the title's step may start."""
        step = self.at[title]
        tasks = self.steps[title][step]
        self.left[title] = len(tasks)
        for index in range(len(tasks)):
            heapq.heappush(self.waiting, (title, step, index))
        self.give_out()

    def give_out(self) -> None:
        """Tasks to free nodes, as fast as the controller can."""
        if self.short:
            self.full = self.now
        while self.free and self.waiting and not self.awaited:
            if self.next_start > self.now:
                self.awaited = True
                self.later(self.next_start, self.start_due)
                break
            self.start(heapq.heappop(self.free), heapq.heappop(self.waiting))
            if self.farm.starts:
                self.next_start = self.now + 1 / self.farm.starts
        self.short = bool(self.waiting and not self.free)

    def start_due(self) -> None:
        self.awaited = False
        self.give_out()

    def start(self, number: int, task: tuple[int, int, int]) -> None:
        title, step, index = task
        farm, node, piece = self.farm, self.nodes[number], self.steps[title][step][index]
        node.task, node.begun = task, self.now
        read = (0.0 if node.warm and farm.cache else farm.programs) + \
               (0.0 if node.title == title and farm.cache else self.titles[title].listing)
        start_operations = farm.next_operations if node.warm and farm.cache else farm.start_operations
        node.warm, node.title = True, title
        self.told.starts += 1
        seconds = piece.seconds * node.speed
        operations = piece.operations + (farm.record_operations * seconds / farm.record_every if farm.record_every else 0.0)
        if farm.start:
            node.work = seconds, piece.bytes, operations
            self.begin_part(number, farm.start * node.speed, read, start_operations)
        else:
            node.work = None
            self.begin_part(number, seconds, piece.bytes + read, operations + start_operations)

    def begin_part(self, number: int, seconds: float, read: float, operations: float) -> None:
        node = self.nodes[number]
        seconds = max(seconds, 1e-3)
        old, node.asks = node.asks, (read / seconds, operations / seconds)
        node.epoch += 1
        self.number += 1
        heapq.heappush(self.ends, (self.work + seconds, self.number, number, node.epoch))
        self.ask(node.asks[0] - old[0], node.asks[1] - old[1])

    def end_of_part(self, number: int) -> None:
        node = self.nodes[number]
        if node.work:
            work, node.work = node.work, None
            self.begin_part(number, *work)
            return
        task = node.task
        self.leave(node)
        heapq.heappush(self.free, number)
        self.told.done.append(task)
        self.told.slowest = node.speed
        title = task[0]
        self.left[title] -= 1
        if not self.left[title]:
            self.at[title] += 1
            if self.at[title] < len(self.steps[title]):
                self.open_step(title)
            else:
                self.open -= 1
        self.give_out()

    def leave(self, node: Node) -> None:
        self.spans.append((node.begun, self.now))
        self.told.busy += self.now - node.begun
        self.ask(-node.asks[0], -node.asks[1])
        node.task, node.work, node.asks = None, None, (0.0, 0.0)
        node.epoch += 1

    def name(self, task: tuple[int, int, int]) -> str:
        title, step, index = task
        work = self.titles[title]
        piece = self.steps[title][step][index]
        for name in ("probe", "tune", "join", "check"):
            if piece is getattr(work, name):
                return f"{name} of title {title}"
        return f"chunk {index} of title {title}"

    # ---- losses ----

    def lose(self, number: int) -> None:
        """A node is gone with its task."""
        farm, node = self.farm, self.nodes[number]
        self.told.losses += 1
        noticed = min(farm.notice, farm.repair)  # one that comes back early says itself that it has lost its task
        if node.task:
            self.told.lost += self.now - node.begun
            self.told.redone += 1
            self.later(self.now + noticed + farm.requeue, self.again, node.task)
            self.leave(node)
        else:
            self.free.remove(number)
            heapq.heapify(self.free)
        node.up, node.warm, node.title = False, False, -1
        self.told.down -= self.now
        self.later(self.now + farm.repair, self.back, number)

    def again(self, task: tuple[int, int, int]) -> None:
        heapq.heappush(self.waiting, task)
        self.give_out()

    def back(self, number: int) -> None:
        self.nodes[number].up = True
        self.told.down += self.now
        heapq.heappush(self.free, number)
        self.later(self.now + self.chance.expovariate(1 / self.farm.life), self.lose, number)
        self.give_out()

    # ---- the end ----

    def tell(self) -> Outcome:
        told, end = self.told, self.now
        told.seconds = end
        told.last = self.name(told.done[-1]) if told.done else ""
        told.down += end * sum(not node.up for node in self.nodes)
        told.drain = end - self.full
        told.idle = self.farm.nodes - self.busy_since(end * (1 - TAIL)) / (end * TAIL) if end else 0.0
        told.idle_in_drain = self.farm.nodes * told.drain - self.busy_since(self.full)
        return told

    def busy_since(self, begin: float) -> float:
        """Seconds of nodes from there to the end."""
        return sum(ended - max(begin, begun) for begun, ended in self.spans if ended > begin)
