# SPDX-License-Identifier: BSD-2-Clause
"""--auto on a farm: the probes see a few seconds of a title, its chunks show what it takes. Where that is off the target, all
chunks are made once more at a corrected rate, as scripts/encode does."""

from dataclasses import asdict, replace

from hcd.farm import chunk
from hcd.farm import rungs as found_rungs
from hcd.farm.job import Record
from hcd.farm.rungs import Rungs
from hcd.farm.source import Planned
from hcd.progress import say
from hcd.stream.auto import Auto
from hcd.stream.choice import Curve, Point
from hcd.stream.probes import Size
from hcd.stream.rung import Rung
from hcd.stream.target import Target

FIRST, SECOND = "auto.1", "auto.2"  # names of rungs


def search_of(planned: Planned, found: Rungs | None = None) -> Auto:
    """Of the whole title, whose length is known here."""
    search = Auto(planned.encoding(found))
    search.frames, search.seconds = planned.plan.frames, planned.plan.seconds or search.seconds
    return search


def probed(planned: Planned) -> Rungs:
    """The choice of the probes, and what a correction needs of it."""
    search = search_of(planned)
    found, rate = search.first()
    best, encoding = found[0], search.encoding
    rung = Rung(best.size.shape, rate, planned.options.file, FIRST)
    encoding.prepare([rung])
    about = {"label": best.size.label, "pixels": best.size.pixels, "points": [asdict(point) for point in
                                                                            search.curves[best.size].points]}
    return Rungs([rung], [encoding.formats[rung.shape]], search.measure.name, about)


def value_of(target: Target, search: Auto, rung: Rung, records: list[Record]) -> float | None:
    """Of the target's kind, from the chunks; None: their frames were not measured as the viewer sees them."""
    if target.measure:
        return chunk.mean(records, rung, target.kind)
    size = sum(record.found[rung.name]["video"] for record in records)
    return 8 * size / search.seconds if target.kind == "bitrate" else size + search.others


def settle(planned: Planned, found: Rungs, records: list[Record]) -> str:
    """What is wrong with the chunks, so that they are to be made again at the rate that stands in rungs.json from now on;
    "": nothing."""
    if not planned.options.auto:
        return ""
    search = search_of(planned, found)
    target, rung = search.target, found.rungs[0]
    value = value_of(target, search, rung, records)
    if value is None or abs(target.off(value)) <= 1:
        return ""
    if rung.name == SECOND:
        say(f"farm: warning: {planned.plan.name}: expected {target.text(target.value)}, found {target.text(value)}, after one "
            "correction")
        return ""
    size = Size(found.auto["label"], rung.shape, tuple(found.auto["pixels"]))
    search.curves = {size: Curve([Point(**point) for point in found.auto["points"]])}
    rate = search.corrected(size, rung.rate, value)
    if rate == rung.rate:
        say(f"farm: {planned.plan.name}: {target.text(value)}, as near as whole CRFs come")
        return ""
    found_rungs.write(planned.job, planned.number, replace(found, rungs=[replace(rung, rate=rate, name=SECOND)]))
    return f"{rung.rate} makes {target.text(value)} of the whole title, expected {target.text(target.value)}: once more at {rate}"
