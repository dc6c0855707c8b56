#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The engine slurm on a Slurm of three nodes, with bash as worker. What takes long runs with HCD_LONG=1 only."""

import os
import sys
import tempfile
import threading
import time
import unittest
import unittest.mock
from pathlib import Path

from cluster import Cluster, missing

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from hcd.farm import slurm  # noqa: E402
from hcd.farm.slurm import Settings, Step  # noqa: E402
from hcd.run import Fault  # noqa: E402

if missing():
    print(f"skipped: {missing()}")
    sys.exit(77)

LONG = unittest.skipUnless(os.environ.get("HCD_LONG"), "takes long: with HCD_LONG=1 only")


class OnCluster(unittest.TestCase):
    """Each test has a job folder; a node that it has lost comes back."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = cls.enterClassContext(Cluster())
        os.environ["SLURM_CONF"] = cls.cluster.env["SLURM_CONF"]

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="hcd farm %j ")
        self.addCleanup(folder.cleanup)
        self.job = Path(folder.name) / "a film"
        self.job.mkdir()
        self.addCleanup(self.nodes_back)

    def nodes_back(self):
        slurm.cancel(self.job)
        for name in self.cluster.names:
            if name not in self.cluster.machines:
                self.cluster.start_node(name)
        self.cluster.wait(lambda: set(self.cluster.nodes().values()) == {"idle"}, "idle nodes")

    def step(self, code, name="chunk", indices=(0,), after=None, **settings):
        """A step whose worker is this bash code, with $1 the index, $run how often it has run. It notes its node."""
        begin = 'echo "$SLURMD_NODENAME" >>runs-$0-$1; run=$(wc -l <runs-$0-$1); '
        return Step(name, ("bash", "-c", begin + code, name), indices, Settings(**settings), after or {})

    def runs(self, index=0, step="chunk"):
        """The nodes that it has run on, in order."""
        file = self.job / f"runs-{step}-{index}"
        return file.read_text(encoding="utf-8").split() if file.exists() else []

    def log(self, index=0, step="chunk", title=0):
        return (self.job / "log" / f"{step}-{title}-{index}.log").read_text(encoding="utf-8")

    def ends(self):
        """Waits for all; how they have ended, by step and index."""
        self.cluster.wait(lambda: not slurm.tasks(self.job), "the end of all tasks")
        return {(task.step, task.index): task.state for task in slurm.tasks(self.job, ended=True)}

    def running(self, *indices, step="chunk"):
        def met():
            states = {task.index: task.state for task in slurm.tasks(self.job) if task.step == step}
            return all(states.get(index) == "RUNNING" and self.runs(index, step) for index in indices)
        self.cluster.wait(met, f"tasks {indices} that run")

    def at(self, index, step="chunk"):
        return next(task.node for task in slurm.tasks(self.job) if (task.step, task.index) == (step, index))


class Words(unittest.TestCase):
    def test_spans(self):
        self.assertEqual(slurm.spans([7, 0, 1, 3, 2, 7, 10, 11]), "0-3,7,10-11")
        self.assertEqual(slurm.spans(range(1000)), "0-999")


class Steps(OnCluster):
    def test_is_there(self):
        self.assertEqual(slurm.available(), "")

    def test_a_chain_and_who_is_tried_again(self):
        """Ends with 75 and by a signal: again. Other ends: not. What follows in whatever way does follow."""
        slurm.chain(self.job, 2, [
            self.step("sleep 1; touch probed", "probe"),
            self.step('[ -e probed ] || exit 9; case $1$run in 11) exit 75;; 21) kill -KILL $$;; 3?) exit 4;; esac',
                      indices=range(4), after={"probe": "afterok"}),
            self.step('ls runs-chunk-* >seen; exit 5', "join", after={"probe": "afterok", "chunk": "afterany"}),
            self.step("true", "check", after={"join": "afterok"})])
        ends = self.ends()
        self.assertEqual(ends, {("probe", 0): "COMPLETED", ("chunk", 0): "COMPLETED", ("chunk", 1): "COMPLETED",
                                ("chunk", 2): "COMPLETED", ("chunk", 3): "FAILED", ("join", 0): "FAILED",
                                ("check", 0): "CANCELLED"})
        self.assertEqual([len(self.runs(index)) for index in range(4)], [1, 2, 2, 1])
        self.assertEqual((self.job / "seen").read_text(encoding="utf-8").split(),
                         [f"runs-chunk-{index}" for index in range(4)])
        self.assertEqual(self.runs(step="check"), [])
        self.assertIn("ended with 75, goes back to the queue", self.log(1, title=2))
        self.assertIn("ended with 137, goes back to the queue", self.log(2, title=2))

    @LONG
    def test_a_probe_that_fails_ends_all(self):
        slurm.chain(self.job, 0, [self.step("exit 1", "probe"),
                                  self.step("true", indices=range(3), after={"probe": "afterok"}),
                                  self.step("true", "join", after={"probe": "afterok", "chunk": "afterany"})])
        self.ends()
        self.assertEqual(sorted(file.name for file in self.job.glob("runs-*")), ["runs-probe-0"])

    def test_an_unfit_node_is_left_to_others(self):
        """It gets one task, not one after the other. A node of earlier times that is unknown now is in nobody's way."""
        (self.job / "slurm" / "unfit").mkdir(parents=True)
        (self.job / "slurm" / "unfit" / "n9").touch()
        slurm.submit(self.job, 0, self.step("sleep 1; [ $SLURMD_NODENAME != n2 ] || exit 78", indices=range(9)))
        ends = self.ends()
        self.assertEqual(set(ends.values()), {"COMPLETED"}, ends)
        self.assertEqual(sum(self.runs(index).count("n2") for index in range(9)), 1)
        self.assertEqual(list(slurm.unfit(self.job)), ["n2", "n9"])
        slurm.submit(self.job, 0, self.step("true", "join", indices=range(6)))
        self.ends()
        self.assertEqual(sum(self.runs(index, "join").count("n2") for index in range(6)), 0)
        slurm.forgive(self.job)
        self.assertEqual(slurm.unfit(self.job), {})

    def test_more_indices_than_an_array_has(self):
        """Of what waits and is cancelled every index is known by its number."""
        indices = [index for index in range(2300) if index != 1500]
        ids = slurm.submit(self.job, 1, self.step("true", indices=indices, words=("--hold",), at_once=7))
        self.assertEqual(len(ids), 3)
        found = slurm.tasks(self.job)
        self.assertEqual(sorted(task.index for task in found), indices)
        self.assertEqual({(task.title, task.step, task.state) for task in found}, {(1, "chunk", "PENDING")})
        shares = [self.cluster.run("scontrol", "show", "job", "-o", each).partition("ArrayTaskThrottle=")[2].split()[0]
                  for each in ids]
        self.assertEqual(sum(map(int, shares)), 7)
        self.assertEqual(slurm.cancel(self.job), len(indices))
        self.assertEqual(slurm.tasks(self.job), [])

    @LONG
    def test_indices_behind_the_first_array(self):
        slurm.submit(self.job, 0, self.step("true", indices=(5, 1003)))
        self.assertEqual(set(self.ends()), {("chunk", 5), ("chunk", 1003)})
        self.assertEqual((len(self.runs(5)), len(self.runs(1003))), (1, 1))
        self.assertIn("try 1", self.log(1003))

    def test_a_refusal_is_quoted_and_nothing_stays(self):
        steps = [self.step("true", "probe", words=("--hold",)),
                 self.step("true", after={"probe": "afterok"}, partition="nowhere")]
        with self.assertRaisesRegex(Fault, "sbatch: .*Invalid partition"):
            slurm.chain(self.job, 0, steps)
        self.cluster.wait(lambda: not slurm.tasks(self.job), "no task of a chain that was refused")

    def test_an_answer_that_was_lost(self):
        """The controller has the job, and sbatch does not know it: there must not be two."""
        folder = self.job / "bin"
        folder.mkdir()
        fake = folder / "sbatch"
        fake.write_text('#!/bin/bash\nPATH=${PATH#*:}\n[ -e "$0-lost" ] && exec sbatch "$@"\nsbatch "$@" >"$0-lost"\n'
                        'echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation" >&2\n'
                        'exit 1\n', encoding="utf-8")
        fake.chmod(0o755)
        with unittest.mock.patch.dict(os.environ, PATH=f"{folder}:{os.environ['PATH']}"):
            ids = slurm.submit(self.job, 0, self.step("true", indices=range(2), words=("--hold",)))
        self.assertEqual(sorted(task.id for task in slurm.tasks(self.job)), [f"{ids[0]}_0", f"{ids[0]}_1"])

    @LONG
    def test_submitted_from_within_a_job(self):
        """As a step does that finds something missing. The number of its own tries does not go on."""
        code = ('[ $run = 2 ] || exit 75; PYTHONPATH="$HCD_SCRIPTS" "$HCD_PYTHON" -B -c "'
                'from pathlib import Path; from hcd.farm.slurm import Step, submit;'
                "submit(Path.cwd(), 0, Step('again', ('bash', '-c', 'echo \\$SLURM_ARRAY_TASK_ID \\${SLURM_RESTART_COUNT:-0} >again')))"
                '"')
        os.environ.update(HCD_SCRIPTS=str(Path(slurm.__file__).parents[2]), HCD_PYTHON=sys.executable)
        slurm.submit(self.job, 0, self.step(code, "join"))
        self.assertEqual(self.ends(), {("join", 0): "COMPLETED", ("again", 0): "COMPLETED"}, self.log(0, "join"))
        self.assertEqual((self.job / "again").read_text(encoding="utf-8"), "0 0\n")


class Faults(OnCluster):
    @LONG
    def test_a_lost_node(self):
        slurm.submit(self.job, 0, self.step("[ $run = 2 ] || sleep 600", indices=(0,)))
        self.running(0)
        node = self.at(0)
        self.cluster.kill_node(node)
        self.assertEqual(self.ends(), {("chunk", 0): "COMPLETED"})
        self.assertEqual(self.runs()[0], node)
        self.assertNotEqual(self.runs()[1], node)

    def test_cancelled(self):
        """The worker gets SIGTERM, and nothing goes back to the queue."""
        slurm.submit(self.job, 0, self.step("trap 'touch told-$1; exit 130' TERM; sleep 600 & wait", indices=range(5)))
        self.running(0, 1, 2)
        self.assertEqual(slurm.cancel(self.job), 5)
        self.assertEqual(set(self.ends().values()), {"CANCELLED"})
        self.assertEqual([len(self.runs(index)) for index in range(5)], [1, 1, 1, 0, 0])
        self.assertEqual(len(list(self.job.glob("told-*"))), 3)

    @LONG
    def test_tried_no_more(self):
        slurm.submit(self.job, 0, self.step("exit 75", indices=range(2)))
        self.assertEqual(set(self.ends().values()), {"FAILED"})
        self.assertEqual([len(self.runs(index)) for index in range(2)], [1 + slurm.AGAIN] * 2)
        self.assertIn("not tried again: it has been tried 4 times", self.log(1))

    @LONG
    def test_no_node_is_fit(self):
        slurm.submit(self.job, 0, self.step("exit 78", indices=range(4)))
        self.assertEqual(set(self.ends().values()), {"FAILED"})
        self.assertEqual(list(slurm.unfit(self.job)), ["n1", "n2", "n3"])
        self.assertIn("no node is left in partition all", "".join(self.log(index) for index in range(4)))
        with self.assertRaisesRegex(Fault, r"unfit nodes: n1, n2, n3"):
            slurm.submit(self.job, 0, self.step("true"))

    def test_no_log_can_be_written(self):
        """As on a full disk: what the worker says counts."""
        (self.job / "log").touch()
        slurm.submit(self.job, 0, self.step("[ $1 = 0 ] || exit 4", indices=range(2)))
        self.assertEqual(self.ends(), {("chunk", 0): "COMPLETED", ("chunk", 1): "FAILED"})
        self.assertEqual(slurm.unfit(self.job), {})

    @LONG
    def test_a_job_folder_that_is_not_there(self):
        """As on a node where shared storage is not mounted: for other nodes, and then an end; none is made in its place."""
        ids = slurm.submit(self.job, 0, self.step("true", indices=range(2), words=("--hold",)))
        self.job.rename(self.job.with_name("elsewhere"))
        self.cluster.run("scontrol", "release", *ids)
        self.assertEqual(set(self.ends().values()), {"FAILED"})
        self.assertFalse(self.job.exists())
        excluded = self.cluster.run("scontrol", "show", "job", "-o", ids[0])
        self.assertRegex(excluded, r"ExcNodeList=n\S+ ")

    @LONG
    def test_the_shell_of_a_task_killed(self):
        """Nobody is left to requeue it; what follows sees that."""
        slurm.chain(self.job, 0, [
            self.step("[ $1 = 1 ] || { echo $$ >worker; kill -KILL $PPID; sleep 600; }", indices=range(2)),
            self.step("true", "join", after={"chunk": "afterany"})])
        self.assertEqual(self.ends(), {("chunk", 0): "FAILED", ("chunk", 1): "COMPLETED", ("join", 0): "COMPLETED"})
        worker = Path("/proc") / (self.job / "worker").read_text(encoding="utf-8").strip()
        self.cluster.wait(lambda: not worker.exists(), "the end of the worker")

    @LONG
    def test_more_bad_nodes_than_tries(self):
        """To be sent to another node is no try; an end with 75 is one."""
        with unittest.mock.patch.object(slurm, "AGAIN", 1):
            slurm.submit(self.job, 0, self.step("[ $run -gt 2 ] && exit 75; exit 78"))
        self.assertEqual(self.ends(), {("chunk", 0): "FAILED"})
        self.assertEqual(len(self.runs()), 4, self.log())

    @LONG
    def test_the_controller_restarted(self):
        """While tasks run, and one ends with nobody there to be asked; submitting waits."""
        for kill in (False, True):
            with self.subTest(kill=kill):
                step = f"work{int(kill)}"
                slurm.submit(self.job, 0, self.step("sleep 4; [ $run = 2 ] || exit 75", step, indices=range(3)))
                self.running(0, 1, 2, step=step)
                time.sleep(6 if kill else 0)  # the controller saves what it knows every five seconds
                self.cluster.controller_down(kill)
                self.assertIn("expected an answer of Slurm's controller", slurm.available())
                timer = threading.Timer(8, self.cluster.controller_up)
                timer.start()
                ids = slurm.submit(self.job, 0, self.step("true", f"late{int(kill)}"))
                timer.join()
                self.assertEqual(len(ids), 1)
                ends = self.ends()
                self.assertEqual(set(ends.values()), {"COMPLETED"}, ends)
                self.assertEqual([len(self.runs(index, step)) for index in range(3)], [2, 2, 2])
                self.assertEqual(len(self.runs(step=f"late{int(kill)}")), 1)

    @LONG
    def test_a_time_limit(self):
        slurm.submit(self.job, 0, self.step("sleep 600", minutes=1))
        self.running(0)
        self.cluster.wait(lambda: not slurm.tasks(self.job), "the end by a time limit", 240)
        self.assertEqual([task.state for task in slurm.tasks(self.job, ended=True)], ["TIMEOUT"])
        self.assertEqual(len(self.runs()), 1)
        self.assertIn("ended by Slurm, Reason=TimeLimit", self.log())


@LONG
class Gpus(unittest.TestCase):
    def test_each_task_has_its_own(self):
        with Cluster(nodes=1, cpus=4, gpus=2) as cluster, tempfile.TemporaryDirectory() as folder:
            os.environ["SLURM_CONF"] = cluster.env["SLURM_CONF"]
            job = Path(folder)
            code = 'echo "$CUDA_VISIBLE_DEVICES" >gpu-$1; until [ -e gpu-0 ] && [ -e gpu-1 ]; do sleep 0.1; done'
            slurm.submit(job, 0, Step("chunk", ("bash", "-c", code, "chunk"), range(2), Settings(cpus=2, gpus=1)))
            cluster.wait(lambda: not slurm.tasks(job), "the end of all tasks")
            self.assertEqual(sorted((job / f"gpu-{index}").read_text(encoding="utf-8") for index in range(2)), ["0\n", "1\n"])


if __name__ == "__main__":
    unittest.main(verbosity=1)
