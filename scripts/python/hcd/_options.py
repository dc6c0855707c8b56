# SPDX-License-Identifier: BSD-2-Clause
"""The options, for those who check types: docs/options.md. Made by scripts/options_doc from core/options/options.def."""

import os
from typing import Literal, TypedDict


class DownOptions(TypedDict, total=False):
    scale: float | Literal["auto"]
    model: str
    weights: str | os.PathLike[str]
    latent: Literal["auto", "zero", "sample", "mean"]
    device: str
    preset: Literal["fast", "balanced", "quality", "paper"]
    loss: Literal["auto", "mse", "mixed"]
    start: Literal[
        "auto", "area", "bilinear", "bicubic", "catmull_rom", "mitchell", "spline36", "lanczos2", "lanczos"]
    optimizer: Literal["auto", "pgd", "adam", "cg", "exact", "learned"]
    steps: int | Literal["auto"]
    steps_hr: int | Literal["auto"]
    steps_lr: int | Literal["auto"]
    budget: float | Literal["auto"]
    step_size: float | Literal["auto"]
    proximity: float | Literal["auto"]
    detail: float | Literal["auto"]
    ringing: float | Literal["auto"]
    quality_hint: float | Literal["auto"]
    seed: int
    threads: int
    tile: int
    precision: Literal["auto", "int16", "fp32"]
    signal: Literal["off", "on", "weights"]
    resize: Literal[
        "auto", "bilinear", "bicubic", "catmull_rom", "mitchell", "spline36", "lanczos2", "lanczos"]
    async_depth: int


class UpOptions(TypedDict, total=False):
    scale: float | Literal["auto"]
    model: str
    weights: str | os.PathLike[str]
    latent: Literal["auto", "zero", "sample", "mean"]
    device: str
    seed: int
    threads: int
    tile: int
    precision: Literal["auto", "int16", "fp32"]
    resize: Literal[
        "auto", "bilinear", "bicubic", "catmull_rom", "mitchell", "spline36", "lanczos2", "lanczos"]
    async_depth: int
