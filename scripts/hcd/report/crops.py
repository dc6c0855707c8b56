# SPDX-License-Identifier: BSD-2-Clause
"""Crops of one frame, chains side by side at about equal bits: where no point of the curve is near, one is made."""

import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy
from PIL import Image

from hcd import bdrate
from hcd.files import hash_file
from hcd.pictures import busiest_window
from hcd.pool import in_parallel
from hcd.progress import Progress, clear
from hcd.report import tools
from hcd.report.cells import Cell, Work
from hcd.report.chains import Chain
from hcd.report.failure import CellError
from hcd.report.group import Group
from hcd.report.hull import viewer_of, viewers
from hcd.report.source import Clip

NEAR = 0.03       # of the target's bits
TRIES = 4         # encodes to come near
WIDTH, HEIGHT = 256, 192  # pixels
FEW = 4           # chains that are shown without a choice
PAGE_BYTES = 6e6  # for all crops of a page


@dataclass
class Crop:
    """One picture of the viewer, or why there is none. Bits of the whole stream."""
    chain: str
    note: str
    bits: int
    png: bytes | None


@dataclass
class Sheet:
    """Crops beside each other."""
    clip: str
    encoder: str
    target: int  # bits
    where: str
    crops: list[Crop]


def window(clip: Clip) -> tuple[int, int, int, int]:
    """Left, top, width, height of the part with most fine detail in the source's middle frame."""
    width, height = min(WIDTH, clip.width), min(HEIGHT, clip.height)
    left, top = busiest_window(clip.planes(clip.raw(), clip.frames // 2)[0], width, height, 2)
    return left, top, width, height


def picture(clip: Clip, source: list[str], filters: str, place: tuple[int, int, int, int]) -> bytes:
    """A crop of the middle frame as PNG."""
    left, top, width, height = place
    number = clip.frames // 2
    graph = (f"{filters},trim=start_frame={number}:end_frame={number + 1},crop={width}:{height}:{left}:{top},"
             "scale=flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp,format=rgb24")
    pixels = tools.ffmpeg("crop", *source, "-map", "0:v:0", "-vf", graph, "-fps_mode", "passthrough", "-f", "rawvideo",
                          "-").output
    return png(Image.frombytes("RGB", (width, height), pixels))


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def crf_for(points: list[tuple[float, int]], bits: float, step: float, highest: int) -> float:
    """The CRF at which a chain needs about so many bits, by straight lines through (CRF, log bits)."""
    points = sorted(points)
    at = math.log(bits)
    logs = [(crf, math.log(found)) for crf, found in points]
    # The two points around the target; at the ends the nearest two, extended.
    upper = next((k for k in range(1, len(logs)) if logs[k][1] <= at), len(logs) - 1)
    (crf_a, log_a), (crf_b, log_b) = logs[upper - 1], logs[upper]
    crf = crf_a if log_a == log_b else crf_a + (at - log_a) / (log_b - log_a) * (crf_b - crf_a)
    return min(max(round(round(crf / step) * step, 1), 1.0), float(highest))


def near(work: Work, clip: Clip, chain: Chain, cells: list[Cell], target: int) -> tuple[float, int]:
    """CRF and bits of the stream nearest to the target; new ones are made until one is near enough."""
    encoder, extra = cells[0].encoder, cells[0].weight_bits
    points = [(cell.crf, cell.bits) for cell in cells]
    for _ in range(TRIES):
        best = min(points, key=lambda point: abs(point[1] / target - 1))
        if abs(best[1] / target - 1) <= NEAR:
            break
        crf = crf_for(points, target, encoder.step, encoder.highest)
        if any(crf == tried for tried, _ in points):
            break
        points.append((crf, work.stream(clip, chain, encoder, crf).bits + extra))
    return min(points, key=lambda point: abs(point[1] / target - 1))


def crop_of(work: Work, clip: Clip, chain: Chain, cells: list[Cell], target: int,
            place: tuple[int, int, int, int]) -> Crop:
    cells = [cell for cell in cells if not cell.error]
    if len(cells) < 2:
        return Crop(chain.name, "not measured", 0, None)
    try:
        crf, bits = near(work, clip, chain, cells, target)
        off = f"{100 * (bits / target - 1):+.1f} %"
        if abs(bits / target - 1) > NEAR:
            return Crop(chain.name, f"no point within 3 % (CRF {crf:g}: {off})", bits, None)
        encoder = cells[0].encoder
        stream = work.stream(clip, chain, encoder, crf)
        weights = work.weights(clip, chain, encoder)
        up = clip.fill(chain.up, chain.size, weights)

        def make(key: str):
            file = work.cache.scratch / f"{key}.png"
            file.write_bytes(picture(clip, ["-threads", "1", "-i", str(stream.path)], up, place))
            return {}, file

        content = [hash_file(Path(weights))] if weights else []
        parts = ["crop", stream.key, clip.fill(chain.up, chain.size), content, tools.identity(up), place]
        key, _ = work.cache.get(parts, make, ".png")
        return Crop(chain.name, f"CRF {crf:g}, {off}", bits, work.cache.file(key, ".png").read_bytes())
    except CellError as error:
        return Crop(chain.name, str(error), 0, None)


def targets_of(own: Group) -> list[int]:
    """Bits at which the chains are shown: those of the first small chain, at a good and at a low quality."""
    small = [chain for chain in own.chains if not chain.full_size] or own.chains
    for chain in sorted(small, key=lambda chain: not chain.blind):
        bits = sorted({cell.bits for cell in own.cells[chain.name] if not cell.error}, reverse=True)
        if len(bits) > 1:
            return [bits[min(1, len(bits) - 2)], bits[max(-2, 1 - len(bits))]]
    return []


def quality_at(curve: bdrate.Curve, target: int) -> float:
    """By straight lines over log bits; minus infinity where the curve does not reach there."""
    points = bdrate.cheapest(curve)
    if not points or not points[0][0] * (1 - NEAR) <= target <= points[-1][0] * (1 + NEAR):
        return -math.inf
    logs, qualities = [math.log(bits) for bits, _ in points], [quality for _, quality in points]
    return float(numpy.interp(math.log(target), logs, qualities))


def shown(own: Group, target: int) -> list[Chain]:
    """Full size, and of each viewer's chains the best blind one and the best one at so many bits; all where there are
    few, or no viewers."""
    if len(own.chains) <= FEW or not viewers(own):
        return own.chains
    measures = own.measured()
    judge = next((measure for measure in measures if measure.name == "vmaf_neg"), measures[0])
    chosen = [chain for chain in own.chains if chain.full_size]
    for viewer in viewers(own):
        mine = [chain for chain in viewer.chains() if viewer_of(chain) == viewer.name] or viewer.chains()
        for some in ([chain for chain in mine if chain.blind], mine):
            if some:
                chosen.append(max(some, key=lambda chain: quality_at(own.curve(chain, judge), target)))
    return [chain for chain in own.chains if chain in chosen]


def shrink(sheets: list[Sheet]) -> None:
    """Cuts the crops to their middle where all together would make the page too large."""
    total = sum(len(crop.png) for sheet in sheets for crop in sheet.crops if crop.png)
    if total <= PAGE_BYTES:
        return
    share = math.sqrt(PAGE_BYTES / total)
    for sheet in sheets:
        for crop in sheet.crops:
            if crop.png:
                image = Image.open(io.BytesIO(crop.png))
                width, height = (int(side * share) for side in image.size)
                left, top = (image.width - width) // 2, (image.height - height) // 2
                crop.png = png(image.crop((left, top, left + width, top + height)))


def make_sheets(work: Work, groups: list[Group], jobs: int) -> list[Sheet]:
    sheets = []
    wanted = [(own, {target: shown(own, target) for target in targets_of(own)}) for own in groups]
    progress = Progress("report", sum(len(chains) for _, own in wanted for chains in own.values()))
    for own, targets in wanted:
        if not targets:
            continue
        clip = own.cells[own.chains[0].name][0].clip
        place = window(clip)
        source = picture(clip, clip.input(), clip.first_filters(), place)
        left, top, width, height = place
        for target, chains in targets.items():
            def one(chain: Chain, target: int = target) -> Crop:
                return crop_of(work, clip, chain, own.cells[chain.name], target, place)

            made = {}

            def done(chain: Chain, crop: Crop, made: dict = made) -> None:
                made[chain] = crop
                progress.step(f"crops, {own.clip}, {own.encoder}, {crop.chain}")

            in_parallel(one, chains, jobs, done)
            crops = [Crop("source", "", 0, source), *(made[chain] for chain in chains)]
            sheets.append(Sheet(own.clip, own.encoder, target,
                                f"frame {clip.frames // 2}, {width}x{height} at {left},{top}", crops))
        clip.forget()
    clear()
    shrink(sheets)
    return sheets
