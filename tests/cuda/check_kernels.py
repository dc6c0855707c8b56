# SPDX-License-Identifier: BSD-2-Clause
"""What the kernels take of a GPU, against bounds: usage: check_kernels.py FILE. FILE is what ptxas told of them
when they were compiled (kernels.resources of the build tree). Prints a table; ends with 1 where a bound is
passed, with 77 where there is no such file, as in a build without nvcc."""
import dataclasses
import pathlib
import re
import sys

ARCHITECTURE = "sm_80"  # whose occupancy is told; the bounds hold for all


@dataclasses.dataclass(frozen=True)
class Bounds:
    """Of a kernel: the most that it may take, and how it is launched. Bytes, and numbers of a thread."""
    registers: int = 128
    spilled: int = 0
    static_shared: int = 48 << 10
    dynamic_shared: int = 0  # what its launch asks for: ptxas does not know
    threads: int = 256  # of a block


EXCEPTIONS = {
    "hcd_solve_columns": Bounds(threads=32),
    # A window of 64 unknowns in registers: few threads, seldom used (bands of more than 8).
    "hcd_solve_columns_wide": Bounds(registers=168, threads=32),
    "hcd_solve_rows_wide": Bounds(registers=168),
}


@dataclasses.dataclass(frozen=True)
class Usage:
    registers: int
    spilled: int
    shared: int


ENTRY = re.compile(r"Compiling entry function '(\w+)' for '(\w+)'")
SPILLS = re.compile(r"(\d+) bytes spill stores, (\d+) bytes spill loads")
USED = re.compile(r"Used (\d+) registers(?:.*?(\d+) bytes smem)?")


def read(text: str) -> dict[str, dict[str, Usage]]:
    """By architecture, then by kernel."""
    found: dict[str, dict[str, Usage]] = {}
    for part in re.split(r"(?=Compiling entry function)", text)[1:]:
        entry, spills, used = ENTRY.match(part), SPILLS.search(part), USED.search(part)
        if not (entry and spills and used):
            sys.exit(f"expected what ptxas -v tells of a kernel, found {part!r}")
        kernel, architecture = entry.groups()
        found.setdefault(architecture, {})[kernel] = Usage(
            int(used[1]), int(spills[1]) + int(spills[2]), int(used[2] or 0))
    return found


def up_to(value: int, step: int) -> int:
    return -(-value // step) * step


def occupancy(usage: Usage, bounds: Bounds) -> float:
    """Of a multiprocessor of compute capability 8.0, the part of its 64 warps that can be there at once."""
    warps = up_to(bounds.threads, 32) // 32
    with_registers = 65536 // up_to(usage.registers * 32, 256) // 4 * 4  # warps
    shared = up_to(usage.shared + bounds.dynamic_shared + 1024, 128)  # 1 KB of a block is the driver's
    blocks = min(32, 64 // warps, with_registers // warps, (164 << 10) // shared)
    return blocks * warps / 64


def faults(kernel: str, usage: Usage, bounds: Bounds) -> list[str]:
    checks = [("registers", usage.registers, bounds.registers), ("bytes spilled", usage.spilled, bounds.spilled),
              ("bytes of static shared memory", usage.shared, bounds.static_shared)]
    return [f"{kernel}: expected at most {most} {what}, found {value}" for what, value, most in checks if value > most]


def main(path: pathlib.Path) -> int:
    if not path.exists():
        print(f"no {path}: this build has no nvcc, and its kernels are not checked")
        return 77
    by_architecture = read(path.read_text())
    names = sorted(by_architecture.get(ARCHITECTURE, {}))
    wrong = [f"{name}: there is no such kernel, yet it has bounds of its own" for name in EXCEPTIONS if name not in names]
    for architecture, kernels in by_architecture.items():
        if sorted(kernels) != names:
            wrong.append(f"expected the same kernels for all architectures, found {sorted(kernels)} for {architecture} "
                         f"and {names} for {ARCHITECTURE}")
        for kernel, usage in kernels.items():
            wrong += faults(f"{kernel} ({architecture})", usage, EXCEPTIONS.get(kernel, Bounds()))
    print(f"{'kernel, on ' + ARCHITECTURE:40} registers  spilled  shared  threads  occupancy")
    for name in names:
        usage, bounds = by_architecture[ARCHITECTURE][name], EXCEPTIONS.get(name, Bounds())
        print(f"{name:40} {usage.registers:9}  {usage.spilled:7}  {usage.shared + bounds.dynamic_shared:6}  "
              f"{bounds.threads:7}  {occupancy(usage, bounds):8.0%}")
    if not names:
        wrong.append(f"expected kernels for {ARCHITECTURE}, found none in {path}")
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
