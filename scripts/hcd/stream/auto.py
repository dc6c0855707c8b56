# SPDX-License-Identifier: BSD-2-Clause
"""scripts/encode --auto: the size and the CRF for a target, by probes; then the whole title, looked at and corrected
once."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hcd.probe import packet_bits, probe
from hcd.progress import say
from hcd.run import Fault
from hcd.stream import target as targets
from hcd.stream import video
from hcd.stream.choice import Choice, Curve, rounded
from hcd.stream.probes import Size
from hcd.stream.rung import Rate, Rung
from hcd.stream.search import Goal, Search, measure_of
from hcd.stream.target import Target

if TYPE_CHECKING:
    from hcd.stream.encoding import Encoding

TUNED = 4300              # bytes of the weights of a title, about
CONTAINER = 600           # bytes of a file beside its streams, and
PER_PACKET = 8            # of each frame, about


class Auto:
    def __init__(self, encoding: "Encoding"):
        self.encoding, self.options = encoding, encoding.options
        self.target: Target = targets.parse(self.options.target)
        self.measure = measure_of(self.options.measure, self.target.measure)
        title, plan = encoding.title, encoding.plan(self.options.file)
        plan.tell("encode", plan.notes)
        self.frames, self.seconds = title.frames(), title.seconds()
        self.others = self.others_bytes() if self.target.kind == "size" else 0
        self.curves: dict[Size, Curve] = {}

    # ---- the choice ----

    def others_bytes(self) -> int:
        """Of a file, beside the video: the streams that come along, weights, the container."""
        plan, options = self.encoding.plan(self.options.file), self.options
        numbers = {stream["index"] for stream in (*(stream for stream, _ in plan.chosen), *plan.covers)}
        packets = probe(self.encoding.source.path, "-show_entries", "packet=size,stream_index")["packets"] if numbers else []
        along = packet_bits([packet for packet in packets if packet["stream_index"] in numbers]) // 8
        weights = TUNED if options.tune else options.weights.stat().st_size if options.weights else 0
        return along + weights + CONTAINER + PER_PACKET * self.frames

    def goal(self) -> Goal:
        if self.target.measure:
            return Goal(self.measure, quality=self.target.value)
        bits = self.target.value * self.seconds
        if self.target.kind == "size":
            bits = 8 * (self.target.value * (1 - targets.ROOM) - self.others)
            if bits <= 0:
                raise Fault(f"--target {self.target}: expected more than the {self.target.text(self.others)} of what comes "
                            f"along with the video, found {self.target.text(self.target.value)}")
        return Goal(self.measure, bits=bits / self.frames)

    def choose(self) -> tuple[dict[Size, Curve], list[Choice]]:
        goal = self.goal()
        search = Search(self.encoding, goal)
        curves = search.run()
        found = search.choices(curves)
        if not found:
            raise self.unreachable(search, goal)
        return curves, found

    def unreachable(self, search: Search, goal: Goal) -> Fault:
        every = [(size, point) for size, points in search.points.items() for point in points]
        over = all(goal.gap(point) < 0 for _, point in every)
        size, point = (max if over else min)(every, key=lambda pair: goal.gap(pair[1]))
        value = point.quality if goal.quality is not None else self.value_of(point.bits * self.frames)
        return Fault(f"--target {self.target}: expected at {'most' if over else 'least'} {self.target.text(value)}, what "
                     f"{size} at CRF {point.crf:g} makes of a sample, found {self.target.text(self.target.value)}")

    def value_of(self, bits: float) -> float:
        """Of the target's kind."""
        return bits / self.seconds if self.target.kind == "bitrate" else bits / 8 + self.others

    def kbps(self, bits: float) -> str:
        """Bits of a frame as a rate."""
        return f"{bits * self.frames / self.seconds / 1000:.0f} kb/s"

    def why(self, found: list[Choice]) -> str:
        """In words, what the probes say of each size."""
        def about(choice: Choice) -> str:
            return self.kbps(choice.bits) if self.target.measure else f"{self.measure.name} " \
                f"{self.measure.text(choice.quality)}"
        best, others = found[0], found[1:]
        lacking = [size for size in self.curves if size not in [choice.size for choice in found]]
        text = f"chose {best.size}: in the probes {self.target} {'takes' if self.target.measure else 'makes'} {about(best)} " \
               f"there (CRF {best.crf:.1f})"
        text += "".join(f", {about(choice)} at {choice.size}" for choice in others)
        return text + "".join(f"; {size} does not reach it" for size in lacking)

    # ---- the whole title ----

    def first(self) -> tuple[list[Choice], Rate]:
        """What the probes choose, the best in front, and the rate of it."""
        self.curves, found = self.choose()
        say(f"encode: {self.options.file.name}: {self.why(found)}")
        crf = rounded(found[0].crf, self.encoding.coder.encoder.step, (1, self.encoding.coder.encoder.highest))
        if self.options.two_pass:
            return found, Rate(None, round(self.goal().bits * self.frames / self.seconds), crf)
        return found, Rate(crf)

    def run(self) -> tuple[dict[Rung, Path], Path | None]:
        """The stream to deliver and its weights."""
        found, rate = self.first()
        best = found[0]
        first = self.made(best.size, rate)
        kept = first
        if abs(self.target.off(first.value)) > 1:
            again = self.corrected(best.size, rate, first.value)
            if again == rate:
                say(f"encode: {self.options.file.name}: {self.target.text(first.value)}, as near as whole CRFs come")
            else:
                say(f"encode: {self.options.file.name}: {rate} makes {self.target.text(first.value)} of the whole title: once "
                    f"more at {again}")
                second = self.made(best.size, again, first)
                kept = min(first, second, key=lambda made: self.target.badness(made.value))
        self.tell(kept, best, found)
        return {kept.rung: kept.coded}, kept.weights

    def made(self, size: Size, rate: Rate, before: "Made | None" = None) -> "Made":
        """Weights are fitted to the title, not to a rate: those of the one before do for this one."""
        encoding = self.encoding
        rung = Rung(size.shape, rate, self.options.file, f"auto.{2 if before else 1}")
        coded, weights = encoding.encode(rung), before.weights if before else None
        if size.shape.model == "lite" and not before:
            weights = encoding.weights([coded])
        if self.target.measure:
            value = encoding.quality(rung, coded, weights, self.measure)
        elif self.target.kind == "bitrate":
            value = encoding.facts(coded).bitrate or encoding.facts(coded).bits / self.seconds
        else:
            whole = encoding.finish(rung, coded, weights)
            beside = video.beside(whole)
            value = float(whole.stat().st_size + (beside.stat().st_size if beside.exists() else 0))
        return Made(rung, coded, weights, value)

    def corrected(self, size: Size, rate: Rate, found: float) -> Rate:
        """The whole title differs from the sample by as much at the next rate as at this one."""
        if rate.crf is None:
            more = self.bits_for(self.target.value) / self.bits_for(found)
            return Rate(None, max(1, round(rate.bitrate * more)), rate.near)
        curve, step = self.curves[size], self.encoding.coder.encoder.step
        if self.target.measure:
            crf = curve.crf_for_quality(curve.quality(rate.crf) + self.target.value - found)
        else:
            crf = curve.crf_for_bits(curve.bits(rate.crf) * self.bits_for(self.target.value) / self.bits_for(found))
        return Rate(rounded(crf, step, (1, self.encoding.coder.encoder.highest)))

    def bits_for(self, value: float) -> float:
        """Of the video, where the target has such a value; of a file, with room below its limit."""
        if self.target.kind == "bitrate":
            return value * self.seconds
        room = 1 - targets.ROOM if value == self.target.value else 1
        return max(1.0, 8 * (value * room - self.others))

    def tell(self, made: "Made", best: Choice, found: list[Choice]) -> None:
        """What came of it, and what full size would have cost."""
        name, off = self.options.file.name, self.target.off(made.value)
        text = f"{self.target.kind} {self.target.text(made.value)}"
        full = next((choice for choice in found if not choice.size.shape.model), None)
        if full and full is not best:
            if self.target.measure:
                more = full.bits / best.bits - 1
                text += f"; full size would have cost about {100 * more:.0f} % more bits"
            else:
                text += f"; full size would have made about {self.measure.name} {self.measure.text(full.quality)} of them, " \
                    f"this about {self.measure.text(best.quality)}"
        elif not best.size.shape.model and len(found) > 1:
            text += f"; no smaller size {'does it with fewer bits' if self.target.measure else 'makes more of them'}"
        say(f"encode: {name}: {text}")
        if abs(off) > 1:
            self.encoding.failed |= self.target.kind == "size" and off > 1
            say(f"encode: warning: {name}: expected {self.target.text(self.target.value)}, found "
                f"{self.target.text(made.value)}, after one correction")


@dataclass(frozen=True)
class Made:
    """A whole title. `value`: of the target's kind."""
    rung: Rung
    coded: Path
    weights: Path | None
    value: float
