// SPDX-License-Identifier: BSD-2-Clause
#include "image/kernel.h"

#include <array>
#include <cmath>

namespace hcd::image {
namespace {

double bilinear(double d) { return d < 1 ? 1 - d : 0; }

// The two-parameter cubics of Mitchell and Netravali, "Reconstruction Filters in Computer
// Graphics", SIGGRAPH 1988, equation 8.
double cubic(double d, double b, double c) {
  if (d < 1)
    return ((12 - 9 * b - 6 * c) * d * d * d + (-18 + 12 * b + 6 * c) * d * d + 6 - 2 * b) / 6;
  if (d < 2) {
    return ((-b - 6 * c) * d * d * d + (6 * b + 30 * c) * d * d + (-12 * b - 48 * c) * d + 8 * b +
            24 * c) /
           6;
  }
  return 0;
}

double bicubic(double d) { return cubic(d, 0, 0.6); }
double catmull_rom(double d) { return cubic(d, 0, 0.5); }
double mitchell(double d) { return cubic(d, 1.0 / 3, 1.0 / 3); }

// The cubic spline through 6 points, in the form that AviSynth, zimg and mpv use (Dersch).
double spline36(double d) {
  if (d < 1) return ((13.0 / 11 * d - 453.0 / 209) * d - 3.0 / 209) * d + 1;
  if (d < 2) return ((-6.0 / 11 * (d - 1) + 270.0 / 209) * (d - 1) - 156.0 / 209) * (d - 1);
  if (d < 3) return ((1.0 / 11 * (d - 2) - 45.0 / 209) * (d - 2) + 26.0 / 209) * (d - 2);
  return 0;
}

double sinc(double x) { return x == 0 ? 1 : std::sin(M_PI * x) / (M_PI * x); }
double lanczos2(double d) { return d < 2 ? sinc(d) * sinc(d / 2) : 0; }
double lanczos3(double d) { return d < 3 ? sinc(d) * sinc(d / 3) : 0; }

double box(double d) { return d < 0.5 ? 1 : d == 0.5 ? 0.5 : 0; }

constexpr Kernel kArea = {"area", "mean over a cell", 0.5, box};

constexpr std::array<Kernel, 7> kKernels = {{
    {"bilinear", "bilinear", 1, bilinear},
    {"bicubic", "FFmpeg's bicubic, B=0 C=0.6", 2, bicubic},
    {"catmull_rom", "MATLAB's bicubic, B=0 C=0.5", 2, catmull_rom},
    {"mitchell", "bicubic, B=C=1/3", 2, mitchell},
    {"spline36", "cubic spline through 6 points", 3, spline36},
    {"lanczos2", "Lanczos, 2 lobes", 2, lanczos2},
    {"lanczos", "Lanczos, 3 lobes (FFmpeg's lanczos)", 3, lanczos3},
}};

}  // namespace

std::span<const Kernel> kernels() { return kKernels; }

const Kernel &area_kernel() { return kArea; }

const Kernel *find_kernel(std::string_view name) {
  for (const Kernel &kernel : kKernels) {
    if (name == kernel.name) return &kernel;
  }
  return nullptr;
}

}  // namespace hcd::image
