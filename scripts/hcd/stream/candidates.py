# SPDX-License-Identifier: BSD-2-Clause
"""The sizes that --auto and --ladder auto try, and who the viewer is."""

import argparse
from fractions import Fraction
from typing import TYPE_CHECKING

from hcd import run, sizes
from hcd.encoders import DEFAULT_CRF, EVERY
from hcd.progress import say
from hcd.run import Fault
from hcd.stream import pixels
from hcd.stream.probes import Size
from hcd.stream.rung import Rate, Shape, has_lite

if TYPE_CHECKING:
    from hcd.stream.encoding import Encoding

CLIENTS = ("bicubic", "lite", "base", "tuned")
LEAST = Fraction(1, 4)  # what light networks take


def fractions(text: str) -> list[Fraction]:
    """Of --sizes, the largest first."""
    return sizes.parse("--sizes", text, LEAST)


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
    if fraction == sizes.FULL:
        return Size("full", Shape(""), (frame.width, frame.height))
    grid = tuple(1 << bits for bits in pixels.subsampling(frame.pixels))
    small = sizes.pixels(frame.width, frame.height, fraction, grid)
    # Of half the size as hcd_down has it by itself.
    return Size(str(fraction), Shape(model, None if fraction == sizes.HALF else small), small)


def candidates(encoding: "Encoding") -> list[Size]:
    """The largest first; what this build or the encoder refuses is left out, with its reason."""
    options, model, found, last = encoding.options, client_of(encoding.options), {}, None
    for fraction in fractions(options.sizes or sizes.DEFAULT):
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
    chosen = list(found.values())
    encoding.try_coder(chosen[0].shape, Rate(EVERY[options.encoder].crf_like_x264(DEFAULT_CRF)), options.file.name)
    return chosen
