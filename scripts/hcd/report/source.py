# SPDX-License-Identifier: BSD-2-Clause
"""The untouched source: its first frames, cut so that half of it has its shape to the pixel."""

import re
import threading
from fractions import Fraction
from pathlib import Path

import numpy

from hcd import sizes
from hcd.ffmpeg_log import reason
from hcd.files import hash_file
from hcd.measuring import measured_format, plain
from hcd.probe import probe
from hcd.report import tools
from hcd.report.cache import Cache
from hcd.report.failure import CellError
from hcd.run import Fault

# As scripts/encode reads a source: damage looks the same each time, and where frames change in mid-stream the first
# filter, a scale, makes them like the first.
READING = ["-noautorotate", "-threads", "1", "-reinit_filter", "0", "-max_error_rate", "1"]
# The source is cropped to multiples of this: half of it is even, as encoders of 4:2:0 want it. Other sizes round up.
GRID = 4
LAYOUTS = {"420": (1, 1), "422": (1, 0), "444": (0, 0)}  # log2 of the subsampling, horizontal and vertical
SITINGS = {"left": (0, 128), "center": (128, 128), "topleft": (0, 0)}  # in 1/256 of a luma pixel
SMALLEST = 64  # pixels


class Clip:
    """One clip. `limit`: at most so many frames, or None."""

    def __init__(self, path: Path, limit: int | None, cache: Cache, say):
        self.path, self.name, self.cache = path, path.stem, cache
        self.content = hash_file(path)
        _, about = cache.get(["probe", self.content, limit, tools.coder_id()], lambda _: (self.probe(limit), None))
        self.frames: int = about["frames"]
        self.rate = Fraction(about["rate"])
        self.stored_format: str = about["pixel_format"]
        self.pixel_format = measured_format(self.stored_format)
        self.siting: str = about["siting"]
        if about["damage"]:
            say(f"{self.name}: damaged, decoded as ffmpeg decodes it ({about['damage']})")
        width, height = about["width"], about["height"]
        self.stored = f"scale={width}:{height}"
        self.width, self.height = width - width % GRID, height - height % GRID
        if min(self.width, self.height) < SMALLEST:
            raise Fault(f"{self.name}: expected {SMALLEST}x{SMALLEST} pixels or more, found {width}x{height}")
        self.crop = "" if (width, height) == (self.width, self.height) else f"crop={self.width}:{self.height}:0:0,"
        if self.crop:
            say(f"{self.name}: {width}x{height} is cropped to {self.width}x{self.height}, multiples of {GRID}")
        if limit and self.frames < limit:
            say(f"{self.name}: {self.frames} frames, fewer than {limit}")
        # Full range has names of its own in ffmpeg; the samples are not converted.
        self.frame_format = self.stored_format if self.pixel_format == plain(self.stored_format) else self.pixel_format
        if self.frame_format != self.stored_format:
            say(f"{self.name}: {self.stored_format} is measured as {self.pixel_format}")
        self.parts = [self.content, self.frames, self.width, self.height, str(self.rate), self.pixel_format]
        self.raw_lock = threading.Lock()
        self.raw_file = cache.scratch / f"{self.content[:16]}.source.yuv"

    def probe(self, limit: int | None) -> dict:
        """What is stored with the clip's hash; its frames are counted by decoding them."""
        entries = "stream=width,height,pix_fmt,avg_frame_rate,r_frame_rate,chroma_location"
        streams = probe(self.path, "-select_streams", "V:0", "-show_entries", entries)["streams"]
        if not streams:
            raise Fault(f"{self.path}: expected a video stream, found none")
        stream = streams[0]
        rate = next((text for text in (stream["avg_frame_rate"], stream["r_frame_rate"])
                     if re.fullmatch(r"[1-9]\d*/[1-9]\d*", text)), "25/1")
        trim = f"trim=end_frame={limit}" if limit else "null"
        try:
            done = tools.ffmpeg("source", *READING, "-r", rate, "-i", self.path, "-map", "0:V:0", "-vf",
                                f"scale,{trim}", "-fps_mode", "passthrough", "-f", "framecrc", "-")
        except CellError as error:
            raise Fault(f"{self.path}: {error}") from error
        listing = done.output.decode()
        frames = sum(not line.startswith("#") for line in listing.splitlines())
        if frames == 0:
            raise Fault(f"{self.path}: expected frames, found none")
        # The frames' own size: a container may be wrong.
        width, height = (int(side) for side in re.search(r"^#dimensions 0: (\d+)x(\d+)$", listing, re.M).groups())
        return {"frames": frames, "rate": rate, "width": width, "height": height, "damage": reason(done.log),
                "pixel_format": stream["pix_fmt"], "siting": stream.get("chroma_location", "unspecified")}

    # ---- for filter strings ----

    def input(self) -> list[str]:
        """ffmpeg's input: frame n has the time n / rate, whatever the container says."""
        return [*READING, "-r", str(self.rate), "-i", str(self.path)]

    def first_filters(self) -> str:
        return f"{self.stored},trim=end_frame={self.frames},{self.crop}format={self.frame_format}"

    @property
    def chroma(self) -> tuple[int, int]:
        """log2 of the subsampling of chroma, across and down."""
        return LAYOUTS[self.pixel_format[3:6]]

    def small(self, size: Fraction | None) -> tuple[int, int]:
        """Width and height at a size; half of it where a chain has none."""
        across, down = self.chroma
        return sizes.pixels(self.width, self.height, size or sizes.HALF, (1 << across, 1 << down))

    def fill(self, filters: str, size: Fraction | None, weights: str = "") -> str:
        horizontal, vertical = SITINGS.get(self.siting, SITINGS["left"])
        siting = "" if "444" in self.pixel_format else "".join(
            f":{side}_h_chr_pos={horizontal}:{side}_v_chr_pos={vertical}" for side in ("in", "out"))
        width, height = self.small(size)
        for name, value in (("w", self.width), ("h", self.height), ("sw", width), ("sh", height), ("siting", siting),
                            ("weights", weights)):
            filters = filters.replace("{" + name + "}", str(value))
        return filters

    # ---- samples ----

    @property
    def depth(self) -> int:
        found = re.search(r"p(\d+)le$", self.pixel_format)
        return int(found.group(1)) if found else 8

    def shapes(self) -> list[tuple[int, int]]:
        """Height and width of each plane."""
        across, down = self.chroma
        return [(self.height, self.width)] + 2 * [(self.height >> down, self.width >> across)]

    def frame_bytes(self) -> int:
        return sum(height * width for height, width in self.shapes()) * (2 if self.depth > 8 else 1)

    def planes(self, file: Path, number: int) -> list[numpy.ndarray]:
        """Planes of frame `number` of a raw file, in code values of 8 bits."""
        kind = numpy.dtype("<u2" if self.depth > 8 else "u1")
        samples = numpy.fromfile(file, kind, self.frame_bytes() // kind.itemsize, offset=number * self.frame_bytes())
        cuts = numpy.cumsum([height * width for height, width in self.shapes()])[:-1]
        return [plane.reshape(shape).astype(numpy.float32) / 2 ** (self.depth - 8)
                for plane, shape in zip(numpy.split(samples, cuts), self.shapes())]

    def raw(self) -> Path:
        """The source as raw frames, made when first asked for."""
        with self.raw_lock:
            if not self.raw_file.exists():
                part = self.raw_file.with_suffix(".part")
                tools.ffmpeg("source", *self.input(), "-map", "0:V:0", "-vf", self.first_filters(), "-fps_mode",
                             "passthrough", "-f", "rawvideo", part)
                if part.stat().st_size != self.frames * self.frame_bytes():
                    raise CellError("source", f"{self.frames} frames of {self.frame_bytes()} bytes",
                                    f"{part.stat().st_size} bytes")
                part.rename(self.raw_file)
        return self.raw_file

    def forget(self) -> None:
        """Frees the disk space of raw()."""
        self.raw_file.unlink(missing_ok=True)

    def seconds(self) -> float:
        return float(self.frames / self.rate)
