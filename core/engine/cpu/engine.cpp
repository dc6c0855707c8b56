// SPDX-License-Identifier: BSD-2-Clause
// The engine of the host's CPU: planes in ordinary memory, work spread over a pool of threads.
#include "engine/engine.h"

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "engine/cpu/adm.h"
#include "engine/cpu/correlate.h"
#include "engine/cpu/memory.h"
#include "engine/cpu/resample.h"
#include "engine/cpu/samples.h"
#include "engine/cpu/vector_ops.h"
#include "image/storage.h"

namespace hcd {
namespace {

template <typename Op>
class CpuOperator : public Operator {
 public:
  CpuOperator(Op op, ThreadPool &pool) : op_(std::move(op)), pool_(pool) {}
  void apply(ConstPlane in, Plane out) const override { cpu::apply(op_, in, out, pool_); }

 private:
  Op op_;
  ThreadPool &pool_;
};

class CpuDetail : public Detail {
 public:
  CpuDetail(ConstPlane reference, cpu::Memory &memory, ThreadPool &pool)
      : detail_(reference, memory, pool) {}
  Number value_and_gradient(ConstPlane test, Plane gradient) override {
    return detail_.value_and_gradient(test, gradient);
  }

 private:
  cpu::DetailLoss detail_;
};

// function(c, y) for each row of each plane.
template <typename Function>
void for_rows(const Plane &plane, ThreadPool &pool, const Function &function) {
  constexpr int kRows = 64;
  const int pieces = (plane.height + kRows - 1) / kRows;
  pool.run(plane.channels * pieces, [&](int piece) {
    const int c = piece / pieces, first = piece % pieces * kRows;
    for (int y = first; y < std::min(plane.height, first + kRows); ++y) function(c, y);
  });
}

class CpuEngine : public Engine {
 public:
  explicit CpuEngine(ThreadPool &pool) : pool_(pool) {}

  const char *name() const override { return "cpu"; }
  ThreadPool &pool() override { return pool_; }

  Buffer allocate(size_t floats) override { return memory_.allocate(floats); }
  void copy(ConstPlane from, Plane to) override {
    for_rows(to, pool_, [&](int c, int y) { std::copy_n(from.row(c, y), to.width, to.row(c, y)); });
  }
  void copy(ConstVector from, Vector to) override {
    std::copy(from.begin(), from.end(), to.begin());
  }
  void fill(Plane plane, float value) override {
    for_rows(plane, pool_, [&](int c, int y) { std::fill_n(plane.row(c, y), plane.width, value); });
  }

  Number dot(ConstVector a, ConstVector b) override { return cpu::dot(a, b, pool_); }
  void axpy(const Number &a, ConstVector x, Vector y) override {
    cpu::axpy(as_float(a), x, y, pool_);
  }
  void xpby(ConstVector x, const Number &b, Vector y) override {
    cpu::xpby(x, as_float(b), y, pool_);
  }
  void subtract(ConstVector x, ConstVector y, Vector z) override { cpu::subtract(x, y, z, pool_); }
  void scale(const Number &a, Vector x) override { cpu::scale(as_float(a), x, pool_); }
  void normal(uint64_t seed, Vector x) override {
    const Random random(seed);
    for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(random.normal(i));
  }

  void unpack(const hcd_format &format, const hcd_frame &frame, float *planes) override {
    cpu::unpack(format, frame, planes, pool_);
  }
  void pack(const hcd_format &format, const float *planes, const image::Ranges &ranges,
            const hcd_frame &frame) override {
    cpu::pack(format, planes, ranges, frame, pool_);
  }
  void quantise(int depth, const image::Range &range, Plane plane) override {
    cpu::quantise(depth, range, plane, pool_);
  }
  Number clip(const image::Range &range, Plane plane) override {
    return cpu::clip(plane, range, pool_);
  }
  uint64_t hash(const hcd_format &format, const hcd_frame &frame, uint64_t seed) override {
    return image::hash_frame(format, frame, seed);
  }

  std::unique_ptr<Operator> prepare(image::Separable op) override {
    return std::make_unique<CpuOperator<image::Separable>>(std::move(op), pool_);
  }
  std::unique_ptr<Operator> prepare(image::Inverse op) override {
    return std::make_unique<CpuOperator<image::Inverse>>(std::move(op), pool_);
  }
  void correlate(ConstPlane in, std::span<const float> kernel, Plane out) override {
    cpu::correlate(in, kernel, out, pool_);
  }
  void mix(const image::Affine &affine, bool transposed, const std::array<ConstPlane, 3> &in,
           const std::array<Plane, 3> &out) override;

  Number squared_error(ConstPlane shown, ConstPlane target, float factor, Plane slope) override {
    return cpu::squared_error(shown, target, factor, slope, pool_);
  }
  Number shown_error(int depth, ConstPlane shown, ConstPlane truth) override {
    return cpu::shown_plane_error(depth, shown, truth, pool_);
  }
  std::unique_ptr<Detail> detail(ConstPlane reference) override {
    return std::make_unique<CpuDetail>(reference, memory_, pool_);
  }
  Number mix_slope(ConstPlane shown, ConstPlane y, const image::Range &range,
                   const MixWeights &weights, Plane slope) override {
    return cpu::mix_slope(
        shown, y, range,
        {as_float(weights.error), as_float(weights.excess), as_float(weights.detail)}, slope,
        pool_);
  }

 private:
  ThreadPool &pool_;
  cpu::Memory memory_;
};

void CpuEngine::mix(const image::Affine &affine, bool transposed,
                    const std::array<ConstPlane, 3> &in, const std::array<Plane, 3> &out) {
  for (size_t i = 0; i < 3; ++i) {
    if (!out[i].data) continue;
    float m[3], offset = transposed ? 0.0F : static_cast<float>(affine.offset[i]);
    for (size_t k = 0; k < 3; ++k) {
      m[k] = static_cast<float>(transposed ? affine.matrix[k][i] : affine.matrix[i][k]);
      if (!in[k].data && !transposed) offset += m[k] * 128.0F;
    }
    for_rows(out[i], pool_, [&](int, int y) {
      float *row = out[i].row(y);
      for (int x = 0; x < out[i].width; ++x) {
        float sum = offset;
        for (size_t k = 0; k < 3; ++k) sum += in[k].data ? m[k] * in[k].row(y)[x] : 0.0F;
        row[x] = sum;
      }
    });
  }
}

}  // namespace

double squared_error(ConstPlane shown, ConstPlane target, float factor, Plane slope) {
  double sum = 0;
  for (int c = 0; c < shown.channels; ++c) {
    for (int y = 0; y < shown.height; ++y) {
      const float *a = shown.row(c, y), *b = target.row(c, y);
      for (int x = 0; x < shown.width; ++x) {
        const float difference = a[x] - b[x];
        if (slope.data) slope.row(c, y)[x] = factor * difference;
        sum += static_cast<double>(difference) * static_cast<double>(difference);
      }
    }
  }
  return sum;
}

std::unique_ptr<Engine> make_cpu_engine(ThreadPool &pool) {
  return std::make_unique<CpuEngine>(pool);
}

}  // namespace hcd
