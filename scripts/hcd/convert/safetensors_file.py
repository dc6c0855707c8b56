# SPDX-License-Identifier: BSD-2-Clause
"""The weight file that comes out: tensors in rows, F64 and BF16 as F32."""

import json
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # of numpy, which is to copy only: no memory for each core
import numpy  # noqa: E402
import safetensors.numpy  # noqa: E402

from hcd.convert.checkpoint import StoredTensor  # noqa: E402
from hcd.convert.torch_objects import ELEMENT_BYTES  # noqa: E402

LENGTH_BYTES = 8
TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "U8": "u1"}


def in_rows(stored: StoredTensor) -> numpy.ndarray:
    tensor, dtype = stored.tensor, stored.tensor.storage.dtype
    if tensor.count() == 0:
        values = numpy.zeros(tensor.shape, TYPES[dtype])
    else:
        elements = numpy.frombuffer(stored.storage, TYPES[dtype])[tensor.offset:]
        strides = [stride * ELEMENT_BYTES[dtype] for stride in tensor.strides]
        values = numpy.lib.stride_tricks.as_strided(elements, tensor.shape, strides, writeable=False)
    if dtype == "BF16":  # the upper half of an F32
        return (values.astype("<u4") << 16).view("<f4")
    if dtype == "F64":
        with numpy.errstate(over="ignore"):
            return values.astype("<f4", order="C")
    return numpy.array(values, order="C")


def encode(tensors: dict[str, numpy.ndarray], metadata: dict[str, str]) -> list[bytes | memoryview]:
    """The bytes of a file with these tensors, in parts. The same input gives the same bytes: safetensors itself writes the
    metadata in an order of chance."""
    written = memoryview(safetensors.numpy.save(tensors, metadata))
    data = LENGTH_BYTES + int.from_bytes(written[:LENGTH_BYTES], "little")
    header = json.loads(bytes(written[LENGTH_BYTES:data]))
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % LENGTH_BYTES)  # the data begin at a multiple of it
    return [len(text).to_bytes(LENGTH_BYTES, "little"), text, written[data:]]
