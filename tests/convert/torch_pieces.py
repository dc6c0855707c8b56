# SPDX-License-Identifier: BSD-2-Clause
"""Writes small files of torch.save, sound and otherwise, piece by piece."""

import struct
import tempfile
import unittest
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hcd.run import Fault

Items = Sequence[tuple[str, bytes]]  # names and pieces


def number(value: int, size: int) -> bytes:
    return value.to_bytes(size, "little")


# Values as pieces of a pickle.

def text_value(text: str) -> bytes:
    data = text.encode()
    return b"X" + number(len(data), 4) + data


def int_value(value: int) -> bytes:
    return b"\x8a\x08" + number(value % 2**64, 8)


def tuple_value(values: Sequence[bytes]) -> bytes:
    return b"(" + b"".join(values) + b"t"


def sizes_value(sizes: Sequence[int]) -> bytes:
    return tuple_value([int_value(size) for size in sizes])


def named_value(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


ORDERED_DICT = named_value("collections", "OrderedDict") + b")R"


def dict_value(items: Items) -> bytes:
    return ORDERED_DICT + b"(" + b"".join(text_value(key) + value for key, value in items) + b"u"


def pickle(value: bytes) -> bytes:
    return b"\x80\x02" + value + b"."


@dataclass(frozen=True)
class TensorText:
    storage: str = "FloatStorage"
    key: str = "0"
    count: int = 6  # of the storage
    offset: int = 0
    shape: Sequence[int] = (2, 3)
    strides: Sequence[int] = (3, 1)


def tensor_value(tensor: TensorText = TensorText()) -> bytes:
    """As PyTorch writes it, in either format."""
    identity = tuple_value([text_value("storage"), named_value("torch", tensor.storage), text_value(tensor.key),
                            text_value("cpu"), int_value(tensor.count)])
    return named_value("torch._utils", "_rebuild_tensor_v2") + tuple_value(
        [identity + b"Q", int_value(tensor.offset), sizes_value(tensor.shape), sizes_value(tensor.strides), b"\x89",
         ORDERED_DICT]) + b"R"


def zip_file(entries: Items, method: int = 0) -> bytes:
    """An archive of stored entries. `method`: 8 claims that they are deflated."""
    archive, directory = b"", b""
    for name, data in entries:
        facts = struct.pack("<IHIIIIH", 0, method, 0, zlib.crc32(data), len(data), len(data), len(name))
        directory += b"PK\1\2" + bytes(2) + facts + bytes(12) + number(len(archive), 4) + name.encode()
        archive += b"PK\3\4" + facts + bytes(2) + name.encode() + data
    return archive + directory + b"PK\5\6" + struct.pack("<IHHIIH", 0, len(entries), len(entries), len(directory),
                                                         len(archive), 0)


def torch_file(value: bytes, storages: Items) -> bytes:
    """The format since PyTorch 1.6, with the storages of these keys."""
    return zip_file([("archive/data.pkl", pickle(value)), ("archive/byteorder", b"little"),
                     *((f"archive/data/{key}", data) for key, data in storages), ("archive/version", b"3\n")])


def legacy_file(value: bytes, storages: Items, little_endian: bytes = b"\x88") -> bytes:
    """The format before it. `storages`: keys, and counts with data."""
    return (pickle(b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19") + pickle(b"M\xe9\x03") +
            pickle(b"}(" + text_value("little_endian") + little_endian + b"u") + pickle(value) +
            pickle(b"](" + b"".join(text_value(key) for key, _ in storages) + b"e") +
            b"".join(data for _, data in storages))


def floats(count: int) -> bytes:
    """0, 1, 2, ..."""
    return struct.pack(f"<{count}f", *range(count))


class RefusalTest(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.path = str(Path(temporary.name) / "w.pth")

    def write(self, content: bytes) -> str:
        Path(self.path).write_bytes(content)
        return self.path

    def assert_refused(self, call: Callable[[], object], text: str) -> None:
        with self.assertRaises(Fault) as caught:
            call()
        self.assertEqual(str(caught.exception), text)
