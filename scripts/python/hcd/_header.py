# SPDX-License-Identifier: BSD-2-Clause
"""<hcd/hcd.h> for ctypes: the same structs and numbers under the same names, which tests/python holds against the
header. The structs of options are not here: those are set by name."""

import ctypes
from enum import IntEnum
from typing import ClassVar


class Status(IntEnum):
    """hcd_status. Negative: an error."""
    OK = 0
    AGAIN = 1
    EOF = 2
    E_OPTION = -1
    E_FORMAT = -2
    E_FILE = -3
    E_DEVICE = -4
    E_MEMORY = -5
    E_STATE = -6
    E_INTERNAL = -7


class LogLevel(IntEnum):
    """hcd_log_level."""
    ERROR = 0
    WARNING = 1
    INFO = 2
    VERBOSE = 3


class Layout(IntEnum):
    """hcd_layout."""
    GRAY = 1
    YUV420 = 2
    YUV422 = 3
    YUV444 = 4
    NV12 = 5
    RGB = 6


class Range(IntEnum):
    """hcd_range."""
    UNSPECIFIED = 0
    LIMITED = 1
    FULL = 2


class Matrix(IntEnum):
    """hcd_matrix."""
    UNSPECIFIED = 0
    BT601 = 1
    BT709 = 2
    BT2020 = 3


class Siting(IntEnum):
    """hcd_siting."""
    UNSPECIFIED = 0
    LEFT = 1
    CENTER = 2
    TOPLEFT = 3
    TOP = 4
    BOTTOMLEFT = 5
    BOTTOM = 6


class ShaderVariant(IntEnum):
    """hcd_shader_variant."""
    FRAGMENT = 0
    COMPUTE = 1


AUTO = -2147483647 - 1  # HCD_AUTO
FRAME_PLAIN = 1
MAX_CLIENTS = 8
SIGNAL_WEIGHTS = 65536  # bytes of weights that a signal may carry, at most

LogFunction = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p)


class Sized(ctypes.Structure):
    """A struct that begins with its size, which is filled in."""

    def __init__(self, **fields: object):
        super().__init__(ctypes.sizeof(self), **fields)


class FormatStruct(Sized):
    _fields_: ClassVar = [
        ("struct_size", ctypes.c_size_t), ("width", ctypes.c_int), ("height", ctypes.c_int), ("layout", ctypes.c_int),
        ("depth", ctypes.c_int), ("shift", ctypes.c_int), ("range", ctypes.c_int), ("matrix", ctypes.c_int),
        ("siting", ctypes.c_int), ("device", ctypes.c_int), ("device_index", ctypes.c_int),
        ("device_context", ctypes.c_void_p), ("reserved", ctypes.c_uint64 * 4)]


class FrameStruct(Sized):
    _fields_: ClassVar = [
        ("struct_size", ctypes.c_size_t), ("data", ctypes.c_void_p * 4), ("stride", ctypes.c_ssize_t * 4),
        ("opaque", ctypes.c_void_p), ("flags", ctypes.c_uint), ("device", ctypes.c_int),
        ("device_stream", ctypes.c_void_p), ("reserved", ctypes.c_uint64 * 4)]


class ClientStatsStruct(ctypes.Structure):
    _fields_: ClassVar = [("name", ctypes.c_char_p), ("psnr_plain", ctypes.c_double), ("psnr", ctypes.c_double)]


class StatsStruct(Sized):
    _fields_: ClassVar = [
        ("struct_size", ctypes.c_size_t), ("psnr_plain", ctypes.c_double), ("psnr", ctypes.c_double),
        ("steps", ctypes.c_int), ("time_ms", ctypes.c_double), ("move_rms", ctypes.c_double),
        ("n_clients", ctypes.c_int), ("client", ClientStatsStruct * MAX_CLIENTS), ("kept_plain", ctypes.c_int)]


class SignalStruct(Sized):
    _fields_: ClassVar = [
        ("struct_size", ctypes.c_size_t), ("model", ctypes.c_char * 32), ("factor", ctypes.c_int),
        ("small_width", ctypes.c_int), ("small_height", ctypes.c_int), ("full_width", ctypes.c_int),
        ("full_height", ctypes.c_int), ("siting", ctypes.c_int), ("resize", ctypes.c_char * 16),
        ("quality_hint", ctypes.c_int), ("weights_key", ctypes.c_uint64), ("weights", ctypes.c_void_p),
        ("weights_size", ctypes.c_size_t)]


class ShaderStruct(Sized):
    _fields_: ClassVar = [
        ("struct_size", ctypes.c_size_t), ("model", ctypes.c_char_p), ("weights", ctypes.c_char_p),
        ("scale", ctypes.c_int), ("variant", ctypes.c_int), ("range", ctypes.c_int), ("chroma", ctypes.c_int),
        ("reserved", ctypes.c_uint64 * 2)]


class ModelVariantStruct(ctypes.Structure):
    _fields_: ClassVar = [
        ("scale", ctypes.c_int), ("parameters", ctypes.c_int64), ("receptive_field", ctypes.c_int),
        ("macs", ctypes.c_int64), ("built_in", ctypes.c_int), ("reserved", ctypes.c_int64 * 4)]


class ModelInfoStruct(ctypes.Structure):
    _fields_: ClassVar = [
        ("name", ctypes.c_char_p), ("description", ctypes.c_char_p), ("linear", ctypes.c_int),
        ("needs_weights", ctypes.c_int), ("planes", ctypes.c_char_p), ("paper", ctypes.c_char_p),
        ("licence", ctypes.c_char_p), ("has_downscale", ctypes.c_int), ("tiles_exactly", ctypes.c_int),
        ("variants", ctypes.POINTER(ModelVariantStruct)), ("n_variants", ctypes.c_int),
        ("reserved", ctypes.c_void_p * 8)]


STRUCTS = {"hcd_format": FormatStruct, "hcd_frame": FrameStruct, "hcd_stats": StatsStruct, "hcd_signal": SignalStruct,
           "hcd_shader_params": ShaderStruct, "hcd_model_variant": ModelVariantStruct, "hcd_model_info": ModelInfoStruct}
ENUMS = {"hcd_status": Status, "hcd_log_level": LogLevel, "hcd_layout": Layout, "hcd_range": Range,
         "hcd_matrix": Matrix, "hcd_siting": Siting, "hcd_shader_variant": ShaderVariant}
