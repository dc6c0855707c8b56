# SPDX-License-Identifier: BSD-2-Clause
"""Everything of this project that needs a GPU: the conformance suite and the tests of the engine on the device, NVIDIA's
compute-sanitizer over short cases, benchmarks. At most eight minutes, most important first; what does not fit is said.
The figures go to a JSON file, and from there into docs/bench.md (--fill)."""

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

from hcd.files import write_whole
from hcd.gpu import page, programs
from hcd.progress import say
from hcd.run import Fault, Script

NO_GPU = 3  # exit code
LIMIT = 480  # seconds in all
PARTS = ("conformance", "sanitizer", "bench", "torch")
# What of the tests compute-sanitizer runs: it slows them down a hundredfold.
GPU_FILTER = "-*OnStandIn*"
SHORT = "*Axpy*:*Separable*:*MixSlope*:*DetailSlope*:*Light*Backward*"
TOOLS = ("memcheck", "racecheck", "synccheck")


def gpus() -> list[str]:
    """One line each: name, driver, memory in MB, compute capability."""
    if not shutil.which("nvidia-smi"):
        return []
    done = subprocess.run(["nvidia-smi", "--query-gpu=name,driver_version,memory.total,compute_cap",
                           "--format=csv,noheader,nounits"], capture_output=True, text=True, check=False)
    return [line for line in done.stdout.splitlines() if line.count(",") == 3] if done.returncode == 0 else []


class Check:
    """One run. `result`: what the JSON file gets."""

    def __init__(self, found: programs.Programs, on_stand_in: bool, limit: float):
        self.programs, self.on_stand_in, self.end = found, on_stand_in, time.monotonic() + limit
        self.environment = found.environment(on_stand_in)
        self.result: dict = {"passed": True, "did_not_fit": [], "failed": [], "tests": [], "sanitizer": [], "bench": []}

    def left(self) -> float:
        return self.end - time.monotonic()

    def run(self, what: str, words: list, limit: float) -> tuple[int, str] | None:
        """Exit code and output; None where there was no time or too much was taken, which is written down."""
        limit = min(limit, self.left())
        if limit < 1:
            self.result["did_not_fit"].append(what)
            return None
        try:
            done = subprocess.run([str(word) for word in words], env=self.environment, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit, check=False)
        except subprocess.TimeoutExpired as error:
            if self.left() > 1:  # its own limit, far above what it takes
                self.fail(what, f"{(error.stdout or b'').decode(errors='replace')}\nran longer than {limit:.0f} s")
            else:
                self.result["did_not_fit"].append(what)
            return None
        return done.returncode, done.stdout.decode(errors="replace")

    def fail(self, what: str, output: str) -> None:
        self.result["passed"] = False
        self.result["failed"].append(what)
        say(f"gpu_check: {what} FAILED\n" + "\n".join(output.splitlines()[-25:]))

    # ---- parts ----

    def conformance(self) -> None:
        for test in self.programs.tests:
            begin = time.monotonic()
            done = self.run(test.name, [test, "--gtest_brief=1", f"--gtest_filter={GPU_FILTER}"], 90)
            if done is None:
                continue
            code, output = done
            passed = next((int(line.split()[3]) for line in output.splitlines()
                           if line.startswith("[  PASSED  ]")), 0)
            skipped = "[  SKIPPED ]" in output
            seconds = time.monotonic() - begin
            if code or skipped or not passed:  # a test that skips itself has not found the GPU
                self.fail(test.name, output)
            self.result["tests"].append({"name": test.name, "passed": passed, "seconds": round(seconds, 1),
                                         "ok": not code and passed > 0 and not skipped})
            say(f"gpu_check: {test.name}: {passed} passed, {seconds:.1f} s")

    def sanitizer(self) -> None:
        sanitizer = shutil.which("compute-sanitizer") or "/usr/local/cuda/bin/compute-sanitizer"
        if self.on_stand_in or not Path(sanitizer).exists():
            why = "the stand-in is no GPU" if self.on_stand_in else "compute-sanitizer is not there (CUDA's toolkit has it)"
            self.result["did_not_fit"].append(f"sanitizer: {why}")
            say(f"gpu_check: sanitizer: not run: {why}")
            return
        for tool in TOOLS:
            for test in self.programs.tests:
                what = f"{tool} {test.name}"
                done = self.run(what, [sanitizer, "--tool", tool, "--error-exitcode", "9", test, "--gtest_brief=1",
                                       f"--gtest_filter={SHORT}:{GPU_FILTER}"], 45)
                if done is None:
                    continue
                if done[0]:
                    self.fail(what, done[1])
                self.result["sanitizer"].append({"name": what, "ok": done[0] == 0})
                say(f"gpu_check: {what}: {'ok' if done[0] == 0 else 'failed'}")

    def bench(self) -> None:
        seconds, divisor = (0.01, 30) if self.on_stand_in else (4, 1)
        done = self.run("bench", [self.programs.bench, seconds, divisor], 150)
        if done is None:
            return
        for line in done[1].splitlines():
            if line.startswith("{"):
                self.result["bench"].append(json.loads(line))
                say("gpu_check: " + page.sentence(self.result["bench"][-1]))
        if not self.on_stand_in:
            self.beside_torch()
        if done[0] or any("error" in case for case in self.result["bench"]) or not self.result["bench"]:
            self.fail("bench", done[1])


    def beside_torch(self) -> None:
        """The same method in eager PyTorch, where this Python has it."""
        script = programs.TOP / "tests" / "bench" / "torch_descent.py"
        done = self.run("eager PyTorch", [sys.executable, "-B", script, 8], 60)
        if done and done[0] == 0:
            self.result["bench"].append(json.loads(done[1].splitlines()[-1]))
            say("gpu_check: " + page.sentence(self.result["bench"][-1]))
        elif done:
            self.result["did_not_fit"].append("eager PyTorch: " + (done[1].splitlines() or ["failed"])[-1])

    def torch(self) -> None:
        """The paper's networks on LibTorch's CUDA part, where scripts/setup --cuda has built it."""
        tests = programs.TOP / "build" / "cmake"
        if self.on_stand_in or not [*tests.rglob("libhcd-torch-cuda.so")]:
            why = "the stand-in is no GPU" if self.on_stand_in else "scripts/setup --cuda and scripts/test have not run"
            self.result["did_not_fit"].append(f"torch: {why}")
            return
        done = self.run("torch", ["ctest", "--test-dir", tests, "-L", "gpu", "--no-tests=error", "--output-on-failure"], 120)
        if done and (done[0] or "***Skipped" in done[1] or "***Not Run" in done[1]):
            self.fail("torch", done[1])


def check(options: argparse.Namespace) -> int:
    found = gpus()
    if not found and not options.stand_in:
        say("gpu_check: expected a GPU of NVIDIA's and its driver, found none on this machine: nothing was run")
        return NO_GPU
    made = (programs.of_build(Path(options.build)) if options.build else
            programs.of_kit() if programs.KIT.exists() else programs.build(say))
    run = Check(made, options.stand_in, options.limit)
    name, driver, memory, capability = (
        ["stand-in for a GPU", "", "0", ""] if options.stand_in else [word.strip() for word in found[0].split(",")])
    run.result |= {"device": name, "driver": driver, "memory_mb": int(memory), "compute_capability": capability}
    say(f"gpu_check: {name}" + (f", driver {driver}" if driver else ""))
    for part in options.part or PARTS:
        getattr(run, part)()
    Path(options.output).parent.mkdir(parents=True, exist_ok=True)
    write_whole(Path(options.output), (json.dumps(run.result, indent=1) + "\n").encode())
    for what in run.result["did_not_fit"]:
        say(f"gpu_check: did not fit: {what}")
    say(f"gpu_check: {'passed' if run.result['passed'] else 'FAILED: ' + ', '.join(run.result['failed'])}; "
        f"{options.output}")
    return 0 if run.result["passed"] else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gpu_check", description=__doc__,
                                     epilog="Ends with 0 where all passed, 1 where not, 3 where there is no GPU.")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this; may be given again")
    parser.add_argument("-o", "--output", default="build/gpu_check.json", help="the figures (default: %(default)s)")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds in all (default: %(default)s)")
    parser.add_argument("--pack", action="store_true",
                        help="build, and put what runs into build/gpu_kit, for a machine without packages and network")
    parser.add_argument("--build", metavar="FOLDER", help="take the programs of this build (default: build/gpu_kit where "
                        "it is, else one is built in build/gpu)")
    parser.add_argument("--fill", metavar="JSON", help="write the figures of a run into docs/bench.md")
    parser.add_argument("--stand-in", action="store_true",
                        help="rehearse on the tests' stand-in for a driver, with small sizes; measures nothing")
    options = parser.parse_args()
    if options.limit <= 0:
        parser.error(f"--limit: expected seconds above 0, found {options.limit:g}")
    return options


def work(options: argparse.Namespace) -> int:
    if options.fill:
        page.fill(Path(options.fill), programs.TOP / "docs" / "bench.md")
        return 0
    if options.pack:
        programs.pack(say)
        return 0
    return check(options)


def main() -> None:
    options = parse()
    Script("gpu_check", "stopped; nothing is left running").run(lambda _: work(options))
