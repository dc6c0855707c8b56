# SPDX-License-Identifier: BSD-2-Clause
"""The encoders, and the scale of quality on which they are compared."""

from dataclasses import dataclass

DEFAULT_CRF = 23  # on libx264's scale
SVT_PRESETS = {"ultrafast": 12, "superfast": 12, "veryfast": 11, "faster": 10, "fast": 9, "medium": 8, "slow": 6,
               "slower": 5, "veryslow": 3, "placebo": 1}


@dataclass(frozen=True)
class Encoder:
    """One of ffmpeg's encoders. `equal`: CRFs of equal PSNR-Y, as (this one's, libx264's), read off the curves of whole
    frames in docs/results/bandwidth/clips/results.csv (chain `full`, preset medium and SVT-AV1's 8): the median over
    nine clips, by straight lines between the points of libx264's curve, and on beyond its best one. VMAF-NEG gives the
    same to half a step."""
    name: str
    highest: int                # CRF
    step: float                 # between two CRFs
    equal: tuple[tuple[float, float], ...]
    quiet: tuple[str, ...]      # words of ffmpeg: errors only
    one_thread: tuple[str, ...]  # and besides, so that the bits do not depend on the machine
    counts_presets: bool = False

    def preset(self, name: str) -> str | None:
        """x264's name of a preset as this encoder's; None where there is none."""
        if name not in SVT_PRESETS and not (self.counts_presets and name.isdigit()):
            return None
        return str(SVT_PRESETS.get(name, name)) if self.counts_presets else name

    def crf_on_x264(self, crf: float) -> float:
        """libx264's CRF that is about as good as this one's."""
        return max(0.0, straight(self.equal, crf))

    def crf_like_x264(self, crf: float) -> int:
        """The CRF that is about as good as libx264's."""
        found = straight(tuple((theirs, own) for own, theirs in self.equal), crf)
        return min(max(round(found), 1), self.highest)


def straight(points: tuple[tuple[float, float], ...], at: float) -> float:
    """Straight lines between points, and on beyond the first and the last."""
    for (x0, y0), (x1, y1) in zip(points, points[1:]):
        if at <= x1 or (x1, y1) == points[-1]:
            return y0 + (at - x0) * (y1 - y0) / (x1 - x0)
    raise ValueError("expected two points or more")


ENCODERS = {encoder.name: encoder for encoder in (
    Encoder("libx264", 51, 0.1, ((22, 22.0), (34, 34.0)), (), ("-threads", "1")),
    Encoder("libx265", 51, 0.1, ((22, 20.4), (26, 24.1), (30, 28.0), (34, 31.7)),
            ("-x265-params", "log-level=error"), ("-x265-params", "pools=none:frame-threads=1:log-level=error")),
    Encoder("libsvtav1", 63, 1, ((30, 21.1), (38, 23.1), (46, 25.6), (54, 28.3)), (),
            ("-svtav1-params", "lp=1"), counts_presets=True),
)}
