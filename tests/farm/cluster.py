# SPDX-License-Identifier: BSD-2-Clause
"""A Slurm of some nodes on this machine, for tests: no services, no munge, nothing outside of one temporary folder.

    with Cluster() as cluster:
        subprocess.run(["sbatch", ...], env=cluster.env)

It needs Debian's packages slurmctld, slurmd and slurm-client. Programs are told apart by ports of 127.0.0.1 only, and
anybody on this machine can use them (auth/none): it is no way to run Slurm for real.
"""

import functools
import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

KEEPER = Path(__file__).with_name("keeper.py")
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel")

# SlurmdTimeout: a lost node is noticed after that and half as much again (300 s by default). cred_expire: how long a
# job waits that was requeued; 120 s by default, 5 s are the least. KillWait: between SIGTERM and SIGKILL, 30 s by
# default. The scheduler looks at everything each 60 s by default (sched_interval), and when a job ends.
CONF = """
ClusterName=hcd
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/none
AuthInfo=cred_expire=5
CredType=cred/none
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MailProg=/bin/true
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=1{scheduler}
ReturnToService=2
SlurmdTimeout={slurmd_timeout}
SlurmctldTimeout=10
MessageTimeout=5
TCPTimeout=2
KillWait={kill_wait}
{more}
{gres_types}
{nodes}
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


@dataclass(frozen=True)
class Job:
    """A line of squeue: a job, or a task of an array (id 12_3)."""
    id: str
    name: str
    state: str
    node: str
    reason: str


def missing() -> str:
    """'' where a cluster can be made, or what is not installed."""
    for name in PROGRAMS:
        if not shutil.which(name):
            return f"no {name} (Debian's slurmctld, slurmd and slurm-client)"
    return ""


def free_ports(count: int) -> list[int]:
    """That nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class Machine:
    """A program and all that comes from it: see keeper.py."""

    def __init__(self, words: list[str], env: dict[str, str], log: Path):
        with open(log, "ab") as file:
            self.keeper = subprocess.Popen([sys.executable, "-I", "-S", "-B", str(KEEPER), *words], env=env,
                                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file)

    @functools.cached_property
    def pid(self) -> int:
        """Of the program."""
        return int(self.keeper.stdout.readline())

    def kill(self) -> None:
        """As if the power had gone."""
        self.keeper.stdin.close()
        self.keeper.wait()
        self.keeper.stdout.close()

    def end(self) -> None:
        """As a service is stopped."""
        if self.keeper.poll() is None:
            os.kill(self.pid, signal.SIGTERM)
        self.keeper.wait(timeout=60)
        self.kill()


class Cluster:
    """`nodes`: n1, n2 and so on, of `cpus` and `gpus` that need not exist. `more`: further lines of slurm.conf;
    `scheduler`: further words of SchedulerParameters."""

    def __init__(self, nodes: int = 3, cpus: int = 1, gpus: int = 0, slurmd_timeout: int = 8, kill_wait: int = 2,
                 more: str = "", scheduler: str = ""):
        self.names = [f"n{number}" for number in range(1, nodes + 1)]
        self.cpus, self.gpus, self.more = cpus, gpus, more
        self.slurmd_timeout, self.kill_wait, self.scheduler = slurmd_timeout, kill_wait, scheduler
        self.machines: dict[str, Machine] = {}  # nodes, and "" the controller
        # Slurm's variables of a job that this may run in are not for it.
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "SBATCH_"))}

    # ---- begin and end ----

    def __enter__(self) -> "Cluster":
        self.folder = Path(tempfile.mkdtemp(prefix="hcd-slurm-"))
        try:
            self.env["SLURM_CONF"] = str(self.write_conf())
            (self.folder / "state").mkdir()
            self.controller_up()
            for name in self.names:
                self.start_node(name)
            self.wait(lambda: all(state == "idle" for state in self.nodes().values()), f"{len(self.names)} idle nodes")
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind: object, _error: object, _trace: object) -> None:
        if kind is not None and kind is not KeyboardInterrupt:
            print(self.logs(), file=sys.stderr, flush=True)
        for machine in self.machines.values():
            machine.kill()
        self.machines.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def write_conf(self) -> Path:
        host = socket.gethostname().partition(".")[0]
        port, *ports = free_ports(1 + len(self.names))
        gres = f" Gres=gpu:{self.gpus}" if self.gpus else ""
        nodes = "\n".join(f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={self.cpus}{gres}"
                          for name, port in zip(self.names, ports, strict=True))
        if self.gpus:  # with a Count alone slurmd finds none, and files that are no devices get no CUDA_VISIBLE_DEVICES
            for number in range(self.gpus):
                (self.folder / f"gpu{number}").symlink_to("/dev/null")
            (self.folder / "gres.conf").write_text(f"Name=gpu File={self.folder}/gpu[0-{self.gpus - 1}]\n", encoding="utf-8")
        conf = self.folder / "slurm.conf"
        conf.write_text(CONF.format(
            host=host, port=port, user=getpass.getuser(), folder=self.folder, nodes=nodes, more=self.more,
            gres_types="GresTypes=gpu" if self.gpus else "", slurmd_timeout=self.slurmd_timeout,
            kill_wait=self.kill_wait, scheduler=f",{self.scheduler}" if self.scheduler else ""), encoding="utf-8")
        return conf

    # ---- faults ----

    def start_node(self, name: str, before: list[str] | None = None) -> None:
        """`before`: words in front of slurmd's own, as of unshare."""
        (self.folder / f"spool-{name}").mkdir(exist_ok=True)  # slurmd makes its last folder only
        self.machines[name] = Machine([*(before or []), "slurmd", "-D", "-N", name], self.env, self.folder / f"slurmd-{name}.err")

    def kill_node(self, name: str) -> None:
        """The machine is lost: its slurmd and all of its jobs' processes at once, and nobody tells the controller."""
        self.machines.pop(name).kill()

    def set_down(self, name: str) -> None:
        """As an operator does: its jobs are ended and requeued, its slurmd goes on."""
        self.run("scontrol", "update", f"NodeName={name}", "State=DOWN", "Reason=test")

    def controller_up(self) -> None:
        self.machines[""] = Machine(["slurmctld", "-D"], self.env, self.folder / "slurmctld.err")
        self.wait(lambda: self.answers("scontrol", "ping") and self.answers("squeue"), "a controller that answers")

    def controller_down(self, kill: bool = False) -> None:
        """`kill`: it cannot save its state. What came in the last seconds may be lost then."""
        machine = self.machines.pop("")
        (machine.kill if kill else machine.end)()

    def restart_controller(self, kill: bool = False) -> None:
        self.controller_down(kill)
        self.controller_up()

    # ---- questions ----

    def answers(self, *words: str) -> bool:
        return subprocess.run(words, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False).returncode == 0

    def run(self, *words: object) -> str:
        """A client's output; AssertionError with its errors where it fails."""
        done = subprocess.run(list(map(str, words)), env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 0, f"{' '.join(map(str, words))}: expected 0, found {done.returncode}: {done.stderr}"
        return done.stdout

    def nodes(self) -> dict[str, str]:
        """Their states in sinfo's words: idle, alloc, down, down*."""
        lines = self.run("sinfo", "--noheader", "--Node", "--format=%N|%t").split()
        return dict(line.split("|") for line in lines)

    def jobs(self, ended: bool = False) -> dict[str, Job]:
        """By id. `ended`: those too that have ended within five minutes (MinJobAge)."""
        lines = self.run("squeue", "--noheader", "--array", "--format=%i|%j|%T|%N|%r",
                         *(["--states=all"] if ended else []))
        jobs = [Job(*line.split("|")) for line in lines.splitlines()]
        return {job.id: job for job in jobs}

    def state(self, job: str) -> str:
        """Of a job that may have ended, in squeue's words."""
        return self.jobs(ended=True)[job].state

    def wait(self, condition: Callable[[], bool], what: str, seconds: float = 120) -> None:
        """Until it holds; AssertionError when it does not. The time is for what hangs only."""
        end = time.monotonic() + seconds
        while not condition():
            found = "" if "" not in self.machines else self.answers("squeue") and self.run("squeue", "--states=all")
            for name, machine in self.machines.items():
                assert machine.keeper.poll() is None, f"expected {name or 'the controller'} to run, found it ended"
            assert time.monotonic() < end, f"expected {what} within {seconds:.0f} s, found\n{found}"
            time.sleep(0.1)

    def logs(self, lines: int = 40) -> str:
        """The ends of what the daemons have written."""
        parts = []
        for log in sorted(self.folder.glob("*.err")):  # what comes before the log is open
            if log.with_suffix(".log").exists():
                log = log.with_suffix(".log")
            text = log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
            parts.append(f"---- {log.name}\n" + "\n".join(text))
        return "\n".join(parts)
