# SPDX-License-Identifier: BSD-2-Clause
"""The binding as a package: where it finds the library, its wheel, its types."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

SOURCE = Path(os.environ["HCD_TEST_SOURCE"])
PROJECT = SOURCE / "scripts" / "python"
LIBRARY = Path(os.environ["HCD_LIBRARY"])
SHOW = "import hcd; print(hcd.library_path(), len(hcd.models()) > 5)"
USER = '''
import numpy as np
import hcd

picture = np.zeros((32, 48), np.uint8)
with hcd.Down(48, 32, layout="gray", model="bicubic", steps="auto", budget=3) as down:
    small: np.ndarray = down(picture)
    planes: tuple[np.ndarray, ...] = down([picture])
    if down.stats is not None:
        print(down.stats.psnr + 1)
'''
WRONG = {'preset="slow"': "[arg-type]", "steps=2.5": "[arg-type]", "stepz=3": "[call-arg]", "depth='8'": "[arg-type]"}


class PackageTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def python(self, *words, **environment):
        """With these variables, and without those that lead to the package or the library."""
        left = {key: value for key, value in os.environ.items()
                if key not in ("HCD_LIBRARY", "PYTHONPATH", "LD_LIBRARY_PATH")}
        return subprocess.run([sys.executable, "-B", *map(str, words)], env={**left, **environment}, cwd=self.folder,
                              capture_output=True, text=True)

    def assert_finds(self, path, **environment):
        done = self.python("-c", SHOW, **environment)
        self.assertEqual((done.stdout, done.stderr), (f"{path} True\n", ""))

    def copy(self, *folders):
        """Of the package, in a folder of these names."""
        place = self.folder.joinpath(*folders)
        shutil.copytree(PROJECT / "hcd", place / "hcd")
        return place


class Library(PackageTest):
    def test_where_it_is_found(self):
        place = self.copy("checkout", "scripts", "python")
        path = str(place)
        system = self.folder / "system"
        system.mkdir()
        (system / "libhcd.so.1").symlink_to(LIBRARY)
        self.assert_finds("libhcd.so.1", PYTHONPATH=path, LD_LIBRARY_PATH=str(system))
        built = self.folder / "checkout" / "build" / "lib" / "libhcd.so.1"
        built.parent.mkdir(parents=True)
        built.symlink_to(LIBRARY)
        self.assert_finds(built, PYTHONPATH=path, LD_LIBRARY_PATH=str(system))
        beside = place / "hcd" / "libhcd.so.1"
        beside.symlink_to(LIBRARY)
        self.assert_finds(beside, PYTHONPATH=path)
        self.assert_finds(LIBRARY, PYTHONPATH=path, HCD_LIBRARY=str(LIBRARY))

    @unittest.skipUnless((SOURCE / "build" / "venv").exists(), "no build/venv: scripts/setup makes it")
    def test_scripts_setup_makes_it_importable(self):
        left = {key: value for key, value in os.environ.items() if key not in ("HCD_LIBRARY", "PYTHONPATH")}
        done = subprocess.run([SOURCE / "build" / "venv" / "bin" / "python", "-B", "-c", SHOW], env=left, cwd=self.folder,
                              capture_output=True, text=True)
        self.assertEqual((done.stdout, done.stderr), (f"{SOURCE}/build/lib/libhcd.so.1 True\n", ""))

    def test_none_says_where_it_looked(self):
        path = self.copy("checkout", "scripts", "python")
        done = self.python("-c", "import hcd", PYTHONPATH=str(path), LD_LIBRARY_PATH=str(self.folder))
        if done.returncode == 0:
            self.skipTest("the system has a libhcd.so.1")
        last = done.stderr[done.stderr.index("ImportError: "):].splitlines()
        self.assertEqual(last[0], "ImportError: hcd: expected libhcd.so.1, which scripts/setup builds, found none "
                                  "(HCD_LIBRARY names one):")
        self.assertEqual(last[1:3], [f"  {path}/hcd/libhcd.so.1: there is none",
                                     f"  {self.folder}/checkout/build/lib/libhcd.so.1: there is none"])
        self.assertIn("libhcd.so.1: cannot open shared object file", last[3])

    def test_what_is_named_is_the_only_one(self):
        """Others' libraries and files that are none are refused, even where ours could be found."""
        path = self.copy("place")
        (path / "hcd" / "libhcd.so.1").symlink_to(LIBRARY)
        text = self.folder / "text.so"
        text.write_text("no library")
        for named, message in ((self.folder / "none.so", "none.so: there is none"), ("libc.so.6", "hcd_version"),
                               (text, "text.so: ")):
            with self.subTest(named):
                done = self.python("-c", "import hcd", PYTHONPATH=str(path), HCD_LIBRARY=str(named))
                self.assertEqual(done.returncode, 1)
                self.assertIn(message, done.stderr[done.stderr.index("ImportError: hcd: expected"):])


@unittest.skipUnless(importlib.util.find_spec("flit_core"), "no flit_core: scripts/setup --all installs it")
class Wheel(PackageTest):
    def test_is_built_and_works(self):
        source = self.folder / "source"
        shutil.copytree(PROJECT, source, ignore=shutil.ignore_patterns("__pycache__"))
        done = self.python("-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "--no-index", "-w", self.folder, source)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        [wheel] = self.folder.glob("*.whl")
        with zipfile.ZipFile(wheel) as file:
            names = file.namelist()
            file.extractall(self.folder / "site")
        self.assertIn("hcd/py.typed", names)
        files = {f"hcd/{path.name}" for path in (PROJECT / "hcd").iterdir() if path.suffix in (".py", ".typed")}
        self.assertEqual({name for name in names if name.startswith("hcd/")}, files)
        self.assert_finds(LIBRARY, PYTHONPATH=str(self.folder / "site"), HCD_LIBRARY=str(LIBRARY))


@unittest.skipUnless(importlib.util.find_spec("mypy"), "no mypy: scripts/setup --all installs it")
class Types(PackageTest):
    def mypy(self, *words):
        return self.python("-m", "mypy", "--config-file", PROJECT / "pyproject.toml", "--cache-dir", self.folder / "cache",
                           "--no-error-summary", *words, MYPYPATH=str(PROJECT))

    def test_of_the_package_and_of_those_who_use_it(self):
        done = self.mypy("-p", "hcd")
        self.assertEqual((done.stdout, done.stderr, done.returncode), ("", "", 0))
        user = self.folder / "user.py"
        user.write_text(USER + "".join(f"hcd.Down(48, 32, {words})\n" for words in WRONG))
        lines = self.mypy(user).stdout.splitlines()
        errors = [line for line in lines if ": error: " in line]
        self.assertEqual(len(errors), len(WRONG), lines)
        for number, (words, kind) in enumerate(WRONG.items(), USER.count("\n") + 1):
            with self.subTest(words):
                self.assertTrue(any(f"user.py:{number}: " in line and kind in line for line in errors), errors)


if __name__ == "__main__":
    unittest.main(verbosity=2)
