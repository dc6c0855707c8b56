#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""hcd train as a user runs it: a result, a kill and a resume, Ctrl-C, a training that blows up, learned steps."""

import json
import re
import signal
import struct
import subprocess
import time
import unittest

import png_files
from hcd_command import COMMAND, HUNG, CommandTest, hcd

RECIPE = {
    "model": "srcnn", "scale": 2, "loss": "l2", "data": ["pictures"], "data_licence": "none needed",
    "validation_pictures": 1, "validation_crop": 32, "validation_interval": 10, "patch": 16,
    "batch": 2, "iterations": 30, "learning_rate": 0.001, "ema": 0.9, "clip": 1,
    "checkpoint_interval": 10,
}


def metadata(path):
    data = path.read_bytes()
    length, = struct.unpack("<Q", data[:8])
    return json.loads(data[8:8 + length])["__metadata__"]


class TrainingTest(CommandTest):
    def setUp(self):
        super().setUp()
        (self.folder / "data" / "pictures").mkdir(parents=True)
        for i in range(4):
            png_files.write_pattern(self.folder / "data" / "pictures" / f"{i}.png", 40 + 8 * i, 48)

    def words(self, output, *words, **changes):
        recipe = self.folder / "tiny_x2.json"
        recipe.write_text(json.dumps(RECIPE | changes, indent=1))
        return ["train", recipe, "--data", self.folder / "data", "-o", self.folder / output, *words]

    def train(self, *arguments, **changes):
        return hcd(*self.words(*arguments, **changes))

    def start(self, *arguments, **changes):
        """A training that runs and has written a checkpoint."""
        process = subprocess.Popen([COMMAND, *map(str, self.words(*arguments, **changes))],
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        deadline = time.monotonic() + HUNG
        checkpoint = self.folder / arguments[0] / "checkpoint.safetensors"
        before = checkpoint.stat().st_ino if checkpoint.exists() else None
        while not checkpoint.exists() or checkpoint.stat().st_ino == before:
            self.assertIsNone(process.poll(), "ended before its first checkpoint")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        return process

    def result(self, output):
        return (self.folder / output / "tiny_x2.safetensors").read_bytes()

    def rows(self, output):
        """train.csv without the column of seconds."""
        lines = (self.folder / output / "train.csv").read_text().splitlines()
        return [line.rsplit(",", 1)[0] for line in lines]

    def test_result(self):
        process = self.train("out")
        self.assertEqual(process.returncode, 0, process.stderr)
        self.assertEqual(self.names_in(self.folder / "out"),
                         ["checkpoint.safetensors", "tiny_x2.safetensors", "train.csv"])
        label = metadata(self.folder / "out" / "tiny_x2.safetensors")
        self.assertEqual((label["hcd.model"], label["hcd.scale"], label["hcd.data"],
                          label["hcd.data_licence"], label["hcd.licence"], label["hcd.seed"]),
                         ("srcnn", "2", "pictures", "none needed", "BSD-2-Clause", "1"))
        self.assertGreater(float(label["hcd.validation_psnr"]), 10)
        rows = self.rows("out")
        self.assertEqual(rows[0], "iteration,loss,restore,psnr_y,learning_rate")
        self.assertEqual([row.split(",")[0] for row in rows[1:]], ["10", "20", "30"])
        # The file is a network that the other commands take.
        png_files.write_pattern(self.folder / "grey.png", 24, 20, png_files.GRAY)
        self.assert_done(hcd("up", self.folder / "grey.png", "-o", self.folder / "large", "--model",
                             "srcnn", "--weights", self.folder / "out" / "tiny_x2.safetensors"))

    def test_it_learns(self):
        """From noise, the loss falls: a training that changes nothing would not pass."""
        self.train("out", iterations=60, learning_rate=0.01, model="edsr", ema=0,
                   config={"blocks": 1, "features": 4})
        losses = [float(row.split(",")[1]) for row in self.rows("out")[1:]]
        self.assertLess(losses[-1], 0.5 * losses[0])

    def test_killed_and_resumed_equals_uninterrupted(self):
        changes = {"iterations": 300, "validation_interval": 50, "checkpoint_interval": 20}
        self.train("whole", **changes)
        for words in ([], ["--resume"], ["--resume"]):
            process = self.start("killed", *words, **changes)
            process.kill()
            process.wait(timeout=HUNG)
        self.assertFalse((self.folder / "killed" / "tiny_x2.safetensors").exists())
        process = self.train("killed", "--resume", **changes)
        self.assertEqual(process.returncode, 0, process.stderr)
        self.assertEqual(self.result("killed"), self.result("whole"))
        self.assertEqual(self.rows("killed"), self.rows("whole"))

    def test_ctrl_c_saves(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            output = f"stopped{number}"
            process = self.start(output, iterations=100000)
            process.send_signal(number)
            text = process.communicate(timeout=HUNG)[1]
            self.assertEqual(process.returncode, 130, text)
            self.assertRegex(text, r"stopped after iteration \d+; --resume continues\n$")
            self.assertEqual(self.names_in(self.folder / output),
                             ["checkpoint.safetensors", "train.csv"])

    def test_a_loss_that_blows_up_is_named(self):
        process = self.train("out", learning_rate=1, clip=0, iterations=1000, model="edsr", ema=0,
                             config={"blocks": 3, "features": 8, "residual_scale": 1000})
        self.assertEqual(process.returncode, 1)
        self.assertRegex(process.stderr,
                         r"hcd: iteration \d+: expected a finite (loss|gradient), found .*"
                         r"; the batch:\n  pictures/\d\.png at \(\d+, \d+\)")
        self.assertFalse((self.folder / "out" / "tiny_x2.safetensors").exists())

    def test_errors(self):
        self.train("out", iterations=10)
        process = self.train("out", iterations=10)
        self.assertRegex(process.stderr, "expected no checkpoint, found one: continue it with --resume")
        process = self.train("out", "--resume", learning_rate=0.002)
        self.assertRegex(process.stderr, "expected a checkpoint of the recipe")
        process = self.train("other", "--precision", "bf16", "--device", "cpu")
        self.assertRegex(process.stderr, "mixed precision needs a CUDA device")
        process = self.train("other", learning_rate="fast")
        self.assertRegex(process.stderr, r"tiny_x2.json:\d+: 'learning_rate': expected a number")
        self.assertEqual(process.returncode, 1)
        self.assertEqual(hcd("train").returncode, 2)

    STEPS = {
        "models": ["bilinear", "lite"], "scale": 2, "steps": 2, "data": ["pictures"], "data_licence": "none needed",
        "validation_pictures": 1, "validation_crop": 32, "patch": 32, "batch": 1, "iterations": 3,
    }

    def fit(self, output, *words, **changes):
        recipe = self.folder / "steps.json"
        recipe.write_text(json.dumps(self.STEPS | changes, indent=1))
        return hcd("train", recipe, "--data", self.folder / "data", "-o", self.folder / output, *words)

    def test_learned_steps(self):
        process = self.fit("out")
        self.assertEqual(process.returncode, 0, process.stderr)
        found = re.findall(r"steps-(\w+)_x2: .*plain ([\d.]+);.*learned 1: ([\d.]+) 2: [\d.]+", process.stderr)
        losses = {model: (plain, learned) for model, plain, learned in found}
        self.assertEqual(sorted(losses), ["bilinear", "lite"])
        self.assertLess(float(losses["bilinear"][1]), float(losses["bilinear"][0]))
        self.fit("again", "--threads", "2")
        for model in losses:
            name = f"steps-{model}_x2.safetensors"
            self.assertEqual(metadata(self.folder / "out" / name)["hcd.steps_of"], model)
            self.assertEqual((self.folder / "out" / name).read_bytes(), (self.folder / "again" / name).read_bytes())

    def test_learned_steps_at_a_ratio_that_is_not_whole(self):
        """lite goes on by the kernel of resize."""
        process = self.fit("out", scale=1.5, patch=33)
        self.assertEqual(process.returncode, 0, process.stderr)
        self.assertRegex(process.stderr, r"steps-lite_x1\.5: .*plain [\d.]+;.*learned 1: [\d.]+ 2: [\d.]+")
        for model in ("bilinear", "lite"):
            self.assertEqual(metadata(self.folder / "out" / f"steps-{model}_x1.5.safetensors")["hcd.scale"], "1.5")

    def test_learned_steps_refuse(self):
        for words, changes, message in (
                ((), {"models": ["srcnn"]}, "expected linear clients and light networks of luma, found 'srcnn'"),
                ((), {"models": ["bicubic+lanczos"]}, "found 'bicubic\\+lanczos'"),
                ((), {"loss": "mixed"}, "'loss': expected a key of a recipe"),
                ((), {"coded": True}, "'coded': expected false for learned steps"),
                ((), {"scale": 1}, r"'scale': expected a number in \(1, 8\], found 1"),
                ((), {"scale": 1.5}, "'patch': expected a multiple of the scale, found 32"),
                (("--resume",), {}, "expected none of --resume")):
            process = self.fit("out", *words, **changes)
            self.assertEqual(process.returncode, 1)
            self.assertRegex(process.stderr, message)


if __name__ == "__main__":
    unittest.main(verbosity=2)
