#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The two layouts of `hcd shader` in libplacebo: CPU seconds a frame on Mesa's Vulkan for the CPU, and their ratio in one run.

A frame's seconds are those of a run with more frames less those of a run with few, so that start-up and compiling, which are
told too, count for nothing. On a GPU other ratios hold; that of a CPU says which layout does less."""

import argparse
import glob
import os
import resource
import statistics
import subprocess
import sys
import tempfile

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
FEW, MORE = 2, 8


def cpu(command, environment):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env={**os.environ, **environment})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def play(shader, frames, size, folder):
    width, height = size
    drivers = glob.glob("/usr/share/vulkan/icd.d/lvp_icd*.json")
    if not drivers:
        sys.exit("no Vulkan driver for the CPU (mesa-vulkan-drivers)")
    return cpu(["/usr/bin/ffmpeg", "-nostdin", "-v", "error", "-init_hw_device", "vulkan=vk:0", "-filter_hw_device", "vk", "-i",
                os.path.join(TOP, "samples", "clip.mkv"), "-frames:v", str(frames), "-vf",
                f"scale={width}:{height},format=yuv420p,hwupload,libplacebo=w={2 * width}:h={2 * height}:format=yuv420p:"
                f"dithering=none:custom_shader_path={shader},hwdownload,format=yuv420p", "-f", "null", "-"],
               {"VK_ICD_FILENAMES": drivers[0], "MESA_SHADER_CACHE_DIR": f"{folder}/cache"})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hcd", default=os.path.join(TOP, "build", "bin", "hcd"))
    parser.add_argument("--models", default="lite", help="lite,base (default: lite)")
    parser.add_argument("--size", default="480x270", help="of the small frames")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    size = tuple(int(side) for side in options.size.split("x"))
    print(f"shader           file kB  compiling, CPU s  CPU ms a frame of {options.size}  of fragment")
    for model in options.models.split(","):
        with tempfile.TemporaryDirectory() as folder:
            paths = {variant: f"{folder}/{variant}.glsl" for variant in ("fragment", "compute")}
            compiling = {}
            for variant, path in paths.items():
                subprocess.run([options.hcd, "shader", "--model", model, "--variant", variant, "-o", path], check=True,
                               stdout=subprocess.DEVNULL)
                compiling[variant] = play(path, FEW, size, folder) - play(path, FEW, size, folder)
            rounds = [{variant: (play(path, MORE, size, folder) - play(path, FEW, size, folder)) / (MORE - FEW)
                       for variant, path in paths.items()} for _ in range(options.rounds)]
            for variant, path in paths.items():
                frame = statistics.median(each[variant] for each in rounds)
                ratio = statistics.median(each[variant] / each["fragment"] for each in rounds)
                print(f"{f'{model} {variant}':15}  {os.path.getsize(path) / 1000:7.0f}  {compiling[variant]:16.1f}  "
                      f"{1000 * frame:24.0f}  {ratio:11.2f}", flush=True)


if __name__ == "__main__":
    main()
