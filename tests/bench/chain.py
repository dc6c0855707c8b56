#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the filters cost beside x264: CPU seconds of whole ffmpeg commands on the same frames, as ratios within one run.

Every round runs every command once, so that what disturbs the machine meets all of them; a ratio is the median over
the rounds of a command's seconds to those of x264 in its own round. Start-up is in all of them."""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
X264 = "x264 medium CRF 26, full size"
ROWS = [  # name, whether it reads the small frames, filters
    ("hcd_down=model=bicubic", False, "hcd_down=model=bicubic"),
    ("hcd_down=model=bicubic:preset=fast", False, "hcd_down=model=bicubic:preset=fast"),
    ("hcd_down=model=bicubic:optimizer=adam", False, "hcd_down=model=bicubic:optimizer=adam"),
    ("hcd_down", False, "hcd_down"),
    ("hcd_down=preset=fast", False, "hcd_down=preset=fast"),
    ("hcd_down=optimizer=adam", False, "hcd_down=optimizer=adam"),
    ("hcd_up=model=bicubic", True, "hcd_up=model=bicubic"),
    ("hcd_up", True, "hcd_up"),
    ("hcd_up=precision=fp32", True, "hcd_up=precision=fp32"),
]


class Bench:
    def __init__(self, ffmpeg, folder, source, frames, width, height):
        self.ffmpeg, self.frames = ffmpeg, frames
        self.large, self.small = os.path.join(folder, "large.yuv"), os.path.join(folder, "small.yuv")
        self.sizes = {self.large: f"{width}x{height}", self.small: f"{width // 2}x{height // 2}"}
        for path, size in self.sizes.items():
            subprocess.run([ffmpeg, "-nostdin", "-v", "error", "-y", "-i", source, "-frames:v", str(frames), "-vf",
                            f"scale={size.replace('x', ':')}:flags=lanczos", "-pix_fmt", "yuv420p", "-f", "rawvideo",
                            path], check=True)

    def run(self, path, threads, *output, loops=0):
        """CPU seconds, wall seconds and peak memory in MB, of the frames and `loops` times again."""
        command = [self.ffmpeg, "-nostdin", "-v", "error", "-threads", "1", "-filter_threads", str(threads),
                   "-stream_loop", str(loops), "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", self.sizes[path], "-i", path, *output, "-f", "null", "-"]
        start = time.monotonic()
        process = subprocess.Popen(command)
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit(f"{' '.join(command)}: exit status {status}")
        return usage.ru_utime + usage.ru_stime, time.monotonic() - start, usage.ru_maxrss / 1024

    def filtered(self, row, threads=1):
        _, is_small, filters = row
        return self.run(self.small if is_small else self.large, threads, "-vf", filters)

    def x264(self):
        return self.run(self.large, 1, "-c:v", "libx264", "-threads", "1", "-preset", "medium", "-crf", "26")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ffmpeg", default=os.path.join(TOP, "build", "bin", "ffmpeg"))
    parser.add_argument("--source", default=os.path.join(TOP, "samples", "clip.mkv"), help="clip, enlarged to --size")
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", action="store_true", help="also wall seconds of one thread to those of two")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options.ffmpeg, folder, options.source, options.frames, width, height)
        plain = {small: bench.run(bench.small if small else bench.large, 1, "-vf", "null")[2] for small in (False, True)}
        seconds, memory, gains = {row: [] for row in ROWS}, {}, {row: [] for row in ROWS}
        encoder = []
        for _ in range(options.rounds):
            encoder.append(bench.x264()[0])
            for row in ROWS:
                cpu, wall, peak = bench.filtered(row)
                seconds[row].append(cpu)
                memory[row] = max(memory.get(row, 0), peak - plain[row[1]])
                if options.threads:
                    gains[row].append(wall / bench.filtered(row, 2)[1])
    print(f"{options.frames} frames of {options.size} and half of it, one thread, {options.rounds} rounds")
    print(f"| CPU seconds | median | × x264 | MB above reading |{' 1 to 2 threads |' if options.threads else ''}")
    print(f"|---|---|---|---|{'---|' if options.threads else ''}")
    print(f"| {X264} | {statistics.median(encoder):.2f} | 1 | |{' |' if options.threads else ''}")
    for row in ROWS:
        ratio = statistics.median(own / other for own, other in zip(seconds[row], encoder))
        line = f"| `{row[0]}` | {statistics.median(seconds[row]):.2f} | {ratio:.2f} | {memory[row]:.0f} |"
        print(line + (f" {statistics.median(gains[row]):.2f} |" if options.threads else ""))


if __name__ == "__main__":
    main()
