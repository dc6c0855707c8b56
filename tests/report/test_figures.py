#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The figures of scripts/report against known ones and against plain calculations; hulls: test_hull.py."""

import math
import random
import subprocess
import sys
import tempfile
import threading
import unittest
from fractions import Fraction
from pathlib import Path

import reporting

reporting.use_its_python()

from hcd import bdrate, files  # noqa: E402
from hcd.report import cache, chains, compare, crops, group, measure  # noqa: E402
from hcd.report.cells import Cell  # noqa: E402
from hcd.report.source import Clip  # noqa: E402
from hcd.run import Fault  # noqa: E402

CURVE = [(100e3, 30.0), (180e3, 33.1), (330e3, 36.0), (600e3, 38.4)]


def times(factor, curve=CURVE):
    return [(factor * bits, quality) for bits, quality in curve]


def better_by(decibels, curve=CURVE):
    return [(bits, quality + decibels) for bits, quality in curve]


class Differences(unittest.TestCase):
    def test_constant_factor(self):
        for factor in (0.5, 0.9, 1.25):
            found = bdrate.bd_rate(CURVE, times(factor))
            self.assertAlmostEqual(found.value, 100 * (factor - 1), places=9)
            self.assertEqual(found.overlap, 1)

    def test_order_of_points(self):
        self.assertAlmostEqual(bdrate.bd_rate(CURVE[::-1], times(0.9)).value, -10, places=9)

    def test_identical(self):
        self.assertEqual(bdrate.bd_rate(CURVE, list(CURVE)).value, 0)
        self.assertEqual(bdrate.bd_quality(CURVE, list(CURVE)).value, 0)

    def test_overlap(self):
        # Ranges of 8.4 dB: moved by 4, 4.4 of 12.4 are common; moved by 6, 2.4 of 14.4.
        self.assertAlmostEqual(bdrate.bd_rate(CURVE, better_by(4)).overlap, 4.4 / 12.4)
        self.assertIsNotNone(bdrate.bd_rate(CURVE, better_by(4)).value)
        for decibels, overlap in ((6, 2.4 / 14.4), (20, 0)):
            found = bdrate.bd_rate(CURVE, better_by(decibels))
            self.assertEqual((found.value, found.why), (None, "no overlap"))
            self.assertAlmostEqual(found.overlap, overlap)

    def test_what_cannot_be_compared(self):
        self.assertEqual(bdrate.bd_rate(CURVE[:3], CURVE).why, "needs 4 points")
        self.assertEqual(bdrate.bd_rate(CURVE, CURVE[:3] + [(700e3, 35.9)]).why, "not monotone")

    def test_quality_at_equal_bits(self):
        self.assertAlmostEqual(bdrate.bd_quality(CURVE, better_by(0.7)).value, 0.7)
        scaled = [(bits, 1.2 * quality) for bits, quality in CURVE]
        self.assertAlmostEqual(bdrate.bd_quality(CURVE, scaled, relative=True).value, 20)

    def test_better_anchor(self):
        self.assertEqual(bdrate.better(CURVE, times(0.9)), 1)
        self.assertEqual(bdrate.better(CURVE, times(1.1)), 0)
        self.assertIsNone(bdrate.better(CURVE, better_by(9)))


class Anchors(unittest.TestCase):
    def group(self, **curves):
        cells = {}
        for name, curve in curves.items():
            chain = next(chain for chain in chains.TABLE if chain.name == name).at(Fraction(1, 2))
            cells[chain.name] = [Cell(None, chain, None, number, int(bits), values={"psnr_y": quality, "ringing": 1.0})
                           for number, (bits, quality) in enumerate(curve)]
        own = group.Group("clip", "encoder", [list_[0].chain for list_ in cells.values()], cells)
        return [row for row in compare.claims(own) if row.measure == "psnr_y"]

    def test_the_better_one_is_taken(self):
        for bicubic, lanczos, anchor in ((1, 0.9, "lanczos"), (0.95, 1, "bicubic")):
            row, = self.group(bicubic=times(bicubic), lanczos=times(lanczos), hcd_bicubic=times(0.8))
            self.assertEqual((row.anchor, row.tested), (f"{anchor}@1/2", "hcd_bicubic@1/2"))
            self.assertAlmostEqual(row.difference.value, 100 * (0.8 / min(bicubic, lanczos) - 1), delta=0.01)

    def test_same_client_only(self):
        row, = self.group(bicubic=CURVE, lanczos=CURVE, hcd_lanczos=CURVE)
        self.assertEqual(row.difference.why, "no blind chains of this size with this client")

    def test_both_are_needed(self):
        row, = self.group(bicubic=CURVE, hcd_bicubic=CURVE)
        self.assertEqual(row.difference.why, "no blind chains of this size with this client")

    def test_same_size_only(self):
        blind = {name: next(chain for chain in chains.TABLE if chain.name == name) for name in ("bicubic", "lanczos")}
        tested = next(chain for chain in chains.TABLE if chain.name == "hcd_bicubic").at(Fraction(2, 3))
        for size, found in ((Fraction(1, 2), "no blind chains of this size with this client"), (Fraction(2, 3), "")):
            every = [*(chain.at(size) for chain in blind.values()), tested]
            own = group.Group("clip", "encoder", every, {chain.name: [
                Cell(None, chain, None, number, int(bits), values={"psnr_y": quality})
                for number, (bits, quality) in enumerate(CURVE)] for chain in every})
            row, = [row for row in compare.claims(own) if row.measure == "psnr_y"]
            self.assertEqual(row.difference.why, found)

    def test_pairs(self):
        chain, other = chains.TABLE[0], chains.TABLE[1].at(Fraction(1, 2))
        cells = {which.name: [Cell(None, which, None, number, int(bits), values={"psnr_y": quality})
                              for number, (bits, quality) in enumerate(CURVE)] for which in (chain, other)}
        found = compare.pairs(group.Group("clip", "encoder", [chain, other], cells))
        self.assertEqual([(row.anchor, row.tested, row.difference.value) for row in found],
                         [("full", "bicubic@1/2", 0), ("bicubic@1/2", "full", 0)])


class RawClip(Clip):
    """Frames of random samples, in a file."""

    def __init__(self, folder, pixel_format, width, height, frames):
        self.pixel_format, self.width, self.height, self.frames = pixel_format, width, height, frames
        self.rate, self.raw_lock, self.raw_file = Fraction(25), threading.Lock(), folder / "source.yuv"


class Samples(unittest.TestCase):
    """Plain loops over lists beside the arrays of measure.py."""

    def compare(self, pixel_format, depth):
        width, height, frames = 8, 6, 3
        sizes = [(height, width), (height // 2, width // 2), (height // 2, width // 2)]
        draw = random.Random(3)
        videos = [[[[[draw.randrange(2 ** depth) for _ in range(w)] for _ in range(h)] for h, w in sizes]
                   for _ in range(frames)] for _ in range(2)]
        with tempfile.TemporaryDirectory() as home:
            clip = RawClip(Path(home), pixel_format, width, height, frames)
            for video, path in zip(videos, (clip.raw_file, Path(home) / "shown.yuv")):
                path.write_bytes(b"".join(value.to_bytes(2 if depth > 8 else 1, "little") for frame in video
                                          for plane in frame for line in plane for value in line))
            found = measure.by_samples(clip, Path(home) / "shown.yuv")
        peak = 255 * 2 ** (depth - 8)
        source, shown = videos
        for number, name in enumerate(("psnr_y", "psnr_cb", "psnr_cr")):
            self.assertAlmostEqual(found[name], sum(self.psnr(source[n][number], shown[n][number], peak)
                                                    for n in range(frames)) / frames, places=4)
        changes = [[[[after - before for after, before in zip(*lines)] for lines in zip(video[n][0], video[n - 1][0])]
                    for n in range(1, frames)] for video in videos]
        self.assertAlmostEqual(found["flicker"], sum(self.psnr(*pair, peak) for pair in zip(*changes)) / (frames - 1),
                               places=4)
        excess = [self.excess(source[n][0], shown[n][0]) / 2 ** (depth - 8) for n in range(frames)]
        self.assertAlmostEqual(found["ringing"], sum(excess) / frames, places=4)

    @staticmethod
    def psnr(first, second, peak):
        squares = [(a - b) ** 2 for lines in zip(first, second) for a, b in zip(*lines)]
        return 10 * math.log10(peak ** 2 * len(squares) / sum(squares))

    @staticmethod
    def excess(source, shown):
        total = 0
        for y, line in enumerate(shown):
            for x, value in enumerate(line):
                around = [source[v][u] for v in range(max(y - 1, 0), min(y + 2, len(source)))
                          for u in range(max(x - 1, 0), min(x + 2, len(line)))]
                total += max(value - max(around), 0) + max(min(around) - value, 0)
        return total / (len(shown) * len(shown[0]))

    def test_8_bit(self):
        self.compare("yuv420p", 8)

    def test_10_bit(self):
        self.compare("yuv420p10le", 10)

    def test_identical(self):
        with tempfile.TemporaryDirectory() as home:
            clip = RawClip(Path(home), "yuv420p", 8, 6, 2)
            clip.raw_file.write_bytes(bytes(range(72)) * 2)
            found = measure.by_samples(clip, clip.raw_file)
        self.assertEqual(found, {"psnr_y": 100, "psnr_cb": 100, "psnr_cr": 100, "flicker": 100, "ringing": 0})


class Entries(unittest.TestCase):
    def test_damaged_entries_are_made_again(self):
        with tempfile.TemporaryDirectory() as home:
            store, made = cache.Cache(Path(home)), []

            def make(key):
                made.append(key)
                file = store.scratch / f"{key}.mkv"
                file.write_bytes(b"stream")
                return {"bits": 48}, file

            def get():
                key, value = store.get(["some", 1.5], make, ".mkv")
                self.assertEqual((value["bits"], store.file(key, ".mkv").read_bytes()), (48, b"stream"))
                return key

            key = get()
            get()
            self.assertEqual(len(made), 1)
            for path, content in ((store.entry(key), b'{"check"'), (store.entry(key), b""),
                                  (store.entry(key), b'{"check":"0","value":{"bits":1}}'),
                                  (store.file(key, ".mkv"), b"strea")):
                path.write_bytes(content)
                get()
            store.file(key, ".mkv").unlink()
            get()
            self.assertEqual(len(made), 6)
            store.close()
            self.assertFalse((Path(home) / "work").exists())

    def test_what_a_killed_run_left_is_swept(self):
        with tempfile.TemporaryDirectory() as home:
            left = Path(home) / "work" / "999999999"
            left.mkdir(parents=True)
            (left / "frames.yuv").write_bytes(b"0")
            cache.Cache(Path(home)).close()
            self.assertEqual(list(Path(home).iterdir()), [])


class Choices(unittest.TestCase):
    def test_added(self):
        chain = chains.parse_added("mine=scale=iw/2:ih/2|hcd_up=model=bicubic")
        self.assertEqual((chain.name, chain.down, chain.up), ("mine", "scale=iw/2:ih/2", "hcd_up=model=bicubic"))
        self.assertEqual((chain.viewer, chains.TABLE[1].viewer), ("bicubic", "bicubic"))
        self.assertFalse(chain.sized)
        self.assertTrue(chains.parse_added("mine=scale={sw}:{sh}|null").sized)
        for text in ("mine", "=a|b", "a@b=c|d", "mine=a", "mine=a|", "mine=a|b|c=d", "a,b=c|d"):
            with self.assertRaises(Fault):
                chains.parse_added(text)

    def test_crf_for_bits(self):
        points = [(22, 400000), (26, 200000), (30, 100000), (34, 50000)]
        self.assertEqual(crops.crf_for(points, 141421, 0.1, 51), 28)
        self.assertEqual(crops.crf_for(points, 25000, 0.1, 51), 38)
        self.assertEqual(crops.crf_for(points, 800000, 1, 63), 18)
        self.assertEqual(crops.crf_for(points, 10, 0.1, 51), 51)


class Summary(unittest.TestCase):
    """The tables of docs/results/bandwidth.md."""

    def test_means_leave_examples_out(self):
        results = [{"clip": clip, "width": 64, "height": 64, "frames": frames, "rate": "25", "encoder": "libx264",
                    "chain": "full", "bits": 1, "weight_bits": 0, "error": "", "encode_cpu_s": 2.4, "enlarge_cpu_s": 1.2}
                   for clip, frames in (("a", 24), ("b", 24), ("short", 10))]
        told = [{"kind": kind, "clip": clip, "encoder": "libx264", "measure": "psnr_y", "anchor": "full",
                 "tested": tested, "unit": unit, "value": value, "overlap": 1, "why": ""}
                for kind, tested, unit in (("hull", "lite", "% bits"), ("share", "lite: client", "points"))
                for clip, value in (("a", -10), ("b", -20), ("short", -90), ("mean", -40))]
        with tempfile.TemporaryDirectory() as home:
            for name, rows in (("results.csv", results), ("bdrate.csv", told)):
                (Path(home) / name).write_text(files.csv_text(rows), encoding="utf-8")
            text = subprocess.run([sys.executable, "-B", "-m", "hcd.report.summary", home], text=True, check=True,
                                  cwd=reporting.TOP / "scripts", stdout=subprocess.PIPE).stdout
        self.assertIn("Examples, not in the means: short", text)
        minus = "\N{MINUS SIGN}"
        self.assertIn(f"| libx264 | `lite` | {minus}15.0 |", text)
        self.assertIn(f"| libx264 | `lite` | client | {minus}15.0 |", text)
        self.assertIn(f"| short | {minus}90.0 /", text)
        self.assertIn("| libx264 | `full` | 100.0 | 50.0 |", text)


if __name__ == "__main__":
    unittest.main(verbosity=1)
