# SPDX-License-Identifier: BSD-2-Clause
"""What a stream says of how to be enlarged: written by encoders, kept by containers and cuts, followed by hcd_up."""

import hashlib
import json
import os
import re
import struct
import tempfile
import unittest
import zlib
from pathlib import Path

import ffmpeg

LITE = Path(__file__).resolve().parents[2] / "core" / "weights" / "light" / "lite_x2.safetensors"
UUID = bytes.fromhex("5e1d0c6b7a434f0e9b52686364736967")
SIZE = "128x96"
SAYS = "the stream says: bicubic, 64x48 to 128x96"


def message(small=(64, 48), full=(128, 96), model=b"bicubic", factor=0, version=1, key=0, more=b""):
    """As docs/signal.md says."""
    fields = struct.pack(">BB4H4BBB16sQ", version, 44, *small, *full, int(bool(more)), factor, 1, 0, 255, 0, model, key)
    return UUID + fields + struct.pack(">I", zlib.crc32(fields)) + more


def other_weights(path):
    """Those of lite, with another last tensor."""
    data = bytearray(LITE.read_bytes())
    header = 8 + struct.unpack("<Q", data[:8])[0]
    tensors = {name: at for name, at in json.loads(data[8:header]).items() if name != "__metadata__"}
    begin, end = tensors["5.bias"]["data_offsets"]
    data[header + begin:header + end] = struct.pack("<e", 9.0) * ((end - begin) // 2)
    path.write_bytes(data)
    return bytes(data)


def said(log):
    """What hcd_up itself logs."""
    return "\n".join(line for line in log.splitlines() if line.startswith("[Parsed_hcd_up"))


class Signal(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name)
        self.addCleanup(self.temporary.cleanup)

    def file(self, name):
        return str(self.folder / name)

    def encode(self, name, down="hcd_down=model=bicubic", encoder="libx264", frames=30, size=SIZE, more=()):
        quiet = ["-x265-params", "log-level=error"] if encoder == "libx265" else []
        ffmpeg.good("-v", "error", *ffmpeg.source(size, frames, rate=10), "-vf", down, "-c:v", encoder, "-udu_sei", "1", "-g",
                    "10", "-sc_threshold", "0", "-bf", "0", "-preset", "ultrafast", *quiet, *more, self.file(name))
        return self.file(name)

    def shown(self, path, up="hcd_up", before=()):
        """The log of hcd_up, and a hash of what it makes."""
        out, log = ffmpeg.good(*before, "-i", path, "-vf", up, "-f", "rawvideo", "-")
        return said(log), (len(out), hashlib.md5(out).hexdigest())

    def with_message(self, payload, up="hcd_up", size="64x48", frames=2):
        """As shown(), of H.264 whose first frame brings `payload`; the exit code first."""
        uuid, text = payload[:16], payload[16:]
        bare = self.file("bare.h264")
        ffmpeg.good(*ffmpeg.source(size, frames), "-c:v", "libx264", "-preset", "ultrafast", bare)
        data = Path(bare).read_bytes()
        body = uuid + text
        sizes = b"\xff" * (len(body) // 255) + bytes([len(body) % 255])
        raw = b"\x05" + sizes + body + b"\x80"
        escaped = bytearray()
        for byte in raw:  # no start codes within
            if escaped.endswith(b"\x00\x00") and byte <= 3:
                escaped.append(3)
            escaped.append(byte)
        first = re.search(rb"\x00\x00\x01[\x65\x25\x45]", data).start()
        Path(bare).write_bytes(data[:first] + b"\x00\x00\x01\x06" + bytes(escaped) + data[first:])
        code, out, log = ffmpeg.run("-i", bare, "-vf", up, "-f", "rawvideo", "-")
        return code, said(log), len(out)

    def test_encoders_write_it_and_decoders_hand_it_out(self):
        for encoder in ("libx264", "libx265"):
            path = self.encode("small.mkv", encoder=encoder)
            log, made = self.shown(path)
            self.assertEqual(log.count(SAYS), 1, log)
            self.assertEqual(made, self.shown(path, "hcd_up=model=bicubic")[1])
            self.assertNotEqual(made, self.shown(path, "hcd_up=model=lite")[1])

    def test_nothing_is_written_unless_asked_for(self):
        for down, more in (("hcd_down=model=bicubic", ["-udu_sei", "0"]), ("hcd_down=model=bicubic:signal=off", [])):
            path = self.encode("small.mkv", down, more=more)
            self.assertEqual(self.shown(path)[0], "")
            self.assertNotIn(UUID, Path(path).read_bytes())

    def test_containers_cuts_and_joins(self):
        path = self.encode("small.mkv")
        made = self.shown(path)[1]
        for name in ("c.mp4", "c.ts", "c.mkv"):
            ffmpeg.good("-i", path, "-c", "copy", self.file(name))
            log, again = self.shown(self.file(name))
            self.assertIn(SAYS, log)
            self.assertEqual(again, made)
        for kind, ending in (("mpegts", "ts"), ("fmp4", "m4s")):
            ffmpeg.good("-i", path, "-c", "copy", "-f", "hls", "-hls_time", "1", "-hls_list_size", "0", "-hls_segment_type",
                        kind, "-hls_segment_filename", self.file(f"seg%d.{ending}"), self.file("list.m3u8"))
            self.assertEqual(self.shown(self.file("list.m3u8"))[1], made)
        for n in range(3):  # each segment stands alone
            self.assertIn(SAYS, self.shown(self.file(f"seg{n}.ts"))[0])
        for cut in ("1.0", "2.0"):
            ffmpeg.good("-ss", cut, "-i", path, "-c", "copy", self.file("cut.mkv"))
            self.assertIn(SAYS, self.shown(self.file("cut.mkv"))[0])

    def test_two_titles_joined(self):
        one, two = self.encode("one.mkv"), self.encode("two.mkv", "hcd_down=model=lanczos")
        self.assertIn("lanczos", self.shown(two)[0])
        (self.folder / "list").write_text(f"file '{one}'\nfile '{two}'\n")
        both = self.file("both.mkv")
        ffmpeg.good("-f", "concat", "-safe", "0", "-i", self.file("list"), "-c", "copy", both)
        out, log = ffmpeg.good("-i", both, "-vf", "hcd_up", "-f", "rawvideo", "-")
        self.assertEqual([name for name in re.findall(r"the stream says: (\w+)", log)], ["bicubic", "lanczos"])
        parts = [ffmpeg.good("-i", path, "-vf", "hcd_up", "-f", "rawvideo", "-")[0] for path in (one, two)]
        self.assertEqual(out, b"".join(parts))

    def test_options_win(self):
        path = self.encode("small.mkv")
        log, made = self.shown(path, "hcd_up=model=lite")
        self.assertIn("the stream was made for bicubic; lite enlarges it, as the option says", log)
        self.assertEqual(made, self.shown(self.encode("off.mkv", "hcd_down=model=bicubic:signal=off"), "hcd_up=model=lite")[1])
        self.assertEqual(self.shown(path, "hcd_up=w=100:h=80")[1][0], 30 * 100 * 80 * 3 // 2)

    def test_options_of_networks_where_the_stream_names_none(self):
        path = self.encode("small.mkv")
        made = self.shown(path)[1]
        self.assertEqual(self.shown(path, "hcd_up=precision=int16")[1], made)
        log, with_weights = self.shown(path, f"hcd_up=weights={LITE}")
        self.assertIn("made for bicubic; lite enlarges it, since an option names weights", log)
        self.assertEqual(with_weights, self.shown(path, "hcd_up=model=lite")[1])

    def test_another_size_is_an_error_that_names_it(self):
        path = self.encode("small.mkv", "hcd_down=model=bicubic:w=96:h=72")
        code, _, log = ffmpeg.run("-i", path, "-vf", "hcd_up", "-f", "null", "-")
        self.assertNotEqual(code, 0)
        self.assertIn("frames are to be enlarged to 128x96: expected hcd_up=w=128:h=96, found no option of the size, which "
                      "gives 192x144", log)
        log, made = self.shown(path, "hcd_up=model=bicubic")
        self.assertIn("enlarged to 192x144 all the same (options w and h change it)", log)
        self.assertEqual(made[0], 30 * 192 * 144 * 3 // 2)
        log, made = self.shown(path, "hcd_up=w=128:h=96")
        self.assertIn("the stream says: bicubic, 96x72 to 128x96", log)
        self.assertEqual(made[0], 30 * 128 * 96 * 3 // 2)

    def test_a_network_at_another_ratio(self):
        path = self.encode("small.mkv", "hcd_down=w=96:h=72:resize=lanczos")
        log, made = self.shown(path, "hcd_up=w=128:h=96")
        self.assertIn("the stream says: lite, 96x72 to 128x96", log)
        self.assertEqual(made, self.shown(path, "hcd_up=model=lite:resize=lanczos:w=128:h=96")[1])
        self.assertNotEqual(made, self.shown(path, "hcd_up=model=lite:resize=bilinear:w=128:h=96")[1])

    def test_weights_travel(self):
        weights = self.folder / "own.safetensors"
        data = other_weights(weights)
        for interval, times in ((1, 3), (0, 1)):
            path = self.encode("small.mkv", f"hcd_down=model=lite:weights={weights}:steps=0:signal=weights:"
                               f"signal_interval={interval}")
            log, made = self.shown(path)
            self.assertIn(f"the stream says: lite with {len(data)} bytes of weights, 64x48 to 128x96", log)
            self.assertEqual(log.count("the stream says"), 1)
            self.assertEqual(made, self.shown(path, f"hcd_up=weights={weights}")[1])
            self.assertNotEqual(made, self.shown(path, "hcd_up=model=lite:weights=" + str(LITE))[1])
            self.assertEqual(Path(path).read_bytes().count(UUID), times)
        ffmpeg.good("-ss", "2", "-i", self.encode("small.mkv", f"hcd_down=model=lite:weights={weights}:steps=0:signal=weights"),
                    "-c", "copy", self.file("cut.mkv"))
        self.assertIn("bytes of weights", self.shown(self.file("cut.mkv"))[0])

    def test_weights_that_are_not_there(self):
        weights = self.folder / "own.safetensors"
        other_weights(weights)
        path = self.encode("small.mkv", f"hcd_down=model=lite:weights={weights}:steps=0")
        log, made = self.shown(path)
        self.assertRegex(log, r"made for weights [0-9a-f]{16} of lite: expected them in it or in the option weights, "
                              r"found none: enlarged by bicubic")
        self.assertEqual(made, self.shown(path, "hcd_up=model=bicubic")[1])

    def test_of_another_size_it_is_left_alone(self):
        """Decoded, enlarged and coded again by somebody who keeps user data."""
        path = self.encode("small.mkv")
        ffmpeg.good("-i", path, "-vf", "scale=80:60", "-c:v", "libx264", "-udu_sei", "1", self.file("again.mkv"))
        log, made = self.shown(self.file("again.mkv"))
        self.assertIn("frames are 64x48, and they are 80x60: what it says is of another stream", log)
        self.assertEqual(made, self.shown(self.file("again.mkv"), "hcd_up=model=lite")[1])

    def test_it_ends_where_it_was_followed(self):
        path = self.encode("small.mkv")
        for filters in ("hcd_up", "hcd_up=model=bicubic", "hcd_up,hcd_down=signal=off"):
            ffmpeg.good("-i", path, "-vf", filters, "-c:v", "libx264", "-udu_sei", "1", self.file("large.mkv"))
            self.assertNotIn(UUID, Path(self.file("large.mkv")).read_bytes())

    def test_bad_messages(self):
        good = message()
        damaged = good[:40] + bytes([good[40] ^ 4]) + good[41:]
        absurd = message(full=(32768, 32768))
        for payload, why in ((damaged, "it is damaged"), (good[:50], "expected 44 bytes, found 34"), (good + b"x", "found 45"),
                             (message(version=2), "expected version 1, found 2, of a later libhcd"),
                             (absurd, "expected a full size of 1 to 16 times the small one"),
                             (message(full=(1, 1)), "expected a full size"), (message(model=b"nobody"), "found 'nobody'"),
                             (message(model=b"../../etc"), "expected a model's name"),
                             (message(model=b"rrdb", factor=4, full=(128, 96)), "rrdb"),
                             (message(model=b"lite", factor=2, key=zlib.crc32(b"abc") << 32 | 3, more=b"abc"), "of the stream"),
                             (message(model=b"lite", factor=2, key=0xffffffffffffffff, more=b"abc"), "4294967295 bytes")):
            with self.subTest(why=why):
                code, log, size = self.with_message(payload)
                self.assertEqual((code, size), (0, 2 * 128 * 96 * 3 // 2), log)
                self.assertIn(why, log)
                self.assertIn("enlarged by bicubic", log)
        code, log, _ = self.with_message(damaged, "hcd_up=model=lanczos")
        self.assertEqual(code, 0)
        self.assertIn("it is damaged: enlarged by lanczos", log)
        code, log, _ = self.with_message(good)
        self.assertEqual((code, log.count(SAYS)), (0, 1))
        code, log, _ = self.with_message(os.urandom(64))
        self.assertEqual((code, log), (0, ""))

    def test_without_an_encoder_between(self):
        log = ffmpeg.good(*ffmpeg.source(SIZE), "-vf", "hcd_down=model=lanczos,hcd_up", "-f", "null", "-")[1]
        self.assertIn("the stream says: lanczos, 64x48 to 128x96", log)


if __name__ == "__main__":
    ffmpeg.main()
