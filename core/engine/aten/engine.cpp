// SPDX-License-Identifier: BSD-2-Clause
#include "engine/aten/engine.h"

#include <ATen/ATen.h>
#include <c10/core/Allocator.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/random.h"
#include "engine/aten/detail.h"
#include "engine/aten/errors.h"
#include "engine/aten/runtime.h"
#include "engine/aten/tensors.h"

namespace hcd::aten {
namespace {

using at::Tensor;

// Runs `work` as LibTorch is to work for us.
template <typename Work>
auto run(at::Device device, bool gradients, const Work &work) {
  return guarded("LibTorch's engine", [&] {
    const CallScope scope(device.is_cuda(), gradients);
    return work();
  });
}

double total(const Tensor &values) { return values.to(at::kDouble).sum().item<double>(); }

class SeparableOperator : public Operator {
 public:
  SeparableOperator(const image::Separable &op, at::Device device)
      : device_(device), horizontal_(op.horizontal, device), vertical_(op.vertical, device) {}

  void apply(ConstPlane in, Plane out) const override {
    run(device_, false, [&] { tensor(out, device_)[0].copy_(times(tensor(in, device_)[0])); });
  }
  Tensor times(const Tensor &in) const { return horizontal_.times(vertical_.times(in).t()).t(); }

 private:
  at::Device device_;
  Band horizontal_, vertical_;
};

class InverseOperator : public Operator {
 public:
  InverseOperator(const image::Inverse &op, at::Device device)
      : device_(device),
        pull_(op.pull, device),
        horizontal_(op.horizontal, device),
        vertical_(op.vertical, device) {}

  void apply(ConstPlane in, Plane out) const override {
    run(device_, false, [&] {
      const Tensor columns = vertical_.solve(pull_.times(tensor(in, device_)[0]));
      tensor(out, device_)[0].copy_(horizontal_.solve(columns.t()).t());
    });
  }

 private:
  at::Device device_;
  SeparableOperator pull_;
  System horizontal_, vertical_;
};

class AtenDetail : public Detail {
 public:
  AtenDetail(ConstPlane reference, at::Device device)
      : device_(device), reference_(run(device, false, [&] { return picture(reference); })) {}

  Number value_and_gradient(ConstPlane test, Plane gradient) override {
    return run(device_, true, [&] {
      const Tensor variable = picture(test).requires_grad_(gradient.data != nullptr);
      const Tensor lost = lost_detail(variable, reference_);
      if (!gradient.data) return lost.item<double>();
      const Tensor slope = torch::autograd::grad({lost}, {variable})[0];
      tensor(gradient, device_).copy_(slope[0] / 255);
      return lost.item<double>();
    });
  }

 private:
  Tensor picture(ConstPlane plane) const {
    return tensor(plane, device_).to(at::kDouble).unsqueeze(0) / 255;
  }

  at::Device device_;
  Tensor reference_;
};

class AtenEngine : public Engine {
 public:
  AtenEngine(ThreadPool &pool, at::Device device) : pool_(pool), device_(device) {}

  const char *name() const override { return "aten"; }
  ThreadPool &pool() override { return pool_; }

  // ---- memory ----

  Buffer allocate(size_t floats) override {
    if (device_.is_cpu()) return Buffer(floats);
    return run(device_, false, [&] {
      void *data = c10::GetAllocator(device_.type())->raw_allocate(floats * sizeof(float));
      return Buffer(static_cast<float *>(data), floats, [](float *p) {
        if (p) c10::GetAllocator(at::kCUDA)->raw_deallocate(p);
      });
    });
  }
  void copy(ConstPlane from, Plane to) override {
    call([&] { tensor(to, place(to.data)).copy_(tensor(from, place(from.data))); });
  }
  void copy(ConstVector from, Vector to) override {
    call([&] { tensor(to, place(to.data())).copy_(tensor(from, place(from.data()))); });
  }
  void fill(Plane plane, float value) override {
    call([&] { of(plane).fill_(value); });
  }

  // ---- vectors ----

  Number dot(ConstVector a, ConstVector b) override {
    return call([&] { return total(of(a).to(at::kDouble) * of(b)); });
  }
  void axpy(const Number &a, ConstVector x, Vector y) override {
    call([&] { of(y).add_(of(x), as_float(a)); });
  }
  void xpby(ConstVector x, const Number &b, Vector y) override {
    call([&] { of(y).copy_(of(x) + as_float(b) * of(y)); });
  }
  void subtract(ConstVector x, ConstVector y, Vector z) override {
    call([&] { of(z).copy_(of(x) - of(y)); });
  }
  void scale(const Number &a, Vector x) override {
    call([&] { of(x).mul_(as_float(a)); });
  }
  void normal(uint64_t seed, Vector x) override {
    const Random random(seed);
    std::vector<float> values(x.size());
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(random.normal(i));
    copy(ConstVector(values), x);
  }

  // ---- frames ----

  void unpack(const hcd_format &format, const hcd_frame &frame, float *planes) override;
  void pack(const hcd_format &format, const float *planes, const image::Ranges &ranges,
            const hcd_frame &frame) override;
  void quantise(int depth, const image::Range &range, Plane plane) override {
    call([&] { of(plane).copy_(codes(of(plane), depth, range) / scale_of(depth)); });
  }
  Number clip(const image::Range &range, Plane plane) override {
    return call([&] {
      const Tensor before = of(plane).clone();
      return total((of(plane).clamp_(range.low, range.high) - before).to(at::kDouble).square());
    });
  }
  uint64_t hash(const hcd_format &format, const hcd_frame &frame, uint64_t seed) override {
    return call([&] {
      uint64_t hash = seed;
      for (int p = 0; p < planes_in_memory(format); ++p) {
        const Tensor rows = read_rows(format, frame, p);
        hash = hash_bytes(rows.const_data_ptr<uint8_t>(), rows.nbytes(), hash);
      }
      return hash;
    });
  }

  // ---- operators ----

  std::unique_ptr<Operator> prepare(image::Separable op) override {
    return call([&] { return std::make_unique<SeparableOperator>(op, device_); });
  }
  std::unique_ptr<Operator> prepare(image::Inverse op) override {
    return call([&] { return std::make_unique<InverseOperator>(op, device_); });
  }
  void correlate(ConstPlane in, std::span<const float> kernel, Plane out) override {
    call([&] {
      const auto size = static_cast<int64_t>(std::lround(std::sqrt(kernel.size())));
      const int64_t radius = size / 2;
      const Tensor weights = at::from_blob(const_cast<float *>(kernel.data()), {1, 1, size, size});
      const Tensor wide = at::replication_pad2d(of(in), {radius, radius, radius, radius});
      of(out).add_(at::conv2d(wide.unsqueeze(0), weights.to(device_))[0]);
    });
  }
  void mix(const image::Affine &affine, bool transposed, const std::array<ConstPlane, 3> &in,
           const std::array<Plane, 3> &out) override;

  // ---- losses ----

  Number squared_error(ConstPlane shown, ConstPlane target, float factor, Plane slope) override {
    return call([&] {
      const Tensor difference = of(shown) - of(target);
      if (slope.data) of(slope).copy_(factor * difference);
      return total(difference.to(at::kDouble).square());
    });
  }
  Number shown_error(int depth, ConstPlane shown, ConstPlane truth) override {
    return call([&] {
      const Tensor error = codes(of(shown), depth, {0, 255}) / scale_of(depth) - of(truth);
      return total(error.to(at::kDouble).square()) / static_cast<double>(truth.size());
    });
  }
  std::unique_ptr<Detail> detail(ConstPlane reference) override {
    return std::make_unique<AtenDetail>(reference, device_);
  }
  Number mix_slope(ConstPlane shown, ConstPlane y, const image::Range &range,
                   const MixWeights &weights, Plane slope) override {
    return call([&] {
      const Tensor x = of(shown), error = x - of(y);
      const Tensor wide = at::replication_pad2d(of(y), {1, 1, 1, 1});
      const Tensor high = at::max_pool2d(wide, {3, 3}, {1, 1});
      const Tensor low = -at::max_pool2d(-wide, {3, 3}, {1, 1});
      const Tensor excess = x - at::minimum(at::maximum(x, low), high);
      if (slope.data) {
        const Tensor mixed = as_float(weights.error) * error + as_float(weights.excess) * excess +
                             as_float(weights.detail) * of(slope);
        const Tensor inside = at::logical_and(x > range.low, x < range.high);
        of(slope).copy_(at::where(inside, mixed, at::zeros_like(mixed)));
      }
      return weights.error.value() * total(error.to(at::kDouble).square()) +
             weights.excess.value() * total(excess.to(at::kDouble).square());
    });
  }

 private:
  template <typename Work>
  std::invoke_result_t<Work> call(const Work &work) const {
    return run(device_, false, work);
  }
  Tensor of(ConstPlane plane) const { return tensor(plane, device_); }
  Tensor of(ConstVector vector) const { return tensor(vector, device_); }

  // Where samples lie that are copied: here or on the host.
  at::Device place(const float *data) const {
    if (device_.is_cpu()) return device_;
    try {
      return at::globalContext().getDeviceFromPtr(const_cast<float *>(data), device_.type());
    } catch (const c10::Error &) {
      return at::kCPU;  // memory that CUDA does not know
    }
  }

  static double scale_of(int depth) { return 1 << (depth - 8); }
  // Code values, ties to even, inside the range; from 255 on its end is the depth's largest.
  static Tensor codes(const Tensor &values, int depth, const image::Range &range) {
    const double scale = scale_of(depth), top = (1 << depth) - 1;
    const double low = std::min(static_cast<double>(range.low) * scale, top);
    const double high = range.high >= 255 ? top : static_cast<double>(range.high) * scale;
    return (values * scale).round().clamp(low, high);
  }

  ThreadPool &pool_;
  at::Device device_;
};

void AtenEngine::unpack(const hcd_format &format, const hcd_frame &frame, float *planes) {
  call([&] {
    const image::Geometry geometry(format);
    for (int c = 0; c < geometry.n_planes(); ++c) {
      const bool interleaved = format.layout == HCD_LAYOUT_NV12 && c > 0;
      Tensor samples = read_rows(format, frame, interleaved ? 1 : c).to(device_);
      if (format.depth > 8) samples = samples.view(at::kShort);
      if (interleaved) samples = samples.view({samples.size(0), -1, 2}).select(2, c - 1);
      const Tensor codes = samples.to(at::kInt).bitwise_and(0xffff).div(1 << format.shift, "floor");
      of(geometry.plane(planes, c))[0].copy_(codes.to(at::kFloat) / scale_of(format.depth));
    }
  });
}

void AtenEngine::pack(const hcd_format &format, const float *planes, const image::Ranges &ranges,
                      const hcd_frame &frame) {
  call([&] {
    const image::Geometry geometry(format);
    const auto samples = [&](int c) {
      const Tensor values = of(geometry.plane(planes, c))[0];
      return codes(values, format.depth, ranges[static_cast<size_t>(c)]).to(at::kInt) *
             (1 << format.shift);
    };
    for (int p = 0; p < planes_in_memory(format); ++p) {
      const bool interleaved = format.layout == HCD_LAYOUT_NV12 && p == 1;
      const Tensor rows =
          interleaved ? at::stack({samples(1), samples(2)}, 2).flatten(1) : samples(p);
      const Tensor stored = rows.to(at::kCPU).to(format.depth > 8 ? at::kShort : at::kByte);
      write_rows(stored.contiguous().view(at::kByte), frame, p);
    }
  });
}

void AtenEngine::mix(const image::Affine &affine, bool transposed,
                     const std::array<ConstPlane, 3> &in, const std::array<Plane, 3> &out) {
  call([&] {
    std::array<Tensor, 3> sums;  // all of them before one is written: planes may be the same
    for (size_t i = 0; i < 3; ++i) {
      if (!out[i].data) continue;
      sums[i] = at::full_like(of(out[i]), transposed ? 0 : affine.offset[i]);
      for (size_t k = 0; k < 3; ++k) {
        const double factor = transposed ? affine.matrix[k][i] : affine.matrix[i][k];
        if (in[k].data) {
          sums[i] += factor * of(in[k]);
        } else if (!transposed) {
          sums[i] += factor * 128;
        }
      }
    }
    for (size_t i = 0; i < 3; ++i) {
      if (out[i].data) of(out[i]).copy_(sums[i]);
    }
  });
}

}  // namespace

std::unique_ptr<Engine> make_engine(ThreadPool &pool, at::Device device) {
  return std::make_unique<AtenEngine>(pool, device);
}

}  // namespace hcd::aten
