#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Small files whose headers promise much: memory follows the data that has come."""

import json
import random
import resource
import struct
import unittest
import zlib

import png_files
from hcd_command import SANITIZED, CommandTest, hcd

ROOM = 400 << 20  # what the command may take, programs and stacks included


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (ROOM, ROOM))


def png(side, colour, interlaced, samples, depth=16):
    header = struct.pack(">IIBBBBB", side, side, depth, colour, 0, 0, interlaced)
    return (b"\x89PNG\r\n\x1a\n" + png_files.chunk(b"IHDR", header) + png_files.chunk(b"IDAT", samples) +
            png_files.chunk(b"IEND", b""))


def safetensors(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def zip_entry(name, data, claimed):
    """A stored entry that claims a size, and its line of the directory."""
    crc = zlib.crc32(data)
    local = b"PK\3\4" + struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0, crc, claimed, claimed, len(name), 0) + name + data
    central = (b"PK\1\2" + struct.pack("<HHHHHHIIIHHHHHII", 20, 20, 0, 0, 0, 0, crc, claimed, claimed, len(name), 0, 0, 0,
                                       0, 0, 0) + name)
    return local, central


def archive(pickle, claimed=None):
    """A PyTorch archive of data.pkl alone."""
    local, central = zip_entry(b"a/data.pkl", pickle, len(pickle) if claimed is None else claimed)
    return local + central + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)


@unittest.skipIf(SANITIZED, "AddressSanitizer needs more address space")
class HostileTest(CommandTest):
    def refused(self, words, message):
        process = hcd(*words, preexec_fn=limit)
        self.assertEqual(process.returncode, 1, process.stderr)
        self.assertIn(message, process.stderr)
        self.assertNotIn("memory", process.stderr)

    def test_pictures(self):
        path, side = self.folder / "a.png", 32768
        garbage = random.Random(1).randbytes(7 << 20)
        for name, content, message in (
                ("short", png(side, png_files.RGB, 0, zlib.compress(bytes(9))),
                 "the header says 6442450944 bytes of samples, which 11 compressed bytes cannot hold"),
                ("short, of one bit", png(side, png_files.GRAY, 0, zlib.compress(bytes(9)), 1),
                 "the header says 134217728 bytes of samples"),
                ("garbage", png(side, png_files.RGB, 0, b"\x78\x01" + garbage), "IDAT: "),
                ("interlaced garbage", png(side, png_files.RGB, 1, b"\x78\x01" + garbage), "IDAT: "),
                ("ends", png(side, png_files.RGB, 0, zlib.compress(bytes(7 << 20), 0)), "Not enough image data"),
                ("interlaced, ends", png(side, png_files.RGB, 1, zlib.compress(bytes(7 << 20), 0)),
                 "Not enough image data"),
                ("long text", png(8, png_files.GRAY, 0, b"")[:33] + struct.pack(">I4s", 0x7fffffff, b"tEXt"),
                 "the file ends too early"),
                ("profile that grows", png(8, png_files.GRAY, 0, b"")[:33] + png_files.chunk(
                    b"iCCP", b"a\0\0" + zlib.compress(bytes(64 << 20))) + png_files.chunk(b"IEND", b""), "")):
            path.write_bytes(content)
            for words in (("down", path, "-o", self.folder / "out"), ("evaluate", "--set", path)):
                with self.subTest(name, command=words[0]):
                    self.refused((*words, "--threads", 1), f"{path}: damaged PNG file: {message}")
        self.refused(("down", "/dev/zero", "-o", self.folder / "out"), "expected a PNG file, found something else")

    def test_weights(self):
        picture = png_files.write_pattern(self.folder / "a.png", 60, 40, png_files.GRAY)
        path = self.folder / "w.safetensors"
        huge = 1 << 40
        label = {"hcd.model": "lite", "hcd.scale": "2"}
        layers = json.dumps({"layers": [{"out": 128, "kernel": 5}] * 31 + [{"out": 4}]})
        most = json.dumps({"layers": [{"out": 1 << 30}] * 31 + [{"out": 4}]})
        for name, content in (
                ("length", struct.pack("<Q", huge) + b"{}"),
                ("shape", safetensors({"a": {"dtype": "F32", "shape": [huge], "data_offsets": [0, 4]}}, bytes(4))),
                ("overflow", safetensors({"a": {"dtype": "F32", "shape": [1 << 33, 1 << 33], "data_offsets": [0, 4]}},
                                         bytes(4))),
                ("offsets", safetensors({"a": {"dtype": "U8", "shape": [huge], "data_offsets": [0, huge]}})),
                ("depth", safetensors(b'{"a":' + b"[" * 1000000)),
                ("configuration", safetensors({"__metadata__": {**label, "hcd.config": layers}})),
                ("large configuration", safetensors({"__metadata__": {**label, "hcd.config": most}})),
                ("deep configuration", safetensors({"__metadata__": {**label, "hcd.config": "[" * 8000}})),
                ("differences", safetensors({"__metadata__": {**label, "hcd.start": "0" * 16}, "steps": {
                    "dtype": "F32", "shape": [huge], "data_offsets": [0, 0]}}))):
            with self.subTest(name):
                path.write_bytes(content)
                self.refused(("up", picture, "-o", self.folder / "out", "--model", "lite", "--weights", path,
                              "--threads", 1), str(path) if "onfiguration" not in name else "")

    def test_checkpoints(self):
        path = self.folder / "w.pth"
        storage = (b"\x80\x02ccollections\nOrderedDict\n)R(X\x01\0\0\0actorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0"
                   b"storagectorch\nFloatStorage\nX\x01\0\0\0000X\x03\0\0\0cpu\x8a\x08" + struct.pack("<q", 1 << 40) +
                   b"tQK\0\x8a\x08" + struct.pack("<q", 1 << 40) + b"\x85K\x01\x85\x89NtRu.")
        for name, content in (
                ("entry", archive(b"\x80\2N.", 0xfffffff0)),
                ("text", archive(b"\x80\2\x8d" + struct.pack("<Q", 1 << 60))),
                ("opcodes", archive(b"\x80\2" + b"N" * 900000)),
                ("marks", archive(b"\x80\2" + b"(" * 900000)),
                ("nested", archive(b"\x80\2N" + b"\x85" * 900000 + b".")),
                ("memo", archive(b"\x80\2" + b"]\x94" * 450000)),
                ("storage", archive(storage)),
                ("old", b"\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\2M\xe9\3."),
                ("many entries", b"PK\3\4" + bytes(60) + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 65534, 65534, 9, 4, 0))):
            with self.subTest(name):
                path.write_bytes(content)
                self.refused(("convert", path, self.folder / "o.safetensors", "--model", "srcnn", "--scale", 2), str(path))
        self.assertFalse((self.folder / "o.safetensors").exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
