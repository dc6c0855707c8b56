#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tensors in rows, and the weight file of them: the same bytes each time."""

import json
import struct
import subprocess
import sys
import unittest

import numpy

from hcd.convert.checkpoint import read_checkpoint
from hcd.convert.safetensors_file import encode, in_rows
from torch_pieces import RefusalTest, TensorText, dict_value, floats, legacy_file, number, tensor_value, torch_file

WRITE = """
import sys, numpy
from hcd.convert.safetensors_file import encode
tensors = {"b": numpy.arange(6, dtype="<f4").reshape(2, 3), "a": numpy.zeros(1, "<f4")}
for part in encode(tensors, {key: key for key in ("format", "hcd.model", "hcd.scale", "hcd.source", "hcd.licence")}):
    sys.stdout.buffer.write(part)
"""


class RowsTest(RefusalTest):
    def rows(self, content):
        return in_rows(read_checkpoint(self.write(content)).tensors["a"])

    def test_layouts(self):
        for tensor, shape, expected in (
                (TensorText(), (2, 3), [0, 1, 2, 3, 4, 5]),
                (TensorText(shape=(3, 2), strides=(1, 3)), (3, 2), [0, 3, 1, 4, 2, 5]),
                (TensorText(offset=1, shape=(2,), strides=(2,)), (2,), [1, 3]),
                (TensorText(offset=4, shape=(2, 1), strides=(1, 9)), (2, 1), [4, 5]),
                (TensorText(shape=(3, 2), strides=(0, 1)), (3, 2), [0, 1, 0, 1, 0, 1]),
                (TensorText(offset=5, shape=(), strides=()), (), [5]),
                (TensorText(shape=(0, 3), strides=(3, 1)), (0, 3), [])):
            value = dict_value([("a", tensor_value(tensor))])
            for content in (torch_file(value, [("0", floats(6))]), legacy_file(value, [("0", number(6, 8) + floats(6))])):
                rows = self.rows(content)
                self.assertEqual((rows.dtype, rows.shape, rows.ravel().tolist()), (numpy.float32, shape, expected))
                self.assertTrue(rows.flags.c_contiguous)

    def test_types(self):
        for storage, data, dtype, expected in (
                ("DoubleStorage", struct.pack("<2d", 0.1, 1e300), "float32", [numpy.float32(0.1), numpy.inf]),
                ("BFloat16Storage", struct.pack("<2H", 0x3F80, 0xC049), "float32", [1, -3.140625]),
                ("HalfStorage", struct.pack("<2e", 0.5, -2), "float16", [0.5, -2]),
                ("LongStorage", struct.pack("<2q", -1, 2**40), "int64", [-1, 2**40]),
                ("IntStorage", struct.pack("<2i", -1, 2**30), "int32", [-1, 2**30]),
                ("BoolStorage", b"\0\1", "uint8", [0, 1])):
            value = dict_value([("a", tensor_value(TensorText(storage, count=2, shape=(2,), strides=(1,))))])
            rows = self.rows(torch_file(value, [("0", data)]))
            self.assertEqual((rows.dtype.name, rows.tolist()), (dtype, expected), storage)


class FileTest(unittest.TestCase):
    def test_bytes(self):
        header = ('{"__metadata__":{"format":"pt","hcd.source":"\N{REPLACEMENT CHARACTER}"},'
                  '"a":{"data_offsets":[0,4],"dtype":"F32","shape":[]},"b":{"data_offsets":[4,4],"dtype":"F32","shape":[0,3]}}')
        text = header.encode()
        text += b" " * (-len(text) % 8)
        tensors = {"b": numpy.zeros((0, 3), "<f4"), "a": numpy.array(7, "<f4")}
        written = b"".join(encode(tensors, {"hcd.source": "\N{REPLACEMENT CHARACTER}", "format": "pt"}))
        self.assertEqual(written, struct.pack("<Q", len(text)) + text + struct.pack("<f", 7))
        json.loads(header)

    def test_the_same_each_time(self):
        """safetensors writes its metadata by a hash with a key of chance."""
        first, *others = (subprocess.run([sys.executable, "-B", "-c", WRITE], capture_output=True, check=True).stdout
                          for _ in range(4))
        self.assertGreater(len(first), 100)
        self.assertEqual(set(others), {first})


if __name__ == "__main__":
    unittest.main(verbosity=2)
