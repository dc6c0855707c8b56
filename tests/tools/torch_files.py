# SPDX-License-Identifier: BSD-2-Clause
"""Files as torch.save writes them, made by Python's own pickle and zipfile; and what is in a
safetensors file."""

import collections
import io
import json
import pickle
import struct
import sys
import types
import zipfile

MAGIC = 0x1950A86A20F9469CFC6C
VERSION = 1001


def _names():
    """Modules with the names that pickles of PyTorch hold; pickle looks them up when it writes."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    torch._utils = utils
    for name in ("FloatStorage", "DoubleStorage", "HalfStorage", "LongStorage"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    def _rebuild_tensor_v2():
        raise AssertionError("called")

    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    sys.modules.update({"torch": torch, "torch._utils": utils})
    return torch


TORCH = _names()
TYPES = {"f": TORCH.FloatStorage, "d": TORCH.DoubleStorage, "e": TORCH.HalfStorage,
         "q": TORCH.LongStorage}


class Storage:
    def __init__(self, values, code="f", claimed=None):
        self.code, self.values = code, list(values)
        self.count = len(self.values) if claimed is None else claimed

    def data(self):
        return struct.pack(f"<{len(self.values)}{self.code}", *self.values)


class Tensor:
    def __init__(self, storage, shape, strides, offset=0):
        self.arguments = (storage, offset, shape, strides, False, collections.OrderedDict())

    def __reduce__(self):
        return TORCH._utils._rebuild_tensor_v2, self.arguments


def tensor(values, code="f"):
    storage = Storage(values, code)
    return Tensor(storage, (len(storage.values),), (1,))


class _Pickler(pickle.Pickler):
    def __init__(self, file, protocol):
        super().__init__(file, protocol)
        self.storages = {}

    def persistent_id(self, value):
        if not isinstance(value, Storage):
            return None
        self.storages[str(id(value))] = value
        return ("storage", TYPES[value.code], str(id(value)), "cpu", value.count)


def _pickled(value, protocol):
    file = io.BytesIO()
    pickler = _Pickler(file, protocol)
    pickler.dump(value)
    return file.getvalue(), pickler.storages


def save_zip(path, value, protocol=2, method=zipfile.ZIP_STORED):
    data, storages = _pickled(value, protocol)
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/byteorder", "little")
        for key, storage in storages.items():
            archive.writestr(f"archive/data/{key}", storage.data())
        archive.writestr("archive/version", "3\n")
    return path


def save_legacy(path, value, protocol=2):
    data, storages = _pickled(value, protocol)
    facts = {"protocol_version": VERSION, "little_endian": True, "type_sizes": {"int": 4}}
    with open(path, "wb") as file:
        for part in (MAGIC, VERSION, facts):
            pickle.dump(part, file, protocol)
        file.write(data)
        pickle.dump(list(storages), file, protocol)
        for storage in storages.values():
            file.write(struct.pack("<q", storage.count) + storage.data())
    return path


def read_safetensors(path):
    """(metadata, {name: (type, shape, values)})"""
    data = path.read_bytes()
    length = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8:8 + length])
    codes = {"F32": "f", "F16": "e", "I64": "q"}
    tensors = {}
    metadata = header.pop("__metadata__")
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        code = codes[entry["dtype"]]
        count = (end - begin) // struct.calcsize(code)
        tensors[name] = (entry["dtype"], entry["shape"],
                         list(struct.unpack_from(f"<{count}{code}", data, begin)))
    return metadata, tensors
