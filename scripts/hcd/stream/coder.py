# SPDX-License-Identifier: BSD-2-Clause
"""The words of ffmpeg for the encoder: what the options ask for, in the encoder's own names."""

import argparse
import re
from fractions import Fraction
from pathlib import Path

from hcd import run
from hcd.encoders import EVERY
from hcd.run import Fault
from hcd.stream.rung import Rate
from hcd.stream.shader import LIGHT

# Warnings of ffmpeg and of encoders that pass over an option.
PASSED_OVER = re.compile(r"(Codec AVOption \S+) .*has not been used for any stream|Error parsing option '(.*?)'")
# Set by options of this program.
OWN = {"crf": "--crf", "cq": "--crf", "qp": "--crf", "global_quality": "--crf", "b": "--bitrate", "maxrate": "--maxrate",
       "bufsize": "--bufsize", "g": "--gop", "preset": "--preset", "pass": "--two-pass", "multipass": "--two-pass"}


def split_options(text: str) -> list[tuple[str, str]]:
    """Of --encoder-options: key=value:key=value, where \\: stands for a colon within a value."""
    pairs = []
    for part in re.split(r"(?<!\\):", text):
        key, equals, value = part.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", key) or not value:
            raise Fault("--encoder-options: expected key=value with ':' between them, as tune=film:aq-mode=3, found "
                        f"'{part}'")
        if key in OWN:
            raise Fault(f"--encoder-options: expected options that have none here, found '{key}', for which {OWN[key]} is "
                        "there")
        pairs.append((key, value.replace("\\:", ":")))
    return pairs


def gop_of(text: str) -> tuple[int, Fraction | None]:
    """Of --gop: (frames, None) or (0, seconds)."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(s?)", text)
    number = Fraction(match[1]) if match else Fraction(0)
    if not match or not number or (not match[2] and number.denominator != 1) or number > 100000:
        raise Fault(f"--gop: expected frames as 48, or seconds as 2s, found '{text}'")
    return (0, number) if match[2] else (int(number), None)


def merged(words: list[str]) -> list[str]:
    """Pairs of words, where an option that takes a list (-x265-params) stands once."""
    found: dict[str, str] = {}
    for name, value in zip(words[::2], words[1::2], strict=True):
        name = re.sub(r"^(-\w+-params).*", r"\1:v:0", name)
        found[name] = f"{found[name]}:{value}" if name.endswith("-params:v:0") and name in found else value
    return [word for pair in found.items() for word in pair]


class Coder:
    def __init__(self, options: argparse.Namespace, frame_rate: Fraction):
        """`threads`: of the encoder, where the bits must not depend on the machine; `pinned`: options of hcd_down, each
        with a colon in front, `precision` that of networks; `origin`: seconds from the last multiple of --gop to the first
        frame; `inner`: of a part that does not begin the title."""
        self.options, self.encoder = options, EVERY[options.encoder]
        self.frame_rate = frame_rate
        self.threads, self.pinned, self.precision, self.origin, self.inner = 0, "", "", Fraction(0), False
        self.gop_frames, self.gop_seconds = gop_of(options.gop) if options.gop else (0, None)

    @property
    def passes(self) -> int:
        """Runs over the source."""
        return 2 if self.options.two_pass and self.encoder.two_pass in ("log", "params") else 1

    def words(self, rate: Rate, small: bool, turn: int = 0, stats: str = "") -> list[str]:
        """For the first video of an output, behind its -map. `small`: its frames say how they are enlarged; `turn`: which
        of two passes; `stats`: their file."""
        encoder, options = self.encoder, self.options
        words = encoder.on_threads(self.threads) if self.threads else [*encoder.quiet]
        words += encoder.inner if self.inner else ()
        words += ["-preset:v:0", options.preset] if options.preset else []
        words += ["-b:v:0", str(rate.bitrate)] if rate.crf is None else encoder.quality.format(f"{rate.crf:g}").split()
        if options.maxrate:
            words += ["-maxrate:v:0", str(options.maxrate), "-bufsize:v:0", str(options.bufsize or 2 * options.maxrate)]
        words += self.gop_words()
        words += encoder.sei if small else ()
        for key, value in split_options(options.encoder_options) if options.encoder_options else ():
            words += [f"-{key}:v:0", value]
        if turn and encoder.two_pass == "log":
            words += ["-pass:v:0", str(turn), "-passlogfile:v:0", stats]
        elif turn:
            words += [f"-{encoder.params}", f"pass={turn}:stats={stats}"]
        elif options.two_pass and self.passes == 1:
            words += encoder.two_pass.split()
        return ["-c:v:0", encoder.name, *merged(words)]

    def gop_words(self) -> list[str]:
        """Seconds: the frames that are nearest, and key frames forced there, wherever others stand."""
        if self.gop_seconds is None:
            return ["-g:v:0", str(self.gop_frames)] if self.gop_frames else []
        return ["-g:v:0", str(max(1, round(self.gop_seconds * self.frame_rate))), "-force_key_frames:v:0",
                f"expr:gte(t{f'+{float(self.origin):.6f}' if self.origin else ''},n_forced*{float(self.gop_seconds):g})",
                *self.encoder.forced]

    def alone(self) -> str:
        """Filters by which the stream carries our message only: a source's own user data was of its own coding."""
        return "sidedata=mode=delete:type=SEI_UNREGISTERED," if self.encoder.sei else ""

    def signal(self, model: str) -> str:
        """Options of hcd_down: the signal stands where key frames are, if these stand at whole seconds; and those that
        are pinned."""
        whole = self.gop_seconds and self.gop_seconds.denominator == 1
        words = f":signal_interval={self.gop_seconds}" if whole else ""
        return words + self.pinned + (f":precision={self.precision}" if self.precision and model in LIGHT else "")

    def try_out(self, rate: Rate, small: bool, source: list[str], filters: str, stage: str, folder: Path,
                readers: tuple[str, ...]) -> None:
        """Codes one frame: what the encoder or the machine refuses, or would pass over, is told before the work."""
        log = run.ffmpeg(stage, *self.encoder.device, "-v", "level+warning", *source, "-filter_complex",
                         f"[0:V:0]{filters}{self.encoder.upload}[v]", "-map", "[v]", *self.words(rate, small), "-frames:v", "1",
                         "-fps_mode", "passthrough", "-f", "null", "-", folder=folder, readers=readers)
        if found := PASSED_OVER.search(log):
            raise Fault(f"{stage}: expected options that {self.encoder.name} has, found one that it passes over: "
                        f"{found[1] or found[2]}")
