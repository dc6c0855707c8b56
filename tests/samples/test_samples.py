#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Installs the build into a temporary folder, moves it, and uses it as a stranger would: the public
header alone, the samples through pkg-config. ctest gives the tools and folders by environment."""

import os
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from pathlib import Path

SOURCE = Path(os.environ["HCD_TEST_SOURCE"])
BUILD = Path(os.environ["HCD_TEST_BUILD"])
CMAKE = os.environ.get("HCD_TEST_CMAKE", "cmake")
CC = os.environ.get("HCD_TEST_CC", "cc")
CXX = os.environ.get("HCD_TEST_CXX", "c++")
PYTHON = os.environ.get("HCD_TEST_PYTHON", "")
FLAGS = shlex.split(os.environ.get("HCD_TEST_FLAGS", ""))

WARNINGS = ["-pedantic", "-Wall", "-Wextra", "-Werror"]


def run(command, **options):
    """The finished process; its output is in the message if it failed."""
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                            **options)
    if result.returncode != 0:
        raise AssertionError(f"{command} failed:\n{result.stdout}{result.stderr}")
    return result


class Installed:
    """An installed prefix that was moved after the installation, and what is built against it."""

    def __init__(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name)
        run([CMAKE, "--install", BUILD, "--prefix", self.folder / "first"])
        self.prefix = self.folder / "moved"
        shutil.move(self.folder / "first", self.prefix)
        [package] = self.prefix.rglob("hcd.pc")
        self.environment = dict(os.environ, PKG_CONFIG_PATH=str(package.parent))
        self.library_folder = self.pkg_config("--variable=libdir")[0]

    def pkg_config(self, *words):
        return shlex.split(run(["pkg-config", *words, "hcd"], env=self.environment).stdout)

    def build_sample(self, name):
        program = self.folder / name
        if not program.exists():
            run([CC, "-std=c11", *WARNINGS, *FLAGS, SOURCE / "samples" / f"{name}.c",
                 *self.pkg_config("--cflags", "--libs"), f"-Wl,-rpath,{self.library_folder}",
                 *(["-ldl"] if name == "cuda_frames" else []),
                 "-o", program])
        return program


def setUpModule():
    global installed
    installed = Installed()


def tearDownModule():
    installed.temporary.cleanup()


class HeaderTest(unittest.TestCase):
    def compile_header(self, compiler, standard, suffix):
        source = installed.folder / f"header{suffix}"
        source.write_text("#include <hcd/hcd.h>\nint main(void) { return HCD_OK; }\n")
        run([compiler, f"-std={standard}", *WARNINGS, *installed.pkg_config("--cflags"),
             "-fsyntax-only", source])

    def test_alone_as_c11(self):
        self.compile_header(CC, "c11", ".c")

    def test_alone_as_cpp17(self):
        self.compile_header(CXX, "c++17", ".cpp")

    def test_pkg_config_points_into_the_moved_prefix(self):
        self.assertTrue(
            Path(installed.library_folder).resolve().is_relative_to(installed.prefix.resolve()))
        self.assertEqual(installed.pkg_config("--modversion"), ["0.2.0"])


class CommandTest(unittest.TestCase):
    def test_installed_command_finds_its_library(self):
        command = installed.prefix / "bin" / "hcd"
        if not command.exists():
            self.skipTest("built without the hcd command")
        environment = {k: v for k, v in os.environ.items() if k != "LD_LIBRARY_PATH"}
        self.assertEqual(run([command, "--version"], env=environment).stdout, "hcd 0.2.0\n")

    def test_installed_command_finds_what_lies_beside_it(self):
        """LibTorch's library, hcd-train, the recipes and the commands in Python."""
        command = installed.prefix / "bin" / "hcd"
        trainer = installed.prefix / "libexec" / "hcd" / "hcd-train"
        if not command.exists() or not trainer.exists():
            self.skipTest("built without the hcd command or without LibTorch")
        environment = {k: v for k, v in os.environ.items()
                       if k not in ("LD_LIBRARY_PATH", "HCD_TORCH_BACKEND")}
        data = installed.folder / "data"
        for folder in ("bsds400", "photos"):  # of the recipe
            (data / folder).mkdir(parents=True)
            for number in range(6):
                write_png(data / folder / f"{number}.png", 96, 96, number)
        recipe = installed.prefix / "share" / "hcd" / "recipes" / "srcnn_x2.json"
        run([command, "train", recipe, "--data", data, "-o", installed.folder / "out",
             "--iterations", "2"], env=environment)
        weights = installed.folder / "out" / "srcnn_x2.safetensors"
        self.assertTrue(weights.exists())
        run([command, "evaluate", "--set", data / "photos" / "0.png", "--model", "srcnn", "--scale",
             "2", "--steps", "1", "--weights", weights], env=environment)
        run([command, "paper", "--table", "2", "--set", data / "photos", "--models", "bicubic",
             "--pictures", "1", "-o", installed.folder / "tables"],
            env={**environment, "HCD_PYTHON": sys.executable})
        self.assertTrue((installed.folder / "tables" / "table_2.csv").exists())


def write_png(path, width, height, seed):
    """A grey PNG file of a pattern that depends on the seed."""
    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))
    rows = b"".join(b"\0" + bytes((x * (seed + 3) ^ y * 5) % 256 for x in range(width))
                    for y in range(height))
    path.write_bytes(b"\x89PNG\r\n\x1a\n"
                     + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def flat_y4m(width, height, variant, frames):
    """A Y4M file of flat frames: luma 100, chroma 90 and 140."""
    chroma = ((width + 1) // 2) * ((height + 1) // 2)
    frame = (b"FRAME\n" + bytes([100]) * (width * height) + bytes([90]) * chroma +
             bytes([140]) * chroma)
    return f"YUV4MPEG2 W{width} H{height} F25:1 Ip A1:1 {variant}\n".encode() + frame * frames


class SamplesTest(unittest.TestCase):
    def downscale_file(self, content):
        program = installed.build_sample("downscale_file")
        source, result = installed.folder / "big.y4m", installed.folder / "small.y4m"
        source.write_bytes(content)
        process = subprocess.run([program, source, result], capture_output=True, text=True)
        return process, result.read_bytes()

    def test_file_in_file_out(self):
        for variant in ("C420jpeg", "C420mpeg2", "C420paldv", "C420"):
            with self.subTest(variant):
                process, small = self.downscale_file(flat_y4m(51, 37, variant, 3))
                self.assertEqual((process.returncode, process.stderr), (0, ""))
                expected = flat_y4m(26, 20, variant, 3).replace(b" A1:1", b"")
                self.assertEqual(small, expected)

    def test_file_that_ends_early(self):
        process, _ = self.downscale_file(flat_y4m(51, 37, "C420jpeg", 2)[:-1])
        self.assertEqual(process.returncode, 1)
        self.assertEqual(process.stderr, "downscale_file: the file ends within a frame\n")

    def test_other_files(self):
        for content, message in ((b"", "expected a Y4M file"),
                                 (b"P5 3 3", "expected a Y4M file"),
                                 (b"YUV4MPEG2 W64 H64 C444\n", "expected 4:2:0 of 8 bits")):
            with self.subTest(content):
                process, _ = self.downscale_file(content)
                self.assertEqual(process.returncode, 1)
                self.assertEqual(process.stderr, f"downscale_file: {message}\n")

    def test_frames_on_a_gpu(self):
        """On the stand-in for a driver, with the real kernels."""
        environment = {**os.environ, "LD_LIBRARY_PATH": os.environ["HCD_TEST_STUB"],
                       "HCD_CUDA_BACKEND": os.environ["HCD_TEST_CUDA"]}
        for model in ("bicubic", "lite"):
            with self.subTest(model):
                result = run([installed.build_sample("cuda_frames"), "1", model], env=environment)
                self.assertRegex(result.stdout, rf"^1 frames of 160x90, model {model}: \d+ of 21600 samples differ")

    def test_frames_on_no_gpu(self):
        program = installed.build_sample("cuda_frames")
        result = subprocess.run([program], capture_output=True, text=True,
                                env={**os.environ, "LD_LIBRARY_PATH": os.environ["HCD_TEST_STUB"],
                                     "HCD_STUB_DEVICES": "0"})
        self.assertEqual(result.returncode, 3)
        self.assertEqual(result.stderr, "cuda_frames: no CUDA driver here (libcuda.so.1), or no GPU\n")

    def test_own_frames(self):
        lines = run([installed.build_sample("downscale_frames"), "3"]).stdout.splitlines()
        self.assertEqual(len(lines), 3)
        for number, line in enumerate(lines):
            self.assertRegex(line, rf"^frame {number}: [0-9.]+ dB plain, [0-9.]+ dB with HCD, ")
            plain, gained = float(line.split()[2]), float(line.split()[5])
            self.assertGreater(gained, plain)

    def test_numpy_in_and_out(self):
        """The Python binding on the installed library."""
        path = f"{SOURCE / 'build' / 'bin'}:{os.environ['PATH']}"
        if not os.path.exists(PYTHON) or not shutil.which("ffmpeg", path=path):
            self.skipTest("no Python with numpy, or no ffmpeg: scripts/setup makes both")
        lines = run([PYTHON, "-B", SOURCE / "samples" / "rescale.py"], env={
            **os.environ, "PATH": path, "PYTHONPATH": str(SOURCE / "scripts" / "python"),
            "HCD_LIBRARY": f"{installed.library_folder}/libhcd.so.1"}).stdout.splitlines()
        self.assertEqual(lines[0], "libhcd 0.2.0: a frame of 640x360")
        gains = {line.split()[0]: float(line.split()[3]) for line in lines[3:6]}
        self.assertEqual(list(gains), ["bicubic", "lanczos", "lite"])
        self.assertGreater(min(gains.values()), 0.4)
        descent = [float(line.split()[1]) for line in lines[8:13]]
        self.assertEqual(descent, sorted(descent))


if __name__ == "__main__":
    unittest.main(verbosity=2)
