#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""hcd paper: its tables, figures, cache and messages, on tiny pictures and linear clients."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
import unittest

import png_files
from hcd_command import COMMAND, HUNG, CommandTest, hcd

PYTHON = os.environ.get("HCD_PYTHON", "")
if not os.path.exists(PYTHON):
    PYTHON = os.environ["HCD_PYTHON"] = sys.executable
HAS_PLOTS = subprocess.run([PYTHON, "-c", "import matplotlib, PIL"], capture_output=True).returncode == 0
MODEL = "catmull_rom"


class PaperTest(CommandTest):
    def setUp(self):
        super().setUp()
        self.set = self.folder / "Set5"
        self.set.mkdir()
        png_files.write_pattern(self.set / "a.png", 61, 47)
        png_files.write_pattern(self.set / "b.png", 50, 64, png_files.GRAY)
        self.out = self.folder / "out"

    def paper(self, *options, **process_options):
        return hcd("paper", "--set", self.set, "-o", self.out, *options, **process_options)

    def made(self, *options):
        process = self.paper(*options)
        self.assertEqual(process.returncode, 0, process.stderr)
        return process

    def entries(self, name):
        with open(self.out / f"{name}.csv", encoding="utf-8", newline="") as file:
            return {(entry["row"], entry["column"]): entry for entry in csv.DictReader(file)}

    def cells(self):
        return {path.name: path.read_bytes() for path in (self.out / "cache").glob("*.json")}


class TablesTest(PaperTest):
    def test_numbers_are_those_of_evaluate(self):
        self.made("--table", 1, "--models", MODEL)
        entries = self.entries("table_1")
        row = f"Bicubic & Bicubic ({MODEL})"
        for column, options in (("Set5 plain", ("--steps", 0)),
                                ("Set5 + HCD", ("--preset", "paper", "--steps-hr", 15,
                                                "--steps-lr", 15)),
                                ("Set5 ours", ("--optimizer", "exact"))):
            with self.subTest(column):
                process = hcd("evaluate", "--set", self.set, "--json", "--model", MODEL, "--scale",
                              4, *options)
                mean = json.loads(process.stdout)["mean"]
                self.assertEqual(entries[row, column]["psnr_y"], f"{mean['psnr_y']:.4f}")
                self.assertEqual(entries[row, column]["ssim"], f"{mean['ssim']:.6f}")
                self.assertEqual(entries[row, column]["pictures"], "2")
        self.assertEqual(entries[row, "Set5 plain"]["published_psnr_y"], "28.42")
        plain = float(entries[row, "Set5 plain"]["psnr_y"])
        self.assertIn(f"| {plain:.2f} / ", (self.out / "paper.md").read_text())
        self.assertIn("(28.42)", (self.out / "paper.md").read_text())

    def test_options_of_an_entry_repeat_it(self):
        self.paper("--figure", 6, "--models", "bicubic", "--pictures", 1)
        smallest = min(self.set.iterdir(), key=lambda path: path.stat().st_size)
        entry = self.entries("figure_6")["20", "bicubic"]
        process = hcd("evaluate", "--set", smallest, "--json", *entry["options"].split())
        self.assertEqual(f"{json.loads(process.stdout)['mean']['psnr_y']:.4f}", entry["psnr_y"])

    def test_rows_without_weights_say_so(self):
        self.made("--table", 1, "--models", f"{MODEL},edsr")
        entry = self.entries("table_1")["Bicubic & EDSR (edsr)", "Set5 + HCD"]
        self.assertEqual((entry["status"], entry["psnr_y"]), ("needs weights", ""))
        self.assertIn("| needs weights", (self.out / "paper.md").read_text())

    def test_stages_and_steps(self):
        self.made("--table", "2,3", "--models", MODEL, "--scale", 2)
        stages, steps = self.entries("table_2"), self.entries("table_3")
        rule = "paper's rule"
        psnr = {label: float(stages[f"{MODEL}, {label}", rule]["psnr_y"])
                for label in ("none", "LR only", "both")}
        self.assertLess(psnr["none"], psnr["LR only"])
        self.assertLess(psnr["none"], psnr["both"])
        both, fifteen = stages[f"{MODEL}, both", rule], steps[f"{MODEL}, 15", rule]
        self.assertEqual(both["psnr_y"], fifteen["psnr_y"])
        self.assertEqual((both["published_psnr_y"], fifteen["published_seconds"]),
                         ("44.67", "3.97"))
        for entry in steps.values():
            self.assertGreater(float(entry["peak_mib"]), 1)
        self.assertGreater(float(fifteen["seconds"]), 0)

    def test_norms_are_the_published_ones(self):
        # alpha = 20/255 and epsilon = 0.3, given as RMS, are what preset=paper does.
        self.paper("--figure", "6,7", "--models", MODEL)
        self.made("--table", 2, "--models", MODEL)
        published = self.entries("table_2")[f"{MODEL}, LR only", "paper's rule"]["psnr_y"]
        self.assertAlmostEqual(float(self.entries("figure_6")["20", MODEL]["psnr_y"]),
                               float(published), delta=0.01)
        self.assertAlmostEqual(float(self.entries("figure_7")["0.3", MODEL]["psnr_y"]),
                               float(published), delta=0.01)

    def test_adversarial_direction_is_worse_than_none(self):
        self.paper("--figure", 2, "--models", MODEL)
        psnr = {row: float(entry["psnr_y"]) for (row, _), entry in self.entries("figure_2").items()}
        self.assertLess(psnr["adversarial"], psnr["none"])
        self.assertLess(psnr["none"], psnr["collaborative"])

    def test_jobs_change_no_number(self):
        self.made("--table", 1, "--models", MODEL)
        alone = self.entries("table_1")
        self.out = self.folder / "out2"
        self.made("--table", 1, "--models", MODEL, "--jobs", 2)
        for key, entry in self.entries("table_1").items():
            for column in ("psnr_y", "ssim", "status"):
                self.assertEqual(entry[column], alone[key][column])


class CacheTest(PaperTest):
    def test_second_run_computes_nothing(self):
        self.assertIn("6 of 6 cells to compute", self.made("--table", 1, "--models", MODEL).stderr)
        before, table = self.cells(), (self.out / "table_1.csv").read_text()
        self.assertEqual(len(before), 6)
        process = self.made("--table", 1, "--models", MODEL)
        self.assertEqual(process.stderr, "hcd: 0 of 6 cells to compute, 6 kept\n")
        self.assertEqual((self.cells(), (self.out / "table_1.csv").read_text()), (before, table))

    def test_what_is_kept_is_what_is_shown(self):
        self.made("--table", 1, "--models", MODEL)
        for path in (self.out / "cache").glob("*.json"):
            cell = json.loads(path.read_text())
            path.write_text(json.dumps({**cell, "psnr_y": 12.5}))
        self.made("--table", 1, "--models", MODEL)
        self.assertEqual({entry["psnr_y"] for entry in self.entries("table_1").values()},
                         {"12.5000"})

    def test_other_pictures_options_and_damage_are_computed(self):
        self.made("--table", 1, "--models", MODEL)
        png_files.write_pattern(self.set / "a.png", 60, 48)
        self.assertIn(" 3 of 6 cells", self.made("--table", 1, "--models", MODEL).stderr)
        process = self.made("--table", 1, "--models", MODEL, "--seed", 7)
        self.assertIn(" 6 of 6 cells", process.stderr)
        for path in (self.out / "cache").glob("*.json"):
            path.write_text('{"identity": ')
        self.assertIn(" 6 of 6 cells", self.made("--table", 1, "--models", MODEL).stderr)
        self.assertIn(" 0 of 6 cells", self.made("--table", 1, "--models", MODEL).stderr)

    def test_kill_and_resume(self):
        for i, name in enumerate(("c.png", "d.png", "e.png")):
            png_files.write_pattern(self.set / name, 300 + i, 280)
        words = ("--table", "1", "--models", f"{MODEL},bicubic,lanczos", "--threads", "1")
        process = subprocess.Popen([COMMAND, "paper", "--set", self.set, "-o", self.out, *words],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + HUNG
        while not (self.out / "cache").is_dir() or len(self.cells()) < 3:
            self.assertIsNone(process.poll(), "ended before it could be killed")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        kept = len(self.cells())
        self.assertLess(kept, 45)
        process = self.made(*words)
        self.assertIn(f"hcd: {45 - kept} of 45 cells to compute, {kept} kept\n", process.stderr)
        self.assertEqual({entry["status"] for entry in self.entries("table_1").values()}, {"done"})

    def test_stopped(self):
        png_files.write_pattern(self.set / "c.png", 300, 280)
        for number in (signal.SIGINT, signal.SIGTERM):
            words = ("--table", "1", "--models", f"{MODEL},bicubic,lanczos", "--seed", str(number))
            process = subprocess.Popen([COMMAND, "paper", "--set", self.set, "-o", self.out, *words],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            deadline = time.monotonic() + HUNG
            while not (self.out / "cache" / "work").is_dir():
                self.assertIsNone(process.poll(), "ended before it could be stopped")
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.005)
            process.send_signal(number)
            output, log = process.communicate(timeout=HUNG)
            self.assertEqual((process.returncode, output), (-number, ""))
            self.assertNotIn("Traceback", log)
            self.assertFalse((self.out / "cache" / "work").exists())

    def test_one_bad_cell_does_not_lose_the_others(self):
        weights = self.folder / "weights"
        weights.mkdir()
        (weights / "edsr_x4.safetensors").write_bytes(b"not weights")
        process = self.paper("--table", 1, "--models", f"{MODEL},edsr", "--weights", weights)
        self.assertEqual(process.returncode, 1)
        self.assertIn(f"hcd: some cells failed, see above; the others are in {self.out}\n",
                      process.stderr)
        entries = self.entries("table_1")
        self.assertEqual(entries[f"Bicubic & Bicubic ({MODEL})", "Set5 + HCD"]["status"], "done")
        failed = entries["Bicubic & EDSR (edsr)", "Set5 plain"]
        self.assertRegex(failed["status"], "^failed: .+")
        self.assertEqual(failed["psnr_y"], "")


class FiguresTest(PaperTest):
    def test_without_matplotlib(self):
        (self.folder / "matplotlib.py").write_text("raise ImportError('no matplotlib here')\n")
        process = self.paper("--table", 2, "--figure", "6,7", "--models", MODEL,
                             env={**os.environ, "PYTHONPATH": str(self.folder)})
        self.assertEqual(process.returncode, 1)
        self.assertIn(f"hcd: not drawn: figure_6.png, figure_7.png: '{PYTHON}': no "
                      "matplotlib here; install Python 3 with matplotlib and pillow", process.stderr)
        for name in ("table_2.csv", "figure_6.csv", "figure_7.csv", "paper.md"):
            self.assertTrue((self.out / name).is_file(), name)

    def test_without_python(self):
        python = self.folder / "nosuch"
        self.assert_error(self.paper("--table", 2, env={**os.environ, "HCD_PYTHON": str(python)}),
                          f"paper: Python 3 at '{python}' (HCD_PYTHON names another): cannot run: "
                          "No such file or directory")

    @unittest.skipUnless(HAS_PLOTS, "matplotlib or pillow is missing")
    def test_figures_are_drawn(self):
        process = self.made("--figure", "2,5,6,7,8", "--models", f"{MODEL},bicubic")
        for name in ("figure_2", "figure_5", "figure_6", "figure_7", "figure_8"):
            self.assertIn(f"{self.out / name}.png\n", process.stdout)
            width, height = png_files.read(self.out / f"{name}.png")[:2]
            self.assertGreater(min(width, height), 150)
        cell = self.entries("figure_8")[f"{MODEL}, a", "+ HCD"]["cell"]
        self.assertEqual(png_files.read(self.out / f"{cell}-small.png")[:2], (15, 11))
        self.assertEqual(png_files.read(self.out / f"{cell}-large.png")[:2], (60, 44))


class MessagesTest(PaperTest):
    def test_wrong_options(self):
        for words, message in (
                ((), "expected --table or --figure, found neither"),
                (("--table", 1, "--models", "nosuch"),
                 "option models: expected names that `hcd models` lists, found 'nosuch'"),
                (("--table", 1, "--weights", self.folder / "none"),
                 f"option weights: expected a folder, found none at '{self.folder}/none'"),
                (("--table", 1, "--device", "nosuch", "--models", MODEL, "--threads", "-1"),
                 "option threads: expected a whole number in [0, 256], found '-1'"),
                (("--table", 1, "--set", self.set),
                 "option set: expected folders of different names, found 'Set5' twice"),
                (("--table", 1, "--set", self.folder / "none"),
                 f"{self.folder}/none: expected a folder or a PNG file, found nothing of that "
                 "name")):
            with self.subTest(words):
                self.assert_error(self.paper(*words), message)
        self.assertFalse(self.out.exists())

    def test_wrong_numbers_are_wrong_usage(self):
        for words in (("--table", 4), ("--figure", 3), ("--table", 1, "--scale", 3),
                      ("--table", 1, "--jobs", 0)):
            with self.subTest(words):
                process = self.paper(*words)
                self.assertEqual((process.returncode, process.stdout), (2, ""))
                self.assertIn(words[-2], process.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
