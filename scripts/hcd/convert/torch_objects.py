# SPDX-License-Identifier: BSD-2-Clause
"""What PyTorch puts into a pickle beyond Python's own types: stand-ins that hold data, each checked.

None of them can be changed once it is made: a pickle's BUILD finds no way in."""

from collections.abc import Callable
from dataclasses import dataclass

from hcd.convert.refusal import printable, refusal
from hcd.run import Fault

MOST_DIMENSIONS = 8
MOST_ELEMENTS = 2**60  # so that sizes in bytes fit into 64 bits
RULE = "a weight file may hold tensors, dicts, numbers and strings only"
ELEMENT_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "U8": 1}  # names as in safetensors
STORAGES = {"DoubleStorage": "F64", "FloatStorage": "F32", "HalfStorage": "F16", "BFloat16Storage": "BF16",
            "LongStorage": "I64", "IntStorage": "I32", "ByteStorage": "U8", "BoolStorage": "U8"}


class Damage(Exception):
    """What is wrong with a pickle."""


class Fixed:
    def __setstate__(self, state: object) -> None:
        raise Damage("expected a dict to build, found something else")


class StateDict(dict):
    """An OrderedDict. Its attributes, where PyTorch keeps versions, are of no use here."""

    def __setstate__(self, state: object) -> None:
        pass


@dataclass(frozen=True)
class StorageType(Fixed):
    dtype: str


@dataclass(frozen=True)
class Storage(Fixed):
    """An array that lies elsewhere in the file."""
    dtype: str
    key: str
    count: int  # elements, >= 0


@dataclass(frozen=True)
class Tensor(Fixed):
    """Element (i, j, ...) is element offset + i * strides[0] + j * strides[1] + ... of the storage, and all of them are
    within it; there are no more of them than the storage has."""
    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def count(self) -> int:
        count = 1
        for size in self.shape:
            count *= size
        return count


@dataclass(frozen=True)
class Maker(Fixed):
    """A function that a pickle may call."""
    make: Callable[[tuple], object]

    def __call__(self, *arguments: object) -> object:
        return self.make(arguments)


def is_key(value: object) -> bool:
    """Whether a value may be a key of a dict: its hash takes no time, and hardly any other has the same."""
    return isinstance(value, (str, float, type(None))) or (isinstance(value, int) and -2**63 <= value < 2**63)


def size_of(value: object) -> int | None:
    """A whole number of [0, 2^63)."""
    return value if type(value) is int and 0 <= value < 2**63 else None


def sizes_of(value: object) -> tuple[int, ...] | None:
    if not isinstance(value, tuple) or len(value) > MOST_DIMENSIONS or None in map(size_of, value):
        return None
    return value


def fits(tensor: Tensor) -> bool:
    """Whether all elements are within the storage and are not more than it has."""
    count, last = 1, tensor.offset
    for size, stride in zip(tensor.shape, tensor.strides):
        count *= max(size, 1)
        last += (max(size, 1) - 1) * stride
    if max(count, last) >= MOST_ELEMENTS:
        return False
    return 0 in tensor.shape or (count <= tensor.storage.count and last < tensor.storage.count)


def make_tensor(arguments: tuple) -> Tensor:
    """Of (storage, offset, shape, strides), with the flags of training behind them."""
    storage, offset, shape, strides = (*arguments[:4], None, None, None, None)[:4]
    shape, strides = sizes_of(shape), sizes_of(strides)
    if not isinstance(storage, Storage) or size_of(offset) is None or shape is None or strides is None or \
            len(shape) != len(strides):
        raise Damage("expected a tensor's storage, offset, shape and strides (8 dimensions at most), found something else")
    # The stride of a dimension of 1 has no meaning, and may be any number.
    strides = tuple(0 if size == 1 else stride for size, stride in zip(shape, strides))
    tensor = Tensor(storage, offset, shape, strides)
    if not fits(tensor):
        raise Damage(f"expected a tensor within its storage of {storage.count} elements, found offset, shape and strides "
                     "that go beyond")
    return tensor


def make_parameter(arguments: tuple) -> Tensor:
    if not arguments or not isinstance(arguments[0], Tensor):
        raise Damage("expected a parameter's tensor, found something else")
    return arguments[0]


def make_dict(arguments: tuple) -> StateDict:
    """Of no arguments, or (as Python 2 writes it) of one list of pairs."""
    pairs = arguments[0] if len(arguments) == 1 else ()
    if len(arguments) > 1 or not isinstance(pairs, (list, tuple)) or \
            not all(isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in pairs):
        raise Damage("expected an OrderedDict of pairs")
    if not all(is_key(key) for key, _ in pairs):
        raise Damage("expected texts and numbers as keys of a dict, found something else")
    return StateDict(pairs)


ORDERED_DICT = Maker(make_dict)
OBJECTS: dict[tuple[str, str], Fixed] = {
    ("collections", "OrderedDict"): ORDERED_DICT,
    ("torch._utils", "_rebuild_tensor"): Maker(make_tensor),     # before PyTorch 0.4
    ("torch._utils", "_rebuild_tensor_v2"): Maker(make_tensor),  # since then
    ("torch._utils", "_rebuild_parameter"): Maker(make_parameter),
    **{("torch", name): StorageType(dtype) for name, dtype in STORAGES.items()},
}


def refused(what: str, file: str) -> Fault:
    return refusal(file, f"refused {what}: {RULE}")


def named_object(module: str, name: str, file: str) -> Fixed:
    """The stand-in of that name. Refuses all but those that are tensors, their storages and OrderedDict."""
    if (module, name) not in OBJECTS:
        raise refused(f"'{printable(f'{module}.{name}')}'", file)
    return OBJECTS[module, name]


def storage_of(identity: object, file: str) -> Storage:
    """Of a persistent id ("storage", type, key, location, count), with a view of None behind it in some files."""
    parts = identity if isinstance(identity, tuple) else ()
    kind = parts[0] if parts and isinstance(parts[0], str) else None
    if kind not in (None, "storage"):
        raise refused(f"a pickled '{printable(kind)}'", file)
    if kind is None or len(parts) not in (5, 6) or not isinstance(parts[1], StorageType) or \
            not isinstance(parts[2], str) or size_of(parts[4]) is None:
        raise Damage("expected a storage's type, key and size, found something else")
    if parts[5:] not in ((), (None,)):
        raise refusal(file, "expected storages of their own, found a view of another one (PyTorch 0.3): save the "
                                    "weights again with torch.save in PyTorch 1.6 or later")
    return Storage(parts[1].dtype, parts[2], parts[4])
