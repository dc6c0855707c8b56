# SPDX-License-Identifier: BSD-2-Clause
"""Weight files of lite for tests, without packages: safetensors by hand."""

import json
import random
import struct


def save(path, tensors, metadata):
    """`tensors`: name -> (shape, values), float32."""
    header, data = {"__metadata__": metadata}, b""
    for name in sorted(tensors):
        shape, values = tensors[name]
        more = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(more)]}
        data += more
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def load(path):
    """Header and data of a file."""
    with open(path, "rb") as file:
        size, = struct.unpack("<Q", file.read(8))
        return json.loads(file.read(size)), file.read()


def changed(source, path):
    """A copy in which the middle of a kernel of the last layer is another."""
    header, data = load(source)
    tensor = header["5.weight"]
    assert tensor["dtype"] == "F16"
    at = tensor["data_offsets"][0] + 2 * 4
    data = data[:at] + struct.pack("<e", struct.unpack_from("<e", data, at)[0] + 0.05) + data[at + 2:]
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def network(path, layers, seed=1, spread=0.8):
    """A network of lite by its description, with weights by chance whose sums stay small."""
    draw, tensors, ins = random.Random(seed), {}, 1
    for number, layer in enumerate(layers):
        kernel = layer.get("kernel", 3)
        count = ins * kernel * kernel
        shape = [layer["out"], ins, kernel, kernel]
        tensors[f"{number}.weight"] = shape, [draw.gauss(0, spread / count ** 0.5) for _ in range(layer["out"] * count)]
        tensors[f"{number}.bias"] = [layer["out"]], [draw.gauss(0, 0.02) for _ in range(layer["out"])]
        ins = layer["out"]
    save(path, tensors, {"hcd.model": "lite", "hcd.scale": "2",
                         "hcd.config": json.dumps({"skip": "catmull_rom", "layers": layers})})


def own_network(path):
    network(path, [{"out": 6, "activation": "relu"}, {"out": 32, "kernel": 1, "activation": "leaky_relu", "slope": 0.3},
                   {"out": 4, "kernel": 5}], spread=0.5)
