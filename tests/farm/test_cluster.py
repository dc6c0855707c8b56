#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The Slurm for tests is one: nodes are lost and come back, and nothing stays behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

from cluster import Cluster, missing

if missing():
    print(f"skipped: {missing()}")
    sys.exit(77)

KILLED = """
import time
from cluster import Cluster
with Cluster(nodes=1) as cluster:
    job = cluster.run("sbatch", "--parsable", "--output=/dev/null", "--wrap=exec bash -c 'exec -a hcd-worker sleep 600'").strip()
    cluster.wait(lambda: cluster.state(job) == "RUNNING", "a job that runs")
    time.sleep(1)
    print(cluster.folder, flush=True)
    time.sleep(600)
"""


def processes(folder):
    """Names of a cluster's, by its folder in their environment."""
    found = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if f"SLURM_CONF={folder}".encode() in Path(f"/proc/{name}/environ").read_bytes():
                found.add(Path(f"/proc/{name}/cmdline").read_bytes().split(b"\0")[0].decode())
        except OSError:
            pass
    return found


class OneMachine(unittest.TestCase):
    def test_a_node_is_lost_and_comes_back(self):
        with Cluster(nodes=2) as cluster:
            job = cluster.run("sbatch", "--parsable", "--nodelist=n2", "--no-requeue", "--output=/dev/null",
                              "--wrap=sleep 600").strip()
            cluster.wait(lambda: cluster.state(job) == "RUNNING", "a job that runs")
            cluster.kill_node("n2")
            cluster.wait(lambda: cluster.state(job) == "NODE_FAIL", "a job that is lost with its node")
            self.assertEqual(cluster.nodes()["n1"], "idle")
            cluster.start_node("n2")
            cluster.wait(lambda: cluster.nodes()["n2"] == "idle", "a node that is back")
            cluster.set_down("n1")
            self.assertEqual(cluster.nodes()["n1"], "down")

    def test_nothing_stays_of_a_test_that_is_killed(self):
        process = subprocess.Popen([sys.executable, "-B", "-c", KILLED], cwd=Path(__file__).parent, stdout=subprocess.PIPE,
                                   text=True)
        folder = process.stdout.readline().strip()
        self.addCleanup(shutil.rmtree, folder)
        self.assertIn("hcd-worker", processes(folder))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        end = time.monotonic() + 60
        while processes(folder) and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(processes(folder), set())


if __name__ == "__main__":
    unittest.main(verbosity=1)
