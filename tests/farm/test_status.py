#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""scripts/farm status: what it says of job folders in all states."""

import json
import os
import unittest
from unittest import mock

from job_folders import LENGTH, NOW, FolderTest, chunk_found, output, title

from hcd.farm import engines, records
from hcd.farm.job import STOPPED, Job, Record, Task
from hcd.farm.overview import Engine, gather, task_key
from hcd.farm.pace import pace
from hcd.farm.status import status, to_json
from hcd.farm.wording import WIDTH, cut, moment, plain, span, wide

RUNS, WAITS = ("RUNNING", "n1", "None"), ("PENDING", "", "Resources")


class StatusTest(FolderTest):
    def text(self, states, **more) -> str:
        self.job._plan = None
        return status(self.job, states, "Slurm", now=NOW, **more)

    def facts(self, states) -> dict:
        def no_constant(name: str):
            raise AssertionError(f"expected strict JSON, found {name}")
        return json.loads(to_json(self.job, states, "Slurm", now=NOW), parse_constant=no_constant)

    def state_of(self, task: Task, states) -> str:
        found = {view.task: view.state for view in gather(self.job, Engine(states, "Slurm"), NOW).tasks}
        return found[task]

    def assert_fits(self, text: str) -> None:
        for line in text.splitlines():
            self.assertTrue(wide(line) <= WIDTH or " " not in line.strip() or "job" in line.split()[-1],
                            f"expected at most {WIDTH} columns, found {wide(line)}: {line}")
            self.assertTrue(line.isprintable(), f"expected a line without control characters, found {line!r}")


class StatesTest(StatusTest):
    """Records held against the engine."""

    def setUp(self):
        super().setUp()
        self.plan(title("film.mkv", 3))
        self.task = Task("chunk", 0, 1)

    def states(self) -> dict[str, str]:
        """By what the engine says."""
        asked = {"runs": {self.task: RUNS}, "waits": {self.task: WAITS}, "unknown": {}, "silent": None}
        return {name: self.state_of(self.task, states) for name, states in asked.items()}

    def test_no_record(self):
        self.assertEqual(self.states(), {"runs": "running", "waits": "waiting", "unknown": "waiting", "silent": "waiting"})

    def test_done_is_done(self):
        self.done("chunk", 0, 1)
        self.assertEqual(set(self.states().values()), {"done"})

    def test_running_and_heard_of(self):
        """What the engine said may be a little older than the record."""
        self.runs("chunk", 0, 1, age=6)
        self.assertEqual(set(self.states().values()), {"running"})

    def test_running_and_not_heard_of_for_half_a_minute(self):
        self.runs("chunk", 0, 1, age=30)
        self.assertEqual(self.states(), {"runs": "running", "waits": "waiting", "unknown": "lost", "silent": "running"})

    def test_running_and_not_heard_of_for_minutes(self):
        self.runs("chunk", 0, 1, age=300, seconds=400)
        self.assertEqual(self.states(), {"runs": "silent", "waits": "waiting", "unknown": "lost", "silent": "silent"})

    def test_failed(self):
        self.fails("chunk", 0, 1)
        self.assertEqual(self.states(), {"runs": "running", "waits": "again", "unknown": "failed", "silent": "failed"})

    def test_stopped(self):
        self.put(self.task, Record(STOPPED, "n1", begun=NOW - 50, ended=NOW - 40), 40)
        self.assertEqual(self.states(), {"runs": "running", "waits": "waiting", "unknown": "stopped", "silent": "stopped"})

    def test_what_stands_behind_something_broken_is_blocked(self):
        self.fails("chunk", 0, 1)
        join = Task("join", 0)
        self.assertEqual(self.state_of(join, {}), "blocked")
        self.assertEqual(self.state_of(join, {join: WAITS}), "waiting")
        self.assertEqual(self.state_of(join, {join: ("PENDING", "", "DependencyNeverSatisfied")}), "blocked")
        self.assertEqual(self.state_of(Task("chunk", 0, 2), {}), "waiting")  # beside it, not behind it
        self.fails("probe")
        self.assertEqual(self.state_of(Task("chunk", 0, 2), {}), "blocked")

    def test_names_of_tasks_serve_as_well(self):
        self.assertEqual(task_key(self.task), "000/chunk-00001")
        self.assertEqual(self.state_of(self.task, {"000/chunk-00001": RUNS}), "running")

    def test_a_record_from_the_future_is_no_harm(self):
        """The disk's clock is ahead of ours."""
        self.runs("chunk", 0, 1, age=-90)
        self.assertEqual(self.states()["runs"], "running")
        self.assertIn("clocks differ: the newest record is 90 s ahead", self.text({self.task: RUNS}))
        self.runs("chunk", 0, 1, age=-4)
        self.assertNotIn("clocks differ", self.text({self.task: RUNS}))


class RecordsTest(StatusTest):
    """Whatever stands in their files."""

    def setUp(self):
        super().setUp()
        self.plan(title("film.mkv", 2))
        self.file = self.job.record_file(Task("chunk", 0, 1))
        self.done("chunk", 0, 1)

    def test_damage_is_named_and_counts_as_not_begun(self):
        whole = json.loads(self.file.read_text(encoding="utf-8"))
        wrong = [{**whole, name: value} for name, value in (
            ("state", "doing"), ("state", 3), ("begun", "noon"), ("begun", None), ("frames", [1]), ("found", []), ("said", "x"),
            ("said", [1]), ("node", None), ("more", 1), ("begun", 1e400), ("attempt", True))]
        contents = [json.dumps(each).encode() for each in wrong]
        contents += [b"", b"\0" * 100, b"{", b"[]", b"null", b"\xff\xfe", self.file.read_bytes()[:-9], b"[" * 100_000]
        for content in contents:
            with self.subTest(content[:60]):
                self.file.write_bytes(content)
                text = self.text({})
                self.assertIn("records that cannot be read", text)
                self.assertIn(str(self.file), text.replace("\n", ""))
                self.assertEqual(self.state_of(Task("chunk", 0, 1), {}), "waiting")
                self.assertTrue(any(task["damaged"] for task in self.facts({})["each_task"]))

    def test_whole_records_are_no_damage(self):
        self.assertNotIn("cannot be read", self.text({}))

    def test_a_folder_in_its_place(self):
        self.file.unlink()
        self.file.mkdir()
        self.assertIn("Is a directory", self.text({}))

    def test_a_record_that_vanishes_after_the_listing(self):
        listing = os.listdir

        def and_then_gone(folder):
            names = listing(folder)
            self.file.unlink()
            return names
        with mock.patch.object(records.os, "listdir", and_then_gone):
            text = self.text({})
        self.assertIn("0 of 200 frames", text)
        self.assertNotIn("cannot be read", text)

    def test_temporary_files_beside_them_are_not_read(self):
        self.file.with_name(f".{self.file.name}.host.1").write_bytes(b"{")
        self.assertNotIn("cannot be read", self.text({}))

    def test_ten_thousand(self):
        self.plan(*(title(f"{number}.mkv", 998) for number in range(10)))
        for number in range(10):
            folder = self.job.record_file(Task("probe", number)).parent
            folder.mkdir(parents=True, exist_ok=True)
            content = json.dumps(vars(Record("done", "n1", begun=NOW - 70, ended=NOW - 10, found=chunk_found()))).encode()
            for index in range(998):
                (folder / f"chunk-{index:05d}.json").write_bytes(content)
        text = self.text({})
        self.assertIn("998000 of 998000 frames", text)
        self.assertIn("tasks: 9980 done, 0 running, 30 waiting, of 10010", text)


class TextTest(StatusTest):
    def test_nothing_begun(self):
        self.plan(title("film.mkv", 3))
        text = self.text({})
        self.assertIn("0 of 300 frames coded, 0 %", text)
        self.assertIn(f"planned {moment(NOW - 9000, NOW)}, nothing has begun", text)
        self.assertIn("scripts/farm run", text)
        for word in ("frames/s", " left", "resume"):
            self.assertNotIn(word, text)

    def test_all_is_done(self):
        self.plan(title("film.mkv", 1, tune=True))
        for step in ("probe", "chunk", "tune", "join"):
            self.done(step, ago=300)
        self.done("check", ago=100, found={"outputs": [output("film")]})
        text = self.text({})
        self.assertIn("1 title (1 done); 100 of 100 frames coded, 100 %", text)
        self.assertIn(f"ended {moment(NOW - 100, NOW)}, after 4 min", text)
        self.assertIn("91.5 neg 500", text)
        for word in ("what to do", " left", "frames/s"):
            self.assertNotIn(word, text)
        facts = self.facts({})
        self.assertTrue(facts["over"])
        self.assertEqual((facts["begun"], facts["ended"], facts["seconds_left"]), (NOW - 350, NOW - 100, None))

    def test_at_work(self):
        self.plan(title("film.mkv", 6))
        self.done("probe", ago=700)
        for index in range(2):
            self.done("chunk", 0, index, ago=10 + 50 * index, node="n2")
        self.runs("chunk", 0, 2)
        self.runs("chunk", 0, 3, age=90, seconds=200, node="n3")
        states = {Task("chunk", 0, 2): RUNS, Task("chunk", 0, 3): RUNS, Task("chunk", 0, 4): WAITS,
                  Task("chunk", 0, 5): ("PENDING", "", "a\nb"), Task("join", 0): ("PENDING", "", "Dependency")}
        text = self.text(states)
        self.assert_fits(text)
        away = {Task("chunk", 0, 4): ("PENDING", "", "ReqNodeNotAvail, UnavailableNodes:n2")}
        self.assertIn("1 for nodes that are not available (ReqNodeNotAvail, UnavailableNodes:n2)", self.text(states | away))
        self.assertIn("film.mkv chunk 2: n1, 28 s, coding frame 20/100, about 22 s left", text)
        self.assertIn(f"silent since {moment(NOW - 90, NOW)}, 90 s ago: film.mkv chunk 3 on n3", text)
        self.assertIn("Slurm says that it", text)
        self.assertIn("2/6, 1 silent, 1 run", text)
        self.assertIn("1 for a free node (Resources); 1: a\\nb; 1 for the steps before them (Dependency)", text)
        self.assertNotIn("resume", text)

    def test_lost(self):
        self.plan(title("film.mkv", 2))
        self.runs("chunk", 0, 1, age=600, seconds=700, node="n3")
        text = self.text({})
        self.assertIn(f"LOST since {moment(NOW - 600, NOW)}, 10 min ago: film.mkv chunk 1 on n3; Slurm does not know it", text)
        self.assertIn(f"scripts/farm resume {self.path}", text)
        self.assertIn("0/2, 1 lost", text)

    def test_the_engine_does_not_answer(self):
        self.plan(title("film.mkv", 3))
        self.runs("chunk", 0, 0)
        self.runs("chunk", 0, 1, age=600, seconds=700)
        self.fails("chunk", 0, 2)
        text = self.text(None)
        self.assertIn("Slurm does not answer: from the files alone", text)
        self.assertIn("1 running, 1 silent, 1 failed", text)
        self.assertIn("is its node up?", text)
        self.assertIn("once Slurm answers: does again", text)
        self.assertFalse(self.facts(None)["engine"]["answers"])

    def test_what_failed_with_its_log_and_what_to_do(self):
        self.path = self.path / "a job"  # with a space
        self.path.mkdir()
        self.plan(title("film.mkv", 30))
        for index in (3, 12, 13, 14, 15):
            self.fails("chunk", 0, index, "ffmpeg: No space left on device\nand more", attempt=3)
        self.fails("chunk", 0, 1, "another", attempt=2)
        self.put(Task("chunk", 0, 20), Record(STOPPED, "n1", text="stopped by SIGTERM", begun=NOW - 9, ended=NOW - 6), 6)
        logs = self.path / "log"
        logs.mkdir()
        for name in ("000-chunk-00001.log", "000-chunk-00012.log", "001-chunk-00001.log", "chunk-0-15.log"):
            (logs / name).touch()
        text = self.text({Task("chunk", 0, 12): WAITS})
        self.assertIn("FAILED: film.mkv chunk 1 on n2, attempt 2: another\n    log: " + str(logs / "000-chunk-00001.log"), text)
        self.assertIn("FAILED: film.mkv chunk 3, film.mkv chunk 13, film.mkv chunk 14 and 1 more on n2:", text)
        self.assertIn("to be tried again: film.mkv chunk 12 on n2, attempt 3", text)
        self.assertIn("stopped: film.mkv chunk 20", text)
        self.assertIn("free some room first", text)
        self.assertIn(f"scripts/farm resume '{self.path}'", text)
        self.assertNotIn("and more", text)
        self.assertEqual(text.replace("\n   ", "").count("No space left"), 2)
        facts = [task for task in self.facts({})["each_task"] if task["index"] == 15]
        self.assertEqual(facts[0]["log"], str(logs / "chunk-0-15.log"))

    def test_logs_of_both_engines(self):
        self.plan(title("film.mkv", 13))
        self.fails("chunk", 0, 1, "why 1")
        self.fails("chunk", 0, 12, "why 12")
        self.fails("join", 0, 0, "why join")
        logs = self.path / "log"
        logs.mkdir()
        for name in ("000-chunk-00001.log", "chunk-0-12.log", "chunk-0-1.log.old", "join-0-0.log"):
            (logs / name).touch()
        text = self.text({})
        for why, name in (("1", "000-chunk-00001.log"), ("12", "chunk-0-12.log"), ("join", "join-0-0.log")):
            self.assertIn(f"why {why}\n    log: {logs / name}\n", text)

    def test_nodes_that_are_left_out(self):
        self.plan(title("film.mkv", 1))
        self.assertNotIn("left out", self.text({}))
        folder = self.path / "slurm" / "unfit"
        folder.mkdir(parents=True)
        (folder / "n2").write_bytes(b"ended with 78: see\n\xff.log\n")
        self.assertIn("nodes that are left out, since they cannot do this job\n"
                      "  n2: ended with 78: see\\n\N{REPLACEMENT CHARACTER}.log", self.text({}))
        self.assertEqual(list(self.facts({})["unfit_nodes"]), ["n2"])

    def test_an_engine_without_a_list(self):
        """The one of this machine: what it does stands in the records."""
        self.plan(title("film.mkv", 5))
        self.done("chunk", 0, 0)
        self.runs("chunk", 0, 1, age=20)
        self.runs("chunk", 0, 2, age=100, seconds=200)
        self.fails("chunk", 0, 3)
        text = self.text(None, busy=True)
        self.assertIn("tasks: 1 done, 1 running, 1 silent, 1 failed, 2 waiting, 2 not possible any more, of 8", text)
        self.assertNotIn("does not answer", text)
        self.fails("chunk", 0, 3)
        self.job.forget(Task("chunk", 0, 3))
        self.job.forget(Task("chunk", 0, 1))
        self.job.forget(Task("chunk", 0, 2))
        self.assertNotIn("what to do", self.text(None, busy=True))
        self.assertIn("scripts/farm resume", self.text({}))

    def test_a_failure_without_words(self):
        self.plan(title("film.mkv", 1))
        self.fails("chunk", text=" \n")
        self.assertIn("no reason was written", self.text({}))

    def test_a_plan_that_failed(self):
        self.plan(title("a.mkv", 1), title("b.mkv", 0, failed="b.mkv: expected a video,\nfound none"))
        text = self.text({})
        self.assertIn("b.mkv: when it was planned: b.mkv: expected a video,", text)
        self.assertIn("FAILED when it was planned", text)
        self.assertIn("0 of 100 frames", text)
        self.assertIn("scripts/farm plan", text)
        self.assertEqual(self.facts({})["titles"], {"all": 2, "waiting": 1, "failed": 1})

    def test_only_plans_that_failed(self):
        self.plan(title("b.mkv", 0, failed="why"))
        self.assertIn("1 title (1 failed); 0 of 0 frames coded", self.text({}))

    def test_names_stay_in_their_lines(self):
        names = ("a\nb\x1b[31m.mkv", "<b>&\"'.mkv", "漢字" * 40 + ".mkv", "\u202egnp.mkv", "bytes\udcff.mkv",
                 "e\u0301" * 50, "")
        self.plan(*(title(name, 2) for name in names), name="job\r\x1b[2J")
        for number in range(len(names)):
            self.fails("chunk", number, 0, f"{names[number]}: why\x07 so {number}")
            self.runs("chunk", number, 1, age=1 + 100 * (number % 2), seconds=300)
        for states in ({}, None):
            text = self.text(states)
            self.assert_fits(text)
            text.encode()  # what a terminal gets
            self.facts(states)
        self.assertIn("a\\nb\\x1b[31m.mkv", text)
        self.assertIn("<b>&\"'.mkv", text)

    def test_many_titles(self):
        """Only what happens stands there; the rest is counted, and --all has it."""
        self.plan(*(title(f"t{number}.mkv", 1) for number in range(60)))
        for number in range(30):
            for step in ("probe", "chunk", "join", "check"):
                self.done(step, number)
        self.fails("chunk", 31)
        self.runs("chunk", 30)
        text = self.text({})
        self.assertIn("(30 done, 1 at work, 1 failed, 28 waiting)", text)
        self.assertIn("beside them: 30 done, 28 not begun (--all lists them)", text)
        self.assertNotIn("t0.mkv", text)
        self.assertLess(text.index("t31.mkv"), text.index("t30.mkv"))
        everything = self.text({}, everything=True)
        for number in range(60):
            self.assertIn(f"t{number}.mkv", everything)

    def test_many_of_a_kind_are_counted(self):
        self.plan(title("film.mkv", 50))
        for index in range(50):
            self.runs("chunk", 0, index)
        self.assertIn("  and 30 more (--all lists them)", self.text(None))
        self.assertNotIn("more (--all", self.text(None, everything=True))

    def test_warnings_are_counted(self):
        self.plan(title("film.mkv", 1))
        self.assertNotIn("warnings", self.text({}))
        self.done("probe", said=["encode: warning: it is interlaced"])
        self.assertIn("1 task had warnings", self.text({}))

    def test_qualities_without_numbers(self):
        self.plan(title("film.mkv", 3))
        for index, psnr in enumerate((float("inf"), float("nan"), 40.0)):
            self.done("chunk", 0, index, found=chunk_found(psnr))
        self.text({})
        self.assertIsNone(self.facts({})["each_title"][0]["outputs"][0]["psnr"])


class PaceTest(StatusTest):
    def pace(self, states=None):
        return pace(gather(self.job, Engine(states, "Slurm"), NOW))

    def test_nothing_is_invented(self):
        self.plan(title("film.mkv", 4))
        self.runs("chunk", 0, 0, seconds=400)
        found = self.pace()
        self.assertEqual((found.speed, found.chunks_s, found.left_s), (None, None, None))
        text = self.text(None)
        self.assertIn("the speed is known once a chunk is done", text)
        self.assertNotIn(" left", text)

    def test_two_nodes_that_work_all_the_time(self):
        """Each chunk of 100 frames takes 50 s: 2 frames/s a node."""
        self.plan(title("film.mkv", 40))
        for index in range(20):
            self.done("chunk", 0, index, ago=50 * (index // 2), node=f"n{index % 2}")
        found = self.pace({})
        self.assertAlmostEqual(found.speed, 4.0, delta=0.01)
        self.assertAlmostEqual(found.times, 4.0 / 25, delta=0.001)
        self.assertEqual(found.left, 20 * LENGTH)
        self.assertAlmostEqual(found.chunks_s, 500, delta=1)
        self.assertIsNone(found.left_s)  # nobody has joined anything yet
        text = self.text({})
        self.assertIn("all chunks done in about 8 min", text)
        self.assertIn("then join and check, of which none has been done yet", text)
        self.assertIn("4 frames/s (0.16 x real time)", text)

    def test_running_chunks_count_by_what_others_took(self):
        """Whatever their stage counts."""
        self.plan(title("film.mkv", 3))
        self.done("chunk", 0, 0, ago=25)
        self.runs("chunk", 0, 1, age=0, seconds=25)  # 20 frames of a stage; 50 behind it
        found = self.pace()
        self.assertAlmostEqual(found.left, 150, delta=0.1)
        self.assertAlmostEqual(found.speed, 2.0, delta=0.01)

    def test_one_that_hangs_counts_once(self):
        self.plan(title("film.mkv", 2))
        self.done("chunk", 0, 0, ago=1900)
        self.runs("chunk", 0, 1, age=0, seconds=1800)
        found = self.pace()
        self.assertEqual(found.left, 0)
        self.assertAlmostEqual(found.speed, LENGTH / 1800, delta=0.001)
        self.assertIn("longer than others took", self.text(None))

    def test_a_pause_before_does_not_count(self):
        self.plan(title("film.mkv", 10))
        for index, ago in enumerate((5000, 4950, 50, 0)):
            self.done("chunk", 0, index, ago=ago)
        self.assertAlmostEqual(self.pace().speed, 2.0, delta=0.01)

    def test_the_clock_of_a_node_may_differ(self):
        self.plan(title("film.mkv", 10))
        for index in range(4):
            off = 7 * (-1) ** index
            self.put(Task("chunk", 0, index), Record("done", f"n{index}", begun=NOW + off - 50 * (4 - index),
                                                     ended=NOW + off - 50 * (3 - index)), 50 * (3 - index))
        self.assertAlmostEqual(self.pace().speed, 2.0, delta=0.01)

    def test_long_ago(self):
        self.plan(title("film.mkv", 10))
        self.done("chunk", 0, 0, ago=5000)
        self.assertIsNone(self.pace().speed)
        self.assertIn("nothing was coded in the last 10 minutes", self.text({Task("chunk", 0, 1): WAITS}))

    def test_what_failed_is_not_waited_for(self):
        self.plan(title("film.mkv", 4))
        self.done("chunk", 0, 0, ago=0)
        self.fails("chunk", 0, 1)
        self.runs("chunk", 0, 2, age=900, seconds=1000)
        self.assertEqual(self.pace({}).left, LENGTH)
        self.assertIn("without what has failed", self.text({}))

    def test_the_end_takes_as_long_as_that_of_other_titles(self):
        self.plan(title("a.mkv", 2), title("b.mkv", 4))
        for index in range(2):
            self.done("chunk", 0, index, ago=400 + 50 * index)
        self.done("join", 0, ago=380, seconds=4)
        self.done("check", 0, ago=340, seconds=40)
        for index in range(4):
            self.done("chunk", 1, index, ago=50 * index)
        found = self.pace({})
        self.assertEqual((found.chunks_s, found.tail), (0.0, ("join", "check")))
        self.assertAlmostEqual(found.left_s, 88, delta=0.1)  # twice as many frames
        self.assertIn(f"about 88 s left, ends about {moment(NOW + 88, NOW)}", self.text({}))
        self.assertAlmostEqual(self.facts({})["seconds_left"], 88, delta=0.1)


class WordingTest(unittest.TestCase):
    def test_spans(self):
        for seconds, words in ((-3, "0 s"), (0.4, "0 s"), (99.4, "99 s"), (100, "2 min"), (3569, "59 min"), (3599, "1 h"),
                               (3660, "1 h 1 min"), (7800, "2 h 10 min"), (48 * 3600, "2 d 0 h"), (1e6, "11 d 13 h")):
            self.assertEqual(span(seconds), words, seconds)

    def test_other_days_are_named(self):
        self.assertRegex(moment(NOW, NOW), r"^\d\d:\d\d$")
        self.assertRegex(moment(NOW + 86400, NOW), r"^[A-Z][a-z]{2} \d\d:\d\d$")
        self.assertRegex(moment(NOW + 9 * 86400, NOW), r"^\d{4}-\d\d-\d\d \d\d:\d\d$")
        self.assertEqual(moment(1e30, NOW), "?")

    def test_cut_keeps_both_ends(self):
        for text, columns, found in (("short", 5, "short"), ("abcdefghij", 5, "ab…ij"), ("abcdefghij", 6, "abc…ij"),
                                     ("漢字漢字漢字", 6, "漢…字"), ("a\nb", 9, "a\\nb"), ("", 3, "")):
            self.assertEqual(cut(text, columns), found)
            self.assertLessEqual(wide(found), columns)

    def test_plain(self):
        self.assertEqual(plain("ä\t\x1b\u202e\udcff é漢"), "ä\\t\\x1b\\u202e\\udcff é漢")


class ExitCodeTest(StatusTest):
    """For who looks by a script."""

    def code(self, states) -> int:
        with mock.patch.object(engines, "asked_states", return_value=("Slurm", states, False)), mock.patch("builtins.print"):
            return engines.show(Job(self.path), mock.Mock(json=False, all=False))

    def test_lost_with_nobody_at_work(self):
        self.plan(title("film.mkv", 3))
        self.done("probe")
        self.assertEqual(self.code({}), 0)
        self.runs("chunk", 0, 0, age=100)
        self.assertEqual(self.code({}), 1)
        self.assertEqual(self.code(None), 0)  # nobody knows
        self.assertEqual(self.code({Task("chunk", 0, 1): RUNS}), 0)
        self.assertEqual(self.code({Task("join", 0): WAITS}), 0)  # it sees to that

    def test_failed(self):
        self.plan(title("film.mkv", 3))
        self.done("probe")
        self.fails("chunk", 0, 0)
        self.assertEqual(self.code({}), 1)
        self.assertEqual(self.code({Task("chunk", 0, 0): WAITS}), 0)  # it is tried again


if __name__ == "__main__":
    unittest.main()
