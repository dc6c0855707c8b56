#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""State dicts of torch.save's files, in both formats."""

import struct
import unittest

from hcd.convert.checkpoint import read_checkpoint
from hcd.convert.torch_objects import ELEMENT_BYTES, STORAGES
from torch_pieces import (RefusalTest, TensorText, dict_value, floats, legacy_file, named_value, number, pickle,
                          tensor_value, text_value, torch_file, tuple_value, zip_file)

SIX = [0, 1, 2, 3, 4, 5]
HEAD = "expected a PyTorch file (torch.save), found "
STATE_DICT = "expected a state dict (names and tensors), "


def legacy_storage(count):
    return number(count, 8) + floats(count)


def both_formats(value):
    """The same value with one storage "0" of six floats."""
    return torch_file(value, [("0", floats(6))]), legacy_file(value, [("0", legacy_storage(6))])


class CheckpointTest(RefusalTest):
    def read(self, content):
        return read_checkpoint(self.write(content)).tensors

    def refused(self, content, text):
        self.assert_refused(lambda: self.read(content), f"weights '{self.path}': {text}")

    def assert_tensor(self, value, name, shape):
        for content in both_formats(value):
            (found, stored), = self.read(content).items()
            self.assertEqual((found, stored.tensor.storage.dtype, stored.tensor.shape), (name, "F32", shape))
            self.assertEqual(list(struct.unpack("<6f", stored.storage)), SIX)


class ContentTest(CheckpointTest):
    def test_reads_state_dicts(self):
        tensor = tensor_value()
        self.assert_tensor(dict_value([("conv.weight", tensor)]), "conv.weight", (2, 3))
        self.assert_tensor(dict_value([("module.conv.weight", tensor)]), "conv.weight", (2, 3))

    def test_finds_the_state_dict(self):
        good, other = dict_value([("a", tensor_value())]), dict_value([("b", tensor_value())])
        for value in (
                dict_value([("epoch", b"K\3"), ("state_dict", good), ("optimizer", dict_value([("lr", b"N")]))]),
                dict_value([("params", other), ("params_ema", good)]),
                dict_value([("params_ema", good), ("params", other)]),
                dict_value([("model", good), ("params_ema", b"N")]),
                dict_value([("model", dict_value([("state_dict", dict_value([("params", good)]))]))])):
            self.assert_tensor(value, "a", (2, 3))

    def test_keeps_types(self):
        self.assertEqual(len(STORAGES), 8)
        for storage, dtype in STORAGES.items():
            data = b"\1" * (3 * ELEMENT_BYTES[dtype])
            value = dict_value([("a", tensor_value(TensorText(storage, count=3, shape=(3,), strides=(1,))))])
            stored = self.read(torch_file(value, [("0", data)]))["a"]
            self.assertEqual((stored.tensor.storage.dtype, bytes(stored.storage)), (dtype, data))

    def test_names_come_in_order(self):
        value = dict_value([("b", tensor_value()), ("a", tensor_value()), ("c", tensor_value())])
        self.assertEqual([list(self.read(content)) for content in both_formats(value)], [["a", "b", "c"]] * 2)


class RefusalsTest(CheckpointTest):
    def test_what_is_no_state_dict(self):
        for content in (torch_file(b"K\1", []), legacy_file(b"K\1", [])):
            self.refused(content, STATE_DICT + "found a number")
        for content in both_formats(tensor_value()):
            self.refused(content, STATE_DICT + "found something else")
        nesting = STATE_DICT + "or one under params_ema, params, state_dict or model, found "
        tensor = tensor_value()
        for value, text in (
                (dict_value([("gen", dict_value([]))]), nesting + "'gen': a dict"),
                (dict_value([("a", tensor), ("b", text_value("x"))]), nesting + "'b': a string"),
                (dict_value([("a", b"N")]), nesting + "'a': None"),
                (dict_value([("a", b"]")]), nesting + "'a': a list"),
                (dict_value([]), "expected tensors, found none"),
                (b"}K\1" + tensor + b"s", "expected names of tensors, found a number"),
                (dict_value([("a", tensor), ("module.a", tensor)]), "expected one tensor 'a', found two")):
            self.refused(torch_file(value, [("0", floats(6))]), text)
        for name, shown in (("", ""), ("module.", "module."), ("a b", "a b"), ("\n", "?"), ("ä", "??"), ("a\0", "a?"),
                            ("a" * 257, "a" * 100 + "...")):
            self.refused(torch_file(dict_value([(name, tensor)]), [("0", floats(6))]),
                         f"expected names of 1 to 256 ASCII letters, found '{shown}'")

    def test_what_is_no_file_of_pytorch(self):
        good = torch_file(dict_value([("a", tensor_value())]), [("0", floats(6))])
        damaged = bytearray(good)
        damaged[60] ^= 1
        for content, text in (
                (b"", HEAD + "an empty file"),
                (b"\x89PNG", HEAD + "4 bytes of something else"),
                (b"cos\nsystem\n", HEAD + "11 bytes of something else"),
                (pickle(b"K\1") + pickle(b"K\1"), HEAD + "another pickle"),
                (zip_file([("a/data", b"")]), HEAD + "an archive without data.pkl"),
                (zip_file([("a/data.pkl", b"."), ("b/data.pkl", b".")]), HEAD + "two data.pkl in one archive"),
                (zip_file([("a/data.pkl", b"."), ("a/data.pkl", b".")]),
                 "expected one entry 'a/data.pkl' in the archive, found two"),
                (zip_file([("a/data.pkl", b"N.")], 8),
                 "entry 'a/data.pkl': expected plain bytes, found compressed ones, which torch.save never writes"),
                (zip_file([("a/data.pkl", b"."), ("a/byteorder", b"big")]), "expected little-endian storages, found 'big'"),
                (legacy_file(b"}", [], b"\x89"), "expected little-endian storages, found others"),
                (good[:100], HEAD + "only its beginning (100 bytes; the copy is not complete)"),
                (damaged, HEAD + "a damaged one (a checksum does not fit)")):
            self.refused(content, text)
        self.assert_refused(lambda: read_checkpoint("/nowhere.pth"), "weights '/nowhere.pth': " + HEAD + "no such file")
        self.assert_refused(lambda: read_checkpoint("/dev/zero"),
                            "weights '/dev/zero': " + HEAD + "something that is not a file")

    def test_views_of_storages(self):
        identity = tuple_value([text_value("storage"), named_value("torch", "FloatStorage"), text_value("0"),
                                text_value("cpu"), b"K\6", text_value("view")])
        self.refused(torch_file(identity + b"Q", []),
                     "expected storages of their own, found a view of another one (PyTorch 0.3): save the weights again with "
                     "torch.save in PyTorch 1.6 or later")

    def test_storages_that_do_not_fit(self):
        def value(count):
            return dict_value([("a", tensor_value(TensorText(count=count)))])

        tensor, storage = "tensor 'a': expected a storage of ", "storage '0': expected "
        for content, text in (
                (torch_file(value(6), []), tensor + "6 elements of 4 bytes, found 0 bytes"),
                (torch_file(value(6), [("1", floats(6))]), tensor + "6 elements of 4 bytes, found 0 bytes"),
                (torch_file(value(6), [("0", floats(7))]), tensor + "6 elements of 4 bytes, found 28 bytes"),
                (torch_file(value(6), [("0", floats(6) + b"x")]), tensor + "6 elements of 4 bytes, found 25 bytes"),
                (torch_file(value(2500000000), [("0", floats(6))]),  # 10 GB
                 tensor + "2500000000 elements of 4 bytes, found 24 bytes"),
                (torch_file(value(2**63 - 1), [("0", floats(6))]),
                 tensor + "9223372036854775807 elements of 4 bytes, found 24 bytes"),
                (legacy_file(value(6), [("0", b"")]), storage + "6 elements, found 0 and room for 0"),
                (legacy_file(value(6), [("0", number(6, 8) + floats(5))]), storage + "6 elements, found 6 and room for 5"),
                (legacy_file(value(6), [("0", number(5, 8) + floats(6))]), storage + "6 elements, found 5 and room for 6"),
                (legacy_file(value(2500000000), [("0", number(2500000000, 8) + floats(6))]),
                 storage + "2500000000 elements, found 2500000000 and room for 6"),
                (legacy_file(value(6), [("1", legacy_storage(6))]), "expected storages of tensors, found one of none")):
            self.refused(content, text)

    def test_copies_are_bounded(self):
        """Thousands of tensors over one storage would fill memory from a small file."""
        tensor = tensor_value(TensorText(count=10000, shape=(100, 100), strides=(1, 100)))
        items = [(str(i), b"h\1" if i else tensor + b"q\1") for i in range(100)]
        self.refused(torch_file(dict_value(items), [("0", floats(10000))]),
                     "expected tensors of at most 4 times the file's size, found more")


if __name__ == "__main__":
    unittest.main(verbosity=2)
