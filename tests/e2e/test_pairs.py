# SPDX-License-Identifier: BSD-2-Clause
"""scripts/make_coded_pairs: photographs to pairs that lie on each other; the same from the same seed."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import ffmpeg

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "make_coded_pairs"


def make_pairs(*arguments):
    return subprocess.run([sys.executable, "-B", str(SCRIPT), "--ffmpeg", ffmpeg.FFMPEG, *arguments],
                          capture_output=True, text=True, check=False)


def grey(path, *filters):
    """The values of a grey PNG file."""
    return ffmpeg.good("-i", str(path), *filters, "-f", "rawvideo", "-pix_fmt", "gray", "-")[0]


class Pairs(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name)
        photos = self.folder / "photos"
        photos.mkdir()
        ffmpeg.good("-f", "lavfi", "-i", "testsrc2=s=200x160:r=1:d=8", str(photos / "%d.png"))
        self.photos = str(photos)

    def tearDown(self):
        self.temporary.cleanup()

    def make(self, name, *more):
        """Pairs by name: {stem: bytes of the file}, hr and lr."""
        # libx265 writes beyond its memory where frames are smaller than its largest block of 64.
        out = self.folder / name
        done = make_pairs(self.photos, "-o", str(out), "--size", "192x128", "--versions", "2",
                          "--crf", "18-24", *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return {f"{kind}/{path.name}": path.read_bytes()
                for kind in ("hr", "lr") for path in (out / kind).iterdir()}

    def test_pairs(self):
        files = self.make("a")
        large = sorted(name for name in files if name.startswith("hr/"))
        self.assertEqual(len(large), 16)  # two frames of each photograph
        self.assertEqual(len(files), 16 + 2 * 16)
        out = self.folder / "a"
        errors, shifted = [], []
        for name in large[::5]:
            self.assertEqual(len(grey(out / name)), 192 * 128)
            big = grey(out / name, "-vf", "scale=96:64:flags=bicubic")
            coded = grey(out / "lr" / f"{Path(name).stem}.1.png")
            self.assertEqual(len(coded), 96 * 64)
            errors.append(sum((a - b) ** 2 for a, b in zip(big, coded)))
            shifted.append(sum((a - b) ** 2 for a, b in zip(big[1:], coded)))
        # The small picture is that of this frame, at this place.
        self.assertLess(2 * sum(errors), sum(shifted))
        self.assertEqual(self.make("b"), files)
        self.assertNotEqual(self.make("c", "--seed", "2"), files)

    def test_messages(self):
        done = make_pairs(self.photos, "-o", str(self.folder), "--size", "192x128")
        self.assertEqual(done.returncode, 1)
        self.assertIn("expected no such folder, found one", done.stderr)
        done = make_pairs(self.photos, "-o", str(self.folder / "x"), "--size", "97x64")
        self.assertIn("--size: expected multiples of 4, found 97x64", done.stderr)
        done = make_pairs(str(self.folder), "-o", str(self.folder / "x"))
        self.assertIn("expected 8 photographs or more, found 0", done.stderr)
        self.assertFalse((self.folder / "x").exists())
        self.assertEqual([p.name for p in self.folder.iterdir()], ["photos"])


if __name__ == "__main__":
    ffmpeg.main()
