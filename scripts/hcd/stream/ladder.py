# SPDX-License-Identifier: BSD-2-Clause
"""scripts/encode --ladder auto:N: rungs on the hull of a title over sizes, in even steps of quality."""

import math
import re
from typing import TYPE_CHECKING

from hcd.progress import clear, say
from hcd.run import Fault
from hcd.stream import target as targets
from hcd.stream.candidates import candidates
from hcd.stream.choice import Curve, at_quality, rounded
from hcd.stream.probes import Probes, Size
from hcd.stream.rung import Rate, Rung, check_output
from hcd.stream.search import measure_of

if TYPE_CHECKING:
    from hcd.stream.encoding import Encoding

MOST = 12
CRFS = (20, 28, 36)  # that are probed at full size, on libx264's scale; fewer at smaller ones:
SMALLER = 2          # at half the size
BEST = 22            # CRF of full size, on that scale, whose quality the best rung has
# The last rung has that of the smallest size at its highest CRF.


def count_of(text: str | None) -> int:
    """N of auto:N; 0 where heights are named, or nothing."""
    match = re.fullmatch(r"auto:(.*)", text or "")
    if match and not (match[1].isdecimal() and 1 <= int(match[1]) <= MOST):
        raise Fault(f"--ladder: expected auto:N with N [1, {MOST}], found '{text}'")
    return int(match[1]) if match else 0


def probed(encoding: "Encoding", sizes: list[Size], probes: Probes) -> dict[Size, Curve]:
    encoder, curves = encoding.coder.encoder, {}
    for size in sizes:
        fewer = SMALLER * math.log2(size.pixels[0] / encoding.frame.width)
        crfs = {rounded(encoder.crf_like_x264(crf + fewer), 1, (1, encoder.highest)) for crf in CRFS}
        curves[size] = Curve([probes.point(size, crf) for crf in sorted(crfs)])
    clear()
    return curves


def rungs(encoding: "Encoding") -> list[Rung]:
    options, encoder = encoding.options, encoding.coder.encoder
    file = options.file
    outputs = [file.with_name(f"{file.stem}.{number}{file.suffix}") for number in range(1, options.rungs + 1)]
    if not options.package:
        for output in outputs:
            check_output(output, options, encoding.source)
    wanted = targets.parse(options.target) if options.target else None
    measure = measure_of(options.measure, wanted.measure if wanted else None)
    sizes = candidates(encoding)
    curves = probed(encoding, sizes, Probes(encoding, measure, len(sizes) * len(CRFS)))
    range_ = (1.0, float(encoder.highest))
    first, last = curves[sizes[0]], curves[sizes[-1]]
    low = last.quality(last.highest)
    high = wanted.value if wanted else max(first.quality(encoder.crf_like_x264(BEST)), low)
    best = max(curve.quality(curve.lowest) for curve in curves.values())
    if wanted and not low <= high <= best:
        raise Fault(f"--target {wanted}: expected a best rung of [{measure.text(low)}, {measure.text(best)}], which the probes "
                    f"cover, found {measure.text(high)}")
    chosen, seen = [], set()
    for number, output in enumerate(outputs):
        quality = high - (high - low) * number / max(1, len(outputs) - 1)
        found = at_quality(curves, quality, range_)
        if not found:
            raise Fault(f"--sizes: expected sizes whose qualities meet, found none for {measure.name} {measure.text(quality)}: "
                        "name more of them")
        crf = rounded(found[0].crf, encoder.step, range_)
        if (found[0].size, crf) in seen:
            say(f"encode: left out: {output.name}: {found[0].size} at CRF {crf:g} is there already")
            continue
        seen.add((found[0].size, crf))
        rate = found[0].bits * float(encoding.title.rate()) / 1000
        say(f"encode: {output.name}: {found[0].size} at CRF {crf:g} for {measure.name} {measure.text(quality)}, about "
            f"{rate:.0f} kb/s")
        chosen.append(Rung(found[0].size.shape, Rate(crf), output, f"rung.{number + 1}"))
    if options.tune and not any(rung.model == "lite" for rung in chosen):
        raise Fault("--tune: expected a rung of half the size, found none on the hull")
    return chosen
