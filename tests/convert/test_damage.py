#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Whatever happens to a file of torch.save on its way, it is read or refused."""

import random
import unittest

from hcd.convert.checkpoint import read_checkpoint
from hcd.run import Fault
from torch_pieces import RefusalTest, TensorText, dict_value, floats, legacy_file, number, tensor_value, torch_file

TRIALS = 2000
NESTED = dict_value([("epoch", b"K\3"), ("state_dict", dict_value(
    [("module.a", tensor_value()), ("b", tensor_value(TensorText(shape=(3, 2), strides=(1, 3))))]))])
# Pickles inside a zip are protected by its checksums: the old format has them bare.
FILES = {"zip": torch_file(NESTED, [("0", floats(6))]), "legacy": legacy_file(NESTED, [("0", number(6, 8) + floats(6))])}


class DamageTest(RefusalTest):
    def tensors(self, content):
        """How many; 0 if the file was refused."""
        try:
            return len(read_checkpoint(self.write(content)).tensors)
        except Fault as fault:
            self.assertTrue(str(fault).startswith(f"weights '{self.path}': "), fault)
            return 0

    def test_the_whole_files_are_read(self):
        for name, content in FILES.items():
            self.assertEqual(self.tensors(content), 2, name)

    def test_every_truncation_is_refused(self):
        for name, content in FILES.items():
            for size in range(len(content)):
                self.assertEqual(self.tensors(content[:size]), 0, (name, size))

    def test_changed_bytes_are_read_or_refused(self):
        generator = random.Random(1)
        for name, content in FILES.items():
            refused = 0
            for _ in range(TRIALS):
                changed = bytearray(content)
                changed[generator.randrange(len(changed))] = generator.randrange(256)
                refused += self.tensors(changed) == 0
            self.assertGreater(refused, TRIALS // 4, name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
