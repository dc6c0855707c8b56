# SPDX-License-Identifier: BSD-2-Clause
"""What a stream says of how to be enlarged: docs/signal.md."""

import ctypes
from dataclasses import dataclass

from ._error import Told
from ._header import AUTO, SIGNAL_WEIGHTS, SignalStruct, Siting, Status
from ._library import LIBRARY

_MESSAGE_BYTES = SIGNAL_WEIGHTS + 4096  # more than any has


@dataclass(frozen=True)
class Signal:
    """What a message says: hcd_signal. Sizes are width and height in luma samples."""
    model: str
    factor: int               # of a network; 0: a linear client
    small_size: tuple[int, int]
    full_size: tuple[int, int]
    siting: str               # of the small frame's chroma
    resize: str               # the kernel behind a network; "": none
    quality_hint: int | None  # None: not said
    weights_key: int          # CRC-32 << 32 | size in bytes; 0: the weights are in the library
    weights: bytes | None     # the file, where it is sent along


def parse(message: bytes) -> tuple[SignalStruct, Status]:
    """The struct, which points into `message`; Status.AGAIN: the message is nobody's of ours. Throws Error E_FILE where
    it is damaged and E_FORMAT where it is of a later libhcd."""
    struct, told = SignalStruct(), Told()
    return struct, told.check(LIBRARY.hcd_signal_read(message, len(message), ctypes.byref(struct), *told.room))


def read_signal(message: bytes) -> Signal | None:
    """Reads a message (user data of an SEI, from its UUID on), which may be anybody's: None where it is none of ours.
    Throws Error as hcd_signal_read() does."""
    struct, status = parse(message)
    if status != Status.OK:
        return None
    weights = ctypes.string_at(struct.weights, struct.weights_size) if struct.weights else None
    return Signal(struct.model.decode(), struct.factor, (struct.small_width, struct.small_height),
                  (struct.full_width, struct.full_height), Siting(struct.siting).name.lower(), struct.resize.decode(),
                  None if struct.quality_hint == AUTO else struct.quality_hint, struct.weights_key, weights)


def message_of(struct: SignalStruct) -> bytes:
    """The message that says it. Throws Error."""
    data, written, told = ctypes.create_string_buffer(_MESSAGE_BYTES), ctypes.c_size_t(), Told()
    told.check(LIBRARY.hcd_signal_write(ctypes.byref(struct), data, _MESSAGE_BYTES, ctypes.byref(written), *told.room))
    return data.raw[:written.value]
