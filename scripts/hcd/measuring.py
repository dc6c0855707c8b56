# SPDX-License-Identifier: BSD-2-Clause
"""The ffmpeg of PyPI's imageio-ffmpeg, which has libvmaf and xpsnr, and what its filters are asked."""

import functools
import re

from hcd.run import BIN, Fault, run

NEG_MODEL = r"version=vmaf_v0.6.1neg\:name=vmaf_neg"
VENV_PYTHON = BIN.parent / "venv" / "bin" / "python"


@functools.cache
def measuring_ffmpeg() -> str:
    """Its path: of this Python's package, else of the one that scripts/setup has made."""
    try:
        import imageio_ffmpeg
        return imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError) as error:
        if VENV_PYTHON.exists():
            done = run(str(VENV_PYTHON), "-c", "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())")
            if done.code == 0:
                return done.text.strip()
        raise Fault(f"Python packages: expected imageio-ffmpeg, found {error}: run scripts/setup") from error


def has_measuring_ffmpeg() -> bool:
    try:
        return bool(measuring_ffmpeg())
    except Fault:
        return False


def measured_format(stored: str) -> str:
    """The planar format that is measured: the stored one where it is planar Y'CbCr."""
    return plain(stored) if re.fullmatch(r"yuv4(20|22|44)p(10le|12le)?", plain(stored)) else "yuv420p"


def plain(pixel_format: str) -> str:
    """Full range has names of its own in ffmpeg; the samples are the same."""
    return pixel_format.replace("yuvj", "yuv")
