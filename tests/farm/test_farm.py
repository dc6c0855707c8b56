# SPDX-License-Identifier: BSD-2-Clause
"""scripts/farm on one machine: what comes out of chunks, and what a task does when something is wrong."""

import json
import os
import signal
import subprocess
import time
import unittest

import farm_case
from hcd.farm import local
from hcd.farm.job import DONE, FAILED, STOPPED


class Exact(farm_case.Case):
    def test_uneven_times_late_sound_chapters(self):
        source = self.awkward()
        job, _ = self.plan(source)
        self.assertGreater(len(job.plan.titles[0].ranges), 2)
        self.run_here(job)
        out = job.path / "out" / "awkward.mkv"
        # Against one run of scripts/encode: the same times, sound, chapters and tags.
        subprocess.run([farm_case.TOP / "scripts" / "encode", source, self.path("one.mkv"), "--crf", "30"], check=True,
                       stderr=subprocess.DEVNULL)
        one = self.path("one.mkv")
        self.assertEqual(self.times(out), self.times(one))
        self.assertGreater(len(self.times(out)), 150)
        for track in ("a:0", "a:1"):
            self.assertEqual(self.packets(out, track, "pts_time,size"), self.packets(one, track, "pts_time,size"))
        self.assertGreater(float(self.packets(out, "a:0", "pts_time")[0]["pts_time"]), 1.4)
        for words in (("-show_chapters",), ("-show_entries", "stream=codec_name,width,height,pix_fmt,profile:"
                                            "stream_disposition:stream_tags=language,title:format_tags=title,HCD_MODEL,HCD_SIZE")):
            self.assertEqual(self.look(out, *words), self.look(one, *words))
        # Against the same plan in one go, task by task.
        again, _ = self.plan(source, job="again")
        self.work(again, "probe")
        for index in reversed(range(len(again.plan.titles[0].ranges))):
            self.work(again, "chunk", index)
        self.work(again, "join")
        self.work(again, "check")
        self.assertEqual(self.hashes(out), self.hashes(again.path / "out" / "awkward.mkv"))
        self.assertEqual(self.packets(out, "V:0", "size,flags"), self.packets(again.path / "out" / "awkward.mkv", "V:0", "size,flags"))

    def test_key_frames_and_rungs_of_a_package(self):
        source = self.awkward()
        job, _ = self.plan(source, words=("--chunk", 2, "--crf", 30, "--hls", "--ladder", "64,32"))
        self.run_here(job)
        subprocess.run([farm_case.TOP / "scripts" / "encode", source, self.path("one"), "--crf", "30", "--hls", "--ladder", "64,32"],
                       check=True, stderr=subprocess.DEVNULL)
        for rung in ("1", "2"):
            files = [folder / rung / "stream.m3u8" for folder in (job.path / "out" / "awkward", self.path("one"))]
            keys = [[packet["pts_time"] for packet in self.packets(file, "V:0", "pts_time,flags") if "K" in packet["flags"]]
                    for file in files]
            self.assertEqual(*keys)
            self.assertGreater(len(keys[0]), 3)
            lengths = [[line for line in file.read_text().splitlines() if line.startswith("#EXTINF")] for file in files]
            self.assertEqual(*lengths)

    def test_sources_that_cannot_be_sought(self):
        plain = self.plain(seconds=8)
        raw = self.make("raw.ts", "-i", plain, "-c:v", "libx264", "-preset", "ultrafast", "-qp", 10, "-x264-params",
                        "open-gop=1:keyint=40:bframes=3", "-f", "mpegts")
        job, _ = self.plan(raw)
        self.run_here(job)
        self.assertEqual(len(self.times(job.path / "out" / "raw.mkv")), len(self.times(raw)))

    def test_auto_is_corrected(self):
        # Still at the start and wherever the probes look; the rest takes the bits.
        source = self.plain(seconds=8)
        job, _ = self.plan(source, words=("--chunk", 2, "--auto", "--target", "bitrate:12k", "--measure", "psnr", "--sizes", "1/2"))
        self.run_here(job)
        output = self.record(job, "check").found["outputs"][0]
        self.assertAlmostEqual(output["bits"] / output["seconds"], 12000, delta=12000 * 0.06)


class Faults(farm_case.Case):
    def ready(self, **more):
        """A job whose probe is done."""
        job, _ = self.plan(self.plain(), **more)
        self.work(job, "probe")
        return job, len(job.plan.titles[0].ranges)

    def test_tasks_are_done_once(self):
        job, count = self.ready()
        for index in range(count):
            self.work(job, "chunk", index)
        files = sorted((job.folder(0) / "chunks").iterdir())
        before = [file.stat().st_mtime_ns for file in files]
        for index in range(count):
            self.assertIn("done already", self.work(job, "chunk", index))
        self.assertEqual([file.stat().st_mtime_ns for file in files], before)
        self.assertIn("done already", self.run_here(job) + self.work(job, "join"))
        self.assertIn("done already", self.work(job, "check"))

    def test_chunks_that_are_missing_or_damaged(self):
        job, count = self.ready()
        self.assertIn("it never began", self.work(job, "join", code=66))
        for index in range(count):
            self.work(job, "chunk", index)
        chunk = next((job.folder(0) / "chunks").glob("00001.*.mp4"))
        whole = chunk.read_bytes()
        for name, content in (("truncated", whole[:-100]), ("of the same size", whole[:-100] + bytes(100)), ("empty", b"")):
            with self.subTest(name):
                chunk.write_bytes(content)
                self.assertRegex(self.work(job, "join", code=66), r"1 missing: 1: its file is not as it was made")
        chunk.unlink()
        self.work(job, "join", code=66)
        chunk.write_bytes(whole[:-100])
        self.run_here(job)  # makes it again, and no other
        self.assertEqual(chunk.read_bytes(), whole)
        self.assertEqual([self.record(job, "chunk", index).attempt for index in range(count)],
                         [2 if index == 1 else 1 for index in range(count)])
        self.assertEqual(self.record(job, "check").state, DONE)

    def test_results_and_files_between_that_are_deleted(self):
        job, count = self.ready()
        self.run_here(job)
        output = job.path / "out" / "plain.mkv"
        hashes = self.hashes(output)
        for lost in ([output], [output, next(job.folder(0).glob("joined.*"))], [output, job.folder(0) / "rungs.json"]):
            with self.subTest([file.name for file in lost]):
                for file in lost:
                    file.unlink()
                self.run_here(job)
                self.assertEqual(self.hashes(output), hashes)
        self.assertEqual([self.record(job, "chunk", index).attempt for index in range(count)], [1] * count)

    def test_damaged_records_and_plans(self):
        job, _ = self.ready()
        self.work(job, "chunk", 0)
        job.record_file(farm_case.Task("chunk", 0, 0)).write_text("{", encoding="ascii")
        self.assertNotIn("done already", self.work(job, "chunk", 0))
        plan = job.path / "plan.json"
        text = plan.read_text(encoding="utf-8")
        for damage, expected in (("{", "found damage"), (text.replace('"version": 1', '"version": 7'), "version 1, found 7")):
            plan.write_text(damage, encoding="utf-8")
            self.assertIn(expected, self.farm("run", job.path, "--engine", "local", code=1))

    def test_a_source_that_changes(self):
        job, _ = self.ready()
        source = job.plan.titles[0].path
        whole = source.read_bytes()
        source.touch()
        self.work(job, "chunk", 0)  # the same bytes at another time
        source.write_bytes(whole[:-5000])
        self.assertIn("it has changed", self.work(job, "chunk", 1, code=1))
        middle = len(whole) // 2
        source.write_bytes(whole[:middle] + bytes(64) + whole[middle + 64:])
        self.assertIn("it has changed", self.work(job, "chunk", 1, code=1))
        source.unlink()
        self.assertRegex(self.work(job, "chunk", 1, code=75), r"node .*expected .*plain.mkv, found none")
        source.write_bytes(whole)
        self.run_here(job)

    def test_another_build_on_a_node(self):
        job, _ = self.ready()
        plan = job.read_plan()
        plan.build["files"]["libx264.so.164"], plan.build["id"] = "0", "0"
        job.write_plan(plan)
        self.assertRegex(self.work(job, "chunk", 0, code=78, environment={"NODE_NAME": "node-7"}),
                         r"node node-7: expected the build 0 of the plan, found \w+: libx264.so.164")
        self.assertEqual(self.record(job, "chunk").state, FAILED)

    def test_a_job_that_is_not_there(self):
        self.assertIn("is its storage mounted here?", self.farm("work", self.path("none"), "chunk", 0, code=78))
        for command in ("run", "resume", "status", "clean"):
            self.assertIn("found no plan.json", self.farm(command, self.path("none"), code=1))

    def test_no_room(self):
        job, _ = self.ready()
        limited = f"ulimit -f 2; exec {farm_case.TOP}/scripts/farm work {job.path} chunk 0"
        done = subprocess.run(["bash", "-c", limited], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(done.returncode, 75, done.stdout)
        self.assertIn("File too large", done.stdout)
        self.assertEqual(list((job.folder(0) / "work").iterdir()), [])
        self.run_here(job)

    def test_killed_and_stopped(self):
        job, _ = self.plan(self.plain(seconds=10, size="320x180"), words=("--chunk", 5, "--crf", "30"))
        self.work(job, "probe")
        for number, state in ((signal.SIGTERM, STOPPED), (signal.SIGKILL, "running")):
            worker = subprocess.Popen([farm_case.TOP / "scripts" / "farm", "work", job.path, "chunk", "0"], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            while not list((job.folder(0) / "work").glob("*/*.mp4")):
                self.assertIsNone(worker.poll())
                time.sleep(0.05)
            worker.send_signal(number)
            text = worker.communicate()[0]
            self.assertEqual(worker.returncode, 143 if number == signal.SIGTERM else -number, text)
            self.assertEqual(self.record(job, "chunk").state, state)
        self.run_here(job)
        self.assertEqual(self.record(job, "chunk").attempt, 3)
        self.assertEqual(list((job.folder(0) / "work").iterdir()), [])

    def test_a_run_that_is_stopped_goes_on(self):
        job, _ = self.plan(self.plain(seconds=12))
        run = subprocess.Popen([farm_case.TOP / "scripts" / "farm", "run", job.path, "--engine", "local", "--jobs", "1"],
                               stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while not (record := self.record(job, "chunk", 1)) or record.state != DONE:
            self.assertIsNone(run.poll())
            time.sleep(0.05)
        self.assertIn("expected a job that nobody is starting or running", self.farm("run", job.path, "--engine", "local", code=1))
        self.assertIn("nobody is starting or running", self.farm("clean", job.path, code=1))
        self.assertIn("resume goes on", self.farm("cancel", job.path))
        self.assertEqual(run.wait(), 130)
        self.assertIn("found one that is not", self.farm("cancel", job.path, code=1))
        self.assertIn("tasks open", self.farm("clean", job.path, code=1))
        self.farm("resume", job.path)
        self.assertEqual([self.record(job, "chunk", index).attempt for index in (0, 1)], [1, 1])
        self.farm("clean", job.path)
        self.assertFalse((job.folder(0) / "chunks").exists())
        self.assertEqual(len(self.times(job.path / "out" / "plain.mkv")), 300)
        self.assertEqual(self.record(job, "check").state, DONE)
        self.farm("resume", job.path)  # nothing is left to do
        self.assertFalse((job.folder(0) / "chunks").exists())

    def test_a_task_that_is_killed_is_tried_again(self):
        """By the engine itself."""
        job, count = self.plan(self.plain(seconds=10, size="320x180"))[0], 0
        run = subprocess.Popen([farm_case.TOP / "scripts" / "farm", "run", job.path, "--engine", "local", "--jobs", "1"],
                               stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while not (work := list((job.folder(0) / "work").glob("chunk-00001.*"))):
            self.assertIsNone(run.poll())
            time.sleep(0.02)
        os.kill(int(work[0].name.rsplit(".", 1)[1]), signal.SIGKILL)
        text = run.communicate()[1]
        self.assertEqual(run.returncode, 0, text)
        self.assertIn("chunk 1 once more", text)
        self.assertEqual(self.record(job, "chunk", 1).attempt, 2)
        self.assertEqual(self.record(job, "chunk", count).attempt, 1)


class Plans(farm_case.Case):
    def test_many_titles(self):
        folder = self.path("titles")
        folder.mkdir()
        self.plain("titles/b <&> 'ä'.mkv", seconds=3)
        self.plain("a.mkv", seconds=3)
        (folder / "broken.mkv").write_text("no video", encoding="ascii")
        (folder / "notes.txt").write_text("no video either", encoding="ascii")
        self.path("list.txt").write_text("# a list\na.mkv\n\nnone.mkv\n", encoding="utf-8")
        job, text = self.plan(folder, self.path("list.txt"), code=1)
        self.assertIn("broken.mkv: left out", text)
        self.assertIn("none.mkv: left out", text)
        self.assertEqual([title.name for title in job.plan.titles], ["b <&> 'ä'", "broken", "a", "none"])
        self.assertIn("broken", self.run_here(job, code=1))
        self.assertEqual(sorted(file.name for file in (job.path / "out").iterdir()), ["a.mkv", "b <&> 'ä'.mkv"])

    def test_what_cannot_be_planned(self):
        plain = self.plain(seconds=2)
        self.path("empty").mkdir()
        self.path("empty.txt").write_text("# nothing\n", encoding="ascii")
        for words, expected in (
                ((plain, "--bitrate", "1M"), "--auto --target bitrate:1000000"), ((plain, "--two-pass", "--auto", "--target",
                                                                                  "bitrate:1M"), "expected one pass"),
                ((plain, "--crf", "99"), r"\[0, 51\]"), ((self.path("empty"),), "expected a folder with videos"),
                ((self.path("empty.txt"),), "found no line"), ((self.path("none.mkv"),), "found none"),
                ((plain, "--weights", self.path("none")), "--weights: expected a file")):
            with self.subTest(words=words):
                self.assertRegex(self.farm("plan", *words, "-o", self.path("job"), code=1), expected)
        self.assertIn("expected a number [1, 256]", self.farm("plan", plain, "-o", self.path("job"), "--threads", 0, code=2))
        self.assertIn("expected seconds [2, 20]", self.farm("plan", plain, "-o", self.path("job"), "--chunk", 60, code=2))

    def test_a_folder_that_is_in_use(self):
        plain = self.plain(seconds=2)
        self.path("full").mkdir()
        self.path("full/file").touch()
        self.assertIn("found other files", self.farm("plan", plain, "-o", self.path("full"), code=1))
        job, _ = self.plan(plain)
        self.assertIn("expected no plan there", self.farm("plan", plain, "-o", job.path, code=1))
        self.farm("plan", plain, "-o", job.path, "-y", "--crf", 40)
        self.assertEqual(job.read_plan().titles[0].options["crf"], 40)

    def test_a_plan_that_is_stopped_leaves_nothing(self):
        plain = self.plain(seconds=6)
        stopped = subprocess.Popen([farm_case.TOP / "scripts" / "farm", "plan", plain, "-o", self.path("job")], stdin=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        while not self.path("job/titles").exists():
            self.assertIsNone(stopped.poll(), "expected a plan that is at work, found it ended")
            time.sleep(0.01)
        stopped.send_signal(signal.SIGINT)
        self.assertEqual((stopped.communicate() and stopped.returncode), 130)
        self.assertFalse(self.path("job").exists())
        self.plan(plain)

    def test_a_job_is_replaced_only_by_one_that_can_be_planned_and_while_nobody_runs_it(self):
        plain = self.plain(seconds=2)
        job, _ = self.plan(plain)
        self.run_here(job)
        output = job.path / "out" / "plain.mkv"
        self.assertIn("found none", self.farm("plan", self.path("none.mkv"), "-o", job.path, "-y", code=1))
        self.assertIn("[0, 51]", self.farm("plan", plain, "-o", job.path, "-y", "--crf", 99, code=1))
        with local.Lock(job):
            self.assertIn("nobody is starting or running", self.farm("plan", plain, "-o", job.path, "-y", code=1))
            self.assertEqual(local.holder(job)[1], os.getpid())
            self.farm("status", job.path)
        self.assertTrue(output.exists())
        self.farm("plan", plain, "-o", job.path, "-y")
        self.assertFalse(output.exists())

    def test_what_is_pinned(self):
        job, _ = self.plan(self.plain(seconds=2), words=("--threads", 2, "--crf", 30))
        found = json.loads((job.path / "plan.json").read_text(encoding="utf-8"))
        self.assertEqual(found["settings"], {"threads": 2, "device": "cpu", "precision": "int16"})
        self.assertIn("libhcd.so", " ".join(found["build"]["files"]))
        self.run_here(job)
        # The same from two threads, though the encoder has others: they are pinned, too.
        self.assertEqual(self.record(job, "check").state, DONE)

    def test_indices(self):
        job, _ = self.plan(self.plain(seconds=2))
        self.assertIn("expected an index [0, 0], found 5", self.farm("work", job.path, "chunk", 5, code=1))
        self.assertIn("JOB_COMPLETION_INDEX", self.farm("work", job.path, "chunk", code=1))
        self.assertIn("expected a number [0, 0], found 1", self.farm("work", job.path, "probe", "--title", 1, code=1))
        self.assertIn("expected a title with --tune", self.farm("work", job.path, "tune", code=1))
        self.work(job, "probe")
        self.farm("work", job.path, "chunk", environment={"JOB_COMPLETION_INDEX": "0"})


if __name__ == "__main__":
    unittest.main()
