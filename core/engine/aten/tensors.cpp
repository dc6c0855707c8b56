// SPDX-License-Identifier: BSD-2-Clause
#include "engine/aten/tensors.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace hcd::aten {
namespace {

// Planes of memory of a frame hold the samples of these many components.
int components_in(const hcd_format &format, int p) {
  return format.layout == HCD_LAYOUT_NV12 && p == 1 ? 2 : 1;
}

at::Tensor upload(const std::vector<float> &values, at::IntArrayRef sizes, at::Device device) {
  at::Tensor host = at::empty(sizes, at::kFloat);
  std::copy(values.begin(), values.end(), host.mutable_data_ptr<float>());
  return host.to(device);
}

}  // namespace

at::Tensor tensor(ConstPlane plane, at::Device device) {
  return at::from_blob(const_cast<float *>(plane.data), {plane.channels, plane.height, plane.width},
                       {plane.plane, plane.stride, 1}, at::device(device).dtype(at::kFloat));
}

at::Tensor tensor(ConstVector vector, at::Device device) {
  return at::from_blob(const_cast<float *>(vector.data()), {static_cast<int64_t>(vector.size())},
                       at::device(device).dtype(at::kFloat));
}

int planes_in_memory(const hcd_format &format) {
  return format.layout == HCD_LAYOUT_NV12 ? 2 : image::n_components(format);
}

at::Tensor read_rows(const hcd_format &format, const hcd_frame &frame, int p) {
  const int64_t height = image::component_height(format, p);
  const int64_t bytes = static_cast<int64_t>(image::component_width(format, p)) *
                        components_in(format, p) * (format.depth > 8 ? 2 : 1);
  at::Tensor rows = at::empty({height, bytes}, at::kByte);
  auto *to = rows.mutable_data_ptr<uint8_t>();
  for (int64_t y = 0; y < height; ++y) {
    std::memcpy(to + y * bytes, frame.data[p] + y * frame.stride[p], static_cast<size_t>(bytes));
  }
  return rows;
}

void write_rows(const at::Tensor &rows, const hcd_frame &frame, int p) {
  const auto *from = rows.const_data_ptr<uint8_t>();
  const int64_t bytes = rows.size(1);
  for (int64_t y = 0; y < rows.size(0); ++y) {
    std::memcpy(frame.data[p] + y * frame.stride[p], from + y * bytes, static_cast<size_t>(bytes));
  }
}

Band::Band(const image::Axis &axis, at::Device device)
    : weights(upload(axis.weights, {axis.out, axis.taps}, device)) {
  at::Tensor host = at::empty({axis.out}, at::kLong);
  std::copy(axis.start.begin(), axis.start.end(), host.mutable_data_ptr<int64_t>());
  start = host.to(device);
}

at::Tensor Band::times(const at::Tensor &in) const {
  at::Tensor out = at::zeros({weights.size(0), in.size(1)}, in.options());
  for (int64_t t = 0; t < weights.size(1); ++t) {
    out += weights.select(1, t).unsqueeze(1) * in.index_select(0, start + t);
  }
  return out;
}

System::System(const image::BandedSolver &solver, at::Device device) {
  const int64_t n = solver.n, band = solver.band;
  at::Tensor host = at::eye(n, at::kFloat);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = std::max<int64_t>(0, band - i); j < band; ++j) {
      host.mutable_data_ptr<float>()[i * n + i - band + j] =
          solver.lower[static_cast<size_t>(i * band + j)];
    }
  }
  lower = host.to(device);
  inverse_diagonal = upload(solver.inverse_diag, {n, 1}, device);
}

at::Tensor System::solve(const at::Tensor &right) const {
  const at::Tensor z = at::linalg_solve_triangular(lower, right, /*upper=*/false, /*left=*/true,
                                                   /*unitriangular=*/true);
  return at::linalg_solve_triangular(lower.t(), inverse_diagonal * z, /*upper=*/true,
                                     /*left=*/true, /*unitriangular=*/true);
}

}  // namespace hcd::aten
