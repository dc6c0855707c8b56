# SPDX-License-Identifier: BSD-2-Clause
"""Pieces of the farm that need no ffmpeg: where titles are cut, what is checked over the seams, builds."""

import os
import random
import unittest
from fractions import Fraction
from pathlib import Path
from unittest import mock

import farm_case  # noqa: F401  scripts in front
from hcd.farm import build, join, on_slurm, ranges, slurm, vbv
from hcd.farm.job import Range
from hcd.run import Fault


def steady(count, rate=25):
    return [Fraction(number, rate) for number in range(count)]


class Seams(unittest.TestCase):
    def test_starts_do_not_drift(self):
        """ffmpeg adds up lengths in microseconds: no sum of them is off by a tick of 1/90000 s, however many there are."""
        source, starts = random.Random(1), [Fraction(0)]
        while len(starts) < 5000:
            starts.append(starts[-1] + Fraction(source.randrange(180_000, 1_800_000), 90_000))
        place = 0
        for length, start in zip(join.lengths(starts), starts[1:]):
            place += length
            self.assertLessEqual(abs(Fraction(place, 1_000_000) - start), Fraction(1, 2_000_000))


class Away(unittest.TestCase):
    def test_a_controller_that_dies_is_waited_for(self):
        """Whether it died before a question or in the middle of it."""
        for text in ("Unable to contact slurm controller (connect failure)", "Socket timed out on send/recv operation",
                     "Zero Bytes were transmitted or received", "Connection reset by peer", "Connection refused", "Broken pipe"):
            self.assertRegex(f"sbatch: error: Batch job submission failed: {text}", slurm.AWAY)
        self.assertNotRegex("sbatch: error: invalid partition specified: none", slurm.AWAY)


class OnceMore(unittest.TestCase):
    """The step behind the chunks, array 12, submits what is missing, and is lost while it does, or behind it."""

    def begun(self, *others):
        """What it finds when it runs again, and what it cancels. `others`: array and step, beside itself and its check."""
        there = [slurm.Task(f"{array}_0", title, step, 0, "PENDING", "", "") for array, step, title in
                 ((12, "join", 0), (13, "check", 0), (14, "more", 0), (40, "chunk", 1), *((*own, 0) for own in others))]
        job = mock.Mock(path=Path("job"))
        with mock.patch.object(slurm, "tasks", return_value=there), mock.patch.object(slurm, "scancel") as scancel, \
                mock.patch.dict(os.environ, {"SLURM_ARRAY_JOB_ID": "12"}):
            return on_slurm.begun(job, 0), set().union(*(call.args[0] for call in scancel.call_args_list))

    def test_nothing_is_submitted_yet(self):
        self.assertEqual(self.begun(), (False, set()))

    def test_a_part_goes(self):
        self.assertEqual(self.begun((20, "chunk")), (False, {"20"}))
        self.assertEqual(self.begun((20, "probe"), (21, "chunk"), (22, "join")), (False, {"20", "21", "22"}))

    def test_the_whole_stays(self):
        self.assertEqual(self.begun((20, "chunk"), (21, "join"), (22, "check")), (True, set()))
        self.assertEqual(self.begun((21, "join"), (22, "check")), (True, set()))


class Ranges(unittest.TestCase):
    def check(self, found, count):
        """All frames, each once."""
        self.assertEqual(found[0].first, 0)
        self.assertEqual(found[-1].end, count)
        for own, following in zip(found, found[1:]):
            self.assertEqual(own.end, following.first)
        self.assertTrue(all(own.frames > 0 for own in found))

    def seconds(self, found, times):
        ends = times + [times[-1] + (times[-1] - times[-2])]
        return [ends[own.end] - ends[own.first] for own in found]

    def test_cuts_stand_at_scenes(self):
        times = steady(1000)
        scenes = {170, 420, 600, 810}
        found = ranges.cut(times, scenes)
        self.check(found, 1000)
        self.assertEqual({own.first for own in found} - {0}, scenes)

    def test_limits_hold(self):
        source = random.Random(1)
        for _ in range(50):
            count = source.randrange(100, 3000)
            times = steady(count)
            found = ranges.cut(times, set(source.sample(range(1, count), source.randrange(0, 60))), aim=source.uniform(2, 20))
            self.check(found, count)
            for length in self.seconds(found, times):
                self.assertLessEqual(length, 20)
                self.assertGreaterEqual(length, 2)

    def test_no_scene_but_a_long_source(self):
        times = steady(25 * 60)
        found = ranges.cut(times, set())
        self.check(found, len(times))
        self.assertGreater(len(found), 2)
        self.assertLessEqual(max(self.seconds(found, times)), 20)

    def test_short_sources_are_one_range(self):
        for count in (1, 2, 30):
            self.assertEqual(ranges.cut(steady(count), {1, 5} if count > 5 else set()), [Range(0, count)])

    def test_never_within_a_group(self):
        for rate in (Fraction(25), Fraction(30000, 1001)):
            times = [number / rate for number in range(900)]
            found = ranges.cut(times, {33, 111, 500}, gop=Fraction(2))
            self.check(found, 900)
            keys = set(ranges.multiples(times, Fraction(2)))
            self.assertGreater(len(found), 2)
            self.assertTrue({own.first for own in found} - {0} <= keys)

    def test_frames_that_last_longer_than_a_range(self):
        times = [Fraction(number * 45) for number in range(5)]
        found = ranges.cut(times, set())
        self.check(found, 5)
        self.assertEqual(len(found), 5)

    def test_never_between_frames_that_share_a_time_or_go_back(self):
        times = steady(500)
        times[200] = times[199]
        times[300:310] = reversed(times[300:310])
        found = ranges.cut(times, {200, 305, 400})
        self.check(found, 500)
        for own in found[1:]:
            self.assertLess(max(times[:own.first]), min(times[own.first:]))
        self.assertIn(400, {own.first for own in found})


class Buffer(unittest.TestCase):
    def test_by_hand(self):
        # 900 of 1000 bits at first; 100 are sent a second.
        steady_rate = [(Fraction(number), 100) for number in range(20)]
        self.assertIsNone(vbv.worst(steady_rate, 100, 1000))
        self.assertIsNone(vbv.worst([(Fraction(0), 900), (Fraction(5), 500)], 100, 1000))
        found = vbv.worst([(Fraction(0), 900), (Fraction(5), 501)], 100, 1000)
        self.assertEqual((found.seconds, found.bits), (5.0, 1.0))
        # What does not fit is not kept.
        self.assertIsNotNone(vbv.worst([(Fraction(0), 0), (Fraction(50), 1001)], 100, 1000))


class Build(unittest.TestCase):
    def test_names_what_differs(self):
        there = {"id": "a", "files": {"libhcd.so.1": "1", "libx264.so.164": "2", "hcd": "3"}}
        here = {"id": "b", "files": {"libhcd.so.1": "1", "libx264.so.165": "2", "hcd": "4"}}
        with mock.patch.object(build, "identity", return_value=here), self.assertRaises(build.Unfit) as caught:
            build.check(there, "n7")
        text = str(caught.exception)
        for word in ("node n7", "libx264.so.164", "libx264.so.165", "hcd"):
            self.assertIn(word, text)
        self.assertNotIn("libhcd.so.1", text)

    def test_of_an_ffmpeg_without_our_filters(self):
        with mock.patch.object(build, "loaded", return_value=[Path("/usr/lib/libavcodec.so.59")]), self.assertRaises(Fault) as caught:
            build.identity()
        self.assertIn("hcd_down", str(caught.exception))

    def test_what_makes_bits(self):
        for name in ("ffmpeg", "libx264.so.164", "libSvtAv1Enc.so.1.4.1", "libm.so.6", "libavfilter.so.8", "libhcd.so.0.2.0"):
            self.assertTrue(build.MAKES_BITS.fullmatch(name), name)
        for name in ("libmount.so.1.1.0", "libmp3lame.so.0", "libc.so.6", "libvorbis.so.0"):
            self.assertFalse(build.MAKES_BITS.fullmatch(name), name)


if __name__ == "__main__":
    unittest.main()
