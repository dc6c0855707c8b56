# SPDX-License-Identifier: BSD-2-Clause
"""What is said of a file that cannot be used."""

from hcd.run import Fault

LONGEST = 100  # bytes of a file's text in a message


def refusal(file: str, what: str) -> Fault:
    return Fault(f"weights '{file}': {what}")


def printable(text: str | bytes) -> str:
    """Text from a file, fit for a message: "?" for all but printable ASCII, and no more than its first bytes."""
    if isinstance(text, str):
        text = text.encode("utf-8", "surrogatepass")
    shown = "".join(chr(byte) if 32 <= byte <= 126 else "?" for byte in text[:LONGEST])
    return shown + "..." if len(text) > LONGEST else shown
