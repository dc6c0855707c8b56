#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""scripts/farm simulate: small farms whose answers are known by hand; what is measured of a job's records; the whole command."""

import argparse
import contextlib
import io
import json
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "scripts")]

from hcd.farm import simulate  # noqa: E402
from hcd.farm.job import DONE, FAILED, Job, Plan, Range, Record, Task, Title  # noqa: E402
from hcd.farm.simulation import limits, measured  # noqa: E402
from hcd.farm.simulation.events import Simulation  # noqa: E402
from hcd.farm.simulation.model import Farm, Piece, Work  # noqa: E402
from hcd.run import Fault  # noqa: E402


def run(titles, **farm):
    return Simulation(titles, Farm(**farm)).run()


def alike(count, *piece):
    return [Piece(*piece)] * count


class ByHand(unittest.TestCase):
    def test_equal_tasks(self):
        """7 tasks on 3 nodes are 3 rounds, each of a start and the work."""
        told = run([Work(alike(7, 10.0))], nodes=3, start=2.0)
        self.assertAlmostEqual(told.seconds, 3 * (2 + 10))
        self.assertAlmostEqual(told.busy, 7 * 12)
        # The seventh begins at 24, when no other waits any more.
        self.assertAlmostEqual(told.drain, 12)
        self.assertAlmostEqual(told.idle_in_drain, 2 * 12)
        self.assertAlmostEqual(told.idle, 2)

    def test_steps_wait_for_each_other(self):
        work = Work(alike(4, 10.0), Piece(5.0), Piece(1.0), Piece(3.0), Piece(7.0))
        told = run([work], nodes=2)
        self.assertAlmostEqual(told.seconds, 5 + 2 * 10 + 1 + 3 + 7)
        self.assertEqual(told.done, [(0, 0, 0), *((0, 1, index) for index in range(4)), (0, 2, 0), (0, 3, 0), (0, 4, 0)])
        self.assertEqual(told.last, "check of title 0")

    def test_a_title_fills_the_gaps_of_another(self):
        """While the first title joins, the other node does the second one's chunks."""
        told = run([Work(alike(2, 10.0), join=Piece(30.0)), Work(alike(3, 10.0))], nodes=2)
        self.assertAlmostEqual(told.seconds, 10 + 30)

    def test_a_slow_node_makes_the_tail(self):
        """Of 8 tasks it does two while the other does six; of 7 its second begins at 30 and keeps all waiting from 50 on."""
        for count, seconds, idle in ((8, 60, 0), (7, 60, 10)):
            simulation = Simulation([Work(alike(count, 10.0))], Farm(2))
            simulation.nodes[1].speed = 3.0
            told = simulation.run()
            self.assertAlmostEqual(told.seconds, seconds)
            self.assertAlmostEqual(2 * told.seconds - told.busy, idle)

    def test_all_nodes_are_slow(self):
        self.assertAlmostEqual(run([Work(alike(4, 10.0))], nodes=2, start=1.0, slow=1.0, slower=3.0).seconds, 2 * 33)

    def test_submission_and_starts_take_their_time(self):
        """The second title is there after 5 + 5 calls, at 10 s; its tasks start half a second after each other."""
        titles = [Work(alike(1, 1.0), calls=5), Work(alike(4, 10.0), calls=5)]
        told = run(titles, nodes=4, calls=1.0, starts=2.0)
        self.assertAlmostEqual(told.submitted, 10)
        self.assertAlmostEqual(told.seconds, 10 + 3 * 0.5 + 10)

    def test_bandwidth_that_binds(self):
        """4 tasks ask for 10 B/s each of 20 B/s: all take twice as long; two of them fit."""
        work = [Work(alike(4, 10.0, 100.0))]
        told = run(work, nodes=4, bandwidth=20.0)
        self.assertAlmostEqual(told.seconds, 20)
        self.assertAlmostEqual(told.bytes.total, 400)
        self.assertAlmostEqual(told.bytes.peak, 20)
        self.assertAlmostEqual(told.bytes.asked, 40)
        self.assertAlmostEqual(told.short, 20)
        self.assertAlmostEqual(run(work, nodes=4).seconds, 10)
        told = run(work, nodes=2, bandwidth=20.0)
        self.assertAlmostEqual(told.seconds, 20)
        self.assertAlmostEqual(told.short, 0)

    def test_one_that_comes_later_slows_those_that_run(self):
        """One task alone needs 10 s. A second one at 5 s: both at half pace, until the first ends at 15; the second has then
        half of its work left, and ends at 20."""
        titles = [Work(alike(1, 10.0, 100.0)), Work(alike(1, 10.0, 100.0), calls=5)]
        told = run(titles, nodes=2, bandwidth=10.0, calls=1.0)
        self.assertAlmostEqual(told.seconds, 20)
        self.assertAlmostEqual(told.short, 10)
        self.assertAlmostEqual(told.bytes.total, 200)

    def test_operations_that_bind(self):
        """Each task: 60 of its own, 40 of records (10 s, one of 20 every 5 s); 100 in 10 s on two nodes, of 10 a second."""
        told = run([Work(alike(2, 10.0, 0.0, 60.0))], nodes=2, operations=10.0, record_every=5.0, record_operations=20.0)
        self.assertAlmostEqual(told.seconds, 20)
        self.assertAlmostEqual(told.operations.total, 200)

    def test_what_a_node_keeps(self):
        """Programs once for a node, the list of a title once while the node stays with it; each time without a cache."""
        titles = [Work(alike(3, 10.0, 1.0), listing=100.0), Work(alike(2, 10.0, 1.0), listing=100.0)]
        farm = {"nodes": 1, "start": 1.0, "programs": 1000.0, "start_operations": 50.0, "next_operations": 5.0}
        told = run(titles, **farm)
        self.assertAlmostEqual(told.bytes.total, 5 + 1000 + 2 * 100)
        self.assertAlmostEqual(told.operations.total, 50 + 4 * 5)
        told = run(titles, **farm, cache=False)
        self.assertAlmostEqual(told.bytes.total, 5 * (1 + 1000 + 100))
        self.assertAlmostEqual(told.operations.total, 5 * 50)


class Losses(unittest.TestCase):
    WORK = [Work(alike(50, 20.0, 10.0), Piece(5.0), None, Piece(10.0), Piece(30.0), 10.0) for _ in range(8)]
    FARM = {"nodes": 20, "start": 1.0, "starts": 50.0, "notice": 60.0, "requeue": 10.0, "repair": 100.0, "bandwidth": 30.0}

    def test_none(self):
        told = run(self.WORK, **self.FARM)
        self.assertEqual((told.losses, told.redone, told.lost, told.down), (0, 0, 0, 0))
        self.assertEqual(told.starts, 8 * 53)

    def test_many(self):
        plain, told = run(self.WORK, **self.FARM), run(self.WORK, **self.FARM, life=300.0)
        self.assertGreater(told.redone, 20)
        self.assertGreater(told.lost, 0)
        self.assertGreater(told.down, 0)
        self.assertGreater(told.seconds, plain.seconds)
        self.assertEqual(told.starts, 8 * 53 + told.redone)

    def test_every_task_is_done_once(self):
        expected = Counter((title, step, index) for title in range(8) for step, count in enumerate((1, 50, 1, 1))
                           for index in range(count))
        for life in (0.0, 2000.0, 300.0):
            told = run(self.WORK, **self.FARM, life=life)
            self.assertEqual(Counter(told.done), expected, f"a life of {life} s")

    def test_one_loss_by_hand(self):
        """The only node is lost at 4 s with its task, comes back at 104 and is given the task again when that may start: noticed
        at 64, at 74. Where it is noticed later than the node is back: at the node's return, and 10 s more."""
        for notice, seconds in ((60.0, 104 + 20), (500.0, 104 + 10 + 20)):
            simulation = Simulation([Work(alike(1, 20.0))], Farm(1, life=1e12, notice=notice, requeue=10.0, repair=100.0))
            simulation.later(4.0, simulation.lose, 0)
            told = simulation.run()
            self.assertAlmostEqual(told.seconds, seconds)
            self.assertAlmostEqual(told.lost, 4)
            self.assertAlmostEqual(told.down, 100)
            self.assertEqual((told.losses, told.redone, told.starts), (1, 1, 2))

    def test_the_seed_decides(self):
        def told(seed):
            return run(self.WORK, **self.FARM, life=300.0, slow=0.2, slower=2.0, seed=seed)
        self.assertEqual(told(1), told(1))
        self.assertNotEqual(told(1).seconds, told(2).seconds)

    def test_tasks_that_outlast_every_node(self):
        with self.assertRaisesRegex(Fault, "nodes do not last as long as tasks do"):
            run([Work(alike(3, 1000.0))], nodes=2, life=10.0, repair=1.0)


class Limits(unittest.TestCase):
    AROUND = limits.Around(hours=1.0, scan=50.0, plan=1e6, jobs=20, most_jobs=100, latency=1e-3)

    def found(self, **farm):
        titles, farm = [Work(alike(10, 100.0, 1e6, 10.0), calls=2) for _ in range(2)], Farm(4, **farm)
        told = Simulation(titles, farm).run()
        return {it.name: it for it in limits.limits(titles, farm, told, self.AROUND)}, told

    def test_by_hand(self):
        """2000 s of work, 500 s for each of 4 nodes; 20 MB in it."""
        found, _ = self.found(bandwidth=1e5, operations=1.0, starts=1.0, calls=0.1, life=1e4)
        expected = (("shared storage: bandwidth", 0.4, 10, "nodes"), ("shared storage: operations", 0.4, 10, "nodes"),
                    ("Slurm: starts of tasks", 0.04, 100, "nodes"), ("Slurm: MaxJobCount", 0.2, 10, "titles"),
                    ("submission", 0.08, 50, "nodes"), ("the plan's look at the sources", 0.1, 40, "nodes"),
                    ("a title's steps, one after the other", 0.2, 20, "nodes"), ("chunks", 0.2, 20, "nodes"),
                    ("a node's life", 0.01, 100, "h in a title"))
        for name, used, reached, unit in expected:
            with self.subTest(name):
                self.assertAlmostEqual(found[name].used, used)
                self.assertAlmostEqual(found[name].reached, reached)
                self.assertEqual(found[name].unit, unit)
        used = [it.used for it in found.values()]
        self.assertEqual(used, sorted(used, reverse=True))

    def test_a_limit_that_is_used_twice_makes_the_run_twice_as_long(self):
        found, told = self.found(bandwidth=2e4)
        self.assertAlmostEqual(found["shared storage: bandwidth"].used, 2.0)
        self.assertAlmostEqual(told.seconds, 2 * 500)

    def test_scale(self):
        """2 x 10 chunks of 100 s: 20 nodes do in 100 s what one does in 2000, and more do it no faster."""
        titles, farm = [Work(alike(10, 100.0)) for _ in range(2)], Farm(20)
        scales = limits.scale(titles, farm, Simulation(titles, farm).run())
        self.assertEqual([(it.nodes, round(it.seconds, 6), round(it.efficiency, 6)) for it in scales],
                         [(1, 2000, 1.0), (10, 200, 1.0), (20, 100, 1.0), (40, 100, 0.5), (80, 100, 0.25)])


def options_of(name):
    return {"source": f"/videos/{name}.mkv", "output": f"out/{name}.mkv", "tune": False, "client": "lite", "weights": None}


def write_job(folder, nodes=("a", "b"), chunks=10, frames=100, dearer=0.0):
    """A title of 25 frames a second; each frame takes 0.2 CPU s on node a and 0.3 on b, two CPUs at work, and in each chunk
    `dearer` more than in the one before. A node's tasks follow each other after 1.5 s."""
    folder.mkdir()
    ranges = [Range(frames * at, frames * (at + 1)) for at in range(chunks)]
    count = frames * chunks
    title = Title("clip", options_of("clip"), {"size": 5000 * count}, count, count / 25, frame={"width": 1000, "height": 1000},
                  ranges=ranges)
    job = Job(folder)
    job.write_plan(Plan("clip", {}, {"threads": 2}, [title]))
    job.folder(0).mkdir(parents=True)
    (job.folder(0) / "frames.crc").write_bytes(b"x" * 40 * frames * chunks)
    free = {node: 100.0 for node in nodes}

    def done(task, seconds, cpu, **found):
        node = min(free, key=free.get)
        begun = free[node] + 1.5
        free[node] = begun + seconds[node]
        job.write_record(task, Record(DONE, node, begun=begun, ended=free[node], cpu=cpu[node], found=found))

    done(Task("probe", 0), {"a": 4.0, "b": 4.0}, {"a": 4.0, "b": 4.0}, rungs=["a rung"])
    for at in range(chunks):
        cpu = {"a": (0.2 + dearer * at) * frames, "b": (0.3 + dearer * at) * frames}
        done(Task("chunk", 0, at), {node: own / 2 for node, own in cpu.items()}, cpu, small={"frames": frames, "bytes": 30_000},
             large={"frames": frames, "bytes": 70_000})
    for step, seconds in (("join", frames * chunks / 1000), ("check", frames * chunks / 100)):
        done(Task(step, 0), {"a": seconds, "b": seconds}, {"a": seconds, "b": seconds})
    return folder


class OfRecords(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name)

    def test_measured(self):
        found = measured.measure([write_job(self.path / "job")])
        title = found.titles[0]
        self.assertEqual(found.chunks, 10)
        self.assertAlmostEqual(found.busy, 2.0)
        self.assertAlmostEqual(found.start, 1.5)
        self.assertAlmostEqual(found.nodes[1] / found.nodes[0], 0.3 / 0.2)
        # Without what the nodes differ by all chunks are alike.
        costs = [chunk.cpu / chunk.frames for chunk in title.chunks]
        self.assertAlmostEqual(min(costs), max(costs))
        self.assertEqual({chunk.written for chunk in title.chunks}, {100_000})
        self.assertAlmostEqual(title.rate, 25)
        self.assertAlmostEqual(title.read, 5000)
        self.assertAlmostEqual(title.listing, 40)
        self.assertEqual(found.steps["probe"], (4.0, 0.0))
        # Titles of one length do not tell what of a check is fixed.
        self.assertEqual(found.steps["check"][0], 0.0)
        self.assertAlmostEqual(found.steps["check"][1], 0.01)

    def test_one_node_has_no_spread_of_nodes(self):
        found = measured.measure([write_job(self.path / "job", nodes=("a",))])
        self.assertEqual(found.nodes, [])
        self.assertAlmostEqual(found.titles[0].chunks[0].cpu, 20)

    def test_two_lengths_tell_what_grows(self):
        jobs = [write_job(self.path / name, chunks=chunks) for name, chunks in (("short", 2), ("long", 10))]
        for folder in jobs:  # 3 s more than what grows
            job = Job(folder)
            record = job.record(Task("check", 0))
            record.cpu += 3
            job.write_record(Task("check", 0), record)
        fixed, growing = measured.measure(jobs).steps["check"]
        self.assertAlmostEqual(fixed, 3)
        self.assertAlmostEqual(growing, 0.01)

    def test_what_is_not_done_does_not_count(self):
        folder = write_job(self.path / "job")
        job = Job(folder)
        for at in range(1, 10):
            record = job.record(Task("chunk", 0, at))
            record.state = FAILED
            job.write_record(Task("chunk", 0, at), record)
        self.assertEqual(measured.measure([folder]).chunks, 1)
        job.forget(Task("chunk", 0, 0))
        with self.assertRaisesRegex(Fault, "expected a job with chunks that are done, found none"):
            measured.measure([folder])

    def command(self, *words):
        parser = argparse.ArgumentParser()
        simulate.add_arguments(parser)
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            code = simulate.run(parser.parse_args(list(map(str, words))))
        self.assertEqual(code, 0)
        return output.getvalue()

    PLAIN = ("--slow", "0:1", "--mtbf", 0, "--starts", 0, "--calls", 0, "--gbit", 0, "--operations", 0)

    def test_a_run_by_hand(self):
        """A title of 36 s: 9 chunks of 100 frames; at 0.2 CPU s a frame and two CPUs 10 s each, and 1.5 s before each task. On
        nine nodes all chunks run at once."""
        job = write_job(self.path / "job", nodes=("a",))
        found = json.loads(self.command(job, "--titles", 1, "--hours", 0.01, "--nodes", 9, "--json", *self.PLAIN))
        self.assertEqual((found["simulated"]["frames"], found["simulated"]["chunks"], found["run"]["done"]), (900, 9, 12))
        self.assertAlmostEqual(found["run"]["seconds"], (1.5 + 2) + (1.5 + 10) + (1.5 + 0.45) + (1.5 + 4.5))
        # Chunks: their frames, and from the second one on those before them from a key frame on, of 5000 bytes; 100 kB written.
        chunks = 900 * 5000 + (100 + 200 + 6 * 250) * 5000 + 9 * 100_000
        probe, join, check = 900 * 5000, 900 * 5000 + 2 * 9 * 100_000, 9 * 100_000
        nodes = 9 * (simulate.PROGRAMS + found_plan(job, 1, 9)) + 9 * 900 * 40
        self.assertAlmostEqual(found["run"]["bytes"]["total"] / (chunks + probe + join + check + nodes), 1, 6)

    def test_dearer_pictures_and_more_cpus(self):
        job = write_job(self.path / "job", nodes=("a",))
        words = (job, "--titles", 2, "--hours", 0.05, "--nodes", 1, "--start", 0, "--json", *self.PLAIN)

        def seconds(*more):
            return json.loads(self.command(*words, *more))["run"]["seconds"]
        plain = seconds()
        self.assertAlmostEqual(seconds("--cost", 3) / plain, 3)
        # Of 4500 frames each: probe 4 CPU s, chunks 900, join 4.5, check 45; two CPUs.
        self.assertAlmostEqual(plain, 4 + 900 + 4.5 + 45)
        self.assertAlmostEqual(seconds("--busy", 1) / plain, 2)

    def test_calls_of_sbatch_and_the_plan(self):
        """3 titles of 9 chunks, in arrays of 4: each three for its chunks, and one for each other step. 2700 frames of a million
        pixels are looked at for 0.01 s each, two titles at a time."""
        job = write_job(self.path / "job", nodes=("a",))
        words = (job, "--titles", 3, "--hours", 0.01, "--nodes", 1, "--json", "--array", 4, "--scan", 0.01, "--looks", 2)
        found = json.loads(self.command(*words, *self.PLAIN, "--calls", 2))
        self.assertAlmostEqual(found["run"]["submitted"], 3 * (3 + 3) / 2)
        self.assertAlmostEqual(found["simulated"]["plan_seconds"], 13.5)
        queue = next(it for it in found["limits"] if it["name"] == "Slurm: MaxJobCount")
        self.assertEqual(queue["load"], "36 tasks in the queue of 10000")

    def test_short_titles_and_few_chunks_are_told(self):
        job, said = write_job(self.path / "job", chunks=20), ("few chunks", "times as long")
        short, long = (self.command(job, "--titles", 1, "--nodes", 2, "--hours", hours) for hours in (0.02, 0.5))
        self.assertNotIn(said[0], short)
        self.assertNotIn(said[1], short)
        self.assertIn("simulated titles are 22 times as long", long)  # 45,000 frames, and 2,000
        self.assertIn(said[0], self.command(write_job(self.path / "few", chunks=19), "--titles", 1, "--nodes", 2))

    def test_nodes_that_had_other_work_are_told(self):
        job = write_job(self.path / "job")
        said = "if the nodes had other work"
        self.assertNotIn(said, self.command(job, "--titles", 1, "--nodes", 2))
        for at in range(10):
            record = Job(job).record(Task("chunk", 0, at))
            record.cpu /= 4
            Job(job).write_record(Task("chunk", 0, at), record)
        self.assertIn(said, self.command(job, "--titles", 1, "--nodes", 2))

    def test_the_same_seed_the_same_text(self):
        jobs = [write_job(self.path / "one", dearer=0.01), write_job(self.path / "two", frames=70, dearer=0.02)]
        words = (*jobs, "--titles", 5, "--hours", 0.2, "--nodes", 30, "--mtbf", 1, "--slow", "0.2:4")
        first = self.command(*words, "--seed", 7)
        self.assertEqual(first, self.command(*words, "--seed", 7))
        self.assertNotEqual(first, self.command(*words, "--seed", 8))
        # Of nodes that are all alike and last, only what is drawn of chunks is left.
        words = (jobs[0], "--titles", 5, "--hours", 0.2, "--nodes", 1, *self.PLAIN)
        self.assertNotEqual(self.command(*words, "--seed", 7), self.command(*words, "--seed", 8))
        for part in ("measured: 20 chunks of 2 titles", "simulated: 5 titles of 0.2 h", "shared storage", "tail", "losses",
                     "efficiency", "what would break first", "Slurm: MaxJobCount"):
            self.assertIn(part, first)

    def test_words_that_make_no_sense(self):
        job = write_job(self.path / "job")
        for words, said in ((("--nodes", 0), "--nodes: expected more than 0, found 0"),
                            (("--hours", -1), "--hours: expected more than 0, found -1"),
                            (("--busy", 0), "--busy: expected more than 0, found 0"),
                            (("--mtbf", -2), "--mtbf: expected 0 or more, found -2"),
                            (("--gbit", "nan"), "--gbit: expected 0 or more, found nan"),
                            (("--hours", "inf"), "--hours: expected more than 0, found inf"),
                            (("--slow", "3"), "--slow: expected a share from 0 to 1"),
                            (("--slow", "0.1:0.5"), "--slow: expected a share from 0 to 1")):
            with self.subTest(words), self.assertRaisesRegex(Fault, said):
                self.command(job, *words)


def found_plan(folder, titles, chunks):
    """Bytes of a plan.json of so many titles, with so many ranges in all."""
    per_title, per_range = measured.plan_bytes([Job(folder)])
    return per_title * titles + per_range * chunks


if __name__ == "__main__":
    unittest.main()
