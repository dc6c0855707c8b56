// SPDX-License-Identifier: BSD-2-Clause
// Networks that bring their own g, against their authors' code: outputs and gradients of g and f.
#include "models/hcflow.h"
#include "models/parity.h"

namespace hcd::models {
namespace {

constexpr char kIrn2[] = R"({"growth": 4, "blocks": [3]})";
constexpr char kIrn4[] = R"({"growth": 4, "blocks": [2, 1]})";
constexpr char kFirn2[] = R"({"blocks": [2]})";
constexpr char kFirn4[] = R"({"blocks": [1, 1]})";
constexpr char kHcflow[] = R"({"steps": 2, "conditional_steps": 2, "growth": 4, "hidden": 8,
                               "rrdb_blocks": [1, 1], "features": 6, "rrdb_growth": 3})";

struct Case {
  const char *vectors, *kind;
  int scale;
  const char *config;
  const char *weights = nullptr;  // a file of trained weights; else the vectors' own
};
void PrintTo(const Case &c, std::ostream *to) { *to << c.vectors; }

const Case kCases[] = {
    {"irn_x2_24x40", "irn", 2, kIrn2},
    {"irn_x2_32x32", "irn", 2, kIrn2},
    {"irn_x4_24x40", "irn", 4, kIrn4},
    {"irn_x4_32x32", "irn", 4, kIrn4},
    {"firn_x2_24x40", "firn", 2, kFirn2},
    {"firn_x2_32x32", "firn", 2, kFirn2},
    {"firn_x4_24x40", "firn", 4, kFirn4},
    {"firn_x4_32x32", "firn", 4, kFirn4},
    {"firn_real_x4_96x96", "firn", 4, "{}", "firn_x4"},
    {"firn_plus_real_x4_96x96", "firn", 4, "{}", "firn_plus_x4"},
    {"hcflow_x4_24x40", "hcflow", 4, kHcflow},
    {"hcflow_x4_32x32", "hcflow", 4, kHcflow},
};

// What the vectors' makers say of the trained weights and of HCFlow's clamps, which cut values up
// to 25 times as large as those that are left.
Tolerance tolerance_of(const Case &c, at::ScalarType dtype, const std::string &name) {
  const bool f64 = dtype == at::kDouble;
  if (c.weights) {
    return f64 ? Tolerance{1e-9, 1e-8} : Tolerance{5e-5, 5e-3};
  }
  const bool clamped = c.kind == std::string("hcflow") && name.find("raw") == std::string::npos;
  return clamped && !f64 ? Tolerance{2e-5, 5e-5} : tolerance(dtype);
}

// A name of the vectors such as lr_q_zg or hr_raw_z0, taken apart.
struct Variant {
  explicit Variant(const std::string &name)
      : raw(name.find("raw") != std::string::npos),
        quantised(name.find("q_") != std::string::npos),
        gaussian(name.ends_with("zg")),
        zero(name.ends_with("z0")) {}
  bool raw, quantised, gaussian, zero;
};

class TwoWay : public testing::TestWithParam<std::tuple<Case, at::ScalarType>> {
 protected:
  // The model and its vectors, where there are such.
  void load(const Vectors &vectors) {
    const auto &[c, dtype] = GetParam();
    dtype_ = dtype;
    vectors_ = &vectors;
    params_ = Params(dtype);
    model_ = make_model(c.kind, c.scale, nlohmann::json::parse(c.config), params_);
    if (!c.weights) return load_weights(params_, vectors.file(), "weights.");
    const char *shared = std::getenv("HCD_SHARED");
    ASSERT_NE(shared, nullptr);
    load_weights(params_, files::Safetensors::open(std::string(shared) + "/weights/" + c.weights +
                                                   ".safetensors"));
  }

  Tensor input(const std::string &name) const { return vectors_->input(name, dtype_); }

  Latents latents(const Variant &variant) const {
    if (variant.zero) return zero_latents(*model_, input("io.lr"));
    const std::string tail = variant.gaussian ? "_gauss" : "";
    if (model_->latents().size() == 1) return {input("io.z" + tail)};
    return {input("io.z1" + tail), input("io.z2" + tail)};
  }

  Downscaled g(const Tensor &y_hr, bool raw) const {
    return raw ? dynamic_cast<const Hcflow &>(*model_).encode(y_hr) : model_->downscale(y_hr);
  }
  Tensor f(const Tensor &x_lr, const Variant &variant) const {
    const Latents z = latents(variant);
    return variant.raw ? dynamic_cast<const Hcflow &>(*model_).decode(x_lr, z)
                       : model_->upscale(x_lr, z);
  }

  // Whether float32's error took a value of `x_lr` across a rounding boundary (one of irn_x2_24x40
  // lies 1e-5 code values from it; which machines cross differs): what follows is then not
  // float64's.
  bool rounds_otherwise(const Tensor &x_lr) const {
    if (dtype_ == at::kDouble || !vectors_->has("io.lr_f64")) return false;
    const Tensor exact = quantise(vectors_->stored("io.lr_f64"));
    return (quantise(x_lr.detach()).to(at::kDouble) - exact).abs().max().item<double>() > 1e-3;
  }

  void expect(const Tensor &found, const std::string &stored, const std::string &name) const {
    const bool f64 = vectors_->has("io." + stored + "_f64");
    if (!f64 && !vectors_->has("io." + stored)) return;
    // A few tensors are stored only as float32 made them.
    const Tolerance limit = tolerance_of(std::get<0>(GetParam()), f64 ? dtype_ : at::kFloat, name);
    expect_close(found.detach(), vectors_->expected("io." + stored), limit.output, stored);
  }
  void expect_loss(const Tensor &sr, const Tensor &x, const std::string &name) const {
    const Tolerance limit = tolerance_of(std::get<0>(GetParam()), dtype_, name);
    const Tensor loss = (sr - input("io.hr")).square().mean();
    expect_close(loss.detach().view({1}), vectors_->expected("loss." + name), 10 * limit.output,
                 "loss of " + name);
    const Tensor found = gradient(loss, x), expected = vectors_->expected("grad." + name);
    if (std::get<0>(GetParam()).weights && dtype_ == at::kFloat) {
      // In float32 a value near a LeakyReLU's bend falls on either side of it, as the machine
      // rounds: a few places are then off by a per cent. float64 and the small networks are strict.
      const double error = (found.to(at::kDouble) - expected).norm().item<double>();
      EXPECT_LE(error, limit.gradient * expected.norm().item<double>()) << "gradient of " << name;
    } else {
      expect_close(found, expected, limit.gradient, "gradient of " + name);
    }
  }

  const Vectors *vectors_ = nullptr;
  at::ScalarType dtype_ = at::kFloat;
  Params params_;
  std::unique_ptr<Model> model_;
};

TEST_P(TwoWay, DownscalesAsTheAuthorsCode) {
  HCD_FIND_VECTORS(vectors, std::get<0>(GetParam()).vectors);
  load(vectors);
  const Downscaled down = g(input("io.hr"), false);
  expect(down.x_lr, "lr", "lr");
  expect(down.z.at(0), down.z.size() == 1 ? "z" : "z1", "raw");
  if (down.z.size() > 1) expect(down.z.at(1), "z2", "raw");
  if (vectors.has("io.lr_raw")) expect(g(input("io.hr"), true).x_lr, "lr_raw", "raw");
  EXPECT_TRUE(quantise(vectors.stored("io.lr")).equal(vectors.stored("io.lr_q")));
}

TEST_P(TwoWay, UpscalesAsTheAuthorsCode) {
  HCD_FIND_VECTORS(vectors, std::get<0>(GetParam()).vectors);
  load(vectors);
  if (vectors.has("io.lr_raw")) {
    expect(f(input("io.lr_raw"), Variant("raw")), "sr_raw", "raw");
  } else if (vectors.has("io.z")) {
    expect(f(input("io.lr"), Variant("")), "sr", "");
  }
  for (const char *name : {"z0", "zg", "q_z0", "q_zg", "raw_z0", "raw_zg"}) {
    const std::string stored = std::string("sr_") + name;
    const Variant variant(name);
    if (!vectors.has("io." + stored + "_f64")) continue;
    expect(f(input(variant.quantised ? "io.lr_q" : "io.lr"), variant), stored, name);
  }
}

TEST_P(TwoWay, HasTheGradientsOfTheAuthorsCode) {
  HCD_FIND_VECTORS(vectors, std::get<0>(GetParam()).vectors);
  load(vectors);
  int checked = 0;
  for (const auto &[stored, view] : vectors.file().tensors()) {
    if (!stored.starts_with("grad.")) continue;
    const std::string name = stored.substr(5, stored.size() - 5 - 4);  // without grad. and _f64
    const Variant variant(name);
    const bool hr = name.starts_with("hr");
    const Tensor x = input(hr ? "io.hr" : variant.quantised ? "io.lr_q" : "io.lr");
    x.requires_grad_(true);
    Tensor x_lr = hr ? g(x, variant.raw).x_lr : x;
    if (hr && variant.quantised) {
      if (rounds_otherwise(x_lr)) continue;
      x_lr = quantise(x_lr);
    }
    expect_loss(f(x_lr, variant), x, name);
    ++checked;
  }
  EXPECT_GE(checked, 2);
}

// The comparison itself must be able to fail.
TEST_P(TwoWay, SeesAWeightThatIsOff) {
  HCD_FIND_VECTORS(vectors, std::get<0>(GetParam()).vectors);
  load(vectors);
  for (const Params::Entry &entry : params_.entries()) {
    if (entry.trainable) entry.value.mul_(1 + 1e-3);
  }
  const Tensor expected = vectors.expected("io.lr");
  const Tensor found = g(input("io.hr"), false).x_lr.to(at::kDouble);
  EXPECT_GT((found - expected).abs().max().item<double>(),
            5e-5 * expected.abs().max().item<double>());
}

std::string case_name(const testing::TestParamInfo<TwoWay::ParamType> &info) {
  const auto &[c, dtype] = info.param;
  return std::string(c.vectors) + (dtype == at::kDouble ? "_f64" : "_f32");
}
INSTANTIATE_TEST_SUITE_P(Models, TwoWay,
                         testing::Combine(testing::ValuesIn(kCases),
                                          testing::Values(at::kDouble, at::kFloat)),
                         case_name);

}  // namespace
}  // namespace hcd::models
