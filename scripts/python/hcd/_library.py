# SPDX-License-Identifier: BSD-2-Clause
"""Finds libhcd, loads it, and says what its functions take."""

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

from . import _header as header

NAME = "libhcd.so.1"
PACKAGE = Path(__file__).resolve().parent

_p, _text, _size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t
_error = (_text, _size)  # where a text goes, and how much of it
_FUNCTIONS: dict[str, tuple[type | None, tuple[type, ...]]] = {
    "hcd_version": (_text, ()),
    "hcd_status_name": (_text, (ctypes.c_int,)),
    "hcd_down_params_init": (None, (_p, _size)),
    "hcd_up_params_init": (None, (_p, _size)),
    "hcd_down_params_set": (ctypes.c_int, (_p, _text, _text, *_error)),
    "hcd_up_params_set": (ctypes.c_int, (_p, _text, _text, *_error)),
    "hcd_down_create": (ctypes.c_int, (_p, _p, header.LogFunction, _p)),
    "hcd_up_create": (ctypes.c_int, (_p, _p, header.LogFunction, _p)),
    "hcd_configure": (ctypes.c_int, (_p, _p, _p)),
    "hcd_set": (ctypes.c_int, (_p, _text, _text)),
    "hcd_send_frame": (ctypes.c_int, (_p, _p)),
    "hcd_receive_frame": (ctypes.c_int, (_p, _p, _p)),
    "hcd_reset": (ctypes.c_int, (_p,)),
    "hcd_destroy": (None, (_p,)),
    "hcd_last_error": (_text, (_p,)),
    "hcd_signal_write": (ctypes.c_int, (_p, _p, _size, _p, *_error)),
    "hcd_signal_read": (ctypes.c_int, (_p, _size, _p, *_error)),
    "hcd_get_signal": (ctypes.c_int, (_p, _p)),
    "hcd_follow_signal": (ctypes.c_int, (_p, _p)),
    "hcd_shader_write": (ctypes.c_int, (_p, _p, _size, _p, *_error)),
    "hcd_models": (ctypes.POINTER(header.ModelInfoStruct), ()),
}


def _places() -> Iterator[str]:
    """Where the library may be, the likeliest first. What is named is the only one."""
    named = os.environ.get("HCD_LIBRARY")
    if named:
        yield named
        return
    yield str(PACKAGE / NAME)
    if PACKAGE.parts[-3:-1] == ("scripts", "python"):  # a checkout, where scripts/setup builds
        yield str(PACKAGE.parents[2] / "build" / "lib" / NAME)
    yield NAME  # the system's: LD_LIBRARY_PATH, /etc/ld.so.conf


def _load() -> tuple[ctypes.CDLL, str]:
    """The library and its place. Throws ImportError, which says where it was looked for."""
    failures = []
    for place in _places():
        if os.path.isabs(place) and not os.path.exists(place):
            failures.append(f"{place}: there is none")
            continue
        try:
            library = ctypes.CDLL(place)
            for name, (result, arguments) in _FUNCTIONS.items():
                function = getattr(library, name)
                function.restype, function.argtypes = result, arguments
            return library, place
        except (OSError, AttributeError) as error:  # not to be loaded, or not ours
            failures.append(str(error) if place in str(error) else f"{place}: {error}")
    raise ImportError(f"hcd: expected {NAME}, which scripts/setup builds, found none (HCD_LIBRARY names one):\n  "
                      + "\n  ".join(failures), name="hcd")


LIBRARY, _PLACE = _load()


def version() -> str:
    """Of the library that runs, "MAJOR.MINOR.PATCH"."""
    return str(LIBRARY.hcd_version().decode())


def library_path() -> str:
    """Of the library that runs: as it was named or found, or its name where the system has found it."""
    return _PLACE
