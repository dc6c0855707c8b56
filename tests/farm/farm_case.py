# SPDX-License-Identifier: BSD-2-Clause
"""For tests of scripts/farm: sources that are awkward to cut, jobs, what comes out of them."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "scripts"), str(TOP / "tests" / "e2e")]

import ffmpeg  # noqa: E402
from hcd.farm.job import Job, Task  # noqa: E402

CLIP = TOP / "samples" / "clip.mkv"
CHAPTERS = ";FFMETADATA1\ntitle=A title\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=3000\ntitle=One\n[CHAPTER]\nTIMEBASE=1/1000\n" \
           "START=3000\nEND=8000\ntitle=Two\n"


class Case(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        self.environment = dict(os.environ)

    def path(self, name):
        return self.folder / name

    def make(self, name, *words):
        ffmpeg.good(*map(str, words), str(self.path(name)))
        return self.path(name)

    def plain(self, name="plain.mkv", seconds=6, size="96x64"):
        """A picture that moves, with a new scene every other second."""
        width, height = size.split("x")
        return self.make(name, "-stream_loop", 9, "-i", CLIP, "-t", seconds, "-vf",
                         f"crop={width}:{height}:40*mod(floor(t/2)\\,4):30*mod(floor(t/2)\\,3),fps=25", "-an", "-c:v", "libx264",
                         "-preset", "ultrafast", "-qp", 8)

    def awkward(self, name="awkward.mkv"):
        """Frames at uneven times, sound that starts late, a second track, chapters."""
        frames = self.make("frames.mkv", "-stream_loop", 5, "-i", CLIP, "-f", "lavfi", "-i", "sine=440:r=48000", "-f", "lavfi",
                           "-i", "sine=220:r=44100", "-filter_complex",
                           "[0:v]crop=96:64:40*mod(floor(t/2)\\,4):30,fps=25,select=not(eq(mod(n\\,7)\\,3))+gt(n\\,90),"
                           "setpts=PTS+if(gt(N\\,60)\\,0.013*mod(N\\,3)/TB\\,0)[v]", "-map", "[v]", "-map", "1:a", "-map", "2:a",
                           "-fps_mode", "passthrough", "-enc_time_base", "1:1000", "-t", 8, "-c:v", "libx264", "-preset",
                           "ultrafast", "-qp", 8, "-c:a", "aac")
        self.path("chapters.txt").write_text(CHAPTERS, encoding="ascii")
        return self.make(name, "-itsoffset", "1.5", "-i", frames, "-i", frames, "-f", "ffmetadata", "-i", self.path("chapters.txt"),
                         "-map", "1:v", "-map", "0:a:0", "-map", "0:a:1", "-map_metadata", 2, "-map_chapters", 2,
                         "-metadata:s:a:1", "language=ger", "-c", "copy")

    # ---- jobs ----

    def farm(self, *words, code=0, environment=None):
        """What it says."""
        done = subprocess.run([str(TOP / "scripts" / "farm"), *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=900, check=False,
                              env={**self.environment, **(environment or {})})
        self.assertEqual(done.returncode, code, done.stdout + self.logs())
        return done.stdout

    def logs(self):
        return "".join(f"\n--- {log.name}\n{log.read_text(errors='replace')}" for log in sorted(self.folder.glob("*/log/*.log")))

    def plan(self, *sources, job="job", words=("--chunk", 2, "--crf", 30), code=0):
        """The job, and what was said."""
        text = self.farm("plan", *sources, "-o", self.path(job), *words, code=code)
        return Job(self.path(job)), text

    def run_here(self, job, *words, code=0):
        return self.farm("run", job.path, "--engine", "local", *words, code=code)

    def work(self, job, step, index=0, code=0, title=0, environment=None):
        return self.farm("work", "--title", title, job.path, step, index, code=code, environment=environment)

    def record(self, job, step, index=0, title=0):
        return job.record(Task(step, title, index))

    # ---- what comes out ----

    def hashes(self, path):
        out, _ = ffmpeg.good("-i", str(path), "-map", "0:V:0", "-fps_mode", "passthrough", "-f", "framemd5", "-")
        return [line.split(b",")[5].strip() for line in out.splitlines() if line and not line.startswith(b"#")]

    def look(self, path, *words):
        done = subprocess.run([ffmpeg.FFPROBE, "-v", "error", "-of", "json", *words, str(path)], stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)

    def packets(self, path, stream, fields):
        return self.look(path, "-select_streams", stream, "-show_entries", f"packet={fields}")["packets"]

    def times(self, path):
        return sorted(float(packet["pts_time"]) for packet in self.packets(path, "V:0", "pts_time"))
