# SPDX-License-Identifier: BSD-2-Clause
"""Contexts: what makes small frames, and what enlarges them."""

import contextlib
import ctypes
import numbers
import os
import threading
import weakref
from collections import deque
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Self, Unpack, overload

import numpy as np

from ._error import Error, Told, log
from ._frames import Array, Format, format_of, frame_struct, in_one_array, new_planes, planes_of, struct_of, whole
from ._header import FRAME_PLAIN, FormatStruct, SignalStruct, StatsStruct, Status
from ._library import LIBRARY
from ._options import DownOptions, UpOptions
from ._signal import message_of, parse
from ._stats import Stats, stats_of

# Room for the struct of parameters of every version: what a library does not know of it stays zero.
_PARAMS_BYTES = 2048


def text_of(key: str, value: object) -> bytes:
    """The value of an option as the library reads it. Throws TypeError and ValueError."""
    match value:
        case str() | os.PathLike():
            text = os.fsencode(value)
        case numbers.Integral() if not isinstance(value, bool):
            text = str(int(value)).encode()
        case numbers.Real() if not isinstance(value, bool):
            text = repr(float(value)).encode()
        case _:
            raise TypeError(f"option {key}: expected a text or a number, found {value!r}")
    if b"\0" in text:
        raise ValueError(f"option {key}: expected a text without NUL, found {value!r}")
    return text


def _pair(size: tuple[int, int]) -> tuple[int, int]:
    if len(size) != 2:
        raise ValueError(f"size: expected a width and a height, found {size!r}")
    return whole("size", size[0]), whole("size", size[1])


def _destroy(handle: ctypes.c_void_p, process: int) -> None:
    """In the process that made it: after a fork its threads are not there, and would be waited for."""
    if os.getpid() == process:
        LIBRARY.hcd_destroy(ctypes.byref(handle))


class Context:
    """What Down and Up share. One thread at a time, as in C: a call while another is running throws Error E_STATE;
    different contexts are independent. A process that was forked makes its own. After an error a context can still be used, unless its status is E_DEVICE.

    `source`, `result`: the formats of the frames that go in and come out; `stats`: of the frame that came out last,
    None where there was none."""

    _kind = ""  # as the functions of the library name it

    def __init__(self, source: Format, size: tuple[int, int] | None, measure: bool, options: dict[str, object],
                 follow: bytes | None = None):
        self._busy = threading.Lock()
        self._measure = measure
        self._sent: deque[tuple[list[Array], bool]] = deque()  # in flight: planes, and whether in one array
        self._drained = False
        self.stats: Stats | None = None
        from_, to = struct_of(source), FormatStruct()
        if size is not None:
            to.width, to.height = _pair(size)

        params = (ctypes.c_uint64 * (_PARAMS_BYTES // 8))()
        getattr(LIBRARY, f"hcd_{self._kind}_params_init")(params, _PARAMS_BYTES)
        texts = {key: text_of(key, value) for key, value in options.items()}  # the library points into them
        for key, text in texts.items():
            told = Told()
            told.check(getattr(LIBRARY, f"hcd_{self._kind}_params_set")(params, key.encode(), text, *told.room))
        self._handle = ctypes.c_void_p()
        self._process = os.getpid()
        self._finalizer = weakref.finalize(self, _destroy, self._handle, self._process)  # at the program's end, too
        try:
            with self._calling():
                create = getattr(LIBRARY, f"hcd_{self._kind}_create")
                self._check(create(ctypes.byref(self._handle), params, log, None))
                if follow is not None:
                    self._follow(follow, to)
                self._check(LIBRARY.hcd_configure(self._handle, ctypes.byref(from_), ctypes.byref(to)))
        except BaseException:
            self._finalizer()
            raise
        self.source, self.result = format_of(from_), format_of(to)

    def _follow(self, message: bytes, to: FormatStruct) -> None:
        raise NotImplementedError

    # ---- calls ----

    @contextlib.contextmanager
    def _calling(self) -> Iterator[None]:
        """Around calls of the library with this context."""
        if not self._busy.acquire(blocking=False):
            raise Error(Status.E_STATE, "expected one thread at a time, found a call while another one is running")
        try:
            if os.getpid() != self._process:
                raise Error(Status.E_STATE, "expected the process that made the context, found a fork of it")
            if not self._finalizer.alive:
                raise Error(Status.E_STATE, "expected an open context, found one that was closed")
            yield
        finally:
            self._busy.release()

    def _check(self, status: int) -> Status:
        """The status, unless it is an error, which is raised."""
        if status < 0:
            raise Error(Status(status), LIBRARY.hcd_last_error(self._handle).decode(errors="replace"))
        return Status(status)

    def _send(self, frame: Array | Sequence[Array], plain: bool) -> None:
        planes = planes_of(self.source, frame)
        struct = frame_struct(planes, FRAME_PLAIN if plain else 0)
        self._check(LIBRARY.hcd_send_frame(self._handle, ctypes.byref(struct)))
        self._sent.append((planes, isinstance(frame, np.ndarray)))

    def _receive(self) -> Array | tuple[Array, ...] | None:
        if self._check(LIBRARY.hcd_receive_frame(self._handle, None, None)) != Status.OK:
            return None
        planes, stats = new_planes(self.result), StatsStruct()
        struct = frame_struct(planes)
        _, one_array = self._sent.popleft()  # it leaves whatever happens
        self._check(LIBRARY.hcd_receive_frame(self._handle, ctypes.byref(struct),
                                              ctypes.byref(stats) if self._measure else None))
        self.stats = stats_of(stats) if self._measure else None
        return in_one_array(self.result, planes) if one_array else tuple(planes)

    def _reset(self) -> None:
        self._check(LIBRARY.hcd_reset(self._handle))
        self._sent.clear()

    # ---- frames ----

    @overload
    def __call__(self, frame: Array, *, plain: bool = False) -> Array: ...
    @overload
    def __call__(self, frame: Sequence[Array], *, plain: bool = False) -> tuple[Array, ...]: ...

    def __call__(self, frame: Array | Sequence[Array], *, plain: bool = False) -> Array | tuple[Array, ...]:
        """One frame in, the same frame out: by itself, whatever is in flight being an error. One array gives one array,
        a sequence of planes a tuple of planes. `plain`: resized plainly, without a descent. Throws Error, ValueError
        and TypeError."""
        with self._calling():
            if self._sent or self._drained:
                raise Error(Status.E_STATE, "expected no frames that were sent before, found "
                            f"{f'{len(self._sent)} of them' if self._sent else 'a drain'}: receive them, or reset()")
            self._send(frame, plain)
            try:
                self._check(LIBRARY.hcd_send_frame(self._handle, None))
                made = self._receive()
            finally:
                self._reset()
        if made is None:
            raise Error(Status.E_INTERNAL, "expected a frame after the drain, found none")
        return made

    def send(self, frame: Array | Sequence[Array], *, plain: bool = False) -> None:
        """Hands in a frame, so that several can be in flight. It must stay unchanged until it has come out."""
        with self._calling():
            self._send(frame, plain)

    def receive(self) -> Array | tuple[Array, ...] | None:
        """The oldest frame in flight, in the form in which it was sent. None: nothing is ready, send one; or after
        drain(): nothing will come. An error: that frame is lost, the next one can be had."""
        with self._calling():
            return self._receive()

    def drain(self) -> None:
        """No more frames will be sent, until reset()."""
        with self._calling():
            self._check(LIBRARY.hcd_send_frame(self._handle, None))
            self._drained = True

    def reset(self) -> None:
        """Forgets frames in flight, and a drain."""
        with self._calling():
            self._reset()
            self._drained = False

    # ---- the end ----

    def close(self) -> None:
        """Frees everything. A second time does nothing; other calls throw from here on."""
        if self._finalizer.alive:
            with self._calling():
                self._finalizer()
                self._sent.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        state = f"{self.source} -> {self.result}" if self._finalizer.alive else "closed"
        return f"<hcd.{type(self).__name__} {state}>"


class Down(Context):
    """Makes small frames: hcd_down.

    `width`, `height` and what follows up to `siting`: the frames that come, as Format says. `size`: of the small frames,
    (width, height); None: as the option scale says. `measure`: fill in `stats`, which takes two more enlargements.
    `options`: docs/options.md; the library checks them. Throws Error, ValueError and TypeError."""

    _kind = "down"

    def __init__(self, width: int, height: int, *, layout: str = "yuv420", depth: int = 8, shift: int = 0,
                 range: str = "unspecified", matrix: str = "unspecified", siting: str = "unspecified",
                 size: tuple[int, int] | None = None, measure: bool = True, **options: Unpack[DownOptions]):
        super().__init__(Format(width, height, layout, depth, shift, range, matrix, siting), size, measure,
                         dict(options))

    def set(self, **options: Any) -> None:
        """Changes options that may change while frames flow († in docs/options.md), one after the other."""
        with self._calling():
            for key, value in options.items():
                self._check(LIBRARY.hcd_set(self._handle, key.encode(), text_of(key, value)))

    def signal(self) -> bytes | None:
        """The message by which a stream says how it is to be enlarged, as the option signal asks for; None: off."""
        with self._calling():
            struct = SignalStruct()
            if self._check(LIBRARY.hcd_get_signal(self._handle, ctypes.byref(struct))) != Status.OK:
                return None
            return message_of(struct)


class Up(Context):
    """Enlarges frames: hcd_up. Arguments as those of Down.

    `follow`: a message that the stream has brought, which says how to enlarge where the options do not, and the size
    where `size` does not."""

    _kind = "up"

    def __init__(self, width: int, height: int, *, layout: str = "yuv420", depth: int = 8, shift: int = 0,
                 range: str = "unspecified", matrix: str = "unspecified", siting: str = "unspecified",
                 size: tuple[int, int] | None = None, measure: bool = True, follow: bytes | None = None,
                 **options: Unpack[UpOptions]):
        super().__init__(Format(width, height, layout, depth, shift, range, matrix, siting), size, measure,
                         dict(options), follow)

    def _follow(self, message: bytes, to: FormatStruct) -> None:
        struct, status = parse(message)
        if status != Status.OK:
            raise Error(Status.E_FILE, "follow: expected a message of libhcd's, found another one's")
        self._check(LIBRARY.hcd_follow_signal(self._handle, ctypes.byref(struct)))
        if not to.width and not to.height:
            to.width, to.height = struct.full_width, struct.full_height
