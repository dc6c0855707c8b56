# SPDX-License-Identifier: BSD-2-Clause
"""Files that appear whole or not at all, their hashes, and tables as CSV and Markdown."""

import csv
import hashlib
import io
import os
from collections.abc import Iterable
from pathlib import Path

from hcd.run import Fault


class OutputFile:
    """Writes `path` through a temporary file in the same folder, which nothing leaves behind but a kill; one at a time in a
    folder. Its methods raise Fault."""

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


def write_whole(path: Path, content: bytes) -> None:
    with OutputFile(str(path)) as file:
        file.write([content])
        file.commit()


def hash_file(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def csv_text(rows: list[dict]) -> str:
    """As RFC 4180 has it, but for the ends of lines."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def read_csv(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def markdown_table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, *rows]
    text = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines]
    return text[0] + "|" + "---|" * len(head) + "\n" + "".join(text[1:])


def number(value: float | None, decimals: int) -> str:
    return "" if value is None else f"{value:.{decimals}f}"
