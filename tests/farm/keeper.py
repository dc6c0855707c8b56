# SPDX-License-Identifier: BSD-2-Clause
"""A machine for tests: runs one program and holds all that comes from it, until its standard input ends.

Slurm's daemons leave their parents, and so do the steps of jobs; they come back to this process (a subreaper). So a
machine can be lost as a whole, and nothing stays when the test is killed: its end of the pipe closes.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

PR_SET_CHILD_SUBREAPER = 36  # prctl(2)


def children() -> dict[int, list[int]]:
    """Of every process of this machine."""
    found: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                parent = int(file.read().rpartition(")")[2].split()[1])
                found.setdefault(parent, []).append(int(name))
    return found


def kill_all() -> None:
    """Parents first: what would tell the controller that a job has died must be gone before the job."""
    while True:
        tree, row = children(), [os.getpid()]
        while row := [child for each in row for child in tree.get(each, [])]:
            for process in row:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        time.sleep(0.01)  # those that are left without a parent come here


def main() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    print(process.pid, flush=True)

    def until_end() -> None:
        while os.read(0, 1):
            pass
        kill_all()
    threading.Thread(target=until_end, daemon=True).start()
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    os._exit(0)  # the thread may still read


if __name__ == "__main__":
    main()
