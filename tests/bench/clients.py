#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a viewer's client costs: CPU seconds a frame of whole ffmpeg commands, without those of one that only reads, as
ratios to FFmpeg's own bicubic scaler within one run; the table of docs/clients.md.

Every round runs every command once, so that what disturbs the machine meets all of them; a figure is the median over
the rounds."""

import argparse
import json
import os
import statistics
import subprocess
import tempfile

from chain import TOP, Bench

NETWORKS = ("lite", "base")
SCALER = "scale bicubic"
CHEAP = 20  # times as many frames, where they cost little


def rows(width, height):
    """Name, filters, whether it is cheap."""
    found = [(SCALER, f"scale={width}:{height}:flags=bicubic", True), ("hcd_up=model=bicubic", "hcd_up=model=bicubic", True)]
    for network in NETWORKS:
        for precision in ("int16", "fp32"):
            filters = f"hcd_up=model={network}:precision={precision}"
            found.append((filters, filters, False))
    return found


def products(hcd):
    """Of a pixel that is shown, by network at factor 2."""
    listed = json.loads(subprocess.run([hcd, "models", "--json"], stdout=subprocess.PIPE, check=True).stdout)
    return {model["name"]: variant["macs_per_small_pixel"] / variant["scale"] ** 2 for model in listed
            for variant in model["variants"] if variant["scale"] == 2}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ffmpeg", default=os.path.join(TOP, "build", "bin", "ffmpeg"))
    parser.add_argument("--hcd", default=os.path.join(TOP, "build", "bin", "hcd"))
    parser.add_argument("--source", default=os.path.join(TOP, "samples", "clip.mkv"), help="clip, enlarged to --size")
    parser.add_argument("--frames", type=int, default=6, help=f"of a network; the others take {CHEAP} times as many")
    parser.add_argument("--size", default="1920x1080", help="of what is shown; the small frames have half of it")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options.ffmpeg, folder, options.source, options.frames, width, height)

        def seconds(filters, loops):
            """A frame, reading left out."""
            own, reading = (bench.run(bench.small, 1, "-vf", each, loops=loops)[0] for each in (filters, "null"))
            return (own - reading) / options.frames / (loops + 1)

        rounds = [{name: seconds(filters, CHEAP - 1 if cheap else 0) for name, filters, cheap in rows(width, height)}
                  for _ in range(options.rounds)]
    macs = products(options.hcd)
    print(f"{width // 2}x{height // 2} to {options.size}, one thread, {options.rounds} rounds")
    print("| client | multiplications a shown pixel | CPU ms a frame | × scale |\n|---|---|---|---|")
    for name, _, _ in rows(width, height):
        own = next((f"{macs[network]:.0f}" for network in NETWORKS if f"model={network}:" in name), "")
        times = statistics.median(each[name] for each in rounds)
        ratio = statistics.median(each[name] / each[SCALER] for each in rounds)
        print(f"| `{name}` | {own} | {1000 * times:.1f} | {ratio:.1f} |")


if __name__ == "__main__":
    main()
