"""The work of scripts/demo: two chains over the same clip, measured beside each other.

Run with the repository's top as working directory, by the Python of build/venv."""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback of a Python that is still loading

# ruff: noqa: E402
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

import bjontegaard
import numpy
from PIL import Image, ImageDraw, ImageFont

from hcd_common import described, end_now, ended, on_stop, reason

PICTURE_CRF = 23  # or the nearest that was asked for
RESULTS = "build/demo"
SMALL = "hcd_down=model=bicubic"  # for the player that everybody has


class Failure(Exception):
    """Something a user can understand: one line."""


def run(program, *arguments):
    """Runs build/bin/<program>; returns its standard output."""
    command = [f"build/bin/{program}", "-v", "level+error", *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        text = reason(done.stderr.decode(errors="replace"))
        raise Failure(f"{program}: {text or ended(done.returncode)}")
    return done.stdout


def probe(path, *arguments):
    """What ffprobe says about the first video stream of a file."""
    answer = json.loads(run("ffprobe", "-select_streams", "V:0", "-of", "json", *arguments, path))
    if not answer.get("streams"):
        raise Failure(f"expected a clip with a video stream, found none in {path}")
    return answer


class Clip:
    """The untouched source: its first frames."""

    def __init__(self, path, limit):
        entries = "stream=width,height,avg_frame_rate,nb_read_frames"
        stream = probe(path, "-count_frames", "-read_intervals", f"%+#{limit}",
                       "-show_entries", entries)["streams"][0]
        self.path = path
        self.width, self.height = stream["width"], stream["height"]
        self.frames = min(limit, int(stream.get("nb_read_frames", 0)))
        over, under = (int(part) for part in stream["avg_frame_rate"].split("/"))
        self.rate = over / under if over and under else 25.0
        if self.frames == 0:
            raise Failure(f"expected a clip with frames, found none in {path}")
        if self.width < 64 or self.height < 64:
            raise Failure(f"expected a clip of 64x64 or more, found {self.width}x{self.height}")

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
    run("ffmpeg", *clip.input(), "-map", "0:V:0", "-frames:v", str(clip.frames),
        "-fps_mode", "passthrough", "-vf", small, "-c:v", "libx264", "-crf", str(point.crf),
        point.path)
    sizes = [int(packet["size"])
             for packet in probe(point.path, "-show_entries", "stream=width:packet=size")["packets"]]
    if len(sizes) != clip.frames:
        raise Failure(f"{point.path}: expected {clip.frames} frames, found {len(sizes)}")
    point.bits = 8 * sum(sizes)


def measure(clip, point, scratch):
    """Mean over the frames of the luma PSNR of the enlarged stream against the source."""
    stats = os.path.join(scratch, "psnr.log")
    numbered = "settb=1/25,setpts=N"  # frame n against frame n, whatever the containers say
    graph = (f"[0:v:0]{enlarge(clip)},{numbered}[shown];"
             f"[1:V:0]trim=end_frame={clip.frames},{numbered}[source];"
             f"[shown][source]psnr=stats_file={stats}")
    run("ffmpeg", "-i", point.path, *clip.input(), "-lavfi", graph, "-f", "null", "-")
    with open(stats, encoding="ascii") as file:
        values = [float(word.split(":")[1]) for line in file for word in line.split()
                  if word.startswith(("psnr_y:", "psnr_r:"))]
    os.remove(stats)
    if len(values) != clip.frames:
        raise Failure(f"{point.path}: expected {clip.frames} frames compared, found {len(values)}")
    point.psnr = sum(values) / len(values)


def make_point(clip, chain, crf, small, scratch):
    if sys.stderr.isatty():
        print(f"\r{chain}, CRF {crf:g} ...   ", end="", file=sys.stderr, flush=True)
    point = Point(chain, crf, os.path.join(scratch, f"{chain}_crf{crf:g}.mkv"))
    encode(clip, point, small)
    measure(clip, point, scratch)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    return point


def crf_of_bits(points, bits):
    """The CRF, of steps of 0.1, at which a chain needs about so many bits."""
    logs = [numpy.log(point.bits) for point in reversed(points)]
    crfs = [point.crf for point in reversed(points)]
    return round(float(numpy.interp(numpy.log(bits), logs, crfs)), 1)


def bd_rate(anchor, tested):
    """Difference of rate at equal PSNR in per cent, or None where the curves do not overlap."""
    try:
        return bjontegaard.bd_rate([p.bits for p in anchor], [p.psnr for p in anchor],
                                   [p.bits for p in tested], [p.psnr for p in tested],
                                   method="akima", min_overlap=0)
    except (AssertionError, ValueError):
        return None


def table(clip, plain, tested):
    lines = [f"{os.path.basename(clip.path)}, {clip.width}x{clip.height}, {clip.frames} frames: "
             f"made small, libx264, decoded, enlarged with {enlarge(clip)}",
             "", f"{'made small by':13} {'CRF':>3} {'kbit':>9} {'kbit/s':>8} {'PSNR-Y':>8}"]
    seconds = clip.frames / clip.rate
    for point in plain + tested:
        lines.append(f"{point.chain:13} {point.crf:3d} {point.bits / 1000:9.0f} "
                     f"{point.bits / 1000 / seconds:8.1f} {point.psnr:8.3f}")
    rate = bd_rate(plain, tested)
    lines += ["", "BD-rate of hcd_down against scale (PSNR-Y, akima): " +
              ("none, the curves do not overlap" if rate is None else f"{rate:+.2f} %")]
    return "\n".join(lines)


def frame(clip, path, number, filters):
    """Frame `number` of a file as R'G'B', [height, width, 3]."""
    pixels = run("ffmpeg", "-noautorotate", "-threads", "1", "-i", path, "-map", "0:V:0", "-vf",
                 f"trim=start_frame={number}:end_frame={number + 1},{filters}",
                 "-pix_fmt", "rgb24", "-f", "rawvideo", "-")
    return numpy.frombuffer(pixels, numpy.uint8).reshape(clip.height, clip.width, 3)


def busiest_window(picture, width, height):
    """Left and top of the window with most fine detail, in the source alone."""
    luma = picture.astype(numpy.float64) @ (0.299, 0.587, 0.114)
    detail = numpy.zeros_like(luma)
    detail[1:-1, 1:-1] = numpy.abs(4 * luma[1:-1, 1:-1] - luma[:-2, 1:-1] - luma[2:, 1:-1]
                                   - luma[1:-1, :-2] - luma[1:-1, 2:])
    total = numpy.pad(detail.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    sums = (total[height:, width:] - total[:-height, width:]
            - total[height:, :-width] + total[:-height, :-width])
    top, left = numpy.unravel_index(sums.argmax(), sums.shape)
    return int(left), int(top)


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
    left, top = busiest_window(source, width, height)
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
    size = probe(tested[0].path, "-show_entries", "stream=width,height")["streams"][0]
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=240)
    parser.add_argument("--crf", type=lambda text: [int(crf) for crf in text.split(",")], default=[18, 23, 28, 33])
    parser.add_argument("clip")
    arguments = parser.parse_args()
    code, text, scratch = 1, "", None
    try:
        on_stop(KeyboardInterrupt)
        scratch = tempfile.mkdtemp(prefix="demo.part.", dir="build")
        os.chmod(scratch, 0o755)
        caption = work(arguments, scratch)
        keep(scratch)
        print(f"picture: {RESULTS}/side_by_side.png ({caption})")
        code = 0
    except Failure as failure:
        text = str(failure)
    except OSError as failure:
        text = described(failure, RESULTS)
    except KeyboardInterrupt:
        code, text = 130, "interrupted, nothing was kept"
    finally:
        if scratch:
            shutil.rmtree(scratch, ignore_errors=True)
    if text:
        print(f"demo: {text}", file=sys.stderr)
    end_now(code)


if __name__ == "__main__":
    main()
