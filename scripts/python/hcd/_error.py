# SPDX-License-Identifier: BSD-2-Clause
"""What the library says: errors become exceptions, lines of its log become Python's."""

import ctypes
import logging

from ._header import LogFunction, LogLevel, Status

LEVELS = {LogLevel.ERROR: logging.ERROR, LogLevel.WARNING: logging.WARNING, LogLevel.INFO: logging.INFO,
          LogLevel.VERBOSE: logging.DEBUG}
_logger = logging.getLogger("hcd")
_TEXT_BYTES = 4096


class Error(Exception):
    """What the library refused or could not do: its text, what was expected and what was found, and the status."""

    def __init__(self, status: Status, text: str):
        super().__init__(text)
        self.status = status

    def __reduce__(self) -> tuple[type["Error"], tuple[Status, str]]:  # of pickle, between processes
        return Error, (self.status, str(self))


class Told:
    """Room for the text of a function that has no context to keep it."""

    def __init__(self) -> None:
        self._text = ctypes.create_string_buffer(_TEXT_BYTES)
        self.room = (self._text, _TEXT_BYTES)

    def check(self, status: int) -> Status:
        """The status, unless it is an error, which is raised."""
        if status < 0:
            raise Error(Status(status), self._text.value.decode(errors="replace"))
        return Status(status)


def _log(_: int | None, level: int, message: bytes) -> None:
    _logger.log(LEVELS[LogLevel(level)], "%s", message.decode(errors="replace"))


log = LogFunction(_log)  # lives as long as the program, as contexts may that log by it
