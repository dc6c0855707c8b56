#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Shows how a network of one's own becomes a file for model=torchscript:weights=pair.pt.

usage: export_torchscript.py [pair.pt]      needs PyTorch
"""
import sys

import torch
from torch import nn
from torch.nn.functional import interpolate


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = 2  # factor
        self.colour = "luma"  # or "ycbcr", "rgb"; values in [0, 1], luma 16/255 to 235/255
        self.receptive_field = 3  # LR pixels that an output pixel depends on to each side
        self.name = "tiny"  # for statistics; may be left out
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(),
            nn.Conv2d(16, 4, 3, padding=1), nn.PixelShuffle(2))

    @torch.jit.export
    def upscale(self, x):  # f: [1, channels, h, w] -> [1, channels, 2h, 2w]
        return interpolate(x, scale_factor=2.0, mode="bilinear") + 0.1 * self.body(x)

    @torch.jit.export
    def downscale(self, y):  # g; leave it out for a bicubic one
        return interpolate(y, scale_factor=0.5, mode="bilinear", antialias=True)


torch.manual_seed(1)  # stands for training
torch.jit.script(Pair()).save(sys.argv[1] if len(sys.argv) > 1 else "pair.pt")
