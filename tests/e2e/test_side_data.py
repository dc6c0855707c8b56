# SPDX-License-Identifier: BSD-2-Clause
"""Every kind of side data through the filters, by way of libavfilter itself: what goes, and what stays."""

import ctypes
import glob
import os
import sys
import unittest

import ffmpeg

LIBRARIES = os.path.join(os.path.dirname(os.path.abspath(ffmpeg.FFMPEG)), "..", "lib")

# enum AVFrameSideDataType of FFmpeg 5.1; later ones only add to it
KINDS = ("panscan a53_cc stereo3d matrixencoding downmix_info replaygain displaymatrix afd motion_vectors "
         "skip_samples audio_service_type mastering_display gop_timecode spherical content_light_level "
         "icc_profile s12m_timecode dynamic_hdr_plus regions_of_interest video_enc_params sei_unregistered "
         "film_grain_params detection_bboxes dovi_rpu_buffer dovi_metadata dynamic_hdr_vivid").split()
WRONG_AT_ANOTHER_SIZE = {"panscan", "motion_vectors", "regions_of_interest", "video_enc_params",
                         "detection_bboxes", "dovi_rpu_buffer", "dovi_metadata"}
PIX_FMT_YUV420P = 0


def load():
    """libavutil and libavfilter of the ffmpeg under test; None where they are not shared."""
    found = glob.glob(os.path.join(LIBRARIES, "libavfilter.so.*"))
    if not found:
        return None
    ctypes.CDLL(os.path.join(LIBRARIES, "libhcd.so"), ctypes.RTLD_GLOBAL)
    avfilter = ctypes.CDLL(found[0], ctypes.RTLD_GLOBAL)
    avfilter.av_log_set_level(16)  # errors
    for name in ("avfilter_graph_alloc", "avfilter_graph_get_filter", "av_frame_alloc", "av_frame_new_side_data",
                 "av_frame_get_side_data"):
        getattr(avfilter, name).restype = ctypes.c_void_p
    return avfilter


class Graph:
    """buffer -> filters -> buffersink, for frames of 64x48."""

    def __init__(self, library, filters):
        self.library = library
        self.graph = ctypes.c_void_p(library.avfilter_graph_alloc())
        text = (f"buffer@in=video_size=64x48:pix_fmt=yuv420p:time_base=1/25,{filters},buffersink@out").encode()
        inputs, outputs = ctypes.c_void_p(), ctypes.c_void_p()
        self.call("avfilter_graph_parse2", self.graph, text, ctypes.byref(inputs), ctypes.byref(outputs))
        self.call("avfilter_graph_config", self.graph, None)

    def call(self, name, *arguments):
        code = getattr(self.library, name)(*arguments)
        if code < 0:
            raise AssertionError(f"{name} gave {code}")

    def filter(self, name):
        return ctypes.c_void_p(self.library.avfilter_graph_get_filter(self.graph, name))

    def kept(self, data):
        """The kinds that come out of a frame with `data`: kind -> bytes."""
        frame, result = (ctypes.c_void_p(self.library.av_frame_alloc()) for _ in range(2))
        # width, height, and the format past nb_samples: these lie there since FFmpeg 2
        numbers = (ctypes.c_int * 4).from_address(frame.value + 104)
        numbers[0], numbers[1], numbers[3] = 64, 48, PIX_FMT_YUV420P
        self.call("av_frame_get_buffer", frame, 0)
        for kind, content in data.items():
            side = self.library.av_frame_new_side_data(frame, KINDS.index(kind), ctypes.c_size_t(len(content)))
            ctypes.memmove(ctypes.cast(side + 8, ctypes.POINTER(ctypes.c_void_p))[0], content, len(content))
        self.call("av_buffersrc_add_frame", self.filter(b"buffer@in"), frame)
        self.call("av_buffersink_get_frame", self.filter(b"buffersink@out"), result)
        kinds = {kind for i, kind in enumerate(KINDS) if self.library.av_frame_get_side_data(result, i)}
        for pointer in (frame, result):
            self.library.av_frame_free(ctypes.byref(pointer))
        self.library.avfilter_graph_free(ctypes.byref(self.graph))
        return kinds


class SideData(unittest.TestCase):
    def setUp(self):
        self.library = load()
        if not self.library:
            self.skipTest("libavfilter is no shared library here")

    def kept(self, filters, data):
        return Graph(self.library, filters).kept(data)

    def test_what_the_size_makes_wrong_goes_and_no_more(self):
        data = {kind: bytes(1024) for kind in KINDS}
        for filters in ("hcd_down=model=bicubic", "hcd_up=model=bicubic", "hcd_down=model=bicubic:w=iw/2:h=ih"):
            self.assertEqual(self.kept(filters, data), set(KINDS) - WRONG_AT_ANOTHER_SIZE, filters)
        for filters in ("hcd_down=model=bicubic:w=iw:h=ih", "hcd_up=model=bicubic:w=iw:h=ih"):
            self.assertEqual(self.kept(filters, data), set(KINDS), filters)

    def test_what_depends_on_its_content(self):
        cube = (1).to_bytes(4, sys.byteorder)  # AVSphericalMapping: projection, 7 more numbers, padding
        padded = cube + bytes(28) + (9).to_bytes(4, sys.byteorder)
        for kind, content, stays in (("spherical", cube + bytes(64), True), ("spherical", padded + bytes(64), False),
                                     ("dynamic_hdr_plus", bytes([0, 0, 1]) + bytes(40000), True),
                                     ("dynamic_hdr_plus", bytes([0, 0, 2]) + bytes(40000), False)):
            self.assertEqual(self.kept("hcd_down=model=bicubic:signal=off", {kind: content}), {kind} if stays else set(), kind)


if __name__ == "__main__":
    ffmpeg.main()
