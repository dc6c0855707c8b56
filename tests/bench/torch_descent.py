#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The default descent of hcd_down (lite, learned steps, the loss mixed) as one writes it in eager PyTorch, to be measured
beside hcd_cuda_bench: luma alone, on the same picture. usage: torch_descent.py [seconds [divisor of 4K [device]]]. Prints
one JSON object: {"name", "fps", "frames", "psnr_plain", "psnr"}, PSNR in dB of what lite shows, rounded."""

import json
import math
import struct
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F

WEIGHTS = Path(__file__).resolve().parents[2] / "core" / "weights" / "light"
DETAIL, RINGING, PROXIMITY, STEPS = 0.3, 0.5, 2.0, 2  # docs/options.md, of networks
LEAK = 0.1
LOW, HIGH = 16.0, 235.0  # of what is sent


def safetensors(name: str, device: str) -> dict[str, torch.Tensor]:
    raw = (WEIGHTS / f"{name}.safetensors").read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    found = {}
    for key, entry in json.loads(raw[8:8 + size]).items():
        if key != "__metadata__":
            first, last = (8 + size + at for at in entry["data_offsets"])
            kind = {"F16": torch.float16, "F32": torch.float32}[entry["dtype"]]
            found[key] = torch.frombuffer(bytearray(raw[first:last]), dtype=kind).float().reshape(entry["shape"]).to(device)
    return found


def picture(width: int, height: int, device: str) -> torch.Tensor:
    """That of hcd_cuda_bench but for its grain, whose numbers come one after the other: uniform ones, too."""
    y, x = torch.meshgrid(torch.arange(height, dtype=torch.float64), torch.arange(width, dtype=torch.float64), indexing="ij")
    wave = 40 * torch.sin(0.02 * x + 0.0003 * x * y / 8) + 30 * torch.cos(0.05 * y)
    grain = torch.randint(0, 8, (height, width), generator=torch.Generator().manual_seed(1))
    return torch.where((x + 2 * y) % 97 < 4, 40.0, 126 + wave + grain).clamp(0, 255).floor().float()[None, None].to(device)


class Lite:
    def __init__(self, device: str):
        tensors = safetensors("lite_x2", device)
        count = sum(key.endswith(".weight") for key in tensors)
        self.layers = [(tensors[f"{i}.weight"], tensors[f"{i}.bias"]) for i in range(count)]

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Code values of limited range, on which it is trained, to those of a picture twice as large."""
        v = p = x / 255
        for i, (weight, bias) in enumerate(self.layers):
            v = F.conv2d(v, weight, bias, padding=weight.shape[-1] // 2)
            if i + 1 < len(self.layers):
                v = F.leaky_relu(v, LEAK)
        shown = F.pixel_shuffle(v, 2) + F.interpolate(p, scale_factor=2, mode="bilinear", align_corners=False)
        return shown * 255


def lanczos_half(y: torch.Tensor) -> torch.Tensor:
    taps = [math.sin(math.pi * d) / (math.pi * d) * math.sin(math.pi * d / 3) / (math.pi * d / 3)
            for d in (abs(k + 0.5) / 2 for k in range(-6, 6))]
    row = torch.tensor(taps, device=y.device)
    row = row / row.sum()
    across = F.conv2d(F.pad(y, (5, 5, 0, 0), mode="replicate"), row.view(1, 1, 1, -1), stride=(1, 2))
    return F.conv2d(F.pad(across, (0, 0, 5, 5), mode="replicate"), row.view(1, 1, -1, 1), stride=(2, 1))


def visibility(level: int, band: int) -> float:
    """Watson's, as in core/base/watson.h."""
    amplitude = ((0.67234, 0.72709), (0.41317, 0.49428), (0.22727, 0.28688), (0.11792, 0.15214))
    diagonal = int(band == 2)
    f = math.log10(2 ** (level + 1) * 0.401 * (1.0, 0.534)[diagonal] / (3 * 1080 * math.pi / 180))
    return amplitude[level][diagonal] / (2 * 0.495 * 10 ** (0.466 * f * f))


class Detail:
    """Lost detail (ADM), as in core/engine/aten/detail.cpp."""

    def __init__(self, y: torch.Tensor):
        low = [0.482962913144690, 0.836516303737469, 0.224143868041857, -0.129409522550921]
        self.taps = [torch.tensor(t, device=y.device) for t in (low, [low[3], -low[2], low[1], -low[0]])]
        self.mask = torch.full((1, 1, 3, 3), 1 / 30, device=y.device)
        self.mask[0, 0, 1, 1] = 1 / 15
        self.reference, x = [], y - 128
        for _ in range(4):
            bands, x = self.split(x)
            self.reference.append(bands)

    def halve(self, x: torch.Tensor, high: int, axis: int) -> torch.Tensor:
        padding, shape, stride = (((0, 0, 1, 2), (1, 1, 4, 1), (2, 1)), ((1, 2, 0, 0), (1, 1, 1, 4), (1, 2)))[axis - 2]
        return F.conv2d(F.pad(x, padding, mode="reflect"), self.taps[high].view(shape), stride=stride)

    def split(self, x: torch.Tensor) -> tuple[list[torch.Tensor], torch.Tensor]:
        low, high = self.halve(x, 0, 2), self.halve(x, 1, 2)
        return [self.halve(low, 1, 3), self.halve(high, 0, 3), self.halve(high, 1, 3)], self.halve(low, 0, 3)

    @staticmethod
    def pool(x: torch.Tensor) -> torch.Tensor:
        h, w = x.shape[2] // 10, x.shape[3] // 10
        x = x[:, :, h:x.shape[2] - h, w:x.shape[3] - w]
        return x.pow(3).sum().pow(1 / 3) + (x.numel() / 32) ** (1 / 3)

    def lost(self, test: torch.Tensor) -> torch.Tensor:
        found, whole, x = 0, 0, test - 128
        for level, bands in enumerate(self.reference):
            tests, x = self.split(x)
            kept = [band * (t / torch.where(band.abs() > 1e-6, band, 1e-6)).clamp(0, 1)
                    for t, band in zip(tests, bands, strict=True)]
            added = sum((t - k).abs() * visibility(level, b) for b, (t, k) in enumerate(zip(tests, kept, strict=True)))
            mask = F.conv2d(F.pad(added, (1, 1, 1, 1), mode="replicate"), self.mask)
            for b, (k, band) in enumerate(zip(kept, bands, strict=True)):
                found = found + self.pool((k.abs() * visibility(level, b) - mask).clamp_min(0))
                whole = whole + self.pool(band.abs() * visibility(level, b))
        return 1 - found / whole


def descend(y: torch.Tensor, lite: Lite, steps: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """The plain small frame and ours, rounded."""
    detail = Detail(y)
    around = F.pad(y, (1, 1, 1, 1), mode="replicate")
    least, most = -F.max_pool2d(-around, 3, 1), F.max_pool2d(around, 3, 1)
    start = lanczos_half(y)
    x, last, first = start.clone(), None, None
    for i in range(STEPS):
        at = x.detach().requires_grad_()
        shown = lite(at).clamp(0, 255)
        error, lost = (shown - y).square().mean(), detail.lost(shown)
        if first is None:
            first = error.detach(), lost.detach()
        excess = (shown - torch.maximum(torch.minimum(shown, most), least)).square().mean()
        value = ((1 - DETAIL) * error + RINGING * excess + PROXIMITY * (at - start).square().mean()) / first[0]
        gradient, = torch.autograd.grad(value + DETAIL * lost / first[1], at)
        gradient = gradient * first[0] * at.numel()
        for name, plane in (("gradient", gradient), ("last", last), ("move", at.detach() - start)):
            if f"{i}.{name}" in steps:
                kernel = steps[f"{i}.{name}"][None, None]
                x = x + F.conv2d(F.pad(plane, (kernel.shape[-1] // 2,) * 4, mode="replicate"), kernel)
        x, last = x.clamp(LOW, HIGH), gradient
    return start.round().clamp(0, 255), x.round()


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 4
    divisor = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    device = sys.argv[3] if len(sys.argv) > 3 else "cuda"
    y = picture(3840 // divisor // 4 * 4, 2160 // divisor // 4 * 4, device)
    lite, steps = Lite(device), safetensors("steps-lite_x2", device)
    wait = torch.cuda.synchronize if device.startswith("cuda") else lambda: None

    def psnr(x: torch.Tensor) -> float:
        with torch.no_grad():
            error = (lite(x).round().clamp(0, 255) - y).square().mean().item()
        return 10 * math.log10(255 ** 2 / error)

    plain, ours = descend(y, lite, steps)
    wait()
    begin, frames = time.monotonic(), 0
    while frames == 0 or time.monotonic() - begin < seconds:
        descend(y, lite, steps)
        wait()
        frames += 1
    print(json.dumps({"name": "the same in eager PyTorch, luma alone, 4K, lite", "fps": round(frames / (time.monotonic() - begin), 2),
                      "frames": frames, "psnr_plain": round(psnr(plain), 3), "psnr": round(psnr(ours), 3)}))


if __name__ == "__main__":
    main()
