# SPDX-License-Identifier: BSD-2-Clause
"""Results by the hash of what they are made of. An entry appears complete or not at all; one that is damaged counts
as absent."""

import hashlib
import json
import os
import threading
from collections import defaultdict
from pathlib import Path
from typing import Callable

from hcd.files import hash_file
from hcd.work_folder import Scratch

FORMAT = 1  # changes whenever a stage means something else than before


def digest(parts: object) -> str:
    return hashlib.sha256(json.dumps([FORMAT, parts], sort_keys=True).encode()).hexdigest()


class Cache:
    """Entries of JSON, each with at most one file beside it, and a folder for temporary files."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.own = Scratch(folder / "work")
        self.scratch = self.own.__enter__()
        self.locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self.lock = threading.Lock()

    def close(self) -> None:
        self.own.close()

    def entry(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"

    def file(self, key: str, suffix: str) -> Path:
        return self.entry(key).with_suffix(suffix)

    def read(self, key: str, suffix: str = "") -> dict | None:
        """A complete entry, or None."""
        try:
            stored = json.loads(self.entry(key).read_text(encoding="utf-8"))
            value = stored["value"]
            if stored["check"] != digest(value) or not isinstance(value, dict):
                return None
            if suffix and hash_file(self.file(key, suffix)) != value["file"]:
                return None
            return value
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, key: str, value: dict, made: Path | None = None) -> dict:
        """Stores an entry; `made` is a file in the scratch folder that becomes the entry's."""
        self.entry(key).parent.mkdir(exist_ok=True)
        if made:
            value = {**value, "file": hash_file(made)}
            os.replace(made, self.file(key, made.suffix))
        part = self.scratch / f"{key}.json"
        part.write_text(json.dumps({"check": digest(value), "value": value}), encoding="utf-8")
        os.replace(part, self.entry(key))
        return value

    def get(self, parts: object, make: Callable[[str], tuple[dict, Path | None]], suffix: str = "") -> tuple[str, dict]:
        """Key and value of an entry, which `make` (given the key) computes where it is absent. Threads that want the
        same entry wait for the first of them."""
        key = digest(parts)
        with self.lock:
            own = self.locks[key]
        with own:
            value = self.read(key, suffix)
            if value is None:
                value = self.write(key, *make(key))
        return key, value
