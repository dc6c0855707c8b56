# SPDX-License-Identifier: BSD-2-Clause
"""The encoders, how each is asked for a quality, and the scale on which they are compared."""

from dataclasses import dataclass

DEFAULT_CRF = 23  # on libx264's scale
SVT_PRESETS = {"ultrafast": 12, "superfast": 12, "veryfast": 11, "faster": 10, "fast": 9, "medium": 8, "slow": 6,
               "slower": 5, "veryslow": 3, "placebo": 1}


@dataclass(frozen=True)
class Encoder:
    """One of ffmpeg's encoders. Its CRF is what its own option of constant quality takes; 1 is its best. `equal`: CRFs of
    equal PSNR-Y, as (this one's, libx264's), read off the curves of whole frames in
    docs/results/bandwidth/clips/results.csv (chain `full`, preset medium and SVT-AV1's 8): the median over nine clips,
    by straight lines between the points of libx264's curve, and on beyond its best one. VMAF-NEG gives the same to half
    a step. Encoders in hardware differ from one device to the next: they have none."""
    name: str
    highest: int                # CRF
    step: float                 # between two CRFs
    equal: tuple[tuple[float, float], ...] = ()
    quiet: tuple[str, ...] = ()  # words of ffmpeg: errors only
    one_thread: tuple[str, ...] = ()  # and besides, so that the bits do not depend on the machine
    more_threads: tuple[str, ...] = ()  # the same for {} threads
    anywhere: tuple[str, ...] = ()  # and besides, so that they do not depend on the kind of CPU
    inner: tuple[str, ...] = ()  # of a part that does not begin a title: its first frame is as good as other key frames
    counts_presets: bool = False
    quality: str = "-crf:v:0 {}"  # words of ffmpeg
    params: str = ""            # its option for a list of the library's own parameters
    two_pass: str = ""          # "log" of ffmpeg, "params" of the library, words of ffmpeg for two passes in one run
    capped: bool = False        # a constant quality heeds -maxrate
    sei: tuple[str, ...] = ()   # words of ffmpeg: user data that frames carry go into the stream
    forced: tuple[str, ...] = ()  # words of ffmpeg: a key frame that is asked for begins a closed group
    takes: tuple[str, ...] = ()  # pixel formats of frames in memory, where ffmpeg lists those of the device only
    device: tuple[str, ...] = ()  # words of ffmpeg, in front of its inputs
    upload: str = ""            # filters behind all others

    def on_threads(self, number: int) -> list[str]:
        """Words of ffmpeg by which the bits do not depend on the machine."""
        words = self.one_thread if number == 1 else [word.format(number) for word in self.more_threads]
        return [*words, *self.anywhere]

    def preset(self, name: str) -> str | None:
        """x264's name of a preset as this encoder's; None where there is none."""
        if name not in SVT_PRESETS and not (self.counts_presets and name.isdigit()):
            return None
        return str(SVT_PRESETS.get(name, name)) if self.counts_presets else name

    def crf_on_x264(self, crf: float) -> float:
        """libx264's CRF that is about as good as this one's; the same number where nothing was measured."""
        return max(0.0, straight(self.equal, crf) if self.equal else crf)

    def crf_like_x264(self, crf: float) -> int:
        """The CRF that is about as good as libx264's; the same number where nothing was measured."""
        found = straight(tuple((theirs, own) for own, theirs in self.equal), crf) if self.equal else crf
        return min(max(round(found), 1), self.highest)


def straight(points: tuple[tuple[float, float], ...], at: float) -> float:
    """Straight lines between points, and on beyond the first and the last."""
    for (x0, y0), (x1, y1) in zip(points, points[1:]):
        if at <= x1 or (x1, y1) == points[-1]:
            return y0 + (at - x0) * (y1 - y0) / (x1 - x0)
    raise ValueError("expected two points or more")


SEI, FORCED = ("-udu_sei:v:0", "1"), ("-forced-idr:v:0", "1")
ENCODERS = {encoder.name: encoder for encoder in (
    Encoder("libx264", 51, 0.1, ((22, 22.0), (34, 34.0)), (), ("-threads", "1"), ("-threads:v:0", "{}"),
            # With AVX-512 libx264 164 does not even give the same bits twice on one machine: its mbtree.
            ("-x264-params", "cpu-independent=1"),
            # Of the first frame of all it does not know yet that P frames follow, and leaves ipratio (1.4) out. Scenes
            # that stand still keep what they began with: 5 % of the bits.
            ("-x264-params", "zones=0,0,b=1.4"), params="x264-params", two_pass="log", capped=True, sei=SEI, forced=FORCED),
    Encoder("libx265", 51, 0.1, ((22, 20.4), (26, 24.1), (30, 28.0), (34, 31.7)),
            ("-x265-params", "log-level=error"), ("-x265-params", "pools=none:frame-threads=1:log-level=error"),
            ("-x265-params", "pools={}:frame-threads=1:log-level=error"),
            params="x265-params", two_pass="params", capped=True, sei=SEI, forced=FORCED),
    Encoder("libsvtav1", 63, 1, ((30, 21.1), (38, 23.1), (46, 25.6), (54, 28.3)), (),
            ("-svtav1-params", "lp=1"), ("-svtav1-params", "lp={}"), counts_presets=True, params="svtav1-params"),
)}


def nvenc(codec: str) -> Encoder:
    return Encoder(f"{codec}_nvenc", 51, 1, quality="-rc:v:0 vbr -cq:v:0 {} -b:v:0 0", two_pass="-multipass:v:0 fullres",
                   capped=True, sei=SEI if codec != "av1" else (), forced=FORCED)


def qsv(codec: str) -> Encoder:
    return Encoder(f"{codec}_qsv", 51, 1, quality="-global_quality:v:0 {}", forced=("-forced_idr:v:0", "1"))


def vaapi(codec: str) -> Encoder:
    return Encoder(f"{codec}_vaapi", 51, 1, quality="-rc_mode:v:0 CQP -global_quality:v:0 {}", takes=("nv12", "p010le"),
                   device=("-init_hw_device", "vaapi=encoder", "-filter_hw_device", "encoder"), upload=",hwupload")


# None of them is compared with others, but --auto finds its way with any by its probes.
HARDWARE = {encoder.name: encoder for make, codecs in (
    (nvenc, ("h264", "hevc", "av1")), (qsv, ("h264", "hevc", "av1")), (vaapi, ("h264", "hevc", "av1")))
    for encoder in map(make, codecs)}
EVERY = ENCODERS | HARDWARE
