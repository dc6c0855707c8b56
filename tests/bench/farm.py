#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What scripts/farm costs beside scripts/encode, and how much it gets done: CPU seconds and bits within one run.

The source is made of the clips of HCD_SHARED (or of samples/clip.mkv), each forwards and backwards, so that there are
scenes of some seconds. A node-hour is an hour of one core: CPU seconds of the tasks. usage: farm.py [folder to keep]"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "scripts"))

from hcd.bdrate import bd_rate  # noqa: E402
from hcd.farm.job import Job  # noqa: E402
from hcd.probe import packet_bits, probe  # noqa: E402

FFMPEG, FARM, ENCODE = TOP / "build" / "bin" / "ffmpeg", TOP / "scripts" / "farm", TOP / "scripts" / "encode"
LONG = ("cups.mp4", "juggle.mp4")  # scenes by themselves
SHORT = ("basketball.mkv", "city.mkv", "foliage.mkv", "temple.mkv", "harbor_hlg10.mkv")
HEIGHT = 270
CRFS = (22, 26, 30, 34)
CLIENTS = {"none (full size)": ("--ladder", "270"), "bicubic (2/3)": ("--ladder", "180"), "lite (1/2)": ()}
RUNS = (("none (full size)", "medium"), ("bicubic (2/3)", "medium"), ("lite (1/2)", "veryfast"), ("lite (1/2)", "medium"),
        ("lite (1/2)", "slow"))


def cpu_of(*command):
    """CPU seconds of a command and all its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def make_source(path):
    clips = Path(os.environ.get("HCD_SHARED", ""), "data", "clips")
    both = "split[f][b];[b]reverse[r];[f][r]concat"
    if all((clips / name).is_file() for name in LONG + SHORT):
        parts = [(clips / name, "null") for name in LONG] + [(clips / name, both) for name in SHORT]
    else:
        parts = [(TOP / "samples" / "clip.mkv", f"{both},{more}") for more in ("null", "hflip", "vflip", "transpose,crop=iw:iw*9/16")
                 for _ in range(5)]
    words, graph = [], ""
    for number, (clip, filters) in enumerate(parts):
        words += ["-i", clip]
        graph += f"[{number}:v]scale=480:270:flags=lanczos,setsar=1,fps=25,format=yuv420p,{filters.replace('[', f'[{number}')}[p{number}];"
    graph += "".join(f"[p{number}]" for number in range(len(parts))) + f"concat=n={len(parts)}[v]"
    cpu_of(FFMPEG, "-nostdin", "-y", "-v", "error", *words, "-filter_complex", graph, "-map", "[v]", "-c:v", "libx264", "-preset",
           "fast", "-qp", 4, path)


def point(path, psnr):
    packets = probe(path, "-select_streams", "V:0", "-show_entries", "packet=size")["packets"]
    return packet_bits(packets), psnr


def farmed(source, job, *options):
    """CPU seconds of planning and of the tasks; the job."""
    seconds = cpu_of(FARM, "plan", source, "-o", job, "-y", *options)
    cpu_of(FARM, "run", job, "--engine", "local")
    own = Job(job)
    return seconds, [(task, own.record(task)) for task in own.tasks(0)], own


def psnr_of(text):
    return float(text.rsplit("PSNR-Y ", 1)[1].split()[0])


def alone(source, output, *options):
    """CPU seconds of scripts/encode, and PSNR-Y."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = subprocess.run([str(ENCODE), str(source), str(output), "-y", *map(str, options)], stdin=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, check=True).stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, psnr_of(said)


def output_of(records):
    return next(record for task, record in records if task.step == "check").found["outputs"][0]


def cutting(source, folder):
    """Bits and PSNR-Y of the same CRFs with and without cuts, at full size."""
    print("| CRF | chunks | bits, one run | bits, farm | PSNR-Y | PSNR-Y, farm |\n|---|---|---|---|---|---|")
    whole, cut = [], []
    for crf in CRFS:
        _, psnr = alone(source, folder / "one.mkv", "--crf", crf, "--ladder", HEIGHT)
        whole.append(point(folder / f"one.{HEIGHT}.mkv", psnr))
        _, records, job = farmed(source, folder / "job", "--crf", crf, "--ladder", HEIGHT)
        cut.append(point(job.path / output_of(records)["file"], output_of(records)["psnr"]))
        print(f"| {crf} | {len(job.plan.titles[0].ranges)} | {whole[-1][0]} | {cut[-1][0]} | {whole[-1][1]:.2f} | {cut[-1][1]:.2f} |",
              flush=True)
    print(f"\nCutting costs {bd_rate(whole, cut).value:+.2f} % of the bits at the same PSNR-Y.\n")


def overhead(source, folder):
    """What the farm adds: a look at the source, and some seconds a task, whatever the size."""
    one, _ = alone(source, folder / "one.mkv", "--crf", 26)
    planned, records, _ = farmed(source, folder / "job", "--crf", 26, "--chunk", 4)
    tasks = sum(record.cpu for _, record in records)
    print(f"lite, CRF 26: one run {one:.1f} CPU s; farm {planned:.1f} s for the plan and {tasks:.1f} s for {len(records)} tasks: "
          f"{100 * ((planned + tasks) / one - 1):+.1f} %, {(tasks - one) / len(records):.2f} s a task.\n")


def throughput(source, folder):
    print("| client | preset | hours of source in a node-hour | frames per CPU second of a chunk | kb/s | PSNR-Y |\n|---|---|---|---|---|---|")
    for client, preset in RUNS:
        planned, records, job = farmed(source, folder / "job", "--crf", 26, "--preset", preset, *CLIENTS[client])
        output = output_of(records)
        seconds = planned + sum(record.cpu for _, record in records)
        chunks = sum(record.cpu for task, record in records if task.step == "chunk")
        print(f"| {client} | {preset} | {job.plan.titles[0].seconds / seconds:.2f} | {job.plan.titles[0].frames / chunks:.1f} | "
              f"{output['bits'] / output['seconds'] / 1000:.0f} | {output['psnr']:.2f} |", flush=True)


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1] if len(sys.argv) > 1 else temporary)
        folder.mkdir(exist_ok=True)
        source = folder / "source.mkv"
        make_source(source)
        stream = json.loads(subprocess.run([FFMPEG.with_name("ffprobe"), "-v", "error", "-of", "json", "-count_packets", "-show_streams",
                                            str(source)], stdout=subprocess.PIPE, check=True).stdout)["streams"][0]
        print(f"{stream['nb_read_packets']} frames of {stream['width']}x{stream['height']}, 25 a second, x264, one thread a task\n")
        cutting(source, folder)
        overhead(source, folder)
        throughput(source, folder)


if __name__ == "__main__":
    main()
