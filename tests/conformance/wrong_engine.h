// SPDX-License-Identifier: BSD-2-Clause
// An engine of which one operation is a little wrong, so that it shows whether a check can fail.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "engine/engine.h"

namespace hcd::conformance {

// Its memory is the host's.
class WrongEngine : public Engine {
 public:
  WrongEngine(ThreadPool &pool, std::string wrong)
      : right_(make_cpu_engine(pool)), wrong_(std::move(wrong)) {}

  const char *name() const override { return "wrong"; }
  ThreadPool &pool() override { return right_->pool(); }
  Buffer allocate(size_t floats) override { return right_->allocate(floats); }

  std::unique_ptr<Answer> queue(const std::function<std::vector<Number>()> &work,
                                std::unique_ptr<Recording> *recording) override {
    return right_->queue(
        [&] {
          std::vector<Number> numbers = work();
          numbers[0] = spoilt("queue", numbers[0]);
          return numbers;
        },
        recording);
  }

  void copy(ConstPlane from, Plane to) override {
    right_->copy(from, to);
    spoil("copy", to);
  }
  // Tests copy what they give and what they get: the wrong one drops the last value where it can.
  void copy(ConstVector from, Vector to) override {
    const size_t n = wrong_ == "copy vector" && from.size() > 1 ? from.size() - 1 : from.size();
    right_->copy(from.first(n), to);
  }
  void fill(Plane plane, float value) override {
    right_->fill(plane, value);
    spoil("fill", plane);
  }

  Number dot(ConstVector a, ConstVector b) override { return spoilt("dot", right_->dot(a, b)); }
  void axpy(const Number &a, ConstVector x, Vector y) override {
    right_->axpy(a, x, y);
    spoil("axpy", y);
  }
  void xpby(ConstVector x, const Number &b, Vector y) override {
    right_->xpby(x, b, y);
    spoil("xpby", y);
  }
  void subtract(ConstVector x, ConstVector y, Vector z) override {
    right_->subtract(x, y, z);
    spoil("subtract", z);
  }
  void scale(const Number &a, Vector x) override {
    right_->scale(a, x);
    spoil("scale", x);
  }
  void normal(uint64_t seed, Vector x) override {
    right_->normal(seed, x);
    spoil("normal", x);
  }

  void unpack(const hcd_format &format, const hcd_frame &frame, float *planes) override {
    right_->unpack(format, frame, planes);
    if (wrong_ == "unpack") planes[image::Geometry(format).size() - 1] += 1.0F / 256;
  }
  // As if ties were rounded up.
  void pack(const hcd_format &format, const float *planes, const image::Ranges &ranges,
            const hcd_frame &frame) override {
    const size_t n = image::Geometry(format).size();
    Buffer moved = right_->allocate(n);
    right_->copy(ConstVector(planes, n), moved.span());
    if (wrong_ == "pack") {
      for (float &v : moved.span()) v += 1e-4F;
    }
    right_->pack(format, moved.data(), ranges, frame);
  }
  void quantise(int depth, const image::Range &range, Plane plane) override {
    if (wrong_ == "quantise") plane.row(0)[0] += 1e-4F;
    right_->quantise(depth, range, plane);
  }
  Number clip(const image::Range &range, Plane plane) override {
    return spoilt("clip", right_->clip(range, plane));
  }
  // Without the first row of a frame that has several.
  uint64_t hash(const hcd_format &format, const hcd_frame &frame, uint64_t seed) override {
    hcd_format part = format;
    hcd_frame from = frame;
    if (wrong_ == "hash" && format.height > 2) {
      part.height -= 2;
      from.data[0] += 2 * from.stride[0];
    }
    return right_->hash(part, from, seed);
  }

  std::unique_ptr<Operator> prepare(image::Separable op) override {
    if (wrong_ == "separable") op.horizontal.weights[0] += 1e-3F;
    return right_->prepare(std::move(op));
  }
  std::unique_ptr<Operator> prepare(image::Inverse op) override {
    if (wrong_ == "inverse") op.vertical.inverse_diag[0] *= 1.001F;
    return right_->prepare(std::move(op));
  }
  void correlate(ConstPlane in, std::span<const float> kernel, Plane out) override {
    right_->correlate(in, kernel, out);
    spoil("correlate", out);
  }
  void mix(const image::Affine &affine, bool transposed, const std::array<ConstPlane, 3> &in,
           const std::array<Plane, 3> &out) override {
    right_->mix(affine, transposed, in, out);
    spoil("mix", out[0]);
  }

  Number squared_error(ConstPlane shown, ConstPlane target, float factor, Plane slope) override {
    return spoilt("squared_error", right_->squared_error(shown, target, factor, slope));
  }
  Number shown_error(int depth, ConstPlane shown, ConstPlane truth) override {
    return spoilt("shown_error", right_->shown_error(depth, shown, truth));
  }
  std::unique_ptr<Detail> detail(ConstPlane reference) override {
    return std::make_unique<WrongDetail>(*this, right_->detail(reference));
  }
  Number mix_slope(ConstPlane shown, ConstPlane y, const image::Range &range,
                   const MixWeights &weights, Plane slope) override {
    const Number value = right_->mix_slope(shown, y, range, weights, slope);
    if (slope.data) spoil("mix_slope", slope);
    return value;
  }

 private:
  class WrongDetail : public Detail {
   public:
    WrongDetail(const WrongEngine &engine, std::unique_ptr<Detail> right)
        : engine_(engine), right_(std::move(right)) {}
    Number value_and_gradient(ConstPlane test, Plane gradient) override {
      const Number value = right_->value_and_gradient(test, gradient);
      if (gradient.data && engine_.wrong_ == "detail slope") gradient.row(0)[0] *= 1.2F;
      return engine_.wrong_ == "detail" ? value + 1e-4 : value;
    }

   private:
    const WrongEngine &engine_;
    std::unique_ptr<Detail> right_;
  };

  // The last sample alone.
  void spoil(const char *operation, Plane plane) const {
    if (wrong_ == operation) plane.row(plane.height - 1)[plane.width - 1] += 0.01F;
  }
  void spoil(const char *operation, Vector vector) const {
    if (wrong_ == operation && !vector.empty()) vector.back() += 1e-5F;
  }
  Number spoilt(const char *operation, const Number &value) const {
    return wrong_ == operation ? value * (1 + 1e-4) : value;
  }

  std::unique_ptr<Engine> right_;
  std::string wrong_;
};

}  // namespace hcd::conformance
