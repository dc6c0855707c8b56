# SPDX-License-Identifier: BSD-2-Clause
"""The published numbers that stand in brackets beside ours."""

from typing import NamedTuple


class Published(NamedTuple):
    """Of a picture or a set. 0: not given."""
    psnr_y: float       # dB
    ssim: float = 0
    seconds: float = 0  # per picture, on the authors' machine


SETS = ("set5", "set14", "bsd100", "urban100", "div2k")

# (model, scale, with HCD): PSNR-Y and SSIM on SETS; 0: none. x4: Xu et al., ICCV 2023, table 1. x2: Xiao et al. (IRN),
# ECCV 2020, table 1; with HCD: Xu et al., table 3.
SCORES = {
    ("catmull_rom", 4, False): ((28.42, 26.00, 25.96, 23.14, 26.66), None),
    ("swinir", 4, False): ((32.72, 28.94, 27.83, 27.07, 0), None),
    ("tad", 4, False): ((31.81, 28.63, 28.51, 26.63, 31.16), None),
    ("car", 4, False): ((33.88, 30.31, 29.15, 29.28, 32.82), None),
    ("irn", 4, False): ((36.19, 32.67, 31.64, 31.41, 35.07), (0.9451, 0.9015, 0.8826, 0.9157, 0.9318)),
    ("irn", 4, True): ((36.63, 33.21, 32.03, 31.76, 35.20), (0.9488, 0.9076, 0.8894, 0.9180, 0.9324)),
    ("hcflow", 4, False): ((36.29, 33.02, 31.74, 31.62, 35.32), (0.9468, 0.9065, 0.8864, 0.9206, 0.9346)),
    ("hcflow", 4, True): ((36.99, 33.56, 32.22, 32.00, 35.36), (0.9506, 0.9116, 0.8919, 0.9231, 0.9352)),
    ("catmull_rom", 2, False): ((33.66, 30.24, 29.56, 26.88, 31.01), None),
    ("srcnn", 2, False): ((36.66, 32.45, 31.36, 29.50, 0), None),
    ("edsr", 2, False): ((38.20, 34.02, 32.37, 33.10, 35.12), None),
    ("rdn", 2, False): ((38.24, 34.01, 32.34, 32.89, 0), None),
    ("rcan", 2, False): ((38.27, 34.12, 32.41, 33.34, 0), None),
    ("tad", 2, False): ((38.46, 35.52, 36.68, 35.03, 39.01), None),
    ("car", 2, False): ((38.94, 35.61, 33.83, 35.24, 38.26), None),
    ("irn", 2, False): ((43.99, 40.79, 41.32, 39.92, 44.32), (0.9871, 0.9778, 0.9876, 0.9865, 0.9908)),
    ("irn", 2, True): ((44.67, 0, 0, 0, 0), (0.9886, 0, 0, 0, 0)),
}

# Rows of the paper's table 1 (x4) and of its counterpart at x2, as the paper calls them, in its order.
ROWS = {
    4: {"catmull_rom": "Bicubic & Bicubic", "srcnn": "Bicubic & SRCNN", "edsr": "Bicubic & EDSR", "rdn": "Bicubic & RDN",
        "rcan": "Bicubic & RCAN", "rfanet": "Bicubic & RFANet", "rrdb": "Bicubic & RRDB", "swinir": "Bicubic & SwinIR",
        "tad": "TAD & TAU", "car": "CAR & EDSR", "irn": "IRN", "hcflow": "HCFlow"},
    2: {"catmull_rom": "Bicubic & Bicubic", "srcnn": "Bicubic & SRCNN", "edsr": "Bicubic & EDSR", "rdn": "Bicubic & RDN",
        "rcan": "Bicubic & RCAN", "tad": "TAD & TAU", "car": "CAR & EDSR", "irn": "IRN"},
}
SOURCES = {4: "Xu et al., ICCV 2023, table 1",
           2: "Xiao et al., ECCV 2020, table 1; IRN + HCD: Xu et al., ICCV 2023, table 3"}

# IRN x2 on Set5 with so many HR and LR steps: Xu et al., tables 2 and 3 (the SSIM of 20 steps is as printed).
STEPS = {(0, 0): Published(43.99, 0.9871), (0, 15): Published(44.45, 0.9880), (15, 0): Published(44.37, 0.9879),
         (1, 1): Published(44.10, 0.9872, 0.33), (5, 5): Published(44.52, 0.9882, 1.61),
         (10, 10): Published(44.61, 0.9884, 2.98), (15, 15): Published(44.67, 0.9886, 3.97),
         (20, 20): Published(44.66, 0.9872, 5.26)}


def published_score(model: str, scale: int, with_hcd: bool, folder: str) -> Published | None:
    """Of a row on a set; `folder`: the set's name, with anything behind a low line."""
    name = folder.partition("_")[0].lower()
    if name not in SETS or (model, scale, with_hcd) not in SCORES:
        return None
    at = SETS.index(name)
    psnr_y, ssim = SCORES[model, scale, with_hcd]
    return Published(psnr_y[at], ssim[at] if ssim else 0) if psnr_y[at] > 0 else None
