# SPDX-License-Identifier: BSD-2-Clause
"""What can go wrong with one cell; a Fault ends the whole run."""

from hcd.run import Fault


class CellError(Exception):
    """Ends one cell: the stage that failed, what was expected there and what was found."""

    def __init__(self, stage: str, expected: str, found: str):
        super().__init__(f"{stage}: expected {expected}, found {found}")
        self.found = found


def disk_full(where: str) -> Fault:
    return Fault(f"disk: expected room for temporary frames in {where}, found none: free some space and run again")
