// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cuda/engine.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "engine/cuda/detail.h"
#include "engine/cuda/frames.h"
#include "engine/cuda/kernels/planes.h"
#include "engine/cuda/kernels/vectors.h"
#include "engine/cuda/losses.h"
#include "engine/cuda/numbers.h"
#include "engine/cuda/operators.h"
#include "engine/cuda/planes.h"
#include "image/storage.h"

namespace hcd::cuda {
namespace {

template <typename T>
View<T> channel(const View<T> &view, int c) {
  return {view.row(c, 0), view.width, view.height, view.stride};
}

Codes codes_of(int depth, const image::Range &range) {
  const image::Range codes = image::code_range(depth, range);
  return {image::code_scale(depth), codes.low, codes.high};
}

class CudaEngine : public Engine {
 public:
  CudaEngine(std::shared_ptr<Device> device, ThreadPool &pool)
      : device_(std::move(device)), pool_(pool), frames_(device_, pool) {}

  const char *name() const override { return "cuda"; }
  ThreadPool &pool() override { return pool_; }

  int frames_in_flight() const override { return 2; }
  std::unique_ptr<Answer> queue(const std::function<std::vector<Number>()> &work,
                                std::unique_ptr<Recording> *recording) override;
  void finish_pack() override { frames_.finish_pack(); }
  void finish() override { device_->synchronise(); }

  bool on_host() const override { return false; }
  Buffer allocate(size_t floats) override { return device_->allocate(floats); }
  void copy(ConstPlane from, Plane to) override;
  void copy(ConstVector from, Vector to) override {
    device_->copy(from.data(), to.data(), from.size_bytes());
  }
  void fill(Plane plane, float value) override;

  Number dot(ConstVector a, ConstVector b) override;
  void axpy(const Number &a, ConstVector x, Vector y) override {
    for_vector(HCD_KERNEL_OF(hcd_axpy), y.size(), on_device(a), x.data(), y.data());
  }
  void xpby(ConstVector x, const Number &b, Vector y) override {
    for_vector(HCD_KERNEL_OF(hcd_xpby), y.size(), x.data(), on_device(b), y.data());
  }
  void subtract(ConstVector x, ConstVector y, Vector z) override {
    for_vector(HCD_KERNEL_OF(hcd_subtract), z.size(), x.data(), y.data(), z.data());
  }
  void scale(const Number &a, Vector x) override {
    for_vector(HCD_KERNEL_OF(hcd_scale), x.size(), on_device(a), x.data());
  }
  void normal(uint64_t seed, Vector x) override {
    for_vector(HCD_KERNEL_OF(hcd_normal), x.size(), seed, x.data());
  }

  void unpack(const hcd_format &format, const hcd_frame &frame, float *planes) override {
    frames_.unpack(format, frame, planes);
  }
  void pack(const hcd_format &format, const float *planes, const image::Ranges &ranges,
            const hcd_frame &frame) override {
    frames_.pack(format, planes, ranges, frame);
  }
  void quantise(int depth, const image::Range &range, Plane plane) override {
    for_plane(HCD_KERNEL_OF(hcd_quantise), plane, on_device(plane), codes_of(depth, range));
  }
  Number clip(const image::Range &range, Plane plane) override;
  uint64_t hash(const hcd_format &format, const hcd_frame &frame, uint64_t seed) override {
    return frames_.hash(format, frame, seed);
  }

  std::unique_ptr<Operator> prepare(image::Separable op) override {
    return make_operator(device_, op);
  }
  std::unique_ptr<Operator> prepare(image::Inverse op) override {
    return make_operator(device_, op);
  }
  void correlate(ConstPlane in, std::span<const float> kernel, Plane out) override;
  void mix(const image::Affine &affine, bool transposed, const std::array<ConstPlane, 3> &in,
           const std::array<Plane, 3> &out) override;

  Number squared_error(ConstPlane shown, ConstPlane target, float factor, Plane slope) override;
  Number shown_error(int depth, ConstPlane shown, ConstPlane truth) override;
  std::unique_ptr<Detail> detail(ConstPlane reference) override {
    return make_detail(*device_, reference);
  }
  Number mix_slope(ConstPlane shown, ConstPlane y, const image::Range &range,
                   const MixWeights &weights, Plane slope) override {
    return cuda::mix_slope(*device_, shown, y, range, weights, slope);
  }

 private:
  // One thread a value; n is the kernel's last parameter.
  template <typename Signature, typename... Arguments>
  void for_vector(Kernel<Signature> kernel, size_t n, Arguments... arguments) {
    if (n == 0) return;
    device_->launch(kernel, {blocks(n, kVectorBlock)}, {kVectorBlock}, 0, arguments..., n);
  }
  // In tiles of `plane`.
  template <typename Signature, typename... Arguments>
  void for_plane(Kernel<Signature> kernel, ConstPlane plane, Arguments... arguments) {
    device_->launch(kernel, tiles_of(plane.width, plane.height), kTileBlock, 0, arguments...);
  }
  // The sum of one double of each of `n` blocks, that launch(partials) has written.
  template <typename Launch>
  Number sum_of(size_t n, const Launch &launch) {
    Buffer memory = device_->allocate(n * (sizeof(double) / sizeof(float)));
    auto *partials = reinterpret_cast<double *>(memory.data());
    launch(partials);
    return total(*device_, partials, n);
  }
  static unsigned blocks(size_t n, size_t of) { return static_cast<unsigned>((n + of - 1) / of); }
  static size_t tiles(ConstPlane plane) {
    const Extent grid = tiles_of(plane.width, plane.height);
    return size_t{grid.x} * grid.y;
  }

  std::shared_ptr<Device> device_;
  ThreadPool &pool_;
  Frames frames_;
};

std::unique_ptr<Answer> CudaEngine::queue(const std::function<std::vector<Number>()> &work,
                                          std::unique_ptr<Recording> *recording) {
  if (!recording) {
    auto numbers = std::make_shared<Delivery>(*device_);
    numbers->queue(work());
    numbers->mark();
    return std::make_unique<CudaAnswer>(std::move(numbers));
  }
  if (!*recording) *recording = std::make_unique<CudaRecording>(*device_, work);
  auto &recorded = static_cast<CudaRecording &>(**recording);
  recorded.launch();
  return std::make_unique<CudaAnswer>(recorded.numbers());
}

void CudaEngine::copy(ConstPlane from, Plane to) {
  if (to.size() == 0) return;
  // The driver takes rows of any distance between host and device only.
  const bool both_here = device_->contains(from.data) && device_->contains(to.data);
  for (int c = 0; c < to.channels; ++c) {
    if (both_here) {
      for_plane(HCD_KERNEL_OF(hcd_copy), to, on_device(channel(from, c)),
                on_device(channel(to, c)));
    } else {
      device_->copy_rows(from.row(c, 0), static_cast<size_t>(from.stride) * sizeof(float),
                         to.row(c, 0), static_cast<size_t>(to.stride) * sizeof(float),
                         static_cast<size_t>(to.width) * sizeof(float),
                         static_cast<size_t>(to.height));
    }
  }
}

void CudaEngine::fill(Plane plane, float value) {
  if (plane.size() == 0) return;
  for (int c = 0; c < plane.channels; ++c) {
    device_->launch(HCD_KERNEL_OF(hcd_fill), blocks_of(plane.width, plane.height, kVectorBlock, 1),
                    {kVectorBlock}, 0, on_device(channel(plane, c)), value);
  }
}

Number CudaEngine::dot(ConstVector a, ConstVector b) {
  if (a.empty()) return 0;
  const unsigned n = blocks(a.size(), kDotPiece);
  return sum_of(n, [&](double *partials) {
    device_->launch(HCD_KERNEL_OF(hcd_dot), {n}, {kVectorBlock}, 0, a.data(), b.data(), a.size(),
                    partials);
  });
}

Number CudaEngine::clip(const image::Range &range, Plane plane) {
  return sum_of(tiles(plane), [&](double *partials) {
    for_plane(HCD_KERNEL_OF(hcd_clip), plane, on_device(plane), range.low, range.high, partials);
  });
}

void CudaEngine::correlate(ConstPlane in, std::span<const float> kernel, Plane out) {
  const auto size = static_cast<int>(std::lround(std::sqrt(kernel.size())));
  HCD_CHECK(size <= kMaxCorrelation, HCD_E_INTERNAL,
            "correlation on the GPU: expected a kernel of %d x %d at most, found %d x %d",
            kMaxCorrelation, kMaxCorrelation, size, size);
  Correlation weights{size, {}};
  std::copy(kernel.begin(), kernel.end(), weights.weights);
  for_plane(HCD_KERNEL_OF(hcd_correlate), out, on_device(in), weights, on_device(out));
}

void CudaEngine::mix(const image::Affine &affine, bool transposed,
                     const std::array<ConstPlane, 3> &in, const std::array<Plane, 3> &out) {
  const auto made = std::find_if(out.begin(), out.end(), [](const Plane &p) { return p.data; });
  if (made == out.end()) return;
  Mixing mixing{};
  mixing.width = made->width;
  mixing.height = made->height;
  for (size_t i = 0; i < 3; ++i) {
    mixing.in[i] = on_device(in[i]);
    mixing.out[i] = on_device(out[i]);
    if (!transposed) mixing.offset[i] = static_cast<float>(affine.offset[i]);
    for (size_t k = 0; k < 3; ++k) {
      float &m = mixing.matrix[i][k];
      m = static_cast<float>(transposed ? affine.matrix[k][i] : affine.matrix[i][k]);
      if (!in[k].data && !transposed) mixing.offset[i] += m * 128.0F;
    }
  }
  for_plane(HCD_KERNEL_OF(hcd_mix), *made, mixing);
}

Number CudaEngine::squared_error(ConstPlane shown, ConstPlane target, float factor, Plane slope) {
  const size_t n = tiles(shown);
  return sum_of(n * static_cast<size_t>(shown.channels), [&](double *partials) {
    for (int c = 0; c < shown.channels; ++c) {
      const Plane to = slope.data ? channel(slope, c) : Plane();
      for_plane(HCD_KERNEL_OF(hcd_squared_error), shown, on_device(channel(shown, c)),
                on_device(channel(target, c)), factor, on_device(to),
                partials + static_cast<size_t>(c) * n);
    }
  });
}

Number CudaEngine::shown_error(int depth, ConstPlane shown, ConstPlane truth) {
  const Codes codes{image::code_scale(depth), 0, static_cast<float>((1 << depth) - 1)};
  const Number sum = sum_of(tiles(truth), [&](double *partials) {
    for_plane(HCD_KERNEL_OF(hcd_shown_error), truth, on_device(shown), on_device(truth), codes,
              partials);
  });
  const auto scale = static_cast<double>(codes.scale);
  return sum / static_cast<double>(truth.size()) / (scale * scale);
}

}  // namespace

std::unique_ptr<Engine> make_engine(std::shared_ptr<Device> device, ThreadPool &pool) {
  return std::make_unique<CudaEngine>(std::move(device), pool);
}

}  // namespace hcd::cuda
