// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cuda/kernels/axes.h"

#include "engine/cuda/kernels/planes.cuh"
#include "engine/cuda/kernels/tile.cuh"

namespace hcd::cuda {

constexpr int kRowsOfThread = kTile / kTileRows;

// The last unknowns of a line that is being solved, the oldest first.
template <int kUnknowns>
struct Window {
  float last[kUnknowns] = {};

  __device__ float next(float value, const float *factors) {
#pragma unroll
    for (int j = 0; j < kUnknowns; ++j) value = __fmaf_rn(-factors[j], last[j], value);
#pragma unroll
    for (int j = 0; j + 1 < kUnknowns; ++j) last[j] = last[j + 1];
    last[kUnknowns - 1] = value;
    return value;
  }
};

// One of the two sweeps, from the first unknown to the last, or back.
template <int kUnknowns, bool kBack>
struct Sweep {
  const DeviceSolver &solver;
  Window<kUnknowns> window;

  // The k-th unknown that it comes to.
  __device__ int at(int k) const { return kBack ? solver.n - 1 - k : k; }
  __device__ float next(int k, float value) {
    const int64_t i = at(k);
    if (kBack) value *= solver.inverse_diag[i];
    return window.next(value, (kBack ? solver.upper : solver.lower) + i * kUnknowns);
  }
};

// Values are read some steps before they are needed, since each step waits for the one before.
template <int kUnknowns, bool kBack>
__device__ void sweep_column(const DeviceSolver &solver, float *column, int64_t stride) {
  constexpr int kAhead = 8;
  Sweep<kUnknowns, kBack> sweep{solver, {}};
  float now[kAhead], then[kAhead];
  const auto load = [&](int first) {
#pragma unroll
    for (int k = 0; k < kAhead; ++k) {
      then[k] = first + k < solver.n ? column[sweep.at(first + k) * stride] : 0;
    }
  };
  load(0);
  for (int first = 0; first < solver.n; first += kAhead) {
#pragma unroll
    for (int k = 0; k < kAhead; ++k) now[k] = then[k];
    load(first + kAhead);
#pragma unroll
    for (int k = 0; k < kAhead; ++k) {
      if (first + k < solver.n) {
        column[sweep.at(first + k) * stride] = sweep.next(first + k, now[k]);
      }
    }
  }
}

template <int kUnknowns>
__device__ void solve_columns(const DeviceSolver &solver, const DevicePlane &plane) {
  const int x = int(blockIdx.x) * kTile + int(threadIdx.x);
  if (x >= plane.width) return;
  sweep_column<kUnknowns, false>(solver, plane.data + x, plane.stride);
  sweep_column<kUnknowns, true>(solver, plane.data + x, plane.stride);
}

// The block's threads bring kTile x kTile values at a time into shared memory, where the first
// kTile of them go on with their rows; what comes next is read meanwhile.
template <int kUnknowns, bool kBack>
__device__ void sweep_rows(const DeviceSolver &solver, const DevicePlane &plane,
                           float (*tile)[kTile + 1]) {
  Sweep<kUnknowns, kBack> sweep{solver, {}};
  const int top = int(blockIdx.x) * kTile, column = int(threadIdx.x), row = int(threadIdx.y);
  const auto address = [&](int first, int r) {
    return row_of(plane, top + r) + sweep.at(first + column);
  };
  const auto inside = [&](int first, int r) {
    return first + column < solver.n && top + r < plane.height;
  };
  float then[kRowsOfThread];
  const auto load = [&](int first) {
#pragma unroll
    for (int k = 0; k < kRowsOfThread; ++k) {
      const int r = row + k * kTileRows;
      then[k] = inside(first, r) ? *address(first, r) : 0;
    }
  };
  load(0);
  for (int first = 0; first < solver.n; first += kTile) {
#pragma unroll
    for (int k = 0; k < kRowsOfThread; ++k) tile[row + k * kTileRows][column] = then[k];
    __syncthreads();
    load(first + kTile);
    if (row == 0) {
      for (int k = 0; k < kTile && first + k < solver.n; ++k) {
        tile[column][k] = sweep.next(first + k, tile[column][k]);
      }
    }
    __syncthreads();
#pragma unroll
    for (int k = 0; k < kRowsOfThread; ++k) {
      const int r = row + k * kTileRows;
      if (inside(first, r)) *address(first, r) = tile[r][column];
    }
  }
  __syncthreads();  // the next sweep's threads read what others wrote
}

template <int kUnknowns>
__device__ void solve_rows(const DeviceSolver &solver, const DevicePlane &plane) {
  HCD_SHARED(tile, float[kTile][kTile + 1]);
  sweep_rows<kUnknowns, false>(solver, plane, tile);
  sweep_rows<kUnknowns, true>(solver, plane, tile);
}

// One column of the tile: kRowsOfThread sums by the same weights. read(r, t): the value of row r
// that tap t looks at.
template <typename Read>
__device__ void weigh(const DeviceAxis &axis, int x, const Read &read,
                      float (&sums)[kRowsOfThread]) {
  for (int t = 0; t < axis.taps; ++t) {
    const float weight = axis.weights[int64_t(t) * axis.out + x];
#pragma unroll
    for (int k = 0; k < kRowsOfThread; ++k) {
      sums[k] = __fmaf_rn(weight, read(k * kTileRows, t), sums[k]);
    }
  }
}

}  // namespace hcd::cuda

HCD_KERNEL hcd_along_rows(hcd::cuda::DeviceAxis axis, hcd::cuda::ConstDevicePlane in,
                          hcd::cuda::DevicePlane out) {
  using namespace hcd::cuda;
  HCD_SHARED(tile, float[kTile][kSpan]);
  const int column = int(threadIdx.x), row = int(threadIdx.y);
  const int x = int(blockIdx.x) * kTile + column, top = int(blockIdx.y) * kTile;
  const int first = axis.first[blockIdx.x];
  const auto source = [&](int r) {  // of rows below the last one: the last
    return row_of(in, clamped(top + r, 0, in.height - 1));
  };
  const bool tiled = axis.span <= kSpan;
  if (tiled) {
    const int span = axis.span < in.width - first ? axis.span : in.width - first;
    for (int r = row; r < kTile; r += kTileRows) {
      const float *from = source(r) + first;
      for (int i = column; i < span; i += kTile) tile[r][i] = from[i];
    }
    __syncthreads();
  }
  if (x >= out.width) return;
  const int start = axis.start[x];
  float sums[kRowsOfThread] = {};
  if (tiled) {
    weigh(
        axis, x, [&](int r, int t) { return tile[row + r][start - first + t]; }, sums);
  } else {
    weigh(
        axis, x, [&](int r, int t) { return source(row + r)[start + t]; }, sums);
  }
  for_tile(out.width, out.height,
           [&](int, int y) { out.data[y * out.stride + x] = sums[(y - top) / kTileRows]; });
}

HCD_KERNEL hcd_down_columns(hcd::cuda::DeviceAxis axis, hcd::cuda::ConstDevicePlane in,
                            hcd::cuda::DevicePlane out) {
  hcd::cuda::for_tile(out.width, out.height, [&](int x, int y) {
    const float *from = row_of(in, axis.start[y]) + x;
    float sum = 0;
    for (int t = 0; t < axis.taps; ++t) {
      sum = __fmaf_rn(axis.weights[int64_t(t) * axis.out + y], from[t * in.stride], sum);
    }
    row_of(out, y)[x] = sum;
  });
}

HCD_KERNEL hcd_solve_columns(hcd::cuda::DeviceSolver solver, hcd::cuda::DevicePlane plane) {
  hcd::cuda::solve_columns<hcd::cuda::kBand>(solver, plane);
}
HCD_KERNEL hcd_solve_columns_wide(hcd::cuda::DeviceSolver solver, hcd::cuda::DevicePlane plane) {
  hcd::cuda::solve_columns<hcd::cuda::kWideBand>(solver, plane);
}
HCD_KERNEL hcd_solve_rows(hcd::cuda::DeviceSolver solver, hcd::cuda::DevicePlane plane) {
  hcd::cuda::solve_rows<hcd::cuda::kBand>(solver, plane);
}
HCD_KERNEL hcd_solve_rows_wide(hcd::cuda::DeviceSolver solver, hcd::cuda::DevicePlane plane) {
  hcd::cuda::solve_rows<hcd::cuda::kWideBand>(solver, plane);
}
