# SPDX-License-Identifier: BSD-2-Clause
"""Tags of any name in an MP4 or QuickTime file. FFmpeg writes either the names that every player knows (udta) or names
of its user's choice (mdta), not both: these are put into a box moov/meta of their own, where QuickTime has them, too.
Boxes: ISO/IEC 14496-12; keys: QuickTime File Format Specification, "Metadata"."""

import struct
from collections.abc import Iterator
from pathlib import Path

from hcd.run import Fault

CHUNK_OFFSETS = {b"stco": ">%dI", b"co64": ">%dQ"}
AROUND_OFFSETS = (b"trak", b"mdia", b"minf", b"stbl")


def box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def boxes(data: bytearray, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start of the content and end of each box."""
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1:
            size, head = struct.unpack_from(">Q", data, start + 8)[0], 16
        if size < head or start + size > end:
            raise Fault(f"mp4: expected a box within its parent, found {kind!r} of {size} bytes")
        yield kind, start + head, start + size
        start += size


def shift(moov: bytearray, start: int, end: int, by: int) -> None:
    """The samples lie `by` bytes further on."""
    for kind, first, last in boxes(moov, start, end):
        if kind in AROUND_OFFSETS:
            shift(moov, first, last, by)
        elif kind in CHUNK_OFFSETS:
            layout = CHUNK_OFFSETS[kind] % struct.unpack_from(">I", moov, first + 4)[0]
            offsets = [offset + by for offset in struct.unpack_from(layout, moov, first + 8)]
            if kind == b"stco" and max(offsets, default=0) >= 1 << 32:
                raise Fault("mp4: expected offsets of 32 bits, found larger ones")
            struct.pack_into(layout, moov, first + 8, *offsets)


def key_of(name: str) -> str:
    """Matroska writes names in capitals; Apple's are known in small letters only."""
    if name.upper().startswith("COM.APPLE.QUICKTIME."):
        return name.lower().replace("iso6709", "ISO6709")
    return name


def meta(tags: dict[str, str], quicktime: bool) -> bytes:
    handler = box(b"hdlr", bytes(8), b"mdta", bytes(13))
    keys = [box(b"mdta", key_of(name).encode()) for name in tags]
    values = [box(struct.pack(">I", number), box(b"data", struct.pack(">II", 1, 0), value.encode()))  # 1: UTF-8
              for number, value in enumerate(tags.values(), 1)]
    version = b"" if quicktime else bytes(4)
    return box(b"meta", version, handler, box(b"keys", struct.pack(">II", 0, len(keys)), *keys), box(b"ilst", *values))


def add(source: Path, output: Path, tags: dict[str, str]) -> None:
    """Copies a file that FFmpeg has written, with more tags."""
    added = meta(tags, output.suffix.lower() == ".mov")
    with open(source, "rb") as file, open(output, "wb") as out:
        end, before_data = source.stat().st_size, True
        while file.tell() < end:
            start = file.tell()
            head = file.read(16)
            size, kind = struct.unpack_from(">I4s", head)
            size = struct.unpack_from(">Q", head, 8)[0] if size == 1 else size or end - start
            file.seek(start)
            if kind == b"moov":
                moov = bytearray(file.read(size))
                if before_data:
                    shift(moov, 8, size, len(added))
                struct.pack_into(">I", moov, 0, size + len(added))
                out.write(moov + added)
            else:
                before_data &= kind != b"mdat"
                copy(file, out, size)


def copy(file, out, size: int) -> None:
    while size > 0:
        part = file.read(min(size, 1 << 20))
        if not part:
            raise Fault("mp4: expected a whole file, found one that is cut off")
        out.write(part)
        size -= len(part)
