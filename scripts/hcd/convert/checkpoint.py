# SPDX-License-Identifier: BSD-2-Clause
"""Weights as PyTorch's torch.save writes them: the zip format (since 1.6) and the one before it."""

import hashlib
from dataclasses import dataclass

from hcd.convert.refusal import printable, refusal
from hcd.convert.torch_file import TorchFile, map_file, read_torch_file
from hcd.convert.torch_objects import ELEMENT_BYTES, Tensor

MOST_NESTING = 4
MOST_COPIES = 4  # of the file's size: what shares storages grows when copied
LONGEST_NAME = 256
MODULE = "module."
# Where state dicts lie in files that hold more: the averaged weights first.
NESTINGS = ("params_ema", "params", "state_dict", "model")
STATE_DICT = "expected a state dict (names and tensors)"


@dataclass(frozen=True)
class StoredTensor:
    """A tensor, and the bytes of its storage."""
    tensor: Tensor
    storage: memoryview


@dataclass(frozen=True)
class Checkpoint:
    """The state dict of a file, in the order of names."""
    sha256: str
    tensors: dict[str, StoredTensor]


def find_state_dict(found: dict) -> dict:
    """`found`, or the state dict that it holds."""
    for _ in range(MOST_NESTING):
        nesting = next((key for key in NESTINGS if isinstance(found.get(key), dict)), None)
        if nesting is None:
            break
        found = found[nesting]
    return found


def kind_of(value: object) -> str:
    if value is None:
        return "None"
    for kind, text in ((str, "a string"), (dict, "a dict"), ((list, tuple), "a list"), ((int, float), "a number")):
        if isinstance(value, kind):
            return text
    return "something else"


def tensor_name(key: object, file: str) -> str:
    """The name of a tensor without "module."."""
    if not isinstance(key, str):
        raise refusal(file, f"expected names of tensors, found {kind_of(key)}")
    name = key.removeprefix(MODULE)
    if not 1 <= len(name) <= LONGEST_NAME or not all("!" <= letter <= "~" for letter in name):
        raise refusal(file, f"expected names of 1 to 256 ASCII letters, found '{printable(key)}'")
    return name


def stored(tensor: Tensor, key: str, torch_file: TorchFile, file: str) -> StoredTensor:
    storage = torch_file.storages.get(tensor.storage.key, memoryview(b""))
    element, wanted = ELEMENT_BYTES[tensor.storage.dtype], tensor.storage.count
    if tensor.storage.key not in torch_file.storages or len(storage) != wanted * element:
        raise refusal(file, f"tensor '{key}': expected a storage of {wanted} elements of {element} bytes, found "
                                    f"{len(storage)} bytes")
    return StoredTensor(tensor, storage)


def read_checkpoint(path: str) -> Checkpoint:
    """The state dict may be the whole file, or lie under params_ema, params, state_dict or model (the first of these that
    there is, at any depth up to 4). A leading "module." of names is left out. Nothing in the file is executed. Raises Fault,
    "weights '<path>': ...", for everything else: see unpickle.py for what is refused. The tensors need at most four times the
    file's size."""
    file = map_file(path)
    torch_file = read_torch_file(file, path)
    if not isinstance(torch_file.object, dict):
        raise refusal(path, f"{STATE_DICT}, found {kind_of(torch_file.object)}")
    tensors: dict[str, StoredTensor] = {}
    room = len(file) * MOST_COPIES
    for key, value in find_state_dict(torch_file.object).items():
        name = tensor_name(key, path)
        if not isinstance(value, Tensor):
            raise refusal(path, f"{STATE_DICT}, or one under params_ema, params, state_dict or model, found '{name}': "
                                        f"{kind_of(value)}")
        if name in tensors:
            raise refusal(path, f"expected one tensor '{name}', found two")
        tensors[name] = stored(value, name, torch_file, path)
        room -= value.count() * ELEMENT_BYTES[value.storage.dtype]
        if room < 0:
            raise refusal(path, f"expected tensors of at most {MOST_COPIES} times the file's size, found more")
    if not tensors:
        raise refusal(path, "expected tensors, found none")
    return Checkpoint(hashlib.sha256(file).hexdigest(), dict(sorted(tensors.items())))
