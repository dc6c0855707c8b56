// SPDX-License-Identifier: BSD-2-Clause
// The resampling kernels of players, and one axis of a resizing by them: as core/image/kernel.cpp and
// core/image/separable.cpp have them.

// The two-parameter cubics of Mitchell and Netravali, SIGGRAPH 1988.
function cubic(b, c) {
  return (d) => {
    if (d < 1) return ((12 - 9 * b - 6 * c) * d ** 3 + (-18 + 12 * b + 6 * c) * d ** 2 + 6 - 2 * b) / 6;
    if (d < 2) return ((-b - 6 * c) * d ** 3 + (6 * b + 30 * c) * d ** 2 + (-12 * b - 48 * c) * d + 8 * b + 24 * c) / 6;
    return 0;
  };
}

function spline36(d) {
  if (d < 1) return ((13 / 11 * d - 453 / 209) * d - 3 / 209) * d + 1;
  if (d < 2) return ((-6 / 11 * (d - 1) + 270 / 209) * (d - 1) - 156 / 209) * (d - 1);
  if (d < 3) return ((1 / 11 * (d - 2) - 45 / 209) * (d - 2) + 26 / 209) * (d - 2);
  return 0;
}

const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
const lanczos = (lobes) => (d) => (d < lobes ? sinc(d) * sinc(d / lobes) : 0);

// Even functions of the distance in samples, zero beyond `support`.
export const KERNELS = {
  bilinear: { support: 1, weight: (d) => (d < 1 ? 1 - d : 0) },
  bicubic: { support: 2, weight: cubic(0, 0.6) },
  catmull_rom: { support: 2, weight: cubic(0, 0.5) },
  mitchell: { support: 2, weight: cubic(1 / 3, 1 / 3) },
  spline36: { support: 3, weight: spline36 },
  lanczos2: { support: 2, weight: lanczos(2) },
  lanczos: { support: 3, weight: lanczos(3) },
};

// How `from` samples become `to`, both with their samples at `position` of their cells (0.5, or 0.25 for chroma that is
// sited left): rows of `taps` weights from sample `start` on, as one table [to][1 + taps] whose first column is the start.
// Where it becomes smaller the kernel is stretched; the first and last samples continue beyond the border.
export function resizeAxis(name, from, to, position) {
  const { support, weight } = KERNELS[name];
  const ratio = from / to, stretch = Math.max(1, ratio), radius = support * stretch;
  const taps = Math.min(from, 2 * Math.ceil(radius) + 1);
  const table = new Float32Array(to * (1 + taps));
  for (let i = 0; i < to; ++i) {
    const centre = (i + position) * ratio - position;
    const first = Math.ceil(centre - radius), last = Math.floor(centre + radius);
    const inside = (j) => Math.min(from - 1, Math.max(0, j));
    const start = Math.min(inside(first), from - taps);
    const weights = new Float64Array(taps);
    let sum = 0;
    for (let j = first; j <= last; ++j) {
      const w = weight(Math.abs(j - centre) / stretch);
      weights[inside(j) - start] += w;
      sum += w;
    }
    table[i * (1 + taps)] = start;
    for (let t = 0; t < taps; ++t) table[i * (1 + taps) + 1 + t] = weights[t] / sum;
  }
  return { taps, table };
}

// Of enlarging by a whole factor: pixel d of a block is made of 2 support taps, the first of them `first[d]` from its own pixel.
export function skipTaps(name, factor) {
  const { support, weight } = KERNELS[name];
  const first = [], weights = [];
  for (let d = 0; d < factor; ++d) {
    const centre = (d + 0.5) / factor - 0.5;
    first.push(Math.floor(centre) - support + 1);
    const row = Array.from({ length: 2 * support }, (_, t) => weight(Math.abs(first[d] + t - centre)));
    const sum = row.reduce((a, b) => a + b);
    weights.push(...row.map((w) => w / sum));
  }
  return { reach: support, first, weights };
}
