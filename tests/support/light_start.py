# SPDX-License-Identifier: BSD-2-Clause
"""A weight file of lite x2 to start from: as a training starts, nearly its skip."""

import json
import math
import random
import struct

CHANNELS = (1, 16, 16, 16, 16, 16, 4)


def write_start(path, **metadata):
    chance = random.Random(1)
    entries, data = {}, b""

    def add(name, shape, values):
        nonlocal data
        part = struct.pack(f"<{len(values)}f", *values)
        entries[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(part)]}
        data += part

    for i, (inside, outside) in enumerate(zip(CHANNELS, CHANNELS[1:])):
        size = math.sqrt(2 / (9 * inside)) * (0.01 if i + 2 == len(CHANNELS) else 1)
        add(f"{i}.bias", [outside], [0.0] * outside)
        add(f"{i}.weight", [outside, inside, 3, 3],
            [chance.gauss(0, size) for _ in range(9 * inside * outside)])
    entries["__metadata__"] = {"hcd.model": "lite", "hcd.scale": "2", "hcd.config": "{}",
                               "hcd.downscaler": "bicubic", **metadata}
    header = json.dumps(entries).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)
    return path
