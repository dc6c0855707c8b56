# SPDX-License-Identifier: BSD-2-Clause
"""Folders for what is not finished, removed on every way out but kill -9."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from hcd.run import STOPS, Fault


class Steps:
    """Files that are made once in a folder."""

    def __init__(self, path: Path):
        self.path = path

    def step(self, name: str, key: object, make: Callable[[Path], None]) -> Path:
        """The file `name`, made by `make` unless a run that was killed has made it for the same key."""
        path, stamp = self.path / name, self.path / f"{name}.done"
        print_of_key = hashlib.sha256(repr(key).encode()).hexdigest()
        if not (path.exists() and stamp.exists() and stamp.read_text(encoding="ascii") == print_of_key):
            stamp.unlink(missing_ok=True)
            make(path)
            stamp.write_text(print_of_key, encoding="ascii")
        return path


class WorkFolder(Steps):
    """Beside the output; the run after one that was killed goes on in it."""

    def __init__(self, output: Path):
        if not output.parent.is_dir():
            raise Fault(f"{output}: expected an existing folder for the result, found none")
        super().__init__(output.parent.resolve() / f".{output.name}.hcd-encode")
        self.output = output
        self.lock = -1

    def __enter__(self) -> "WorkFolder":
        try:
            self.path.mkdir(exist_ok=True)
            self.lock = os.open(self.path / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise Fault(f"{self.output}: cannot write beside it: {error.strerror}") from error
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self.lock)
            raise Fault(f"{self.output}: another scripts/encode is at work on it") from None
        return self

    def __exit__(self, *_) -> None:
        for number in STOPS:
            signal.signal(number, signal.SIG_IGN)
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self.lock)


class Scratch:
    """A folder of this process in one that several runs share; what killed runs left there goes."""

    def __init__(self, shared: Path):
        self.path = shared / str(os.getpid())
        for left in shared.glob("*"):
            if not alive(left.name):
                shutil.rmtree(left, ignore_errors=True)

    def __enter__(self) -> Path:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except BaseException:  # a signal that stops the run, too
            self.close()
            raise
        return self.path

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        with contextlib.suppress(OSError):
            self.path.parent.rmdir()  # unless another run is using it


def alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
        return True
    except ValueError:
        return False
    except OSError as error:
        return isinstance(error, PermissionError)
