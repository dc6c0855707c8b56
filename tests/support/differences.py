# SPDX-License-Identifier: BSD-2-Clause
"""A title's weights as `hcd tune` writes them, differences to others (core/files/differences.h), without a training."""

import json
import random
import struct

MASK = (1 << 64) - 1


def mix(x):
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def hash_bytes(data, value):
    whole = len(data) // 8 * 8
    for (word,) in struct.iter_unpack("<Q", data[:whole]):
        value = mix(value ^ word)
    tail = len(data) - whole
    for byte in data[whole:]:
        tail = tail << 8 | byte
    return mix(value ^ tail)


class Encoder:
    """The binary range coder. A carry goes up as far as it has to."""

    def __init__(self):
        self.low, self.range, self.bytes = 0, 0xFFFFFFFF, bytearray()

    def put(self, model, bit):
        bound = (self.range >> 12) * model[0]
        if bit:
            self.low, self.range = self.low + bound, self.range - bound
            model[0] -= model[0] >> 5
        else:
            self.range = bound
            model[0] += (4096 - model[0]) >> 5
        if self.low >> 32:
            self.low &= 0xFFFFFFFF
            self.bytes = bytearray((int.from_bytes(self.bytes, "big") + 1).to_bytes(len(self.bytes), "big"))
        while self.range < 1 << 24:
            self.shift()
            self.range <<= 8

    def shift(self):
        self.bytes.append(self.low >> 24)
        self.low = (self.low << 8) & 0xFFFFFFFF

    def finish(self):
        for _ in range(4):
            self.shift()
        return bytes(self.bytes)


def encoded(numbers):
    """Of numbers from -14 to 14."""
    zero, sign, unary, encoder = [2048], [2048], [[2048] for _ in range(14)], Encoder()
    for number in numbers:
        encoder.put(zero, number != 0)
        if number:
            encoder.put(sign, number < 0)
            for i in range(abs(number)):
                encoder.put(unary[i], i + 1 < abs(number))
    return encoder.finish()


def write_title(start, path, seed=1):
    """Small chance differences to the weights of the file `start`."""
    data = start.read_bytes()
    length = struct.unpack_from("<Q", data)[0]
    header, chance, value, numbers = json.loads(data[8:8 + length]), random.Random(seed), 0, []
    labels = {key: text for key, text in header.pop("__metadata__").items() if key in ("hcd.model", "hcd.scale", "hcd.config", "hcd.downscaler")}
    for name in sorted(header):
        entry = header[name]
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        shape = ", ".join(map(str, entry["shape"]))
        value = hash_bytes(data[begin:end], hash_bytes(f"{name} {entry['dtype']} [{shape}]".encode(), value))
        count = 1
        for size in entry["shape"]:
            count *= size
        numbers += [round(chance.gauss(0, 2)) for _ in range(count)]
    steps, coded = struct.pack(f"<{len(header)}f", *[0.008] * len(header)), encoded(numbers)
    check = hash_bytes(struct.pack(f"<{len(numbers)}i", *numbers), hash_bytes(steps, 0))
    labels |= {"hcd.start": f"{value:016x}", "hcd.check": f"{check:016x}"}
    text = json.dumps({"__metadata__": labels, "differences": {"dtype": "U8", "shape": [len(coded)], "data_offsets": [0, len(coded)]},
                       "steps": {"dtype": "F32", "shape": [len(header)], "data_offsets": [len(coded), len(coded) + len(steps)]}}).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + coded + steps)
    return path
