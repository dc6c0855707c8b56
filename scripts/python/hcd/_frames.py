# SPDX-License-Identifier: BSD-2-Clause
"""Frames as numpy arrays, and what they are."""

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from ._header import FormatStruct, FrameStruct, Layout, Matrix, Range, Siting

Array = npt.NDArray[Any]  # of uint8, or of uint16 where a sample has more than 8 bits


@dataclass(frozen=True)
class Format:
    """What the samples of a frame are: hcd_format, whose words are those of the header in lower case."""
    width: int   # luma samples
    height: int
    layout: str = "yuv420"      # gray, yuv420, yuv422, yuv444, nv12, rgb
    depth: int = 8              # bits of a sample [8, 16]
    shift: int = 0              # unused low bits below a sample: 6 for P010
    range: str = "unspecified"  # limited, full
    matrix: str = "unspecified"  # bt601, bt709, bt2020
    siting: str = "unspecified"  # left, center, topleft, top, bottomleft, bottom

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.uint8 if self.depth == 8 else np.uint16)

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(rows, samples in a row) of each plane; the second of nv12 has Cb and Cr in turns."""
        luma, rows, columns = (self.height, self.width), (self.height + 1) // 2, (self.width + 1) // 2
        return {"gray": (luma,), "yuv420": (luma, (rows, columns), (rows, columns)),
                "yuv422": (luma, (self.height, columns), (self.height, columns)),
                "nv12": (luma, (rows, 2 * columns))}.get(self.layout, (luma, luma, luma))

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Of a frame in one array; None: its planes differ in size."""
        return {"gray": (self.height, self.width), "rgb": (self.height, self.width, 3),
                "yuv444": (self.height, self.width, 3)}.get(self.layout)


def word_of(kind: type[IntEnum], name: str, word: str) -> int:
    """The number of a word of an enumeration, for the argument `name`. Throws ValueError."""
    words = [each.name.lower() for each in kind]
    if word not in words:
        raise ValueError(f"{name}: expected one of {', '.join(words)}, found {word!r}")
    return int(kind[word.upper()])


def whole(name: str, value: object) -> int:
    """A number that C takes as an int, for the argument `name`: the library checks its range. Throws TypeError and
    ValueError."""
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name}: expected a whole number, found {value!r}") from None
    if not -2**31 <= number < 2**31:
        raise ValueError(f"{name}: expected a number of 32 bits, found {number}")
    return number


def struct_of(form: Format) -> FormatStruct:
    """For the library, which checks the numbers."""
    numbers = {name: whole(name, getattr(form, name)) for name in ("width", "height", "depth", "shift")}
    kinds: dict[str, type[IntEnum]] = {"layout": Layout, "range": Range, "matrix": Matrix, "siting": Siting}
    words = {name: word_of(kind, name, getattr(form, name)) for name, kind in kinds.items()}
    return FormatStruct(**numbers, **words)


def format_of(struct: FormatStruct) -> Format:
    return Format(struct.width, struct.height, Layout(struct.layout).name.lower(), struct.depth, struct.shift,
                  Range(struct.range).name.lower(), Matrix(struct.matrix).name.lower(),
                  Siting(struct.siting).name.lower())


# ---- arrays ----

def planes_of(form: Format, frame: Array | Sequence[Array]) -> list[Array]:
    """The planes of a frame: one array where all planes have one size, (H, W) or (H, W, 3), or a sequence of planes.
    They are the caller's memory where their samples lie one behind the other in each row, else copies. Throws TypeError
    and ValueError."""
    if isinstance(frame, np.ndarray):
        if form.shape is None:
            raise TypeError(f"frame: expected {len(form.shapes)} planes for {form.layout}, found one array")
        _check("frame", frame, form.shape, form.dtype)
        planes = [frame] if frame.ndim == 2 else [frame[:, :, i] for i in range(3)]
    else:
        planes = list(frame)
        if len(planes) != len(form.shapes):
            raise ValueError(f"frame: expected {len(form.shapes)} planes for {form.layout}, found {len(planes)}")
        for i, (plane, shape) in enumerate(zip(planes, form.shapes, strict=True)):
            _check(f"plane {i}", plane, shape, form.dtype)
    return [_in_rows(plane) for plane in planes]


def _check(name: str, array: object, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name}: expected a numpy array, found {type(array).__name__}")
    if array.dtype != dtype:
        raise TypeError(f"{name}: expected {dtype}, found {array.dtype}")
    if array.shape != shape:
        raise ValueError(f"{name}: expected the shape {shape}, found {array.shape}")


def _in_rows(plane: Array) -> Array:
    rows, columns = plane.shape
    step, within = plane.strides
    good = (columns == 1 or within == plane.itemsize) and (rows == 1 or abs(step) >= columns * plane.itemsize)
    return plane if good and plane.flags.aligned else plane.copy()  # in rows, aligned


def new_planes(form: Format) -> list[Array]:
    """Memory for a frame. Planes of one size are those of one block, in their order."""
    if len(set(form.shapes)) == 1:
        return list(np.empty((len(form.shapes), *form.shapes[0]), form.dtype))
    return [np.empty(shape, form.dtype) for shape in form.shapes]


def in_one_array(form: Format, planes: Sequence[Array]) -> Array:
    """What new_planes() made, as (H, W) or (H, W, 3), without a copy."""
    block = planes[0].base
    if form.shape is None or block is None:
        raise TypeError(f"frame: expected planes of one size, found {form.layout}")
    return block[0] if len(planes) == 1 else np.moveaxis(block, 0, -1)


def frame_struct(planes: Sequence[Array], flags: int = 0) -> FrameStruct:
    """Points into the planes, which have to outlive it."""
    struct = FrameStruct(flags=flags)
    for i, plane in enumerate(planes):
        struct.data[i], struct.stride[i] = plane.ctypes.data, plane.strides[0]
    return struct
