# SPDX-License-Identifier: BSD-2-Clause
"""Small video frames made for the scaler that will enlarge them: numpy in and out, over libhcd.

    import hcd

    with hcd.Down(1920, 1080, layout="rgb", model="lite") as down, hcd.Up(960, 540, layout="rgb", model="lite") as up:
        small = down(picture)  # (1080, 1920, 3) of uint8 -> (540, 960, 3)
        shown = up(small)      # what the viewer sees
        print(down.stats)

Down and Up are the contexts of <hcd/hcd.h>, whose comments hold here as well; docs/python.md has a page on them. What
the library logs goes to the logger "hcd". The library is looked for when this is imported: HCD_LIBRARY, or else beside
this package, in the build of its checkout, where the system has libraries.
"""

from ._contexts import Context, Down, Up
from ._error import Error
from ._frames import Format
from ._header import LogLevel, Status
from ._library import library_path, version
from ._models import Model, Variant, models
from ._shader import write_shader
from ._signal import Signal, read_signal
from ._stats import ClientStats, Stats

__version__ = "0.2.0"
__all__ = ["ClientStats", "Context", "Down", "Error", "Format", "LogLevel", "Model", "Signal", "Stats", "Status", "Up",
           "Variant", "library_path", "models", "read_signal", "version", "write_shader"]
