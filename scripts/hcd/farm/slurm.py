# SPDX-License-Identifier: BSD-2-Clause
"""Slurm as the engine of the farm: submits steps of a job folder, says where they are, cancels them.

A step is a job array; its task number i runs the step's command with i as its last word, through batch.sh. What the
command's exit code means:

    0          done
    75         again (EX_TEMPFAIL): back to the queue, AGAIN times at most; so is a command that a signal has ended
    78         this node is unfit (EX_CONFIG), and so it is where there is no command (126, 127) or no job folder: back
               to the queue for other nodes. The array's other tasks avoid that node from then on, and so do later steps
               (slurm/unfit/<node> in the job folder); when none is left the task ends with 78
    any other  failed

A task whose node is lost is requeued by Slurm (--requeue) when it notices that (SlurmdTimeout, 300 s by default).
Whatever is requeued waits two minutes more (BeginTime): for the lifetime of its credential, cred_expire in AuthInfo.

No accounting (sacct) is needed. The controller forgets a job 300 s after its end (MinJobAge), and a dependency
afterok on a forgotten job counts as fulfilled, even if it has failed: a step must look itself at what is there.

Slurm holds 10,000 tasks at once by default (MaxJobCount; those of an array count one by one). More are refused, after
two minutes in which sbatch itself tries again.
"""

import functools
import os
import re
import shutil
import time
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hcd.progress import say
from hcd.run import Done, Fault, run

BATCH = Path(__file__).with_name("batch.sh")
PROGRAMS = ("sbatch", "squeue", "scontrol", "scancel", "sinfo")
AGAIN = 3
PATIENCE = 300  # seconds for a controller that does not answer: it restarts, or the network is away
AWAY = re.compile("Unable to contact|[Tt]imed out|Zero Bytes|standby|Unexpected message|Connection (reset|refused)|Broken pipe")
FULL = "temporarily unable to accept job"


@dataclass(frozen=True)
class Settings:
    """What a task asks for. 0 or '': what Slurm's configuration says. `at_once`: tasks of the step that run at the same
    time; `words`: further options of sbatch."""
    cpus: int = 1
    gpus: int = 0
    minutes: int = 0  # Slurm knows no shorter time; SIGTERM comes then, and SIGKILL 30 s later (KillWait)
    memory: str = ""
    at_once: int = 0
    partition: str = ""
    account: str = ""
    exclude: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """`command`: gets an index as its last word. `after`: names of earlier steps of the title, and how they must have
    ended: afterok, or afterany for "in whatever way"."""
    name: str
    command: tuple[str, ...]
    indices: Collection[int] = (0,)
    settings: Settings = Settings()
    after: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """A task that Slurm knows. `state` and `reason` in squeue's words: PENDING and Dependency, RUNNING, COMPLETING."""
    id: str  # 12_3
    title: int
    step: str
    index: int
    state: str
    node: str
    reason: str


# ---- asking ----

def ask(*words: str, patience: float | None = None) -> Done:
    """A client of Slurm's that has ended in any way but for want of an answer."""
    # Variables of the job that this may run in would be handed on: SLURM_RESTART_COUNT, for one.
    leave = [f"--unset={name}" for name in os.environ if name.startswith("SLURM_") and name != "SLURM_CONF"]
    end, pause, told = time.monotonic() + (PATIENCE if patience is None else patience), 1, False
    while True:
        done = run("env", *leave, *words)
        if not done.code or not AWAY.search(done.log) or time.monotonic() >= end:
            return done
        if not told:
            say(f"Slurm: {why(done)}; trying again for {PATIENCE} s")
            told = True
        time.sleep(pause)
        pause = min(2 * pause, 15)


def why(done: Done) -> str:
    lines = [line.removeprefix("sbatch: error: ") for line in done.log.splitlines() if line.strip()]
    return lines[-1] if lines else f"ended with {done.code}"


def answer(*words: str, patience: float = PATIENCE) -> str:
    """Its output; a Fault where it fails."""
    done = ask(*words, patience=patience)
    if done.code:
        raise Fault(f"{words[0]}: {why(done)}")
    return done.text


def available() -> str:
    """'' where Slurm can be used, or why it cannot."""
    for name in PROGRAMS:
        if not shutil.which(name):
            return f"expected Slurm's {name} on the PATH, found none (Debian: slurm-client)"
    done = ask("scontrol", "show", "config", patience=0)
    return f"expected an answer of Slurm's controller, found: {why(done)}" if done.code else ""


@functools.cache
def block_size() -> int:
    """Tasks that one array can have."""
    config = answer("scontrol", "show", "config")
    sizes = [int(size) for size in re.findall(r"(?:^MaxArraySize *= *|\bmax_array_tasks=)(\d+)", config, re.MULTILINE)]
    if not sizes or min(sizes) < 1:
        raise Fault("Slurm: expected that it has job arrays, found MaxArraySize = 0 in its configuration")
    return min(sizes)


def room() -> int:
    """Tasks that the queue still takes: those of arrays count one by one."""
    most = re.search(r"^MaxJobCount *= *(\d+)", answer("scontrol", "show", "config"), re.MULTILINE)
    return int(most[1]) - len(answer("squeue", "--noheader", "--array", "--states=all", "--format=%i").splitlines()) if most else 0


# ---- submitting ----

def spans(indices: Collection[int]) -> str:
    """In sbatch's words: 0-3,7."""
    parts: list[list[int]] = []
    for index in sorted(set(indices)):
        if parts and parts[-1][1] == index - 1:
            parts[-1][1] = index
        else:
            parts.append([index, index])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def unfit(job: Path) -> dict[str, str]:
    """Nodes that have shown that they cannot do this job, and why. A task that is done on one takes it out."""
    folder = job / "slurm" / "unfit"
    return {file.name: file.read_text(encoding="utf-8").strip() for file in sorted(folder.iterdir())} \
        if folder.is_dir() else {}


def forgive(job: Path) -> None:
    """Unfit nodes are tried again by what is submitted from now on."""
    shutil.rmtree(job / "slurm" / "unfit", ignore_errors=True)


def exclude(job: Path, settings: Settings) -> list[str]:
    """An unfit node that has left the cluster is not named: sbatch would refuse."""
    bad = unfit(job)
    known = set(answer("sinfo", "--noheader", "--Node", "--format=%N").split()) if bad else set()
    return sorted({*settings.exclude, *(known & set(bad))})


def options(job: Path, title: int, step: Step, settings: Settings) -> list[str]:
    """Of sbatch, without those that differ between the arrays of a step."""
    name = re.sub(r"[^\w.+-]", "_", job.name)
    words = ["--parsable", "--requeue", "--kill-on-invalid-dep=yes", f"--job-name=hcd-{name}-t{title}-{step.name}",
             f"--chdir={job}", "--output=/dev/null",  # batch.sh writes the log
             "--nodes=1", "--ntasks=1", f"--cpus-per-task={settings.cpus}"]
    if nodes := exclude(job, settings):
        words.append(f"--exclude={','.join(nodes)}")
    if settings.gpus:
        words.append(f"--gres=gpu:{settings.gpus}")
    for option, value in (("time", settings.minutes), ("mem", settings.memory), ("partition", settings.partition),
                          ("account", settings.account)):
        if value:
            words.append(f"--{option}={value}")
    return [*words, *settings.words]


def sbatch(comment: str, *words: str) -> str:
    """A job's id. `comment`: of this job alone. An answer that was lost must not make a second one of it."""
    end = time.monotonic() + PATIENCE
    while True:
        done = ask("sbatch", f"--comment={comment}", *words, patience=0)
        if not done.code:
            return done.text.strip().partition(";")[0]  # behind it a cluster's name
        if FULL in done.log:
            raise Fault(f"sbatch: expected room for more tasks, found that Slurm takes none (MaxJobCount): {why(done)}")
        if not AWAY.search(done.log) or time.monotonic() >= end:
            raise Fault(f"sbatch: {why(done)}")
        say(f"Slurm: {why(done)}; trying again")
        time.sleep(2)
        found = [line.partition("|")[0] for line in answer("squeue", "--noheader", "--states=all",
                                                           "--format=%F|%k").splitlines()
                 if line.partition("|")[2] == comment]
        if found:
            return found[0]


def submit(job: Path, title: int, step: Step, after: Mapping[str, list[str]] | None = None) -> list[str]:
    """Ids of the arrays of a step. `after`: afterok, afterany and the ids that they are about. More indices than an
    array can have make several; `at_once` is shared among them, with one task each at least."""
    job, size = job.resolve(), block_size()
    blocks: dict[int, list[int]] = {}
    for index in step.indices:
        blocks.setdefault(index // size * size, []).append(index % size)
    words = options(job, title, step, step.settings)
    depend = ",".join(f"{how}:{':'.join(ids)}" for how, ids in (after or {}).items() if ids)
    if depend:
        words.append(f"--dependency={depend}")
    ids: list[str] = []
    try:
        for number, (offset, indices) in enumerate(sorted(blocks.items())):
            share = max(1, (step.settings.at_once + number) // len(blocks))
            array = spans(indices) + (f"%{share}" if step.settings.at_once else "")
            comment = f"hcd title={title} step={step.name} offset={offset} id={uuid.uuid4().hex}"
            ids.append(sbatch(comment, *words, f"--array={array}", str(BATCH), str(job), str(title), step.name,
                              str(offset), str(AGAIN), *step.command))
    except BaseException as error:
        scancel(ids)
        if isinstance(error, Fault) and (bad := unfit(job)):
            raise Fault(f"{error} (unfit nodes: {', '.join(bad)})", error.log) from error
        raise
    return ids


def chain(job: Path, title: int, steps: Collection[Step]) -> dict[str, list[str]]:
    """Submits the steps of a title, each after those that it names; ids by the steps' names. All or none."""
    ids: dict[str, list[str]] = {}
    try:
        for step in steps:
            after: dict[str, list[str]] = {}
            for name, how in step.after.items():
                after.setdefault(how, []).extend(ids[name])
            ids[step.name] = submit(job, title, step, after)
    except BaseException:
        scancel([each for some in ids.values() for each in some])
        raise
    return ids


# ---- what has been submitted ----

def tasks(job: Path, ended: bool = False, patience: float = PATIENCE) -> list[Task]:
    """What waits and runs of a job folder, whoever has submitted it. `ended`: and what has ended within MinJobAge, in
    states as COMPLETED, FAILED, TIMEOUT, CANCELLED, NODE_FAIL, OUT_OF_MEMORY."""
    # A job's folder is where it was submitted to, so no list of ids can be lost.
    lines = answer("squeue", "--noheader", "--array", "--format=%i|%k|%T|%N|%r|%Z",
                   *(["--states=all"] if ended else []), patience=patience).splitlines()
    found, folder = [], str(job.resolve())
    for line in lines:
        parts = line.split("|", 5)
        if len(parts) == 6 and parts[1].startswith("hcd ") and parts[5] == folder:
            about = dict(word.split("=", 1) for word in parts[1].split()[1:])
            index = int(about["offset"]) + int(parts[0].partition("_")[2] or 0)
            found.append(Task(parts[0], int(about["title"]), about["step"], index, *parts[2:5]))
    return found


def scancel(ids: Collection[str]) -> None:
    """Arrays as a whole."""
    arrays = sorted({each.partition("_")[0] for each in ids})
    for begin in range(0, len(arrays), 500):
        answer("scancel", "--quiet", *arrays[begin:begin + 500])


def cancel(job: Path, title: int | None = None) -> int:
    """Cancels what waits and runs of a job folder, or of one title; how many tasks that were. A step that submits more
    while it is cancelled is waited for."""
    names: set[str] = set()
    while True:
        alive = [task for task in tasks(job) if title in (None, task.title)]
        rest = [task.id for task in alive if task.state != "COMPLETING"]
        if not alive:
            return len(names)
        names.update(rest)
        scancel(rest)
        time.sleep(1)
