# SPDX-License-Identifier: BSD-2-Clause
"""The two containers of torch.save: a pickle and the bytes of its storages.

The formats are those of torch/serialization.py: a zip archive of <folder>/data.pkl and <folder>/data/<key> since PyTorch
1.6; before it four pickles (a magic number, a version, facts about the machine, the object), one of the storages' keys, then
each storage behind its count."""

import errno
import io
import mmap
import os
import stat
import zipfile
from dataclasses import dataclass

from hcd.convert.refusal import printable, refusal
from hcd.convert.torch_objects import ELEMENT_BYTES, Storage
from hcd.convert.unpickle import read_pickle
from hcd.run import Fault

KIND = "expected a PyTorch file (torch.save), found "
ZIP_START = b"PK\3\4"
PICKLE_START = b"\x80"
MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_VERSION = 1001


class MappedFile(mmap.mmap):
    """A file's bytes, without reading them all; a file also to zipfile, in what it has and in what it raises."""

    def seek(self, position: int, whence: int = os.SEEK_SET) -> None:
        try:
            super().seek(position, whence)
        except ValueError as error:
            raise OSError(errno.EINVAL, str(error)) from None

    def seekable(self) -> bool:  # mmap has it since Python 3.13
        return True


@dataclass(frozen=True)
class TorchFile:
    object: object
    storages: dict[str, memoryview]  # by key


def obstacle(status: os.stat_result) -> str:
    """Why a file cannot be mapped; "" if it can."""
    if stat.S_ISDIR(status.st_mode):
        return "a folder"
    if not stat.S_ISREG(status.st_mode):
        return "something that is not a file"
    return "an empty file" if status.st_size == 0 else ""


def map_file(path: str) -> MappedFile:
    """Raises Fault."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe must not be waited for
    except OSError as error:
        found = "no such file" if error.errno == errno.ENOENT else error.strerror
        raise refusal(path, KIND + found) from None
    try:
        found = obstacle(os.fstat(descriptor))
        if found:
            raise refusal(path, KIND + found)
        return MappedFile(descriptor, 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise refusal(path, f"cannot be read: {error.strerror}") from None
    finally:
        os.close(descriptor)


class ZipFile:
    """Entries are stored as they are, each with a checksum."""

    def __init__(self, file: MappedFile, name: str) -> None:
        self.name = name
        if not zipfile.is_zipfile(file):
            raise self.foreign(f"only its beginning ({len(file)} bytes; the copy is not complete)")
        try:
            self.archive = zipfile.ZipFile(file)
        except MemoryError:
            raise
        except Exception:  # of any kind: the directory says what is to be read  # noqa: BLE001
            raise self.foreign("a damaged one (its directory)") from None
        entries = self.archive.infolist()
        # Else the checksums of entries over the same bytes would take hours.
        if sum(entry.compress_size for entry in entries) > len(file):
            raise self.foreign("a damaged one (its entries overlap)")
        self.entries: dict[str, bytes | None] = {}  # those that are stored; None: compressed
        for entry in entries:
            if entry.filename in self.entries:
                raise refusal(name, f"expected one entry '{printable(entry.filename)}' in the archive, found two")
            self.entries[entry.filename] = self.stored(entry)

    def stored(self, entry: zipfile.ZipInfo) -> bytes | None:
        try:
            return self.archive.read(entry) if entry.compress_type == zipfile.ZIP_STORED else None
        except MemoryError:
            raise
        except Exception:  # of any kind, as above  # noqa: BLE001
            raise self.foreign("a damaged one (a checksum does not fit)") from None

    def foreign(self, found: str) -> Fault:
        return refusal(self.name, KIND + found)

    def read(self) -> TorchFile:
        folder = self.find_folder()
        order = self.data_of(folder + "byteorder") if folder + "byteorder" in self.entries else b"little"
        if order != b"little":
            raise refusal(self.name, f"expected little-endian storages, found '{printable(order)}'")
        known: dict[str, Storage] = {}
        value = read_pickle(io.BytesIO(self.data_of(folder + "data.pkl")), self.name, known)
        names = {key: f"{folder}data/{key}" for key in known}
        return TorchFile(value, {key: memoryview(self.data_of(name)) for key, name in names.items() if name in self.entries})

    def find_folder(self) -> str:
        """The one folder with a data.pkl, with its slash."""
        folders = [name.removesuffix("data.pkl") for name in self.entries if name.partition("/")[2] == "data.pkl"]
        if len(folders) > 1:
            raise self.foreign("two data.pkl in one archive")
        if not folders:
            raise self.foreign("an archive without data.pkl")
        return folders[0]

    def data_of(self, name: str) -> bytes:
        data = self.entries[name]
        if data is None:
            raise refusal(self.name, f"entry '{printable(name)}': expected plain bytes, found compressed ones, which "
                                             "torch.save never writes")
        return data


class LegacyFile:
    """The file's pickles and storages, one after another."""

    def __init__(self, file: MappedFile, name: str) -> None:
        self.file, self.name = file, name

    def read(self) -> TorchFile:
        magic, version = read_pickle(self.file, self.name), read_pickle(self.file, self.name)
        if magic != MAGIC:
            raise refusal(self.name, KIND + "another pickle")
        self.check_version(version, read_pickle(self.file, self.name))
        known: dict[str, Storage] = {}
        value = read_pickle(self.file, self.name, known)
        keys = read_pickle(self.file, self.name)
        if not isinstance(keys, list):
            raise refusal(self.name, "expected a list of storages, found something else")
        storages = {}
        for key in keys:
            if not isinstance(key, str) or key not in known:
                raise refusal(self.name, "expected storages of tensors, found one of none")
            storages[key] = self.storage(known[key])
        return TorchFile(value, storages)

    def check_version(self, version: object, facts: object) -> None:
        if version != LEGACY_VERSION:
            raise refusal(self.name, "expected version 1001 of torch.save's old format, found another")
        if not isinstance(facts, dict) or facts.get("little_endian") is not True:
            raise refusal(self.name, "expected little-endian storages, found others")

    def storage(self, storage: Storage) -> memoryview:
        element = ELEMENT_BYTES[storage.dtype]
        start = self.file.read(8)
        count = int.from_bytes(start, "little") if len(start) == 8 else 0
        at = self.file.tell()
        room = (len(self.file) - at) // element if len(start) == 8 else 0
        if count != storage.count or count > room:
            raise refusal(self.name, f"storage '{printable(storage.key)}': expected {storage.count} elements, found "
                                             f"{count} and room for {room}")
        self.file.seek(at + count * element)
        return memoryview(self.file)[at:at + count * element]


def read_torch_file(file: MappedFile, name: str) -> TorchFile:
    """Tells the container by its first bytes. `name` is what messages call the file. Raises Fault."""
    if file[:len(ZIP_START)] == ZIP_START:
        return ZipFile(file, name).read()
    if file[:1] == PICKLE_START:
        return LegacyFile(file, name).read()
    raise refusal(name, f"{KIND}{len(file)} bytes of something else")
