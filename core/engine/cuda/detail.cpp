// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cuda/detail.h"

#include <array>
#include <utility>

#include "base/watson.h"
#include "engine/cuda/kernels/detail.h"
#include "engine/cuda/kernels/vectors.h"
#include "engine/cuda/numbers.h"
#include "engine/cuda/planes.h"

namespace hcd::cuda {
namespace {

int half(int size) { return (size + 1) / 2; }

class CudaDetail : public Detail {
 public:
  CudaDetail(Device &device, ConstPlane reference);
  Number value_and_gradient(ConstPlane test, Plane gradient) override;

 private:
  // Levels for pictures of that size, without memory.
  void lay_out(int width, int height);
  // Gives them memory.
  void place();
  void split(ConstPlane picture, DeviceDetails DetailLevel::*details);
  // The roots of what is seen of `all`'s test picture; factors may be nullptr.
  void pool(const DetailAll &all, float *factors);
  void differentiate(Plane gradient);

  Device &device_;
  DetailAll all_{};
  std::array<DevicePlane, kDetailLevels> lows_;  // of the picture; then the derivatives by them
  unsigned blocks_ = 0;                          // that look at all levels
  Buffer memory_;
  double *roots_ = nullptr, *cubes_ = nullptr;
  float *factors_ = nullptr;
  Number reference_;  // pooled
};

CudaDetail::CudaDetail(Device &device, ConstPlane reference) : device_(device) {
  lay_out(reference.width, reference.height);
  place();
  split(reference, &DetailLevel::reference);
  DetailAll itself = all_;  // of itself nothing is masked
  for (DetailLevel &level : itself.levels) level.test = level.reference;
  pool(itself, nullptr);
  reference_ = total(device_, roots_, kDetailRoots);
}

void CudaDetail::lay_out(int width, int height) {
  for (int i = 0; i < kDetailLevels; ++i) {
    DetailLevel &level = all_.levels[i];
    width = half(width);
    height = half(height);
    const int64_t stride = (width + 31) / 32 * 32;  // rows begin where memory is read at once
    lows_[static_cast<size_t>(i)] = {nullptr, width, height, stride};
    level.test = level.reference = level.slopes = {nullptr, width, height, stride, stride * height};
    for (int b = 0; b < kDetailBands; ++b) level.csf[b] = static_cast<float>(visibility(i, b));
    const int cut_x = width / 10, cut_y = height / 10;
    const Rect pooled{cut_x, cut_y, width - 2 * cut_x, height - 2 * cut_y};
    const Rect reached = pooled.grown(1, width, height);
    level.pooled = on_device(pooled);
    level.reached = on_device(reached);
    const Extent grid = tiles_of(reached.width, reached.height);
    level.first_block = blocks_;
    level.blocks_x = grid.x;
    blocks_ += grid.x * grid.y;
  }
}

void CudaDetail::place() {
  constexpr size_t kDouble = sizeof(double) / sizeof(float);
  const size_t n_cubes = size_t{kDetailBands} * blocks_;
  const size_t n_sums = ((kDetailRoots + n_cubes) * kDouble + kDetailRoots + 31) / 32 * 32;
  size_t n = n_sums;
  for (const DetailLevel &level : all_.levels) n += 10 * static_cast<size_t>(level.test.plane);
  memory_ = device_.allocate(n);
  roots_ = reinterpret_cast<double *>(memory_.data());
  cubes_ = roots_ + kDetailRoots;
  factors_ = reinterpret_cast<float *>(cubes_ + n_cubes);
  float *next = memory_.data() + n_sums;
  for (size_t i = 0; i < kDetailLevels; ++i) {
    DetailLevel &level = all_.levels[i];
    lows_[i].data = std::exchange(next, next + level.test.plane);
    for (DeviceDetails *details : {&level.test, &level.reference, &level.slopes}) {
      details->data = std::exchange(next, next + kDetailBands * details->plane);
    }
  }
}

void CudaDetail::split(ConstPlane picture, DeviceDetails DetailLevel::*details) {
  ConstDevicePlane whole = on_device(picture);
  for (size_t i = 0; i < kDetailLevels; ++i) {
    const DevicePlane &low = lows_[i];
    device_.launch(HCD_KERNEL_OF(hcd_wavelet),
                   blocks_of(low.width, low.height, kWaveletColumns, kWaveletRows),
                   {kWaveletColumns, kWaveletThreadRows}, 0, whole, low, all_.levels[i].*details,
                   all_.levels[i].reached);
    whole = read_only(low);
  }
}

void CudaDetail::pool(const DetailAll &all, float *factors) {
  device_.launch(HCD_KERNEL_OF(hcd_detail_mask), {blocks_}, kTileBlock, 0, all, cubes_);
  device_.launch(HCD_KERNEL_OF(hcd_detail_pool), {kDetailRoots}, {kVectorBlock}, 0, all, cubes_,
                 blocks_, on_device(reference_), roots_, factors);
}

void CudaDetail::differentiate(Plane gradient) {
  device_.launch(HCD_KERNEL_OF(hcd_detail_slope), {blocks_}, kTileBlock, 0, all_, factors_);
  ConstDevicePlane low{nullptr, lows_.back().width, lows_.back().height, lows_.back().stride};
  for (size_t i = kDetailLevels; i-- > 0;) {
    const DevicePlane out = i == 0 ? on_device(gradient) : lows_[i - 1];
    device_.launch(HCD_KERNEL_OF(hcd_wavelet_adjoint),
                   blocks_of(out.width, out.height, 2 * kWaveletColumns, 2 * kWaveletRows),
                   {kWaveletColumns, kWaveletThreadRows}, 0, low, all_.levels[i].slopes,
                   all_.levels[i].reached, out);
    low = read_only(out);
  }
}

Number CudaDetail::value_and_gradient(ConstPlane test, Plane gradient) {
  split(test, &DetailLevel::test);
  pool(all_, gradient.data ? factors_ : nullptr);
  if (gradient.data) differentiate(gradient);
  return 1 - total(device_, roots_, kDetailRoots) / reference_;
}

}  // namespace

std::unique_ptr<Detail> make_detail(Device &device, ConstPlane reference) {
  return std::make_unique<CudaDetail>(device, reference);
}

}  // namespace hcd::cuda
