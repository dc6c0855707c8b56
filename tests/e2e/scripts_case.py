# SPDX-License-Identifier: BSD-2-Clause
"""For tests of scripts/encode and scripts/play: a folder, clips, runs of the scripts, what ffprobe sees."""

import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import ffmpeg

TOP = Path(__file__).resolve().parents[2]
CLIP = TOP / "samples" / "clip.mkv"


class Case(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def path(self, name):
        return self.folder / name

    def make(self, name, *words):
        ffmpeg.good(*map(str, words), str(self.path(name)))
        return self.path(name)

    def clip(self, name, filters="crop=96:64", *words, frames=12):
        return self.make(name, "-i", CLIP, "-frames:v", frames, "-vf", filters, *(words or ("-c:v", "ffv1")))

    def start(self, script, *words, **more):
        return subprocess.Popen([str(TOP / "scripts" / script), *map(str, words)], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)

    def run_script(self, script, *words, code=0, **more):
        """What it says."""
        process = self.start(script, *words, **more)
        log = process.communicate(timeout=600)[1]
        self.assertEqual(process.returncode, code, log)
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith(".")], [])
        return log

    def encode(self, source, output="out.mkv", *words, **more):
        return self.run_script("encode", source, self.path(output), "-y", *words, **more)

    def play(self, stream="out.mkv", output="large.mkv", *words, **more):
        return self.run_script("play", self.path(stream), "-o", self.path(output), "-y", *words, **more)

    def look(self, name):
        done = subprocess.run([ffmpeg.FFPROBE, "-v", "error", "-of", "json", "-count_packets", "-show_streams",
                               "-show_format", "-show_chapters", str(self.path(name))], stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)

    def video(self, name):
        own = self.look(name)["streams"][0]
        return own["width"], own["height"], int(own["nb_read_packets"])

    def packets(self, name):
        """Of the video."""
        done = subprocess.run([ffmpeg.FFPROBE, "-v", "error", "-of", "json", "-select_streams", "V:0", "-show_packets",
                               str(self.path(name))], stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)["packets"]

    def bits(self, name):
        return 8 * sum(int(packet["size"]) for packet in self.packets(name))

    def key_times(self, name):
        return [round(float(packet["pts_time"]), 2) for packet in self.packets(name) if "K" in packet["flags"]]

    def psnr_y(self, name, source, up):
        """Mean over the frames, by ffmpeg alone; `up`: the viewer's filter."""
        stats = self.path("stats")
        ffmpeg.good("-i", str(self.path(name)), "-i", str(source), "-lavfi",
                    f"[0:V:0]{up},settb=1/1000,setpts=N[a];[1:V:0]settb=1/1000,setpts=N[b];[a][b]psnr=stats_file='{stats}'",
                    "-f", "null", "-")
        values = [float(value) for value in re.findall(r"psnr_y:(\S+)", stats.read_text())]
        return sum(values) / len(values)
