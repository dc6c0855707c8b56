# SPDX-License-Identifier: BSD-2-Clause
"""scripts/farm on a Slurm of some nodes: what happens to a job when they, their tasks or its files get lost. What takes long
runs with HCD_LONG=1 only."""

import os
import re
import signal
import subprocess
import sys
import unittest
from pathlib import Path

import farm_case
from cluster import Cluster, missing
from hcd.farm.job import DONE, FAILED, RUNNING, Task

if missing():
    print(f"skipped: {missing()}")
    sys.exit(77)

LONG = os.environ.get("HCD_LONG")


class OnNodes(farm_case.Case):
    NODES, CONFIGURED = 3, ""

    def setUp(self):
        super().setUp()
        self.cluster = self.enterContext(Cluster(self.NODES, more=self.CONFIGURED))
        self.environment = self.cluster.env

    def started(self, *words, source=None, options=("--chunk", 2, "--crf", "30")):
        job, _ = self.plan(source or self.plain(seconds=8), words=options)
        self.farm("run", job.path, "--engine", "slurm", *words)
        return job

    def count(self, job):
        return len(job.plan.titles[0].ranges)

    def until(self, condition, what, seconds=300):
        try:
            self.cluster.wait(condition, what, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.logs()}") from None

    def ended(self):
        self.until(lambda: not self.cluster.jobs(), "no job that is left")

    def is_at_work(self, job, index):
        """A chunk, encoding on a node."""
        record = self.record(job, "chunk", index)
        return bool(record and record.state == RUNNING and list((job.folder(0) / "work").glob(f"chunk-{index:05d}.*/*.mp4")))

    def worker(self, job, index):
        """The process of a chunk's worker."""
        return int(next((job.folder(0) / "work").glob(f"chunk-{index:05d}.*")).name.rsplit(".", 1)[1])

    def attempts(self, job):
        return [self.record(job, "chunk", index).attempt for index in range(self.count(job))]

    def is_whole(self, job):
        """All that the source has, and the same as on one machine."""
        for task in job.tasks(0):
            record = job.record(task)
            self.assertEqual((str(task), record and record.state), (str(task), DONE), self.logs())
        output = job.path / self.record(job, "check").found["outputs"][0]["file"]
        self.assertEqual(len(self.times(output)), job.plan.titles[0].frames)
        here, _ = self.plan(job.plan.titles[0].path, job="here", words=("--chunk", 2, "--crf", "30"))
        self.run_here(here)
        self.assertEqual(self.hashes(output), self.hashes(here.path / output.relative_to(job.path)))


class TwoNodes(OnNodes):
    NODES = 2

    def test_a_task_that_is_killed(self):
        job = self.started(source=self.plain(seconds=4, size="320x180"))
        self.assertEqual(self.count(job), 2)
        self.assertRegex(self.farm("run", job.path, "--engine", "slurm", code=1), "found [0-9]+ of its tasks with Slurm")
        self.until(lambda: self.is_at_work(job, 1), "chunk 1 at work")
        os.kill(self.worker(job, 1), signal.SIGKILL)
        self.ended()
        self.is_whole(job)
        self.assertEqual(self.attempts(job), [1, 2])
        self.assertIn("all is done", self.farm("resume", job.path))


@unittest.skipUnless(LONG, "takes long: with HCD_LONG=1 only")
class AShortQueue(OnNodes):
    CONFIGURED = "MaxJobCount=9\nMinJobAge=2"

    def test_titles_wait_for_room(self):
        folder = self.path("titles")
        folder.mkdir()
        for number in range(4):
            self.plain(f"titles/{number}.mkv", seconds=4)
        job, _ = self.plan(folder)
        source = job.plan.titles[1].path
        source.unlink()  # and this one's tasks fail
        self.assertIn("the others follow", self.farm("run", job.path, "--engine", "slurm"))
        self.until(lambda: not self.cluster.jobs() and all(job.state(Task("check", number, 0)) for number in (0, 2, 3)), "no job that is left")
        self.assertEqual(sorted(file.name for file in (job.path / "out").iterdir()), ["0.mkv", "2.mkv", "3.mkv"])

    def test_a_title_for_which_there_is_never_room(self):
        job, _ = self.plan(self.plain(seconds=30))
        self.assertIn("MaxJobCount", self.farm("run", job.path, "--engine", "slurm", code=1))
        self.assertEqual(self.cluster.jobs(), {})


@unittest.skipUnless(LONG, "takes long: with HCD_LONG=1 only")
class ThreeNodes(OnNodes):
    def slow(self):
        return self.plain(seconds=8, size="480x270")

    def node_of(self, job, index):
        return self.record(job, "chunk", index).node

    def test_a_node_that_is_lost(self):
        job = self.started(source=self.slow())
        self.until(lambda: self.is_at_work(job, 1), "chunk 1 at work")
        self.cluster.kill_node(self.node_of(job, 1))
        self.ended()
        self.is_whole(job)
        self.assertGreaterEqual(self.attempts(job)[1], 2)
        self.assertEqual([number for number in self.attempts(job) if number == 1][:1], [1])

    def test_a_node_that_is_taken_down(self):
        job = self.started(source=self.slow())
        self.until(lambda: self.is_at_work(job, 2), "chunk 2 at work")
        self.cluster.set_down(self.node_of(job, 2))
        self.ended()
        self.is_whole(job)

    def test_all_nodes_are_lost_and_come_back(self):
        job = self.started(source=self.slow())
        self.until(lambda: self.is_at_work(job, 0), "chunk 0 at work")
        for name in self.cluster.names:
            self.cluster.kill_node(name)
        self.until(lambda: all("down" in state for state in self.cluster.nodes().values()), "nodes that are down")
        for name in self.cluster.names:
            self.cluster.start_node(name)
        self.ended()
        self.is_whole(job)

    def test_a_batch_script_that_is_killed(self):
        """Nothing of the task is left that could ask for another try: the step behind the chunks does."""
        job = self.started(source=self.slow())
        self.until(lambda: self.is_at_work(job, 1), "chunk 1 at work")
        self.kill_with_script(self.worker(job, 1))
        self.ended()
        self.is_whole(job)
        self.assertEqual(self.attempts(job)[1], 2)

    def kill_with_script(self, worker):
        status = Path("/proc", str(worker), "status").read_text(encoding="ascii")
        for process in (int(re.search(r"^PPid:\s*(\d+)", status, re.MULTILINE)[1]), worker):
            os.kill(process, signal.SIGKILL)

    def test_scripts_of_other_steps_that_are_killed(self):
        for step in ("probe", "join"):
            with self.subTest(step):
                job, _ = self.plan(self.plain(f"{step}.mkv", seconds=8), job=step)
                self.farm("run", job.path, "--engine", "slurm")
                work = []
                while not (work := list((job.folder(0) / "work").glob(f"{step}.*"))):
                    self.assertTrue(self.cluster.jobs(), f"expected to meet the step {step}, found all ended")
                self.kill_with_script(int(work[0].name.rsplit(".", 1)[1]))
                self.ended()
                self.assertEqual(self.record(job, "check").state, DONE, self.logs())
                self.assertEqual(self.record(job, step).attempt, 2)

    def test_a_chunk_that_is_truncated(self):
        job = self.started(source=self.slow())
        self.until(lambda: job.state(Task("chunk", 0, 0)) == DONE, "chunk 0 done")
        chunk = next((job.folder(0) / "chunks").glob("00000.*.mp4"))
        chunk.write_bytes(chunk.read_bytes()[:-1000])
        self.ended()
        self.is_whole(job)
        self.assertEqual(self.attempts(job), [2] + [1] * (self.count(job) - 1))

    def test_the_controller_restarts(self):
        job = self.started(source=self.slow())
        self.until(lambda: self.is_at_work(job, 0), "chunk 0 at work")
        self.cluster.controller_down()
        self.assertRegex(self.farm("status", job.path), "does not answer|cannot be asked|no answer")
        self.cluster.controller_up()
        self.ended()
        self.is_whole(job)
        self.assertEqual(set(self.attempts(job)), {1})

    def test_a_source_that_changes(self):
        job = self.started(source=self.slow())
        source = job.plan.titles[0].path
        whole = source.read_bytes()
        self.until(lambda: job.state(Task("chunk", 0, 0)) == DONE, "chunk 0 done")
        source.write_bytes(whole[:-3000])
        self.ended()
        failed = [index for index in range(self.count(job)) if self.record(job, "chunk", index).state == FAILED]
        self.assertTrue(failed)
        self.assertIn("it has changed", self.record(job, "chunk", failed[0]).text)
        self.assertIn("it has changed", self.farm("status", job.path, code=1))
        done = [index for index in range(self.count(job)) if index not in failed]
        source.write_bytes(whole)
        self.farm("resume", job.path)
        self.ended()
        self.is_whole(job)
        self.assertEqual([self.attempts(job)[index] for index in done], [1] * len(done))

    def test_a_task_that_hangs_until_its_time_is_over(self):
        job = self.started("--time", 1, source=self.slow())
        self.until(lambda: self.is_at_work(job, 1), "chunk 1 at work")
        name = str(self.worker(job, 1))
        children = subprocess.run(["pgrep", "-P", name], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
        for child in children:
            os.kill(int(child), signal.SIGSTOP)
        self.ended()
        self.is_whole(job)
        self.assertEqual(self.attempts(job)[1], 2)
        self.assertRegex(self.logs(), r"chunk 1: stopped by SIGTERM after \d+ s, at the limit on its time \(--time 1\)")
        self.assertRegex(self.logs(), r"\d chunks? once more, with 2 minutes each")  # a busy machine makes others late, too

    def test_cancel_and_resume(self):
        job = self.started(source=self.slow())
        self.until(lambda: job.state(Task("chunk", 0, 0)) == DONE, "chunk 0 done")
        self.assertIn("resume goes on", self.farm("cancel", job.path))
        self.assertEqual(self.cluster.jobs(), {})
        self.assertIn("found one that is not", self.farm("cancel", job.path, code=1))
        self.farm("resume", job.path)
        self.ended()
        self.is_whole(job)
        self.assertEqual(self.attempts(job)[0], 1)

    @unittest.skipUnless(os.geteuid() == 0, "mounts: as root only")
    def test_another_build_on_a_node(self):
        other = self.path("hcd")
        program = farm_case.TOP / "build" / "bin" / "hcd"
        other.write_bytes(program.read_bytes() + b"other")
        other.chmod(0o755)
        self.cluster.kill_node("n2")
        self.cluster.start_node("n2", ["unshare", "--mount", "bash", "-c", f"mount --bind '{other}' '{program}' && exec \"$@\"", "bash"])
        self.until(lambda: set(self.cluster.nodes().values()) == {"idle"}, "idle nodes")
        job = self.started()
        self.ended()
        self.is_whole(job)
        self.assertNotIn("n2", {job.record(task).node for task in job.tasks(0)})
        self.assertRegex(self.logs(), r"node n2: expected the build \w+ of the plan, found \w+: hcd differs")

    def fill(self, disk):
        with open(disk / "other", "ab", buffering=0) as file, self.assertRaises(OSError):
            while True:
                file.write(bytes(4096))

    @unittest.skipUnless(os.geteuid() == 0, "mounts: as root only")
    def test_a_disk_that_is_full(self):
        disk = self.path("disk")
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        job, _ = self.plan(self.slow(), job="disk/job")
        self.fill(disk)
        self.farm("run", job.path, "--engine", "slurm", code=1)  # not even that can be noted
        (disk / "other").write_bytes(bytes(1 << 20))
        self.farm("run", job.path, "--engine", "slurm")
        self.until(lambda: self.is_at_work(job, 0), "chunk 0 at work")
        self.fill(disk)
        self.until(lambda: "No space left on device" in self.logs() or not self.cluster.jobs(), "a disk that is full")
        (disk / "other").unlink()
        self.ended()
        self.farm("resume", job.path)
        self.ended()
        self.is_whole(job)


if __name__ == "__main__":
    unittest.main()
