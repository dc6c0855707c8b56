# SPDX-License-Identifier: BSD-2-Clause
"""The sizes that --auto and --ladder auto try, and who the viewer is."""

import argparse
import re
from fractions import Fraction
from typing import TYPE_CHECKING

from hcd import run
from hcd.encoders import DEFAULT_CRF, EVERY
from hcd.progress import say
from hcd.run import Fault
from hcd.stream import pixels
from hcd.stream.probes import Size
from hcd.stream.rung import HALF, Rate, Shape, has_lite

if TYPE_CHECKING:
    from hcd.stream.encoding import Encoding

CLIENTS = ("bicubic", "lite", "base", "tuned")
DEFAULT = "full,2/3,1/2"
LEAST = Fraction(1, 4)


def fractions(text: str) -> list[Fraction]:
    """Of --sizes, the largest first."""
    found = []
    for part in text.split(","):
        match = re.fullmatch(r"(full)|([0-9]+)/([1-9][0-9]*)|([0-9]*\.?[0-9]+)", part)
        value = None
        if match:
            value = Fraction(1) if match[1] else Fraction(int(match[2]), int(match[3])) if match[2] else Fraction(match[4])
        if value is None or not LEAST <= value <= 1:
            raise Fault(f"--sizes: expected full or fractions [1/4, 1] as 2/3, with commas between them, found '{part}'")
        found.append(value)
    return sorted(set(found), reverse=True)


def client_of(options: argparse.Namespace) -> str:
    """The model that the viewer has."""
    there = run.models(run.program("hcd"))
    client = options.client or ("lite" if has_lite(options) else "bicubic")
    model = "lite" if client == "tuned" else client
    if model == "lite" and not has_lite(options):
        raise Fault(f"--client {client}: expected weights of lite in this build, or --weights, found none")
    if model == "base" and not there.get("base", False):
        raise Fault("--client base: expected weights of base in this build, found none")
    if options.weights and model != "lite":
        raise Fault(f"--weights: expected --client lite or tuned, whose weights they are, found {client}")
    return model


def size_of(fraction: Fraction, model: str, frame: pixels.Frame) -> Size:
    if fraction == 1:
        return Size("full", Shape(""), (frame.width, frame.height))
    across, down = (1 << bits for bits in pixels.subsampling(frame.pixels))
    if fraction == HALF:  # as hcd_down has it by itself: no pixel is lost
        width, height = -(-frame.width // (2 * across)) * across, -(-frame.height // (2 * down)) * down
        return Size("1/2", Shape(model), (width, height))
    width = max(1, round(frame.width * fraction / across)) * across
    height = max(1, round(frame.height * fraction / down)) * down
    return Size(str(fraction), Shape(model, (width, height)), (width, height))


def candidates(encoding: "Encoding") -> list[Size]:
    """The largest first; what this build or the encoder refuses is left out, with its reason."""
    options, model, found, last = encoding.options, client_of(encoding.options), {}, None
    for fraction in fractions(options.sizes or DEFAULT):
        size = size_of(fraction, model, encoding.frame)
        if size.pixels in (each.pixels for each in found.values()):
            continue
        if options.tune and size.shape.model and size.shape.size:
            say(f"encode: left out: {size}: lite is tuned at half the size only")
            continue
        try:
            encoding.format_of(size.shape, options.file.name)
            found[size.pixels] = size
        except Fault as fault:
            last = fault
            say(f"encode: left out: {size}: {fault}")
    if not found:
        raise last or Fault(f"--sizes: expected full or 1/2 for --client tuned, found {options.sizes}")
    sizes = list(found.values())
    encoding.try_coder(sizes[0].shape, Rate(EVERY[options.encoder].crf_like_x264(DEFAULT_CRF)), options.file.name)
    return sizes
