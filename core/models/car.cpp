// SPDX-License-Identifier: BSD-2-Clause
#include "models/car.h"

#include <algorithm>

#include "models/config.h"

namespace hcd::models {
namespace {

constexpr double kSmallest = 1e-6;  // of a kernel's weights before their sum becomes one
constexpr int64_t kSide = 8;        // what HR sides are multiples of
constexpr int64_t kLeast = 16;      // and their least, so that 1/8 size can be reflected

int64_t fitting(int64_t side) { return std::max(kLeast, (side + kSide - 1) / kSide * kSide); }

struct ReflectConv {
  Conv conv;

  ReflectConv(const Scope &scope, int64_t in, int64_t out, int64_t kernel = 3)
      : conv(scope, in, out, kernel, {.padding = 0}) {}
  Tensor operator()(const Tensor &x) const {
    const int64_t border = conv.weight.size(2) / 2;
    return conv(at::reflection_pad2d(x, {border, border, border, border}));
  }
};

// conv - leaky ReLU - conv, plus the input.
struct Block {
  ReflectConv first, second;

  Tensor operator()(const Tensor &x) const { return second(lrelu(first(x))) + x; }
};

// Three convolutions at 1/8 size, enlarged to LR size, one more.
struct Trunk {
  std::vector<ReflectConv> convs;
  Conv enlarge;
  int64_t factor;
  ReflectConv last;

  Trunk(const Scope &scope, int64_t features, int64_t factor)
      : convs{ReflectConv(scope(1), features, features), ReflectConv(scope(4), features, features),
              ReflectConv(scope(7), features, features)},
        enlarge(scope(9)("upsample")(0), features, features * factor * factor, 1),
        factor(factor),
        last(scope(11), features, features) {}
  Tensor operator()(Tensor x) const {
    for (const ReflectConv &conv : convs) x = at::relu(conv(x));
    return at::relu(last(at::pixel_shuffle(enlarge(x), factor)));
  }
};

// Two convolutions to one value per tap.
struct Branch {
  ReflectConv first, second;

  Branch(const Scope &scope, int64_t features, int64_t taps)
      : first(scope(1), features, features), second(scope(4), features, taps) {}
  Tensor operator()(const Tensor &x) const { return second(at::relu(first(x))); }
};

}  // namespace

Dsn::Dsn(const Scope &scope, int scale, const std::vector<int64_t> &widths) {
  check_scale("car", scale, {2, 4});
  const int64_t full = widths[0], middle = widths[1], low = widths[2];
  const int64_t taps = (3 * scale + 1) * (3 * scale + 1), factor = 8 / scale;
  sub_mean_ = MeanShift(scope("sub_mean"), mean_colour(-1));
  stem_ = ReflectConv(scope("ds_1")(1), 3, full, 5);
  half_ = Conv(scope("ds_2")("downsample")(1), 4 * full, middle, 1);
  quarter_ = Conv(scope("ds_4")("downsample")(1), 4 * middle, middle, 1);
  for (int64_t i = 0; i < 5; ++i) {
    const Scope names = scope("res_4", i)("transform");
    blocks_.push_back(
        Block{ReflectConv(names(1), middle, middle), ReflectConv(names(4), middle, middle)});
  }
  eighth_ = Conv(scope("ds_8")("downsample")(1), 4 * middle, low, 1);
  kernels_trunk_ = Trunk(scope("kernels_trunk"), low, factor);
  kernels_ = Branch(scope("kernels_weight"), low, taps);
  offsets_trunk_ = Trunk(scope("offsets_trunk"), low, factor);
  offsets_h_ = Branch(scope("offsets_h_generation"), low, taps);
  offsets_v_ = Branch(scope("offsets_v_generation"), low, taps);
}

Taps Dsn::operator()(const Tensor &y_hr) const {
  const Tensor full = lrelu(stem_(sub_mean_(y_hr)));
  const Tensor half = half_(at::pixel_unshuffle(full, 2));
  const Tensor quarter = quarter_(at::pixel_unshuffle(half, 2));
  Tensor x = quarter;
  for (const Layer &block : blocks_) x = block(x);
  const Tensor eighth = eighth_(at::pixel_unshuffle(x + quarter, 2));

  const Tensor weights = kernels_(kernels_trunk_(eighth)).clamp(kSmallest, 1);
  const Tensor offsets = offsets_trunk_(eighth);
  return {weights / weights.sum(1, true).clamp_min(kSmallest), at::tanh(offsets_h_(offsets)),
          at::tanh(offsets_v_(offsets))};
}

Car::Car(int scale, const Json &json, const Scope &scope) : Model(scale) {
  Config config(json, "car");
  const auto widths = config.numbers("widths", {64, 128, 256});
  const Json edsr = {{"blocks", config.number("blocks", 32, 1, 256)},
                     {"features", config.number("features", 256, 1, 1024)},
                     {"range", 1}};
  config.done();
  HCD_CHECK(widths.size() == 3, HCD_E_FILE,
            "configuration of car: widths: expected three numbers, found %zu", widths.size());
  dsn_ = Dsn(scope("kgn"), scale, widths);
  edsr_ = make_edsr(scale, edsr, scope("usn"));
}

int Car::receptive_field() const {
  // g: three convolutions at LR size, from there on whole pixels of 1/8 size, three convolutions of
  // those, ten at 1/4 size and the stem's two pixels at full size.
  const int from_eighth = 3 * 8 + 10 * 4 + 2;
  const int g = 3 + (8 / scale_ - 1) + (from_eighth + scale_ - 1) / scale_;
  return std::max(edsr_->receptive_field(), g);
}

Tensor Car::upscale(const Tensor &x_lr, const Latents &z) const { return edsr_->upscale(x_lr, z); }

Downscaled Car::downscale(const Tensor &y_hr, Taps *taps) const {
  const Tensor y = extend(y_hr, fitting(y_hr.size(2)), fitting(y_hr.size(3)));
  const Taps found = dsn_(y);
  if (taps) *taps = found;
  const Tensor x = resample(y, found, scale_);
  return {crop(x, y_hr.size(2) / scale_, y_hr.size(3) / scale_), {}};
}

std::unique_ptr<Model> make_car(int scale, const Json &config, const Scope &scope) {
  return std::make_unique<Car>(scale, config, scope);
}

}  // namespace hcd::models
