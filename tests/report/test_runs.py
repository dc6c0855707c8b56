#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Whole runs of scripts/report on a clip of four frames."""

import signal
import subprocess
import tempfile
import time
import unittest
import unittest.mock
from fractions import Fraction
from pathlib import Path

import reporting
from reporting import command, report, rows

reporting.use_its_python()

from hcd import run as programs  # noqa: E402
from hcd.encoders import ENCODERS  # noqa: E402
from hcd.probe import probe  # noqa: E402
from hcd.report import cells, chains, encode, measure, tools  # noqa: E402
from hcd.report.cache import Cache  # noqa: E402
from hcd.report.chains import Chain  # noqa: E402
from hcd.report.source import Clip  # noqa: E402

CHAINS = ("--chains", "full,bicubic,lanczos,hcd_bicubic", "--sizes", "full,1/2", "--crf", "22,26,30,34")


class Bin:
    """build/bin, with a stand-in for hcd."""

    def __init__(self, hcd):
        self.hcd = hcd

    def __truediv__(self, name):
        return self.hcd if name == "hcd" else reporting.FFMPEG.parent / name


class Runs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.home.name)
        cls.clip = reporting.make_clip(cls.folder / "moving.mkv")
        cls.whole = cls.folder / "whole"
        cls.code, cls.log = report(cls.clip, cls.whole, *CHAINS, "--add", "twin=null|null", "--no-crops")

    @classmethod
    def tearDownClass(cls):
        cls.home.cleanup()

    def test_all_cells_are_measured(self):
        self.assertEqual(self.code, 0, self.log)
        found = rows(self.whole)
        self.assertEqual(len(found), 20)
        for row in found:
            self.assertEqual(row["error"], "")
            self.assertGreater(int(row["bits"]), 0)
            self.assertTrue(all(row[one.name] for one in measure.MEASURES), row)
        self.assertEqual(sorted(path.name for path in self.whole.iterdir()),
                         ["bdrate.csv", "cache", "plots", "report.html", "results.csv"])

    def test_sizes(self):
        """Three sizes: what is measured, at which CRFs, and what is said of it."""
        output = self.folder / "sizes"
        code, log = report(self.clip, output, "--chains", "full,lanczos,hcd_bicubic", "--no-crops", "--cache",
                           self.whole / "cache")
        self.assertEqual(code, 0, log)
        found: dict[str, list[str]] = {}
        for row in rows(output):
            self.assertEqual(row["error"], "")
            found.setdefault(row["chain"], []).append(row["crf"])
        self.assertEqual(found["full"], ["24", "29", "34", "39", "44"])
        for name in ("lanczos@1/2", "hcd_bicubic@1/2"):
            self.assertEqual(found[name], ["18", "23", "28", "33", "38"])
        for name in ("lanczos@2/3", "hcd_bicubic@2/3"):
            self.assertLessEqual({"25", "35"}, set(found[name]))
        made = sum(map(len, found.values()))
        self.assertEqual(f"left out: {25 - made} of 25 cells, which cannot change a hull" in log, made < 25)
        told = rows(output, "bdrate.csv")
        whole = next(float(row["value"]) for row in told if (row["kind"], row["measure"]) == ("hull", "psnr_y"))
        shares = [float(row["value"]) for row in told if (row["kind"], row["measure"]) == ("share", "psnr_y")]
        self.assertEqual(len(shares), 3)
        self.assertAlmostEqual(sum(shares), whole, delta=0.003)  # of rounding
        self.assertLessEqual(whole, 0)
        self.assertEqual(sorted(path.name for path in (output / "plots").iterdir()),
                         [f"moving.libx264.{kind}.png" for kind in ("curves", "hull", "more")])

    @unittest.skipUnless(programs.models(programs.program("hcd"))["lite"], "no network lite")
    def test_this_build_is_asked(self):
        """A network's chain at a size that no build takes, and at one that all take."""
        for name in ("lanczos+lite", "hcd_lite"):
            chain = next(chain for chain in chains.TABLE if chain.name == name)
            self.assertEqual(chains.refusal(chain.at(Fraction(1, 2))), "")
        self.assertIn("expected", chains.refusal(chain.at(Fraction(1, 8))))

    def test_small_frames_have_the_size_that_is_said(self):
        cache = Cache(self.folder / "small")
        clip = Clip(self.clip, 2, cache, self.fail)
        self.assertEqual((clip.width, clip.height, clip.small(Fraction(2, 3))), (192, 184, (128, 124)))
        # The last one chooses its size itself.
        for down in (chains.LANCZOS, chains.made_for("bicubic"), "hcd_down=model=bicubic:scale=1.5"):
            path, _ = encode.small_frames(cache, clip, clip.fill(down, Fraction(2, 3)))
            stream = probe(path, "-show_entries", "stream=width,height")["streams"][0]
            self.assertEqual((stream["width"], stream["height"]), (128, 124))
        cache.close()

    def test_identical_chains_differ_by_nothing(self):
        twins = [row for row in rows(self.whole, "bdrate.csv") if (row["anchor"], row["tested"]) == ("full", "twin")]
        self.assertEqual(len(twins), 10)
        for row in twins:
            self.assertIn((row["value"], row["overlap"]), {("0.000", "1.000"), ("", "")}, row)
        self.assertEqual(next(row["value"] for row in twins if row["measure"] == "psnr_y"), "0.000")

    def test_killed_and_resumed(self):
        options = (*CHAINS, "--add", "twin=null|null", "--no-crops", "--jobs", "1")
        output = self.folder / "killed"
        for entries in (3, 9):
            run = subprocess.Popen(command(self.clip, output, *options), stderr=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL)
            while len(list(output.glob("cache/??/*.json"))) < entries:
                self.assertIsNone(run.poll(), "ended before it could be killed")
                time.sleep(0.01)
            run.kill()
            run.wait()
            self.assertFalse((output / "results.csv").exists())
        # What is damaged counts as absent.
        stored = sorted(output.glob("cache/??/*.json"))
        stored[0].write_bytes(stored[0].read_bytes()[:20])
        stream = min(output.glob("cache/??/*.mkv"))
        stream.write_bytes(stream.read_bytes()[:-9])
        code, log = report(self.clip, output, *options)
        self.assertEqual(code, 0, log)
        for name in ("results.csv", "bdrate.csv"):
            self.assertEqual(rows(output, name), rows(self.whole, name))
        self.assertFalse((output / "cache" / "work").exists())

    def test_interrupted(self):
        output = self.folder / "interrupted"
        run = subprocess.Popen(command(self.clip, output, *CHAINS), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               text=True)
        while not list(output.glob("cache/??/*.json")):
            self.assertIsNone(run.poll())
            time.sleep(0.01)
        run.send_signal(signal.SIGTERM)
        log = run.communicate(timeout=600)[1]
        self.assertEqual((run.returncode, log.splitlines()[-1]),
                         (130, "report: interrupted; run again, what is done is kept"))
        self.assertFalse((output / "cache" / "work").exists())

    def test_frames_lost_or_moved_are_refused(self):
        """Each wrong chain is stopped where it goes wrong; the others go on, and cached ones are not made again."""
        small, large = "scale=iw/2:ih/2", "hcd_up=model=bicubic"
        wrong = {
            "lost": (f"select='not(eq(n,1))',{small}", large, "small: expected 4 frames, found 3"),
            "last": (f"trim=end_frame=3,{small}", large, "small: expected 4 frames, found 3"),
            "late": (f"{small},setpts=PTS+floor(N/2)", large, "small: expected frame 2 at 0.080 s, found 0.120 s"),
            "shown": (small, f"{large},select='not(eq(n,2))'", "enlarged: expected 4 frames, found 3"),
            "size": ("scale=64:64", large, "enlarged: expected 192x184, found 128x128"),
            "none": ("nosuchfilter", large, "small: expected ffmpeg to succeed, found"),
        }
        added = [text for name, (down, up, _) in wrong.items() for text in ("--add", f"{name}={down}|{up}")]
        output = self.folder / "wrong"
        code, log = report(self.clip, output, "--chains", "bicubic", "--sizes", "1/2", *added, "--crf", "30",
                           "--no-crops", "--cache", self.whole / "cache")
        self.assertEqual(code, 3, log)
        found = {row["chain"]: row for row in rows(output)}
        self.assertEqual(found["bicubic@1/2"], next(row for row in rows(self.whole)
                                                if (row["chain"], row["crf"]) == ("bicubic@1/2", "30")))
        for name, (_, _, message) in wrong.items():
            self.assertTrue(found[name]["error"].startswith(message), found[name]["error"])
            self.assertEqual((found[name]["bits"], found[name]["psnr_y"]), ("", ""))
            self.assertIn(f"{name}, CRF 30: {message}", log)
        self.assertIn("needs 4 points, found 1: ", log)
        self.assertEqual({row["why"] for row in rows(output, "bdrate.csv")}
                         - {"no blind chains of this size with this client"}, {"needs 4 points"})

    def test_weights_are_billed(self):
        weights = self.folder / "some.weights"
        weights.write_bytes(bytes(1000))
        output = self.folder / "billed"
        code, log = report(self.clip, output, "--chains", "bicubic", "--sizes", "1/2", "--crf", "30", "--no-crops",
                           "--cache", self.whole / "cache", "--add",
                           "sent=scale=iw/2:ih/2|hcd_up=model=bicubic|weights=" + str(weights),
                           "--add", "free=scale=iw/2:ih/2|hcd_up=model=bicubic")
        self.assertEqual(code, 0, log)
        found = {row["chain"]: row for row in rows(output)}
        self.assertEqual(int(found["sent"]["bits"]) - int(found["free"]["bits"]), 8000)
        self.assertEqual(found["sent"]["psnr_y"], found["free"]["psnr_y"])

    def test_tuned_weights(self):
        """The way of a tuned chain, with a stand-in for hcd tune."""
        stand_in = self.folder / "hcd"
        stand_in.write_text("#!/bin/sh\n[ \"$1\" = tune ] && [ $# = 6 ] && printf %500s weights >\"$6\"\n")
        stand_in.chmod(0o755)
        chain = Chain("tuned", "scale=iw/2:ih/2", "hcd_up=model=bicubic", tuned=True)
        plain = Chain("plain", "scale=iw/2:ih/2", "hcd_up=model=bicubic")
        cache = Cache(self.folder / "tuned")
        work = cells.Work(cache, "medium", cells.Crfs({"libx264": [28, 34]}, {}))
        clip = Clip(self.clip, 3, cache, self.fail)
        with unittest.mock.patch.object(programs, "BIN", Bin(stand_in)):
            made = [cells.Cell(clip, which, ENCODERS["libx264"], 28) for which in (chain, plain)]
            for cell in made:
                work.fill(cell)
        cache.close()
        self.assertEqual((made[0].weight_bits, made[0].bits - made[1].bits), (4000, 4000))
        self.assertEqual(made[0].values, made[1].values)

    def test_measures_that_are_asked_for(self):
        """Each by itself has the value that it has among all."""
        cache = Cache(self.folder / "asked")
        clip = Clip(self.clip, 2, cache, self.fail)
        shown = cache.scratch / "shown.yuv"
        samples = bytearray(clip.raw().read_bytes())
        samples[::7] = bytes(len(samples[::7]))
        shown.write_bytes(samples)
        every = measure.score(clip, shown)
        self.assertEqual(every.keys(), measure.ALL)
        for asked in ({"psnr_y"}, {"psnr_y", "vmaf_neg"}, {"psnr_y", "psnr_hvs", "xpsnr_y"}):
            self.assertEqual(measure.score(clip, shown, frozenset(asked)), {name: every[name] for name in asked})
        cache.close()

    def test_identical_frames(self):
        cache = Cache(self.folder / "same")
        clip = Clip(self.clip, 2, cache, self.fail)
        found = measure.score(clip, clip.raw())
        cache.close()
        self.assertEqual((found["psnr_y"], found["xpsnr_y"], found["psnr_hvs"], found["flicker"]), (100,) * 4)
        self.assertEqual((found["ringing"], found["ssim"], found["ms_ssim"]), (0, 1, 1))
        # Without much motion VMAF ends below 100 even so.
        self.assertGreater(found["vmaf_neg"], 97)
        self.assertGreater(found["vmaf"], 97)

    def test_bad_input(self):
        sound = self.folder / "sound.mkv"
        subprocess.run([reporting.FFMPEG, "-v", "error", "-y", "-f", "lavfi", "-i", "sine=d=0.1", sound], check=True)
        text = self.folder / "text.mkv"
        text.write_text("not a video\n")
        tuned = (((self.clip, "--chains", "lanczos+tuned"), "for lanczos+tuned, found none in this build"),)
        if programs.models(programs.program("hcd"))["lite"] and "tune" in tools.commands():
            tuned = ()
        for options, message in (
                *tuned,
                ((self.folder / "absent.mkv",), "clip: expected a video file, found none at"),
                ((sound,), "expected a video stream, found none"),
                ((text,), "expected a video file, found"),
                ((self.clip, "--chains", "bicubik"), "--chains: expected names of full, bicubic, "),
                ((self.clip, "--encoders", "x264"), "--encoders: expected names of libx264, libx265, libsvtav1"),
                ((self.clip, "--preset", "mediun"), "--preset: expected one of ultrafast, "),
                ((self.clip, "--sizes", "full,0.5"),
                 "--sizes: expected full and fractions as 2/3 with commas between them, found '0.5'"),
                ((self.clip, "--sizes", "full"),
                 "--chains, --sizes: expected a chain at a size that it takes, found none at full"),
                ((self.clip, "--measures", "psnr"), "--measures: expected psnr_y and any of vmaf_neg, "),
                ((self.clip, "--measures", "vmaf_neg"), "ringing, found 'vmaf_neg'"),
                ((self.clip, "--claims", "1/3"), "--claims: expected sizes of full,2/3,1/2 (--sizes), found '1/3'"),
                ((self.clip, "--claims", "all"), "--claims: expected full and fractions"),
                ((self.clip, "--crf", "20,a"), "--crf: expected numbers"),
                ((self.clip, "--crf", "20,60"), "--crf: expected numbers [1, 51] for libx264, found '20,60'"),
                ((self.clip, "--frames", "0"), "--frames: expected a number [1, 999999], found '0'"),
                ((self.clip, "--add", "mine"), "--add: expected name=DOWN-filters|UP-filters, found 'mine'")):
            named = options[1:] if "--chains" in options else ("--chains", "bicubic", *options[1:])
            code, log = report(options[0], self.folder / "bad", *named)
            self.assertEqual(code, 1)
            lines = [line for line in log.splitlines() if "needs 4 points" not in line]
            self.assertEqual(len(lines), 1, log)
            self.assertIn(message, log)

    def test_output_that_cannot_be_written(self):
        occupied = self.folder / "occupied"
        occupied.write_text("a file\n")
        code, log = report(self.clip, occupied)
        self.assertEqual(code, 1)
        self.assertIn(str(occupied), log.splitlines()[-1])


if __name__ == "__main__":
    unittest.main(verbosity=1)
