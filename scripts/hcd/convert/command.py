# SPDX-License-Identifier: BSD-2-Clause
"""The command line of hcd convert."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from hcd.command import Parser, integer
from hcd.convert.checkpoint import Checkpoint, StoredTensor, read_checkpoint
from hcd.files import OutputFile
from hcd.run import Fault, end, ended, start

UNKNOWN_LICENCE = "see the authors' repository; not checked"
EPILOG = """\
Reads the zip format of PyTorch 1.6 and the one before it, without executing anything: a
file may hold tensors, dicts, numbers and strings, and all else is refused by name. The
state dict may lie under params_ema, params, state_dict or model; "module." in front of
names is left out. F64 and BF16 become F32. CAR: hcd convert kgn.pth usn.pth car.safetensors
--model car --scale 4"""


def parse(words: list[str]) -> argparse.Namespace:
    parser = Parser("convert", "Makes weights of PyTorch's files.", EPILOG)
    add = parser.add_argument
    add("files", nargs="+", metavar="FILE", help="one or more files of torch.save, and the safetensors file to write")
    add("--model", required=True, metavar="TEXT", help="name of the network, as in \"hcd models\"")
    add("--scale", required=True, type=integer(1, 9), metavar="INT", help="its scale [1, 9]")
    add("--config", default="{}", metavar="JSON",
        help="sizes that differ from the published network's, as a JSON object")
    add("--prefix", action="append", metavar="TEXT", help="goes in front of the names of an input's tensors, once for each "
        "input; default: nothing for one input, the file's name for several")
    add("--licence", default="", metavar="TEXT", help="terms of the weights, kept in the result")
    arguments = parser.parse_intermixed_args(words)
    if len(arguments.files) < 2:
        parser.error("files: expected one input or several and the output, found one name")
    return arguments


def refuse_number(text: str) -> NoReturn:
    raise ValueError(text)


def check_config(text: str) -> None:
    try:
        config = json.loads(text, parse_constant=refuse_number)  # NaN, Infinity
    except (ValueError, RecursionError):
        config = None
    if not isinstance(config, dict):
        raise Fault(f"option config: expected a JSON object, found '{text}'")


def check_output(inputs: list[str], output: str) -> None:
    """The output may be an older result, but no input."""
    for path in inputs:
        try:
            same = os.path.samefile(path, output)
        except OSError:
            continue
        if same:
            raise Fault(f"{output}: the result would overwrite an input; give another name")


def prefixes_of(prefixes: list[str] | None, inputs: list[str]) -> list[str]:
    """In front of the names of each input's tensors. CAR's kgn.pth and usn.pth give kgn.* and usn.*."""
    if prefixes:
        if len(prefixes) != len(inputs):
            raise Fault(f"option prefix: expected one for each of {len(inputs)} inputs, found {len(prefixes)}")
        return prefixes
    return [""] if len(inputs) == 1 else [Path(path).stem + "." for path in inputs]


def joined(inputs: list[str], checkpoints: list[Checkpoint], prefixes: list[str]) -> dict[str, StoredTensor]:
    tensors: dict[str, StoredTensor] = {}
    for path, checkpoint, prefix in zip(inputs, checkpoints, prefixes):
        for name, tensor in checkpoint.tensors.items():
            if prefix + name in tensors:
                raise Fault(f"{path}: expected each tensor once, found '{prefix + name}' in another input too; give each "
                              "input a --prefix")
            tensors[prefix + name] = tensor
    return tensors


def metadata_of(arguments: argparse.Namespace, inputs: list[str], checkpoints: list[Checkpoint]) -> dict[str, str]:
    sources = [f"{Path(path).name} sha256:{checkpoint.sha256}" for path, checkpoint in zip(inputs, checkpoints)]
    metadata = {"format": "pt", "hcd.model": arguments.model, "hcd.scale": str(arguments.scale),
                "hcd.config": arguments.config, "hcd.source": ", ".join(sources),
                "hcd.licence": arguments.licence or UNKNOWN_LICENCE}
    # What is not UTF-8 (names of files) gets replacement characters.
    return {key: os.fsencode(text).decode("utf-8", "replace") for key, text in metadata.items()}


def check_against_model(hcd: str, arguments: argparse.Namespace, file: OutputFile) -> None:
    """Has hcd load the written file as the network that it is said to be of: names and shapes must fit."""
    process = start(hcd, "models", "--check", file.temporary, "--model", arguments.model, "--scale", arguments.scale,
                    stderr=subprocess.PIPE)
    try:
        log = process.communicate()[1]
    finally:
        end(process)
    said = os.fsdecode(log).replace(file.temporary, file.path)  # the name that the file is to get
    if process.returncode:
        raise Fault(said.removeprefix("hcd: ").removesuffix("\n") or f"hcd models --check: {ended(process.returncode)}")
    sys.stderr.write(said)


def convert(hcd: str, arguments: argparse.Namespace) -> str:
    """What is to be said of the result. Raises Fault; then no file has been written."""
    *inputs, output = arguments.files
    check_config(arguments.config)
    check_output(inputs, output)
    prefixes = prefixes_of(arguments.prefix, inputs)
    checkpoints = [read_checkpoint(path) for path in inputs]
    tensors = joined(inputs, checkpoints, prefixes)
    # What is refused needs neither numpy nor the memory that it takes.
    from hcd.convert.safetensors_file import encode, in_rows  # noqa: PLC0415
    arrays = {name: in_rows(tensor) for name, tensor in tensors.items()}
    with OutputFile(output) as file:
        file.write(encode(arrays, metadata_of(arguments, inputs, checkpoints)))
        check_against_model(hcd, arguments, file)
        file.commit()
    return f"{output}: {len(arrays)} tensors, {sum(array.size for array in arrays.values())} values"


def main(hcd: str, words: list[str]) -> None:
    """`hcd`: path of the command."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="surrogateescape")  # names of files that are not UTF-8
    print(convert(hcd, parse(words)))
