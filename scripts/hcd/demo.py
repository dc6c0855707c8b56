# SPDX-License-Identifier: BSD-2-Clause
"""The work of scripts/demo: two chains over the same clip, measured beside each other.

Run with the repository's top as working directory, by the Python of build/venv."""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback of a Python that is still loading

# ruff: noqa: E402
import argparse
import os
import shutil
import tempfile

import numpy
from PIL import Image, ImageDraw, ImageFont

from hcd import bdrate, run
from hcd.pictures import busiest_window
from hcd.probe import packet_bits, probe
from hcd.progress import clear, show
from hcd.run import Fault, Script

PICTURE_CRF = 23  # or the nearest that was asked for
RESULTS = "build/demo"
SMALL = "hcd_down=model=bicubic"  # for the player that everybody has


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
        if self.width < 64 or self.height < 64:
            raise Fault(f"expected a clip of 64x64 or more, found {self.width}x{self.height}")

    def input(self):
        # As it is stored, on one thread: what ffmpeg makes of damage is the same each time.
        return ["-noautorotate", "-threads", "1", "-i", self.path]


class Point:
    """One small stream: a chain at one CRF."""

    def __init__(self, chain, crf, path):
        self.chain, self.crf, self.path = chain, crf, path
        self.bits = 0
        self.psnr = 0.0


def enlarge(clip):
    """The player: the same for both chains."""
    return f"scale={clip.width}:{clip.height}:flags=bicubic"


def encode(clip, point, small):
    """Makes the small stream; `small` is the filter that makes the small frames."""
    ffmpeg(*clip.input(), "-map", "0:V:0", "-frames:v", clip.frames, "-fps_mode", "passthrough", "-vf", small, "-c:v",
           "libx264", "-crf", point.crf, point.path)
    packets = look(point.path, "-show_entries", "stream=width:packet=size")["packets"]
    if len(packets) != clip.frames:
        raise Fault(f"{point.path}: expected {clip.frames} frames, found {len(packets)}")
    point.bits = packet_bits(packets)


def measure(clip, point, scratch):
    """Mean over the frames of the luma PSNR of the enlarged stream against the source."""
    stats = os.path.join(scratch, "psnr.log")
    numbered = "settb=1/25,setpts=N"  # frame n against frame n, whatever the containers say
    graph = (f"[0:v:0]{enlarge(clip)},{numbered}[shown];"
             f"[1:V:0]trim=end_frame={clip.frames},{numbered}[source];"
             f"[shown][source]psnr=stats_file={stats}")
    ffmpeg("-i", point.path, *clip.input(), "-lavfi", graph, "-f", "null", "-")
    with open(stats, encoding="ascii") as file:
        values = [float(word.split(":")[1]) for line in file for word in line.split()
                  if word.startswith(("psnr_y:", "psnr_r:"))]
    os.remove(stats)
    if len(values) != clip.frames:
        raise Fault(f"{point.path}: expected {clip.frames} frames compared, found {len(values)}")
    point.psnr = sum(values) / len(values)


def make_point(clip, chain, crf, small, scratch):
    show(f"{chain}, CRF {crf:g} ...")
    point = Point(chain, crf, os.path.join(scratch, f"{chain}_crf{crf:g}.mkv"))
    encode(clip, point, small)
    measure(clip, point, scratch)
    clear()
    return point


def crf_of_bits(points, bits):
    """The CRF, of steps of 0.1, at which a chain needs about so many bits."""
    logs = [numpy.log(point.bits) for point in reversed(points)]
    crfs = [point.crf for point in reversed(points)]
    return round(float(numpy.interp(numpy.log(bits), logs, crfs)), 1)


def bd_rate(anchor, tested):
    """Difference of rate at equal PSNR in words."""
    found = bdrate.bd_rate(*([(point.bits, point.psnr) for point in points] for points in (anchor, tested)))
    if found.value is None:
        return "none, the curves do not overlap" if found.why == bdrate.NO_OVERLAP else f"none, {found.why}"
    return f"{found.value:+.2f} %"


def table(clip, plain, tested):
    lines = [f"{os.path.basename(clip.path)}, {clip.width}x{clip.height}, {clip.frames} frames: "
             f"made small, libx264, decoded, enlarged with {enlarge(clip)}",
             "", f"{'made small by':13} {'CRF':>3} {'kbit':>9} {'kbit/s':>8} {'PSNR-Y':>8}"]
    seconds = clip.frames / clip.rate
    for point in plain + tested:
        lines.append(f"{point.chain:13} {point.crf:3d} {point.bits / 1000:9.0f} "
                     f"{point.bits / 1000 / seconds:8.1f} {point.psnr:8.3f}")
    lines += ["", f"BD-rate of hcd_down against scale (PSNR-Y, akima): {bd_rate(plain, tested)}"]
    return "\n".join(lines)


def frame(clip, path, number, filters):
    """Frame `number` of a file as R'G'B', [height, width, 3]."""
    pixels = ffmpeg("-noautorotate", "-threads", "1", "-i", path, "-map", "0:V:0", "-vf",
                    f"trim=start_frame={number}:end_frame={number + 1},{filters}",
                    "-pix_fmt", "rgb24", "-f", "rawvideo", "-")
    return numpy.frombuffer(pixels, numpy.uint8).reshape(clip.height, clip.width, 3)


def picture(clip, plain, tested, path):
    """Source and the two points beside each other: the same crop of the middle frame, enlarged by
    nearest neighbour. Returns the caption."""
    number, zoom, bar = clip.frames // 2, 3, 24
    source = frame(clip, clip.path, number, "null")
    shown = [(source, "source")]
    for point in (plain, tested):
        shown.append((frame(clip, point.path, number, enlarge(clip)),
                      f"{point.chain}, CRF {point.crf:g}: {point.bits / 1000:.0f} kbit, "
                      f"{point.psnr:.2f} dB"))
    width, height = min(192, clip.width), min(144, clip.height)
    left, top = busiest_window(source @ (0.299, 0.587, 0.114), width, height)
    sheet = Image.new("RGB", (3 * width * zoom, height * zoom + bar), "white")
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
    tested = [make_point(clip, "hcd_down", crf, SMALL, scratch) for crf in arguments.crf]
    # The same small size, chosen by hcd_down.
    size = look(tested[0].path, "-show_entries", "stream=width,height")["streams"][0]
    small = f"scale={size['width']}:{size['height']}:flags=bicubic"
    plain = [make_point(clip, "scale", crf, small, scratch) for crf in arguments.crf]
    text = table(clip, plain, tested)
    # For the eye, equal bits rather than equal CRF.
    anchor = min(plain, key=lambda point: abs(point.crf - PICTURE_CRF))
    equal = make_point(clip, "hcd_down", crf_of_bits(tested, anchor.bits), SMALL, scratch)
    caption = picture(clip, anchor, equal, os.path.join(scratch, "side_by_side.png"))
    with open(os.path.join(scratch, "table.txt"), "w", encoding="utf-8") as file:
        file.write(f"{text}\n")
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
    parser.add_argument("--crf", type=lambda text: [int(crf) for crf in text.split(",")], default=[18, 23, 28, 33])
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
