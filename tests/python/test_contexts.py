# SPDX-License-Identifier: BSD-2-Clause
"""Contexts: options, errors, statistics, frames in flight, signals, the log, threads, the end; models."""

import gc
import json
import logging
import math
import os
import pickle
import signal
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

import hcd
import numpy as np
from pictures import picture, planes

COMMAND = os.environ.get("HCD_TEST_COMMAND", "")


def gray(width=48, height=32, **options):
    return hcd.Down(width, height, layout="gray", **{"model": "bicubic", "threads": 1, **options})


class Options(unittest.TestCase):
    def test_they_reach_the_library(self):
        frame = picture(32, 48)
        with gray() as down, gray(scale=4) as four, gray(optimizer="cg", loss="mse", steps=np.int64(7)) as more:
            self.assertEqual((down(frame).shape, four(frame).shape), ((16, 24), (8, 12)))
            more(frame)
            self.assertEqual(more.stats.steps, 7)

    def test_what_is_refused(self):
        for options, message in (({"model": "nearest"}, "option model: expected bilinear, .*, found 'nearest'"),
                                 ({"steps": -1}, r"option steps: expected auto or a whole number in .*, found '-1'"),
                                 ({"step": 1}, "unknown option 'step': expected one of scale, model, "),
                                 ({"w": 3}, "unknown option 'w'"),
                                 ({"scale": math.nan}, "option scale: expected"),
                                 ({"preset": "slow"}, "option preset: expected fast, .*, found 'slow'")):
            with self.subTest(message), self.assertRaisesRegex(hcd.Error, message) as caught:
                gray(**options)
            self.assertEqual(caught.exception.status, hcd.Status.E_OPTION)
        for value, kind in ((None, TypeError), (True, TypeError), ("bicubic\0", ValueError)):
            with self.subTest(value), self.assertRaisesRegex(kind, "option model: expected a text"):
                gray(model=value)

    def test_other_statuses(self):
        with tempfile.TemporaryDirectory() as folder:
            missing = Path(folder) / "ü.safetensors"
            with self.assertRaisesRegex(hcd.Error, "ü.safetensors") as caught:
                hcd.Down(48, 32, model="lite", weights=missing)
        self.assertEqual(caught.exception.status, hcd.Status.E_FILE)
        again = pickle.loads(pickle.dumps(caught.exception))
        self.assertEqual((again.status, str(again)), (hcd.Status.E_FILE, str(caught.exception)))

    def test_options_that_change(self):
        frame = picture(32, 48)
        with gray(optimizer="cg", loss="mse", steps=2) as down, gray(optimizer="cg", loss="mse", steps=5) as five:
            two = down(frame)
            down.set(steps=5)
            np.testing.assert_array_equal(down(frame), five(frame))
            self.assertEqual(down.stats.steps, 5)
            with self.assertRaisesRegex(hcd.Error, "model"):
                down.set(model="lanczos")
            down.set(steps=2)
            np.testing.assert_array_equal(down(frame), two)


class Statistics(unittest.TestCase):
    def test_are_those_of_the_frame(self):
        frame = picture(64, 96)
        with gray(96, 64, model="bicubic+lanczos") as down:
            self.assertIsNone(down.stats)
            small = down(frame)
            stats = down.stats
            self.assertEqual([client.name for client in stats.clients], ["bicubic", "lanczos"])
            self.assertGreater(stats.psnr, stats.psnr_plain)
            self.assertGreater(stats.time_ms, 0)
            self.assertGreater(stats.move_rms, 0)
            with hcd.Up(48, 32, layout="gray", model="lanczos") as up:
                error = np.mean((up(small).astype(float) - frame) ** 2)
                self.assertAlmostEqual(10 * math.log10(255**2 / error), stats.clients[1].psnr, places=6)
                self.assertTrue(math.isnan(up.stats.psnr))
            down(frame, plain=True)
            self.assertEqual((down.stats.steps, down.stats.clients), (0, ()))

    def test_nobody_asked(self):
        with gray(measure=False) as down, gray() as measured:
            np.testing.assert_array_equal(down(picture(32, 48)), measured(picture(32, 48)))
            self.assertIsNone(down.stats)


class Flight(unittest.TestCase):
    def test_several_frames(self):
        frames = [picture(32, 48, seed=seed) for seed in range(4)]
        with gray() as down:
            alone = [down(frame) for frame in frames]
            for frame in frames:
                down.send(frame)
            down.drain()
            for expected in alone:
                np.testing.assert_array_equal(down.receive(), expected)
            self.assertIsNone(down.receive())
            with self.assertRaisesRegex(hcd.Error, "expected no frame after the drain") as caught:
                down.send(frames[0])
            self.assertEqual(caught.exception.status, hcd.Status.E_STATE)
            with self.assertRaisesRegex(hcd.Error, "found a drain: receive them, or reset"):
                down(frames[0])
            down.reset()
            self.assertIsNone(down.receive())
            np.testing.assert_array_equal(down(frames[0]), alone[0])

    def test_frames_in_flight_live(self):
        """Nobody else keeps what was sent."""
        with gray() as down:
            expected = down(picture(32, 48))
            down.send([np.asfortranarray(picture(32, 48))])
            gc.collect()
            _ = [np.zeros((32, 48), np.uint8) for _ in range(50)]
            [received] = down.receive()
            np.testing.assert_array_equal(received, expected)

    def test_a_frame_by_itself_among_others(self):
        frame = picture(32, 48)
        with gray() as down:
            down.send(frame)
            with self.assertRaisesRegex(hcd.Error, "found 1 of them"):
                down(frame)
            self.assertIsNotNone(down.receive())

    def test_a_context_outlives_errors(self):
        frame = picture(32, 48)
        with gray() as down:
            expected = down(frame)
            with self.assertRaises(ValueError):
                down(frame[1:])
            with self.assertRaises(hcd.Error):
                down.set(steps="many")
            np.testing.assert_array_equal(down(frame), expected)


class Signals(unittest.TestCase):
    def test_there_and_back(self):
        with hcd.Down(96, 64, model="lite", size=(64, 42), quality_hint=31, siting="topleft") as down:
            message = down.signal()
            frame = planes(down.source)
            small = down(frame)
        told = hcd.read_signal(message)
        self.assertEqual((told.model, told.factor, told.small_size, told.full_size, told.siting, told.quality_hint),
                         ("lite", 2, (64, 42), (96, 64), "topleft", 31))
        self.assertIsNone(told.weights)
        with hcd.Up(64, 42, follow=message) as up, \
                hcd.Up(64, 42, model="lite", size=(96, 64), siting="topleft") as expected, \
                hcd.Up(64, 42, follow=message, size=(128, 84)) as other:
            self.assertEqual((up.result.width, up.result.height), (96, 64))
            self.assertEqual((other.result.width, other.result.height), (128, 84))
            for one, two in zip(up(small), expected(small)):
                np.testing.assert_array_equal(one, two)

    def test_none_and_others(self):
        with gray(signal="off") as down:
            self.assertIsNone(down.signal())
        self.assertIsNone(hcd.read_signal(b"somebody else's message"))
        with self.assertRaisesRegex(hcd.Error, "follow: expected a message of libhcd's"):
            hcd.Up(48, 32, follow=b"somebody else's message")

    def test_damaged(self):
        with gray() as down:
            message = bytearray(down.signal())
        message[-1] ^= 1
        for read in (hcd.read_signal, lambda damaged: hcd.Up(24, 16, follow=damaged)):
            with self.assertRaises(hcd.Error) as caught:
                read(bytes(message))
            self.assertEqual(caught.exception.status, hcd.Status.E_FILE)


class Log(unittest.TestCase):
    def test_lines_go_to_the_logger(self):
        with self.assertLogs("hcd", logging.DEBUG) as seen, gray():
            pass
        self.assertIn("DEBUG:hcd:optimizer: ", "\n".join(seen.output))


class Threads(unittest.TestCase):
    def test_one_at_a_time(self):
        """A second call is refused while one is running, from whatever thread, and the context stays usable."""
        with gray() as down:
            errors = []

            def call():
                for one in (lambda: down(picture(32, 48)), lambda: down.set(steps=1), down.signal, down.close):
                    try:
                        one()
                    except hcd.Error as error:
                        errors.append(error)
            with down._calling():  # as every call does
                thread = threading.Thread(target=call)
                thread.start()
                thread.join()
                call()
            self.assertEqual([error.status for error in errors], [hcd.Status.E_STATE] * 8)
            self.assertIn("expected one thread at a time", str(errors[0]))
            down(picture(32, 48))

    def test_contexts_beside_each_other(self):
        frames = [picture(64, 96, seed=seed) for seed in range(4)]
        with gray(96, 64) as down:
            expected = [down(frame) for frame in frames]
        found = {}

        def work(number):
            with gray(96, 64) as down:
                found[number] = [down(frames[number]) for _ in range(5)]
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for number, each in enumerate(expected):
            for result in found[number]:
                np.testing.assert_array_equal(result, each)


class End(unittest.TestCase):
    def test_closed(self):
        with gray() as down:
            self.assertIn("48", repr(down))
        down.close()
        for call in (lambda: down(picture(32, 48)), lambda: down.send(picture(32, 48)), down.receive, down.drain,
                     down.reset, down.signal, lambda: down.set(steps=1)):
            with self.assertRaisesRegex(hcd.Error, "expected an open context, found one that was closed") as caught:
                call()
            self.assertEqual(caught.exception.status, hcd.Status.E_STATE)
        self.assertEqual(repr(down), "<hcd.Down closed>")

    def test_handles_are_freed(self):
        """By close(), by the collector, and where the constructor fails."""
        freed = []
        destroy = hcd._contexts._destroy
        hcd._contexts._destroy = lambda handle, process: (freed.append(handle.value), destroy(handle, process))
        self.addCleanup(setattr, hcd._contexts, "_destroy", destroy)
        down = gray()
        down.close()
        self.assertEqual(len(freed), 1)
        down = gray()
        del down
        gc.collect()
        self.assertEqual(len(freed), 2)
        with self.assertRaises(hcd.Error):
            gray(scale=40)
        with self.assertRaises(hcd.Error):
            hcd.Down(48, 32, depth=3)
        self.assertEqual(len(freed), 3)  # options are checked before there is a context
        self.assertTrue(all(freed))

    def test_after_a_fork(self):
        """The other process is refused, and ends; this one goes on."""
        with gray(threads=2) as down:
            expected = down(picture(32, 48))
            child = os.fork()
            if child == 0:
                signal.alarm(20)  # where it hangs
                text = ""
                try:
                    down(picture(32, 48))
                except hcd.Error as error:
                    text = str(error)
                down._finalizer()  # as the collector does
                os._exit(text != "expected the process that made the context, found a fork of it")
            self.assertEqual(os.waitpid(child, 0)[1], 0)
            np.testing.assert_array_equal(down(picture(32, 48)), expected)

    def test_nothing_leaks(self):
        def resident():
            return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

        def threads():
            return len(os.listdir("/proc/self/task"))

        def use(times):
            for _ in range(times):
                with hcd.Down(320, 192, layout="gray", model="bicubic", threads=2) as down:
                    down(frame)
                with self.assertRaises(hcd.Error):
                    hcd.Up(320, 192, layout="gray", depth=3)
        frame = picture(192, 320)
        use(30)
        before, threads_before = resident(), threads()
        use(200)
        # A context takes 2 MB here; what the system's allocator keeps for itself is less than two of them.
        self.assertLess(resident() - before, 4 << 20)
        self.assertEqual(threads(), threads_before)


class Models(unittest.TestCase):
    def test_what_they_say(self):
        models = {model.name: model for model in hcd.models()}
        lite = models["lite"]
        self.assertEqual((lite.linear, lite.planes, [variant.scale for variant in lite.variants]), (False, "luma", [2]))
        self.assertGreater(lite.variants[0].macs, 1000)
        self.assertTrue(lite.variants[0].built_in)
        self.assertEqual((models["bicubic"].linear, models["bicubic"].variants), (True, ()))
        self.assertIsNone(models["torchscript"].planes)

    @unittest.skipUnless(COMMAND, "built without the hcd command")
    def test_those_of_the_command(self):
        there = json.loads(subprocess.run([COMMAND, "models", "--json"], stdout=subprocess.PIPE, check=True).stdout)
        def facts(model):
            return {**vars(model), "variants": [
                {**vars(variant), "macs_per_small_pixel": variant.macs} for variant in model.variants]}
        self.assertEqual(len(there), len(hcd.models()))
        for model, expected in zip(hcd.models(), there):
            found = facts(model)
            for key in expected.keys() - {"variants"}:
                self.assertEqual(found[key], expected[key])
            for one, two in zip(found["variants"], expected["variants"], strict=True):
                self.assertEqual({key: one[key] for key in two}, two)


if __name__ == "__main__":
    unittest.main(verbosity=2)
