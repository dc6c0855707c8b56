// SPDX-License-Identifier: BSD-2-Clause
// CAR against its authors' networks and the definition of its resampling operation.
#include "models/car.h"

#include "base/error.h"
#include "models/parity.h"

namespace hcd::models {
namespace {

constexpr const char *kConfig = R"({"widths": [4, 6, 8], "blocks": 2, "features": 8})";

int scale_of(const std::string &vectors) { return vectors[5] - '0'; }  // car_x4_...

class CarVectors : public testing::TestWithParam<std::tuple<const char *, at::ScalarType>> {
 protected:
  void SetUp() override {
    const auto &[name, dtype] = GetParam();
    HCD_FIND_VECTORS(vectors, name);
    vectors_.emplace(vectors);
    dtype_ = dtype;
    scale_ = scale_of(name);
    loaded_.emplace(vectors, "car", scale_, kConfig, dtype);
    hr_ = input("io.hr");
  }

  Tensor input(const std::string &name) const { return vectors_->input(name, dtype_); }
  const Model &model() const { return *loaded_->model; }
  Tensor loss(const Tensor &x_lr) const {
    return (model().upscale(x_lr, {}) - hr_).square().mean();
  }
  void expect(const Tensor &found, const std::string &name) const {
    expect_close(found.detach(), vectors_->expected(name), tolerance(dtype_).output, name);
  }
  // The gradient of `loss` by `at`, and the loss itself.
  void expect_gradient(const Tensor &loss, const Tensor &at, const std::string &name) const {
    expect_close(loss.detach().view({1}), vectors_->expected("loss." + name),
                 10 * tolerance(dtype_).output, "loss." + name);
    expect_close(gradient(loss, at), vectors_->expected("grad." + name), tolerance(dtype_).gradient,
                 "grad." + name);
  }

  std::optional<Vectors> vectors_;
  std::optional<LoadedModel> loaded_;
  at::ScalarType dtype_ = at::kDouble;
  int scale_ = 0;
  Tensor hr_;
};

// The network that predicts the taps, with the vectors' weights.
struct LoadedDsn {
  LoadedDsn(const Vectors &vectors, int scale, at::ScalarType dtype)
      : params(dtype), dsn(Scope(params), scale, {4, 6, 8}) {
    load_weights(params, vectors.file(), "weights.kgn.");
  }
  Params params;
  Dsn dsn;
};

TEST_P(CarVectors, TapsEqualTheAuthors) {
  const LoadedDsn loaded(*vectors_, scale_, dtype_);
  const Taps taps = loaded.dsn(hr_);
  // Stored as float32 only.
  const double part = tolerance(at::kFloat).output;
  expect_close(taps.kernels, vectors_->expected("io.kernels"), part, "kernels");
  expect_close(taps.offsets_h, vectors_->expected("io.offsets_h"), part, "offsets_h");
  expect_close(taps.offsets_v, vectors_->expected("io.offsets_v"), part, "offsets_v");
}

TEST_P(CarVectors, ResamplingEqualsItsDefinition) {
  for (const auto operation : {resample, resample_by_gather}) {
    const Tensor image = hr_.clone().requires_grad_(true);
    const Taps taps{input("io.kernels").requires_grad_(true),
                    input("io.offsets_h").requires_grad_(true),
                    input("io.offsets_v").requires_grad_(true)};
    const Tensor out = operation(image, taps, scale_);
    expect(out, "op.out");
    const Tensor loss = out.square().mean();
    expect_close(loss.detach().view({1}), vectors_->expected("op.loss"),
                 10 * tolerance(dtype_).output, "loss");
    // The expected gradients are of float64, rounded to float32.
    const double part = dtype_ == at::kDouble ? 1e-6 : tolerance(dtype_).gradient;
    const auto slopes = gradients(loss, {image, taps.kernels, taps.offsets_h, taps.offsets_v});
    expect_close(slopes[0], vectors_->expected("op.grad_img"), part, "image");
    expect_close(slopes[1], vectors_->expected("op.grad_kernels"), part, "kernels");
    expect_close(slopes[2], vectors_->expected("op.grad_offsets_h"), part, "offsets_h");
    expect_close(slopes[3], vectors_->expected("op.grad_offsets_v"), part, "offsets_v");
  }
}

TEST_P(CarVectors, OutputsEqualTheAuthors) {
  expect(model().downscale(hr_).x_lr, "io.lr");
  expect(model().upscale(input("io.lr"), {}), "io.sr");
  expect(model().upscale(input("io.lr_q"), {}), "io.sr_q");
}

TEST_P(CarVectors, GradientsEqualTheAuthors) {
  for (const std::string name : {"lr", "lr_q"}) {
    const Tensor x = input("io." + name).requires_grad_(true);
    expect_gradient(loss(x), x, name);
  }
  const Tensor y = hr_.clone().requires_grad_(true);
  expect_gradient(loss(model().downscale(y).x_lr), y, "hr");
  expect_gradient(loss(quantise(model().downscale(y).x_lr)), y, "hr_q");
  const LoadedDsn loaded(*vectors_, scale_, dtype_);
  expect_gradient(loss(resample(hr_, loaded.dsn(y), scale_)), y, "hr_kernels_only");
}

// The comparison itself must be able to fail.
TEST_P(CarVectors, SeesAWeightThatIsOff) {
  for (const Params::Entry &entry : loaded_->params.entries()) {
    if (entry.name == "kgn.ds_1.1.weight") entry.value.mul_(1.01);
  }
  const Tensor expected = vectors_->expected("io.lr");
  const Tensor found = model().downscale(hr_).x_lr.to(at::kDouble);
  EXPECT_GT((found - expected).abs().max().item<double>(),
            tolerance(dtype_).output * expected.abs().max().item<double>());
}

INSTANTIATE_TEST_SUITE_P(Models, CarVectors,
                         testing::Combine(testing::Values("car_x2_24x40", "car_x4_24x40",
                                                          "car_x4_32x32"),
                                          testing::Values(at::kDouble, at::kFloat)));

// Both executors on what the vectors have not: a batch, other numbers of channels, offsets far
// beyond the reflected border.
TEST(CarResample, LoopsEqualGather) {
  at::manual_seed(5);
  const auto options = at::TensorOptions(at::kDouble);
  std::vector<std::vector<Tensor>> found;
  const std::vector<Tensor> start{
      at::randn({2, 2, 10, 14}, options), at::randn({2, 9, 5, 7}, options),
      at::randn({2, 9, 5, 7}, options) * 4, at::randn({2, 9, 5, 7}, options) * 4};
  for (const auto operation : {resample, resample_by_gather}) {
    std::vector<Tensor> inputs;
    for (const Tensor &tensor : start) inputs.push_back(tensor.clone().requires_grad_(true));
    const Tensor out = operation(inputs[0], {inputs[1], inputs[2], inputs[3]}, 2);
    found.push_back(gradients(out.pow(3).sum(), inputs));
    found.back().push_back(out.detach());
  }
  for (size_t i = 0; i < found[0].size(); ++i) {
    EXPECT_GT(found[1][i].abs().max().item<double>(), 0);
    expect_close(found[0][i], found[1][i], 1e-12, "tensor " + std::to_string(i));
  }
}

TEST(CarResample, RefusesSizesWithoutAWholeRatio) {
  const Taps taps{at::zeros({1, 9, 5, 7}), at::zeros({1, 9, 5, 7}), at::zeros({1, 9, 5, 7})};
  EXPECT_THROW(resample(at::zeros({1, 3, 11, 14}), taps, 2), Error);
}

}  // namespace
}  // namespace hcd::models
