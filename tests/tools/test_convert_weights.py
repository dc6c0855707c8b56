#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""hcd convert: files of torch.save become safetensors, and nothing in them is executed."""

import collections
import hashlib
import json
import os
import pickle
import resource
import subprocess
import sys
import unittest
import zipfile

from hcd_command import SANITIZED, CommandTest, hcd
from torch_files import Storage, Tensor, read_safetensors, save_legacy, save_zip, tensor

RULE = "a weight file may hold tensors, dicts, numbers and strings only"
FORMATS = (save_zip, save_legacy)

# What PyTorch itself writes, and the values that have to come back.
REAL_FILES = """
import json, sys, torch
torch.manual_seed(0)
network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
network.turned = torch.nn.Parameter(torch.rand(3, 4).t())
state = network.state_dict()
for name, is_zip in (("zip", True), ("legacy", False)):
    torch.save(state, f"{sys.argv[1]}/{name}.pth", _use_new_zipfile_serialization=is_zip)
    torch.save({"params": {}, "params_ema": state, "epoch": 3}, f"{sys.argv[1]}/{name}_ema.pth",
               _use_new_zipfile_serialization=is_zip)
print(json.dumps({name: [list(value.shape), value.flatten().tolist()]
                  for name, value in state.items()}))
"""


class Payload:
    """Runs a command when Python unpickles it."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


class ConvertTest(CommandTest):
    def setUp(self):
        super().setUp()
        self.output = self.folder / "out.safetensors"

    def convert(self, *words, **options):
        return hcd("convert", *words, self.output, "--model", "irn", "--scale", 4, **options)

    def assert_refused(self, path, message, **options):
        self.assert_error(self.convert(path, **options), f"weights '{path}': {message}")
        self.assertFalse(self.output.exists())


class ResultsTest(ConvertTest):
    def test_both_formats(self):
        shared = Storage([0, 1, 2, 3, 4, 5])
        state = collections.OrderedDict(
            a=tensor([1.5, -2]), double=tensor([0.1], "d"), half=tensor([0.25], "e"),
            count=tensor([7], "q"), turned=Tensor(shared, (3, 2), (1, 3)),
            same=Tensor(shared, (2, 3), (3, 1)))
        for save in FORMATS:
            for protocol in (2, 3, 4, 5):
                with self.subTest(save=save.__name__, protocol=protocol):
                    path = save(self.folder / "irn.pth", {"state_dict": state, "epoch": 3}, protocol)
                    self.assert_done(self.convert(path, "--config", '{"blocks": 2}'))
                    metadata, tensors = read_safetensors(self.output)
                    self.assertEqual(tensors, {
                        "a": ("F32", [2], [1.5, -2]), "double": ("F32", [1], [0.10000000149011612]),
                        "half": ("F16", [1], [0.25]), "count": ("I64", [1], [7]),
                        "turned": ("F32", [3, 2], [0, 3, 1, 4, 2, 5]),
                        "same": ("F32", [2, 3], [0, 1, 2, 3, 4, 5])})
                    digest = hashlib.sha256(path.read_bytes()).hexdigest()
                    self.assertEqual(metadata, {
                        "format": "pt", "hcd.model": "irn", "hcd.scale": "4",
                        "hcd.config": '{"blocks": 2}', "hcd.source": f"irn.pth sha256:{digest}",
                        "hcd.licence": "see the authors' repository; not checked"})

    def test_says_what_it_wrote(self):
        path = save_zip(self.folder / "a.pth", {"a": tensor([1, 2]), "b": tensor([3])})
        self.assertEqual(self.convert(path).stdout, f"{self.output}: 2 tensors, 3 values\n")
        first = self.output.read_bytes()
        self.convert(path, "--licence", "MIT")
        self.assertEqual(read_safetensors(self.output)[0]["hcd.licence"], "MIT")
        self.convert(path)
        self.assertEqual(self.output.read_bytes(), first)
        self.assertEqual(self.names_in(self.folder), ["a.pth", "out.safetensors"])

    def test_several_files(self):
        kgn = save_legacy(self.folder / "kgn.pth", {"module.a": tensor([1])})
        usn = save_zip(self.folder / "usn.pth", {"module.a": tensor([2])})
        for words, names in (((), ["kgn.a", "usn.a"]),
                             (("--prefix", "x.", "--prefix", "y."), ["x.a", "y.a"])):
            self.assert_done(self.convert(kgn, usn, *words))
            metadata, tensors = read_safetensors(self.output)
            self.assertEqual([(name, tensors[name][2]) for name in names], list(zip(names, ([1], [2]))))
            self.assertEqual([part.split()[0] for part in metadata["hcd.source"].split(", ")],
                             ["kgn.pth", "usn.pth"])
        process = self.convert(kgn, usn, "--prefix", "x.", "--prefix", "x.")
        self.assert_error(process, f"{usn}: expected each tensor once, found 'x.a' in another input "
                                   "too; give each input a --prefix")

    def test_files_of_pytorch(self):
        environment = {**os.environ, "PYTHONPATH": os.environ.get("HCD_PYTHONPATH", "")}
        made = subprocess.run([sys.executable, "-c", REAL_FILES, self.folder], env=environment,
                              capture_output=True, text=True)
        if made.returncode != 0:
            self.skipTest("no PyTorch for Python: " + (made.stderr.splitlines() or ["?"])[-1])
        expected = json.loads(made.stdout)
        for name in ("zip", "legacy", "zip_ema", "legacy_ema"):
            self.assert_done(self.convert(self.folder / f"{name}.pth"))
            tensors = read_safetensors(self.output)[1]
            self.assertEqual({key: list(value[1:]) for key, value in tensors.items()}, expected)


class RefusalTest(ConvertTest):
    def test_payloads_are_refused_and_not_run(self):
        marker = self.folder / "owned"
        payload = Payload(f"touch {marker}")
        path = self.folder / "evil.pth"
        refused = "refused '{}.system': " + RULE
        for protocol in (2, 3, 4, 5):
            for save in FORMATS:
                for value in (payload, {"a": tensor([1]), "b": payload}, [payload]):
                    save(path, value, protocol)
                    self.assert_refused(path, refused.format(os.name))
            path.write_bytes(pickle.dumps(payload, protocol))
            self.assert_refused(path, refused.format(os.name))
        path.write_bytes(pickle.dumps(payload, 0))
        self.assert_refused(path, "expected a PyTorch file (torch.save), found "
                                  f"{path.stat().st_size} bytes of something else")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x/data.pkl", "cos\nsystem\n(X\1\0\0\0xtR.")
        self.assert_refused(path, refused.format("os"))
        self.assertFalse(marker.exists())
        pickle.loads(pickle.dumps(payload))  # the payload is one
        self.assertTrue(marker.exists())

    def test_other_names(self):
        path = self.folder / "a.pth"
        for value, name in ((print, "__builtin__.print"), (collections.Counter, "collections.Counter"),
                            (b"x", "_codecs.encode"), ({1, 2}, "__builtin__.set")):
            save_zip(path, {"a": value})
            self.assert_refused(path, f"refused '{name}': {RULE}")

    def test_files_that_are_none(self):
        expected = "expected a PyTorch file (torch.save), found "
        self.assert_refused(self.folder / "missing.pth", expected + "no such file")
        self.assert_refused(self.folder, expected + "a folder")
        path = self.folder / "a.pth"
        path.write_bytes(b"")
        self.assert_refused(path, expected + "an empty file")
        save_zip(path, {"a": tensor([1])}, method=zipfile.ZIP_DEFLATED)
        self.assert_refused(path, "entry 'archive/byteorder': expected plain bytes, found compressed "
                                  "ones, which torch.save never writes")
        save_zip(path, {"a": tensor(range(1000))})
        path.write_bytes(path.read_bytes()[:-30])
        self.assert_refused(path, expected + f"only its beginning ({path.stat().st_size} bytes; the "
                                             "copy is not complete)")

    @unittest.skipIf(SANITIZED, "AddressSanitizer needs more address space")
    def test_large_claims_take_no_memory(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (100 * 2**20, 100 * 2**20))

        path = self.folder / "a.pth"
        claim = 2500000000  # of floats: 10 GB
        large = Storage([1, 2], claimed=claim)
        save_zip(path, {"a": Tensor(large, (claim,), (1,))})
        self.assert_refused(path, f"tensor 'a': expected a storage of {claim} elements of 4 bytes, "
                                  "found 8 bytes", preexec_fn=limit)
        save_legacy(path, {"a": Tensor(large, (claim,), (1,))})
        self.assert_refused(path, f"storage '{id(large)}': expected {claim} elements, found {claim} "
                                  "and room for 2", preexec_fn=limit)
        save_zip(path, {"a": Tensor(Storage([1]), (claim,), (0,))})
        self.assert_refused(path, "damaged pickle: expected a tensor within its storage of 1 "
                                  "elements, found offset, shape and strides that go beyond",
                            preexec_fn=limit)


class OptionsTest(ConvertTest):
    def setUp(self):
        super().setUp()
        self.input = save_zip(self.folder / "a.pth", {"a": tensor([1])})

    def test_options(self):
        for config in ("", "1", "[]", "{"):
            self.assert_error(self.convert(self.input, "--config", config),
                              f"option config: expected a JSON object, found '{config}'")
        self.assert_error(self.convert(self.input, "--prefix", "a.", "--prefix", "b."),
                          "option prefix: expected one for each of 1 inputs, found 2")
        for words in ((self.input,), (self.input, self.output),
                      (self.input, self.output, "--model", "irn"),
                      (self.input, self.output, "--model", "irn", "--scale", 0)):
            process = hcd("convert", *words)
            self.assertEqual((process.returncode, process.stdout), (2, ""))
        self.assertEqual(self.names_in(self.folder), ["a.pth"])

    def test_output(self):
        before = self.input.read_bytes()
        link = self.folder / "link"
        link.symlink_to(self.input)
        for self.output in (self.input, link):
            self.assert_error(self.convert(self.input), f"{self.output}: the result would overwrite "
                                                        "an input; give another name")
        self.assertEqual(self.input.read_bytes(), before)
        self.output = self.folder / "missing" / "out.safetensors"
        self.assert_error(self.convert(self.input),
                          f"{self.output}: cannot write: No such file or directory")


if __name__ == "__main__":
    unittest.main(verbosity=2)
