# SPDX-License-Identifier: BSD-2-Clause
"""What scripts/gpu_check measured, as a part of docs/bench.md."""

import json
from pathlib import Path

from hcd.files import markdown_table, number, write_whole
from hcd.run import Fault

BEGIN, END = "<!-- on a GPU: made by scripts/gpu_check --fill -->\n", "<!-- end of it -->\n"
# Frames a second that the engine is meant to reach on an H200 or H100, frames resident.
AIMS = {"down, 4K, lite": 20, "down, 4K, bicubic": 150, "down, 1080p, lite": 80, "up, 1080p to 4K, lite": 120}


def sentence(case: dict) -> str:
    if "error" in case:
        return f"{case['name']}: {case['error']}"
    words = [f"{case['name']}: {case['fps']:.1f} frames a second"]
    if "device_mb" in case:
        words.append(f"{case['device_mb']:.0f} MB of the device")
    if "psnr" in case:
        words.append(f"PSNR {case['psnr_plain']:.2f} to {case['psnr']:.2f} dB")
    return ", ".join(words)


def table(result: dict) -> str:
    """Markdown of a run."""
    head = (f"Measured on one {result['device']} (driver {result['driver']}) by `scripts/gpu_check`; frames resident on the "
            f"GPU unless said otherwise. {sum(test['passed'] for test in result['tests'])} tests ran there, "
            + ("all passed." if result["passed"] else f"failed: {', '.join(result['failed'])}."))
    cases = markdown_table(["case", "frames a second", "aim", "MB of the device", "PSNR plain, ours"],
                           [row(case) for case in result["bench"]])
    left_out = f"\nDid not fit into the time: {', '.join(result['did_not_fit'])}.\n" if result["did_not_fit"] else ""
    return head + "\n\n" + cases + left_out


def row(case: dict) -> list[str]:
    if "error" in case:
        return [case["name"], case["error"], "", "", ""]
    return [case["name"], number(case["fps"], 1), f"≥ {AIMS[case['name']]}" if case["name"] in AIMS else "",
            number(case.get("device_mb"), 0),
            f"{case['psnr_plain']:.2f}, {case['psnr']:.2f}" if "psnr" in case else ""]


def fill(figures: Path, document: Path) -> None:
    """Replaces what stands between the two marks of `document`. Raises Fault."""
    try:
        result = json.loads(figures.read_text())
        measured = result["memory_mb"] > 0
        text = table(result)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Fault(f"{figures}: expected the figures of scripts/gpu_check, found none ({error})") from None
    if not measured:
        raise Fault(f"{figures}: expected figures of a GPU, found those of a rehearsal on {result['device']}")
    page = document.read_text()
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise Fault(f"{document}: expected the marks of the part on a GPU once, found them not")
    before, rest = page.split(BEGIN)
    write_whole(document, (before + BEGIN + text + END + rest.split(END)[1]).encode())
