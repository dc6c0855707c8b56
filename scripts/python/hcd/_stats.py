# SPDX-License-Identifier: BSD-2-Clause
"""What was done to a frame."""

from dataclasses import dataclass

from ._header import StatsStruct


@dataclass(frozen=True)
class ClientStats:
    """What one client shows of a frame, before coding: PSNR of luma (RGB: of all planes) in dB."""
    name: str
    psnr_plain: float
    psnr: float


@dataclass(frozen=True)
class Stats:
    """What was done to a frame: hcd_stats. PSNR in dB, of what the client shows against the source, before coding:
    infinity where they are equal, not a number where nobody measured (Up, measure=False, plain frames)."""
    psnr_plain: float  # of the plain small frame, enlarged
    psnr: float        # of this one
    steps: int         # of the descent
    time_ms: float     # wall time
    move_rms: float    # from the plain frame, in 8-bit code values
    kept_plain: bool   # clipping left no gain, and the plain small frame was sent
    clients: tuple[ClientStats, ...]


def stats_of(struct: StatsStruct) -> Stats:
    """Copied, since names live only as long as the context."""
    clients = tuple(ClientStats(each.name.decode(), each.psnr_plain, each.psnr)
                    for each in struct.client[:struct.n_clients])
    return Stats(struct.psnr_plain, struct.psnr, struct.steps, struct.time_ms, struct.move_rms,
                 bool(struct.kept_plain), clients)
