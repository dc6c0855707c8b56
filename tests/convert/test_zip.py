#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Archives: whole, damaged, and made to keep the reader busy."""

import struct
import unittest
import zlib

from hcd.run import Fault
from hcd.convert.torch_file import ZipFile, map_file
from torch_pieces import RefusalTest, zip_file

WHOLE = zip_file([("a", b"abc")])  # 34 bytes, 47 of the directory, 22 of its end


class ZipTest(RefusalTest):
    def read(self, content):
        return ZipFile(map_file(self.write(content)), "w").entries

    def refused(self, content, text):
        self.assert_refused(lambda: self.read(content),
                            f"weights 'w': expected a PyTorch file (torch.save), found {text}")

    def test_knows_whole_from_damaged(self):
        self.assertEqual(self.read(WHOLE), {"a": b"abc"})
        self.assertEqual(self.read(WHOLE + b"a comment"), {"a": b"abc"})
        for at, text in ((31, "a checksum does not fit"), (32, "a checksum does not fit"), (33, "a checksum does not fit"),
                         (0, "a checksum does not fit"), (34, "its directory")):
            damaged = bytearray(WHOLE)
            damaged[at] ^= 1
            self.refused(damaged, f"a damaged one ({text})")

    def test_compressed_entries_stay_so(self):
        self.assertEqual(self.read(zip_file([("a", b"abc")], 8)), {"a": None})

    def test_entries_that_overlap(self):
        """Else an archive of 65534 entries over the same bytes would keep the checksum busy for hours."""
        data = b"a" * 200
        facts = struct.pack("<IHIIIIH", 0, 0, 0, zlib.crc32(data), len(data), len(data), 1)
        local = b"PK\3\4" + facts + bytes(2) + b"a" + data
        directory = (b"PK\1\2" + bytes(2) + facts + bytes(16) + b"a") * 10
        self.refused(local + directory + b"PK\5\6" + struct.pack("<IHHIIH", 0, 10, 10, len(directory), len(local), 0),
                     "a damaged one (its entries overlap)")

    def test_stands_any_bytes(self):
        for i in range(len(WHOLE)):
            with self.assertRaises(Fault):
                self.read(WHOLE[:i] or b"\0")
            for value in (0, 1, 127, 255):
                changed = bytearray(WHOLE)
                changed[i] = value
                try:
                    self.read(changed)
                except Fault:
                    pass


if __name__ == "__main__":
    unittest.main(verbosity=2)
