// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cuda/operators.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "engine/cuda/kernels/axes.h"
#include "engine/cuda/planes.h"

namespace hcd::cuda {
namespace {

// A copy on the device, of values of four bytes.
template <typename T>
Buffer on_device(const std::vector<T> &values, Device &device) {
  static_assert(sizeof(T) == sizeof(float));
  Buffer memory = device.allocate(values.size());
  device.copy(values.data(), memory.data(), values.size() * sizeof(T));
  return memory;
}

class AxisOnDevice {
 public:
  AxisOnDevice(const image::Axis &axis, Device &device) : view_{} {
    view_.in = axis.in;
    view_.out = axis.out;
    view_.taps = axis.taps;
    std::vector<float> weights(axis.weights.size());
    for (int i = 0; i < axis.out; ++i) {
      for (int t = 0; t < axis.taps; ++t) {
        weights[static_cast<size_t>(t) * axis.out + i] = axis.row(i)[t];
      }
    }
    std::vector<int32_t> firsts;
    for (int i = 0; i < axis.out; i += kTile) {
      const auto [low, high] = std::minmax_element(
          axis.start.begin() + i, axis.start.begin() + std::min(i + kTile, axis.out));
      firsts.push_back(*low);
      view_.span = std::max(view_.span, *high - *low + axis.taps);
    }
    start_ = on_device(axis.start, device);
    weights_ = on_device(weights, device);
    first_ = on_device(firsts, device);
    view_.start = reinterpret_cast<const int32_t *>(start_.data());
    view_.weights = weights_.data();
    view_.first = reinterpret_cast<const int32_t *>(first_.data());
  }

  const DeviceAxis &view() const { return view_; }

 private:
  Buffer start_, weights_, first_;
  DeviceAxis view_;
};

class CudaSeparable : public Operator {
 public:
  CudaSeparable(std::shared_ptr<Device> device, const image::Separable &op)
      : device_(std::move(device)),
        horizontal_(op.horizontal, *device_),
        vertical_(op.vertical, *device_) {}

  // The direction that leaves less work for the other goes first.
  void apply(ConstPlane in, Plane out) const override {
    const bool rows_first = out.size() > 0 && size_t(out.width) * size_t(in.height) <
                                                  size_t(in.width) * size_t(out.height);
    const int width = rows_first ? out.width : in.width;
    const int height = rows_first ? in.height : out.height;
    Buffer memory = device_->allocate(static_cast<size_t>(width) * static_cast<size_t>(height));
    const Plane middle{memory.data(), width, height};
    if (rows_first) {
      along_rows(in, middle);
      down_columns(middle, out);
    } else {
      down_columns(in, middle);
      along_rows(middle, out);
    }
  }

 private:
  void along_rows(ConstPlane in, Plane out) const {
    device_->launch(HCD_KERNEL_OF(hcd_along_rows), tiles_of(out.width, out.height), kTileBlock, 0,
                    horizontal_.view(), cuda::on_device(in), cuda::on_device(out));
  }
  void down_columns(ConstPlane in, Plane out) const {
    device_->launch(HCD_KERNEL_OF(hcd_down_columns), tiles_of(out.width, out.height), kTileBlock, 0,
                    vertical_.view(), cuda::on_device(in), cuda::on_device(out));
  }

  std::shared_ptr<Device> device_;
  AxisOnDevice horizontal_, vertical_;
};

class SolverOnDevice {
 public:
  SolverOnDevice(const image::BandedSolver &solver, Device &device)
      : wide_(solver.band > kBand), view_{} {
    HCD_CHECK(solver.band <= kWideBand, HCD_E_FORMAT,
              "exact on the GPU: expected a kernel and a factor that join a sample to %d others at "
              "most, found %d",
              kWideBand, solver.band);
    const int band = wide_ ? kWideBand : kBand;
    const auto factor = [&](int row, int column) {  // L(row, column), row > column
      const int j = column - row + solver.band;
      const bool inside = row < solver.n && column >= 0 && j >= 0;
      return inside ? solver.lower[static_cast<size_t>(row) * solver.band + j] : 0.0F;
    };
    std::vector<float> lower, upper;
    for (int i = 0; i < solver.n; ++i) {
      for (int j = 0; j < band; ++j) {
        lower.push_back(factor(i, i - band + j));
        upper.push_back(factor(i + band - j, i));
      }
    }
    lower_ = on_device(lower, device);
    upper_ = on_device(upper, device);
    inverse_diag_ = on_device(solver.inverse_diag, device);
    view_ = {lower_.data(), upper_.data(), inverse_diag_.data(), solver.n};
  }

  void solve_columns(Plane plane, Device &device) const {
    const Extent grid = blocks_of(plane.width, 1, kTile, 1);
    device.launch(wide_ ? HCD_KERNEL_OF(hcd_solve_columns_wide) : HCD_KERNEL_OF(hcd_solve_columns),
                  grid, {kTile}, 0, view_, cuda::on_device(plane));
  }
  void solve_rows(Plane plane, Device &device) const {
    const Extent grid = blocks_of(plane.height, 1, kTile, 1);
    device.launch(wide_ ? HCD_KERNEL_OF(hcd_solve_rows_wide) : HCD_KERNEL_OF(hcd_solve_rows), grid,
                  kTileBlock, 0, view_, cuda::on_device(plane));
  }

 private:
  bool wide_;
  Buffer lower_, upper_, inverse_diag_;
  DeviceSolver view_;
};

class CudaInverse : public Operator {
 public:
  CudaInverse(std::shared_ptr<Device> device, const image::Inverse &inverse)
      : device_(std::move(device)),
        pull_(device_, inverse.pull),
        horizontal_(inverse.horizontal, *device_),
        vertical_(inverse.vertical, *device_) {}

  void apply(ConstPlane in, Plane out) const override {
    pull_.apply(in, out);
    vertical_.solve_columns(out, *device_);
    horizontal_.solve_rows(out, *device_);
  }

 private:
  std::shared_ptr<Device> device_;
  CudaSeparable pull_;
  SolverOnDevice horizontal_, vertical_;
};

}  // namespace

std::unique_ptr<Operator> make_operator(std::shared_ptr<Device> device,
                                        const image::Separable &op) {
  return std::make_unique<CudaSeparable>(std::move(device), op);
}
std::unique_ptr<Operator> make_operator(std::shared_ptr<Device> device, const image::Inverse &op) {
  return std::make_unique<CudaInverse>(std::move(device), op);
}

}  // namespace hcd::cuda
