# SPDX-License-Identifier: BSD-2-Clause
"""Files that appear whole or not at all, their hashes, and tables as CSV and Markdown."""

import csv
import hashlib
import io
import os
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        part.unlink(missing_ok=True)


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
