#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Pickles read as data: every value of torch.save, and nothing else."""

import io
import unittest

from hcd.convert.torch_objects import Storage, Tensor
from hcd.convert.unpickle import read_pickle
from torch_pieces import (ORDERED_DICT, RefusalTest, TensorText, int_value, named_value, number, pickle, tensor_value,
                          text_value, tuple_value)

RULE = "a weight file may hold tensors, dicts, numbers and strings only"
HEAD = "damaged pickle: "
MOST = 2**63 - 1


class PickleTest(RefusalTest):
    def value(self, value):
        data = pickle(value)
        file = io.BytesIO(data + b"more")
        read = read_pickle(file, "w")
        self.assertEqual(file.tell(), len(data))
        return read

    def refused(self, data, text):
        self.assert_refused(lambda: read_pickle(io.BytesIO(data), "w"), "weights 'w': " + text)


class ValuesTest(PickleTest):
    def test_constants(self):
        for value, expected in (
                (b"N", None), (b"\x88", True), (b"\x89", False), (b"J\xfe\xff\xff\xff", -2), (b"K\xff", 255),
                (b"M\xff\xff", 65535), (b"\x8a\0", 0), (b"\x8a\1\xff", -1), (b"\x8a\2\xff\0", 255),
                (int_value(2**63), -2**63), (b"G\xbf\xf8\0\0\0\0\0\0", -1.5), (text_value("abc"), "abc"),
                (b"U\3abc", "abc"), (b"T\3\0\0\0abc", "abc"), (b"\x8c\3abc", "abc"),
                (b"\x8d" + number(3, 8) + b"abc", "abc"),
                (b"\x8a\x09123456789", int.from_bytes(b"123456789", "little"))):
            read = self.value(value)
            self.assertEqual((read, type(read)), (expected, type(expected)), value)

    def test_containers(self):
        for three in (b"(K\1K\2K\3t", b"K\1K\2K\3\x87", b"](K\1K\2K\3e", b"]K\1aK\2aK\3a"):
            self.assertEqual(list(self.value(three)), [1, 2, 3])
        pair = text_value("a") + b"K\1"
        ordered = named_value("collections", "OrderedDict")
        for one in (b"}(" + pair + b"u", b"}" + pair + b"s", ordered + b")R(" + pair + b"u",
                    ordered + b"](](" + pair + b"ee\x85R",             # Python 2
                    ordered + b")R" + pair + b"s}" + pair + b"sb"):    # attributes are dropped
            self.assertEqual(self.value(one), {"a": 1})

    def test_memo(self):
        index = number(300, 4)
        for value in (b"K\7q\1h\1\x86", b"K\7r" + index + b"j" + index + b"\x86", b"K\7\x94h\0\x86"):
            self.assertEqual(self.value(value), (7, 7))
        read = self.value(b"]q\1h\1a")  # a list in itself
        self.assertEqual(len(read), 1)
        self.assertIs(read[0], read)

    def test_tensors(self):
        tensor = tensor_value(TensorText(count=100, offset=3, shape=(2, 3, 1), strides=(1, 2, 2**31)))
        expected = Tensor(Storage("F32", "0", 100), 3, (2, 3, 1), (1, 2, 0))
        self.assertEqual(self.value(tensor), expected)
        parameter = named_value("torch._utils", "_rebuild_parameter")
        self.assertEqual(self.value(parameter + b"(" + tensor + b"\x88" + ORDERED_DICT + b"tR"), expected)


class RefusalsTest(PickleTest):
    def test_every_other_name_by_name(self):
        argument = text_value("touch /tmp/owned") + b"\x85R"
        for data, name in (
                (pickle(named_value("os", "system") + argument), "os.system"),
                (b"cos\nsystem\n(S'touch /tmp/owned'\ntR.", "os.system"),
                (pickle(text_value("posix") + text_value("system") + b"\x93" + argument), "posix.system"),
                (b"(K\1ios\nsystem\n.", "os.system"),
                (pickle(named_value("builtins", "eval")), "builtins.eval"),
                (pickle(named_value("torch", "FloatTensor")), "torch.FloatTensor"),
                (pickle(named_value("torch._utils", "_rebuild_tensor_v2.__globals__")),
                 "torch._utils._rebuild_tensor_v2.__globals__"),
                (pickle(named_value("a\x1b[2J", "b" * 200)), "a?[2J." + "b" * 94 + "...")):
            self.refused(data, f"refused '{name}': {RULE}")
        self.refused(pickle(tuple_value([text_value("module"), b"N"]) + b"Q"), f"refused a pickled 'module': {RULE}")

    def test_damage(self):
        early = "it ends too early"
        for data, text in (
                (b"", early), (b"\x80", early), (b"\x80\2K\1", early), (b"X\xff\xff\xff\xff", early),
                (b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7f.", early), (b"cos", early),
                (b".", "its stack is empty"),
                (b"K\1(\x85.", "its stack is empty"),  # below the mark
                (b"K\1t.", "it has no mark"),
                (b"h\1.", "expected a value of its memo, found none"),
                (b"K\1r\xff\xff\xff\xff.", "expected places of its memo below a million, found 4294967295"),
                (b"K\1K\1a.", "expected a list, found something else"),
                (b"]K\1K\1s.", "expected a dict, found something else"),
                (b"}(K\1u.", "expected pairs for a dict, found an odd number"),
                (b"K\1}b.", "expected a dict to build, found something else"),
                (b"K\1K\1\x93.", "expected a name, found something else"),
                (b"K\1)R.", "expected a call, found something else"),
                (b"ccollections\nOrderedDict\nK\1R.", "expected a call, found something else"),
                (b"ctorch\nFloatStorage\n)R.", "'StorageType' object is not callable"),
                (b"ccollections\nOrderedDict\nK\1\x85R.", "expected an OrderedDict of pairs"),
                (b"ctorch._utils\n_rebuild_parameter\n)R.", "expected a parameter's tensor, found something else"),
                (b"\x8c\1\xffN.", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte")):
            self.refused(data, HEAD + text)
        for opcode in b"IFSpgo\x81\x82\x8f\x92\0":
            self.refused(bytes([opcode]), f"{HEAD}expected opcodes of data, found 0x{opcode:02x}")

    def test_tensors_beyond_their_storage(self):
        for offset, shape, strides in (
                (1, (2, 3), (3, 1)), (0, (7,), (1,)), (0, (2,), (6,)), (6, (1,), (1,)),
                (0, (10000000000,), (0,)),  # 40 GB of one element
                (0, (2**31, 2**31, 4), (0, 0, 0)), (MOST, (2,), (1,)), (0, (3,), (MOST,)), (0, (MOST, MOST, 0), (0, 0, 0))):
            self.refused(pickle(tensor_value(TensorText("FloatStorage", "0", 6, offset, shape, strides))),
                         HEAD + "expected a tensor within its storage of 6 elements, found offset, shape and strides that go "
                                "beyond")

    def test_tensors_that_are_none(self):
        for tensor in (TensorText(offset=-1), TensorText(shape=(-1,), strides=(1,)), TensorText(shape=(1,), strides=(1, 1)),
                       TensorText(shape=(1,), strides=(-1,)), TensorText(shape=(1,) * 9, strides=(1,) * 9)):
            self.refused(pickle(tensor_value(tensor)),
                         HEAD + "expected a tensor's storage, offset, shape and strides (8 dimensions at most), found something "
                                "else")
        for value in (tensor_value(TensorText(count=-1)), b"NQ", tuple_value([text_value("storage")]) + b"Q"):
            self.refused(pickle(value), HEAD + "expected a storage's type, key and size, found something else")

    def test_nothing_changes_what_was_checked(self):
        """BUILD sets attributes, where an object lets it."""
        for value in (tensor_value(), b"(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0000X\3\0\0\0cpuK\6tQ",
                      named_value("torch", "FloatStorage"), named_value("torch._utils", "_rebuild_tensor_v2")):
            for state in (b"}X\6\0\0\0offsetK\7s", b"N}X\6\0\0\0offsetK\7s\x86"):
                self.refused(pickle(value + state + b"b"), HEAD + "expected a dict to build, found something else")


class BoundsTest(PickleTest):
    """Small files that would become large ones, or take years."""

    def test_opcodes(self):
        text = HEAD + "expected at most a million opcodes, found more"
        self.refused(b"(" * 1100000, text)
        self.refused(b"]" * 1100000, text)
        self.refused(b"K\1q\1" + b"N" * 1100000, text)
        # A list of 300000 pairs, made into dicts over and over.
        self.refused(b"NN\x86q\1](" + b"h\1" * 300000 + b"eq\2" + b"ccollections\nOrderedDict\nh\2\x85R" * 10 + b".", text)

    def test_hashes(self):
        text = HEAD + "expected texts and numbers as keys of a dict, found something else"
        power = b"K\1q\0" + b"".join(b"h" + bytes([i]) + b"\x86q" + bytes([i + 1]) for i in range(60))
        deep = b"N" + b"\x85" * 100000
        for key in (power, deep, b"\x8a\x09" + number(2**61 * 33, 9)):
            self.refused(pickle(b"}" + key + b"Ns"), text)
            self.refused(pickle(b"}(" + key + b"Nu"), text)
            self.refused(pickle(named_value("collections", "OrderedDict") + b"]" + key + b"N\x86a\x85R"), text)

    def test_depth(self):
        self.assertEqual(len(self.value(b"N" + b"\x85" * 900000)), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
