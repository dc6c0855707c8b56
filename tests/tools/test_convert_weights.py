#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""hcd convert: files of torch.save become safetensors, and nothing in them is executed."""

import collections
import hashlib
import json
import math
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
import collections, json, sys, torch
torch.manual_seed(0)
network = torch.nn.Sequential(collections.OrderedDict(
    conv1=torch.nn.Conv2d(1, 64, 9), conv2=torch.nn.Conv2d(64, 32, 1),
    conv3=torch.nn.Conv2d(32, 1, 5)))
network.conv1.weight.data = torch.rand(9, 9, 1, 64).permute(3, 2, 0, 1)
state = network.state_dict()
for name, is_zip in (("zip", True), ("legacy", False)):
    torch.save(state, f"{sys.argv[1]}/{name}.pth", _use_new_zipfile_serialization=is_zip)
    torch.save({"params": {}, "params_ema": state, "epoch": 3}, f"{sys.argv[1]}/{name}_ema.pth",
               _use_new_zipfile_serialization=is_zip)
print(json.dumps({name: [list(value.shape), value.flatten().tolist()]
                  for name, value in state.items()}))
"""

# The smallest network there is: SRCNN with a middle layer of 1x1.
CONFIG = '{"middle": 1}'
SHAPES = {"conv1.weight": [64, 1, 9, 9], "conv1.bias": [64], "conv2.weight": [32, 64, 1, 1],
          "conv2.bias": [32], "conv3.weight": [1, 32, 5, 5], "conv3.bias": [1]}


def srcnn():
    """{name: Tensor} in several types and orders, and what has to come out."""
    state, expected = collections.OrderedDict(), {}
    for name, shape in SHAPES.items():
        count = math.prod(shape)
        code = {"conv1.bias": "d", "conv3.bias": "e"}.get(name, "f")
        values = [i / 64 for i in range(count)]
        strides = [math.prod(shape[i + 1:]) for i in range(len(shape))]
        state[name] = Tensor(Storage(values, code), tuple(shape), tuple(strides))
        expected[name] = ("F16" if code == "e" else "F32", shape, values)
    # conv2.weight lies transposed in its storage, behind one value of another tensor
    state["conv2.weight"] = Tensor(Storage([9] + [(i % 32 * 64 + i // 32) / 64 for i in range(2048)]),
                                   (32, 64, 1, 1), (1, 32, 1, 1), offset=1)
    return state, expected


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
        return hcd("convert", *words, self.output, "--model", "srcnn", "--scale", 4, **options)

    def assert_refused(self, path, message, **options):
        self.assert_error(self.convert(path, **options), f"weights '{path}': {message}")
        self.assertFalse(self.output.exists())


class ResultsTest(ConvertTest):
    """The command holds its result against the network, for which it needs libhcd-torch."""

    def assert_converted(self, *words):
        process = self.convert(*words, "--config", CONFIG)
        if "networks need libhcd-torch.so" in process.stderr:
            self.skipTest("no LibTorch")
        self.assert_done(process)
        return (process.stdout, *read_safetensors(self.output))

    def test_both_formats(self):
        state, expected = srcnn()
        for save in FORMATS:
            for protocol in (2, 5):  # each conversion loads LibTorch
                with self.subTest(save=save.__name__, protocol=protocol):
                    path = save(self.folder / "a.pth", {"state_dict": state, "epoch": 3}, protocol)
                    text, metadata, tensors = self.assert_converted(path)
                    self.assertEqual(text, f"{self.output}: 6 tensors, 8129 values\n")
                    self.assertEqual(tensors, expected)
                    digest = hashlib.sha256(path.read_bytes()).hexdigest()
                    self.assertEqual(metadata, {
                        "format": "pt", "hcd.model": "srcnn", "hcd.scale": "4",
                        "hcd.config": CONFIG, "hcd.source": f"a.pth sha256:{digest}",
                        "hcd.licence": "see the authors' repository; not checked"})
        if not self.output.exists():
            return  # every one was skipped
        first = self.output.read_bytes()
        self.assertEqual(self.assert_converted(path, "--licence", "MIT")[1]["hcd.licence"], "MIT")
        self.assert_converted(path)
        self.assertEqual(self.output.read_bytes(), first)
        self.assertEqual(self.names_in(self.folder), ["a.pth", "out.safetensors"])

    def test_several_files(self):
        state, expected = srcnn()
        files = []
        for layer, save in (("conv1", save_zip), ("conv2", save_legacy), ("conv3", save_zip)):
            part = {"module." + name.split(".")[1]: value for name, value in state.items()
                    if name.startswith(layer)}
            files.append(save(self.folder / f"{layer}.pth", part))
        _, metadata, tensors = self.assert_converted(*files)
        self.assertEqual(tensors, expected)
        self.assertEqual([part.split()[0] for part in metadata["hcd.source"].split(", ")],
                         ["conv1.pth", "conv2.pth", "conv3.pth"])
        renamed = [path.rename(self.folder / f"{i}.pth") for i, path in enumerate(files)]
        words = [word for i in (1, 2, 3) for word in ("--prefix", f"conv{i}.")]
        self.assertEqual(self.assert_converted(*renamed, *words)[2], expected)
        same = ["--prefix", "x."] * 3
        self.assert_error(self.convert(*renamed, *same),
                          f"{renamed[1]}: expected each tensor once, found 'x.bias' in another "
                          "input too; give each input a --prefix")

    def test_tensors_that_do_not_fit_the_network(self):
        state, _ = srcnn()
        self.assert_converted(save_zip(self.folder / "a.pth", state))  # or skips
        self.output.unlink()
        state["conv3.bias"] = tensor([1, 2])
        process = self.convert(save_zip(self.folder / "a.pth", state), "--config", CONFIG)
        self.assert_error(process, f"weights '{self.output}': tensor 'conv3.bias': expected the shape "
                                   "[1], found [2]")
        self.assertEqual(self.names_in(self.folder), ["a.pth"])

    def test_files_of_pytorch(self):
        environment = {**os.environ, "PYTHONPATH": os.environ.get("HCD_PYTHONPATH", "")}
        made = subprocess.run([sys.executable, "-c", REAL_FILES, self.folder], env=environment,
                              capture_output=True, text=True)
        if made.returncode != 0:
            self.skipTest("no PyTorch for Python: " + (made.stderr.splitlines() or ["?"])[-1])
        expected = json.loads(made.stdout)
        for name in ("zip", "legacy", "zip_ema", "legacy_ema"):
            tensors = self.assert_converted(self.folder / f"{name}.pth")[2]
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
                      (self.input, self.output, "--model", "srcnn"),
                      (self.input, self.output, "--model", "srcnn", "--scale", 0)):
            process = hcd("convert", *words)
            self.assertEqual((process.returncode, process.stdout), (2, ""))
        self.assertEqual(self.names_in(self.folder), ["a.pth"])

    def test_python(self):
        python = self.folder / "python"
        environment = {**os.environ, "HCD_PYTHON": str(python)}
        self.assert_error(self.convert(self.input, env=environment),
                          f"convert: Python 3 at '{python}' (HCD_PYTHON names another): cannot run: No such file or "
                          "directory")
        python.write_text(f"#!/bin/sh\nexec '{sys.executable}' -S \"$@\"\n")  # without packages
        python.chmod(0o755)
        process = self.convert(self.input, env=environment)
        self.assertRegex(process.stderr, "^hcd: convert: expected the Python package numpy, found none in '.*': "
                                         "scripts/setup installs it, or name a Python that has it in the environment "
                                         "variable HCD_PYTHON\n$")
        self.assertFalse(self.output.exists())

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
