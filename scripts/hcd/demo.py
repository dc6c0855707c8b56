# SPDX-License-Identifier: BSD-2-Clause
"""The work of scripts/demo: how many bits the same picture needs at full size, at the best blind small size, and made
by hcd_down.

Run with the repository's top as working directory, by the Python of build/venv."""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback of a Python that is still loading

# ruff: noqa: E402
import argparse
import os
import shutil
import tempfile
from dataclasses import dataclass, field

import numpy
from PIL import Image, ImageDraw, ImageFont

from hcd import bdrate, run, sizes
from hcd.encoders import ENCODERS
from hcd.pictures import busiest_window
from hcd.probe import packet_bits, probe
from hcd.progress import clear, show
from hcd.run import Fault, Script

RESULTS = "build/demo"
ENCODER = ENCODERS["libx264"]
ROWS = 5  # of the table: qualities
FULL, BLIND, OURS = "full size", "scale", "hcd_down"
SMALL = {  # by who makes them; for the player that everybody has
    "scale, bicubic": (BLIND, "scale={w}:{h}:flags=bicubic"),
    "scale, lanczos": (BLIND, "scale={w}:{h}:flags=lanczos"),
    "hcd_down": (OURS, "hcd_down=model=bicubic:w={w}:h={h}"),
}


def ffmpeg(*arguments):
    """Its standard output."""
    done = run.run("ffmpeg", "-v", "level+error", *arguments)
    if done.code:
        raise Fault(f"ffmpeg: {done.why()}")
    return done.output


def look(path, *words):
    """What ffprobe says about the first video stream of a file."""
    found = probe(path, "-select_streams", "V:0", *words)
    if not found.get("streams"):
        raise Fault(f"expected a clip with a video stream, found none in {path}")
    return found


class Clip:
    """The untouched source: its first frames."""

    def __init__(self, path, limit):
        entries = "stream=width,height,avg_frame_rate,nb_read_frames"
        stream = look(path, "-count_frames", "-read_intervals", f"%+#{limit}", "-show_entries", entries)["streams"][0]
        self.path = path
        self.width, self.height = stream["width"], stream["height"]
        self.frames = min(limit, int(stream.get("nb_read_frames", 0)))
        over, under = (int(part) for part in stream["avg_frame_rate"].split("/"))
        self.rate = over / under if over and under else 25.0
        if self.frames == 0:
            raise Fault(f"expected a clip with frames, found none in {path}")
        # Encoders of 4:2:0 want even sides; at full size, too.
        even = self.width // 2 * 2, self.height // 2 * 2
        self.crop = "null" if even == (self.width, self.height) else f"crop={even[0]}:{even[1]}:0:0"
        self.width, self.height = even
        if self.width < 64 or self.height < 64:
            raise Fault(f"expected a clip of 64x64 or more, found {self.width}x{self.height}")

    def input(self):
        # As it is stored, on one thread: what ffmpeg makes of damage is the same each time.
        return ["-noautorotate", "-threads", "1", "-i", self.path]


@dataclass
class Chain:
    """Who makes the small frames, at which size, and the points of its curve."""
    name: str
    kind: str  # FULL, BLIND or OURS
    size: object
    filters: str
    points: list = field(default_factory=list)

    def curve(self):
        return [(point.bits, point.psnr) for point in self.points]

    def label(self):
        return self.name if self.kind == FULL else f"{self.name} {sizes.name(self.size)}"


class Point:
    """One stream: a chain at one CRF."""

    def __init__(self, chain, crf, path):
        self.chain, self.crf, self.path = chain, crf, path
        self.bits = 0
        self.psnr = 0.0


def enlarge(clip):
    """The player: the same for all chains."""
    return f"scale={clip.width}:{clip.height}:flags=bicubic"


def encode(clip, point):
    """Makes a stream."""
    ffmpeg(*clip.input(), "-map", "0:V:0", "-frames:v", clip.frames, "-fps_mode", "passthrough", "-vf",
           f"{clip.crop},{point.chain.filters}", "-c:v", ENCODER.name, "-crf", f"{point.crf:g}", point.path)
    packets = look(point.path, "-show_entries", "stream=width:packet=size")["packets"]
    if len(packets) != clip.frames:
        raise Fault(f"{point.path}: expected {clip.frames} frames, found {len(packets)}")
    point.bits = packet_bits(packets)


def measure(clip, point, scratch):
    """Mean over the frames of the luma PSNR of the enlarged stream against the source."""
    stats = os.path.join(scratch, "psnr.log")
    numbered = "settb=1/25,setpts=N"  # frame n against frame n, whatever the containers say
    graph = (f"[0:v:0]{enlarge(clip)},{numbered}[shown];"
             f"[1:V:0]trim=end_frame={clip.frames},{clip.crop},{numbered}[source];"
             f"[shown][source]psnr=stats_file={stats}")
    ffmpeg("-i", point.path, *clip.input(), "-lavfi", graph, "-f", "null", "-")
    with open(stats, encoding="ascii") as file:
        values = [float(word.split(":")[1]) for line in file for word in line.split()
                  if word.startswith(("psnr_y:", "psnr_r:"))]
    os.remove(stats)
    if len(values) != clip.frames:
        raise Fault(f"{point.path}: expected {clip.frames} frames compared, found {len(values)}")
    point.psnr = sum(values) / len(values)


def make_point(clip, chain, crf, scratch):
    if made := next((point for point in chain.points if point.crf == crf), None):
        return made
    show(f"{chain.label()}, CRF {crf:g} ...")
    name = f"{chain.label()}_crf{crf:g}.mkv".replace(", ", "_").replace(" ", "_").replace("/", "of")
    point = Point(chain, crf, os.path.join(scratch, name))
    encode(clip, point)
    measure(clip, point, scratch)
    clear()
    return point


def chains_of(clip):
    """Full size, and each way at each small size."""
    found = [Chain(FULL, FULL, sizes.FULL, "null")]
    for size in sizes.parse("sizes", sizes.DEFAULT)[1:]:
        width, height = sizes.pixels(clip.width, clip.height, size)
        found += [Chain(name, kind, size, filters.format(w=width, h=height))
                  for name, (kind, filters) in SMALL.items()]
    return found


def crf_of_bits(points, bits):
    """The CRF, of steps of 0.1, at which a chain needs about so many bits."""
    points = sorted(points, key=lambda point: point.bits)
    crfs = [point.crf for point in points]
    return round(float(numpy.interp(numpy.log(bits), numpy.log([point.bits for point in points]), crfs)), 1)


def best(chains, kind, quality):
    """The chain of a kind that needs the fewest bits for a quality, and the bits; None where none reaches it."""
    own = [chain for chain in chains if chain.kind == kind]
    logs, which = bdrate.lower_envelope([chain.curve() for chain in own], numpy.array([quality]))
    return (own[which[0]], float(numpy.exp(logs[0]))) if numpy.isfinite(logs[0]) else None


def saved(chains, kinds, within):
    """What the best size at each quality saves against full size alone, in words."""
    full = chains[0].curve()
    found = bdrate.bd_hull(full, [chain.curve() for chain in chains[1:] if chain.kind in kinds], within)
    return f"none, {found.why}" if found.value is None else f"{found.value:+.1f} %"


def table(clip, chains, within):
    """The same picture: bits at full size, at the best blind small size, and made by hcd_down."""
    seconds = clip.frames / clip.rate

    def cell(found):
        return "-" if found is None else f"{found[1] / 1000 / seconds:.1f}" + (
            "" if found[0].kind == FULL else f" ({sizes.name(found[0].size)})")

    lines = [f"{os.path.basename(clip.path)}, {clip.width}x{clip.height}, {clip.frames} frames, {ENCODER.name}, enlarged "
             f"with {enlarge(clip)}; kbit/s for the same picture:", "",
             f"{'PSNR-Y':>8} {'full size':>14} {'best blind':>16} {'hcd_down':>16}"]
    for quality in reversed(numpy.linspace(*within, ROWS)) if within else ():
        lines.append(f"{quality:8.2f} {cell(best(chains, FULL, quality)):>14} {cell(best(chains, BLIND, quality)):>16} "
                     f"{cell(best(chains, OURS, quality)):>16}")
    return "\n".join([*lines, "", "The best size at each quality against full size alone, bits at equal PSNR-Y:",
                      f"  blind {saved(chains, [BLIND], within)}; with hcd_down {saved(chains, [BLIND, OURS], within)}"])


def all_points(clip, chains):
    seconds = clip.frames / clip.rate
    lines = [f"{'chain':20} {'CRF':>4} {'kbit':>9} {'kbit/s':>8} {'PSNR-Y':>8}"]
    lines += [f"{chain.label():20} {point.crf:4g} {point.bits / 1000:9.0f} {point.bits / 1000 / seconds:8.1f} "
              f"{point.psnr:8.3f}" for chain in chains for point in chain.points]
    return "\n".join(lines)


def frame(clip, path, number, filters):
    """Frame `number` of a file as R'G'B', [height, width, 3]."""
    pixels = ffmpeg("-noautorotate", "-threads", "1", "-i", path, "-map", "0:V:0", "-vf",
                    f"trim=start_frame={number}:end_frame={number + 1},{filters}",
                    "-pix_fmt", "rgb24", "-f", "rawvideo", "-")
    return numpy.frombuffer(pixels, numpy.uint8).reshape(clip.height, clip.width, 3)


def picture(clip, points, path):
    """The source and the points beside each other: the same crop of the middle frame, enlarged by
    nearest neighbour. Returns the caption."""
    number, zoom, bar = clip.frames // 2, 3, 24
    source = frame(clip, clip.path, number, clip.crop)
    shown = [(source, "source")]
    for point in points:
        shown.append((frame(clip, point.path, number, enlarge(clip)),
                      f"{point.chain.label()}, CRF {point.crf:g}: {point.bits / 1000:.0f} kbit, {point.psnr:.2f} dB"))
    width, height = min(192, clip.width), min(144, clip.height)
    left, top = busiest_window(source @ (0.299, 0.587, 0.114), width, height)
    sheet = Image.new("RGB", (len(shown) * width * zoom, height * zoom + bar), "white")
    for column, (pixels, text) in enumerate(shown):
        crop = Image.fromarray(pixels[top:top + height, left:left + width])
        sheet.paste(crop.resize((width * zoom, height * zoom), Image.Resampling.NEAREST),
                    (column * width * zoom, bar))
        ImageDraw.Draw(sheet).text((column * width * zoom + 8, 4), text, "black",
                                   ImageFont.load_default(15))
    sheet.save(path, "PNG")
    return (f"{' | '.join(text for _, text in shown)}; frame {number}, "
            f"{width}x{height} at {left},{top}, x{zoom}")


def work(arguments, scratch):
    clip = Clip(arguments.clip, arguments.frames)
    chains = chains_of(clip)
    for chain in chains:
        for crf in arguments.crf or sizes.crfs(ENCODER, chain.size):
            chain.points.append(make_point(clip, chain, crf, scratch))
    within = bdrate.common_range(chains[0].curve(), [chain.curve() for chain in chains if chain.kind == BLIND
                                                     and chain.size == sizes.HALF])
    text = table(clip, chains, within)
    # For the eye, equal bits rather than equal quality: those of hcd_down in the middle of the range.
    caption = "none, no common quality"
    if within:
        middle = sum(within) / 2
        chosen = [found[0] for kind in (FULL, BLIND, OURS) if (found := best(chains, kind, middle))]
        bits = best(chains, chosen[-1].kind, middle)[1]
        points = [make_point(clip, chain, crf_of_bits(chain.points, bits), scratch) for chain in chosen]
        caption = picture(clip, points, os.path.join(scratch, "side_by_side.png"))
    with open(os.path.join(scratch, "table.txt"), "w", encoding="utf-8") as file:
        file.write(f"{text}\n\n{all_points(clip, chains)}\n")
    print(text)
    return caption


def keep(scratch):
    """Puts the finished results where the last ones were."""
    old = scratch + ".old"
    if os.path.exists(RESULTS):
        os.rename(RESULTS, old)
    os.rename(scratch, RESULTS)
    shutil.rmtree(old, ignore_errors=True)


def run_all(script):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=240)
    parser.add_argument("--crf", type=lambda text: [int(crf) for crf in text.split(",")])
    parser.add_argument("clip")
    arguments = parser.parse_args()
    script.where = RESULTS
    scratch = tempfile.mkdtemp(prefix="demo.part.", dir="build")
    try:
        os.chmod(scratch, 0o755)
        caption = work(arguments, scratch)
        keep(scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"picture: {RESULTS}/side_by_side.png ({caption})")
    return 0


if __name__ == "__main__":
    Script("demo", "interrupted, nothing was kept").run(run_all)
