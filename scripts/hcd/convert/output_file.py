# SPDX-License-Identifier: BSD-2-Clause
"""Files that appear whole or not at all."""

import os
from collections.abc import Iterable
from pathlib import Path

from hcd.run import Fault


class OutputFile:
    """Writes `path` through a temporary file in the same folder, which nothing leaves behind but a kill. Its methods raise
    Fault."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.temporary = str(Path(path).parent / f".hcd-{os.getpid()}.tmp")

    def __enter__(self) -> "OutputFile":
        return self

    def __exit__(self, *_: object) -> None:
        Path(self.temporary).unlink(missing_ok=True)

    def fault(self, error: OSError) -> Fault:
        return Fault(f"{self.path}: cannot write: {error.strerror}")

    def write(self, parts: Iterable[bytes | memoryview]) -> None:
        """Everything, still under the temporary name."""
        try:
            Path(self.temporary).unlink(missing_ok=True)  # of a process of the same number that was killed
            with open(self.temporary, "xb") as file:
                file.writelines(parts)
        except OSError as error:
            raise self.fault(error) from None

    def commit(self) -> None:
        """Gives the file its name; an older file of that name is replaced."""
        try:
            os.replace(self.temporary, self.path)
        except OSError as error:
            raise self.fault(error) from None
