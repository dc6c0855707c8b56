# SPDX-License-Identifier: BSD-2-Clause
"""A light network as a shader of players: docs/players.md."""

import ctypes

from ._error import Told
from ._header import Range, ShaderStruct, ShaderVariant, Status
from ._library import LIBRARY


def write_shader(model: str | None = None, *, weights: str | None = None, scale: int = 0, variant: str = "fragment",
                 range: str = "limited", chroma: bool = False) -> str:
    """The text of a user shader for mpv and libplacebo, as hcd_shader_write() makes it. `weights`: a file. Throws Error
    E_OPTION and E_FILE as that does, and ValueError for another `variant` or `range`."""
    words = {"variant": (ShaderVariant, variant), "range": (Range, range)}
    for name, (kind, word) in words.items():
        if word.upper() not in kind.__members__:
            expected = ", ".join(each.lower() for each in kind.__members__)
            raise ValueError(f"{name}: expected one of {expected}, found {word!r}")
    struct = ShaderStruct(model=model.encode() if model else None, weights=weights.encode() if weights else None,
                          scale=scale, variant=ShaderVariant[variant.upper()], range=Range[range.upper()], chroma=int(chroma))
    size = 0
    while True:  # the first time it says how much room is wanted
        text, length, told = ctypes.create_string_buffer(size), ctypes.c_size_t(), Told()
        status = LIBRARY.hcd_shader_write(ctypes.byref(struct), text, size, ctypes.byref(length), *told.room)
        if status != Status.E_MEMORY or size > length.value or length.value == 0:
            told.check(status)
            return text.value.decode()
        size = length.value + 1
