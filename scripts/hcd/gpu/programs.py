# SPDX-License-Identifier: BSD-2-Clause
"""The programs that run on the GPU: built here, or taken from a kit that was built on another machine."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hcd.run import Fault

TOP = Path(__file__).resolve().parents[3]
BUILD = TOP / "build" / "gpu"
KIT = TOP / "build" / "gpu_kit"
# Tests that run on the host or ask the stand-in for a driver for faults, by file; by name: *OnStandIn*.
NO_GPU = {"cuda_stand_in_test", "cuda_on_host_test", "cuda_missing_test"}


@dataclass
class Programs:
    """`tests`: conformance first. `stand_in`: the folder of the stand-in for a driver."""
    tests: list[Path]
    bench: Path
    stand_in: Path
    libraries: Path

    def environment(self, on_stand_in: bool) -> dict[str, str]:
        path = os.pathsep.join([*([str(self.stand_in)] if on_stand_in else []), str(self.libraries),
                                *filter(None, [os.environ.get("LD_LIBRARY_PATH")])])
        return {**os.environ, "LD_LIBRARY_PATH": path, "HCD_CUDA_BACKEND": str(self.libraries / "libhcd-cuda.so")}


def ordered(tests: list[Path]) -> list[Path]:
    chosen = [test for test in tests if test.name not in NO_GPU and os.access(test, os.X_OK)]
    return sorted(chosen, key=lambda test: (not test.name.startswith("conformance"), test.name))


def of_build(build: Path) -> Programs:
    """Of a build folder of CMake's."""
    tests = ordered([*build.glob("tests/cuda/**/*_test")])
    # Beside libhcd where nvcc has compiled the kernels; else a rehearsal's, whose kernels the stand-in has.
    libraries = next((folder for folder in (build / "core" / "capi", build / "tests" / "cuda" / "stub")
                      if (folder / "libhcd-cuda.so").exists()), build / "core" / "capi")
    found = Programs(tests, build / "tests" / "bench" / "hcd_cuda_bench", build / "tests" / "cuda" / "stub", libraries)
    if not tests or not found.bench.exists() or not (libraries / "libhcd-cuda.so").exists():
        raise Fault(f"{build}: expected the tests of the GPU's engine, hcd_cuda_bench and libhcd-cuda.so, found not all "
                    "of them: is there an nvcc?")
    return found


def of_kit() -> Programs:
    return Programs(ordered([*KIT.glob("tests/*_test")]), KIT / "tests" / "hcd_cuda_bench", KIT / "stand_in", KIT / "lib")


def build(say) -> Programs:
    """By CMake, with nvcc; needs Highway, GoogleTest and nlohmann-json, and no network. `say`: told of each step."""
    for tool in ("cmake", "ninja", "c++"):
        if not shutil.which(tool):
            raise Fault(f"expected {tool}, found none: install it, or bring build/gpu_kit (scripts/gpu_check --pack)")
    log = BUILD / "gpu_check.log"
    BUILD.mkdir(parents=True, exist_ok=True)
    steps = (["cmake", "-S", str(TOP), "-B", str(BUILD), "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DHCD_TESTS=ON",
              "-DHCD_TOOLS=OFF"],
             ["cmake", "--build", str(BUILD), "--target", "hcd", "hcd-cuda", "cuda_tests", "hcd_cuda_bench"])
    with open(log, "wb") as output:
        for words in steps:
            say("gpu_check: " + " ".join(words[:2]) + " ...")
            if subprocess.run(words, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                              check=False).returncode:
                tail = log.read_text(errors="replace").splitlines()[-12:]
                raise Fault("the build failed; the whole output is in " + str(log.relative_to(TOP)) + "\n" + "\n".join(tail))
    return of_build(BUILD)


def pack(say) -> None:
    """Builds, and copies what runs into build/gpu_kit: for a machine on which nothing can be installed."""
    made = build(say)
    shutil.rmtree(KIT, ignore_errors=True)
    for folder in ("tests", "lib", "stand_in"):
        (KIT / folder).mkdir(parents=True)
    for test in [*made.tests, made.bench]:
        shutil.copy2(test, KIT / "tests" / test.name)
        subprocess.run(["strip", KIT / "tests" / test.name], check=False)
    for library in [made.libraries / "libhcd-cuda.so", *BUILD.glob("core/capi/libhcd.so*")]:
        shutil.copy2(library, KIT / "lib" / library.name, follow_symlinks=False)
    shutil.copy2(made.stand_in / "libcuda.so.1", KIT / "stand_in")
    for name in needed(made.bench) | {name for test in made.tests for name in needed(test)}:
        shutil.copy2(name, KIT / "lib" / Path(name).name)
    size = sum(path.stat().st_size for path in KIT.rglob("*") if path.is_file())
    say(f"gpu_check: {KIT.relative_to(TOP)}: {size / 2**20:.0f} MB, for the same kind of processor; bring it along with "
        "the repository")


def needed(program: Path) -> set[str]:
    """Shared libraries that another machine may lack; it has its own of g++, and newer ones than ours stay in force."""
    text = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    paths = (line.split("=>")[1].split("(")[0].strip() for line in text.splitlines() if "=>" in line)
    return {path for path in paths if any(name in path for name in ("libhwy", "libgtest"))}
