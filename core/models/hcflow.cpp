// SPDX-License-Identifier: BSD-2-Clause
#include "models/hcflow.h"

#include <c10/core/GradMode.h>

#include <cmath>

#include "models/config.h"
#include "models/hcflow_steps.h"

namespace hcd::models {

using hcflow::ConditionalFlow;
using hcflow::ConditionalSizes;
using hcflow::MainStep;
using hcflow::Pass;

namespace {

struct Sizes {
  explicit Sizes(const Json &json) {
    Config config(json, "hcflow");
    steps = config.number("steps", 8, 1, 64);
    growth = config.number("growth", 32, 1, 512);
    conditional.steps = config.number("conditional_steps", 6, 0, 64);
    conditional.hidden = config.number("hidden", 64, 1, 512);
    conditional.features = config.number("features", 64, 1, 512);
    conditional.rrdb_growth = config.number("rrdb_growth", 16, 1, 512);
    conditional.rrdb_blocks = config.numbers("rrdb_blocks", {2, 1});
    config.done();
    HCD_CHECK(conditional.rrdb_blocks.size() == 2, HCD_E_FILE,
              "configuration of hcflow: rrdb_blocks: expected 2 numbers, found %zu",
              conditional.rrdb_blocks.size());
  }
  int64_t steps, growth;
  ConditionalSizes conditional;
};

// A Haar step and steps of the main flow.
struct Level {
  // `index` is the number of the level's first layer; on return, of what follows it.
  Level(const Scope &flow, int64_t &index, int64_t channels, const Sizes &sizes)
      : haar(flow("layers", index++), channels) {
    for (int64_t i = 0; i < sizes.steps; ++i) {
      steps.emplace_back(flow("layers", index++), 4 * channels, sizes.growth, i % 2 == 0);
    }
    ++index;  // the split, which has no parameters
  }

  Tensor forward(const Tensor &input, Pass &pass) const {
    Tensor x = haar.forward(input);
    // The filters' 4x4 matrix over 4 has determinant 1/16.
    if (pass.count) pass.add(at::full({}, -haar.channels * std::log(16.0), x.options()), x);
    for (const MainStep &step : steps) x = step.forward(x, pass);
    return x;
  }

  // Pixels on each side that inverse() looks: each step from one part of the channels to the other.
  int reach() const { return DenseBlock::kReach * static_cast<int>(steps.size()); }

  Tensor inverse(const Tensor &output) const {
    Tensor y = output;
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) y = step->inverse(y);
    return haar.inverse(y);
  }

  Haar haar;
  std::vector<MainStep> steps;
};

constexpr int64_t kHalf = 6, kLr = 3;           // channels that go on after levels 0 and 1
constexpr int64_t kLatent0 = 6, kLatent1 = 21;  // and those that leave

}  // namespace

struct Hcflow::Flow {
  Flow(const Scope &scope, const Sizes &sizes, int64_t index = 0)
      : level0(scope, index, 3, sizes),
        level1(scope, index, kHalf, sizes),
        latent0(scope("level0_condFlow"), kLatent0, kHalf + sizes.conditional.features,
                sizes.conditional),
        latent1(scope("level1_condFlow"), kLatent1, kLr, sizes.conditional) {}

  // Features of level 0, of its channels that go on and of the features of level 1.
  Tensor features0(const Tensor &half, const Tensor &features1) const {
    return latent0.features(at::cat({half, twice_nearest(features1)}, 1));
  }

  Downscaled encode(const Tensor &y_hr, Pass &pass) const {
    const Tensor x0 = level0.forward(y_hr, pass);
    const Tensor half = x0.narrow(1, 0, kHalf), a0 = x0.narrow(1, kHalf, kLatent0);
    const Tensor x1 = level1.forward(half, pass);
    const Tensor x_lr = x1.narrow(1, 0, kLr), a1 = x1.narrow(1, kLr, kLatent1);
    const Tensor features1 = latent1.features(x_lr);
    const Tensor z1 = latent1.forward(a1, features1, pass);
    const Tensor z0 = latent0.forward(a0, features0(half, features1), pass);
    return {x_lr, {z0, z1}};
  }

  Tensor decode(const Tensor &x_lr, const Latents &z) const {
    const Tensor features1 = latent1.features(x_lr);
    const Tensor a1 = latent1.inverse(z.at(1), features1);
    const Tensor half = level1.inverse(at::cat({x_lr, a1}, 1));
    const Tensor a0 = latent0.inverse(z.at(0), features0(half, features1));
    return level0.inverse(at::cat({half, a0}, 1));
  }

  Level level0, level1;
  ConditionalFlow latent0, latent1;
};

Hcflow::Hcflow(int scale, const Json &config, const Scope &scope) : Model(scale) {
  check_scale("hcflow", scale, {4});
  flow_ = std::make_unique<Flow>(scope("flow"), Sizes(config));
}

Hcflow::~Hcflow() = default;

int Hcflow::receptive_field() const {
  const int reach0 = flow_->latent0.reach() + flow_->level0.reach();  // at twice the LR size
  return flow_->latent1.reach() + flow_->level1.reach() + (reach0 + 1) / 2;
}

Downscaled Hcflow::encode(const Tensor &y_hr, Tensor *log_det) const {
  Pass pass;
  pass.count = log_det != nullptr;
  Downscaled result = flow_->encode(y_hr, pass);
  if (log_det) *log_det = pass.log_det;
  return result;
}

Tensor Hcflow::decode(const Tensor &x_lr, const Latents &z) const { return flow_->decode(x_lr, z); }

Downscaled Hcflow::downscale(const Tensor &y_hr) const {
  Downscaled result = encode(y_hr);
  result.x_lr = result.x_lr.clamp(0, 1);
  return result;
}

Tensor Hcflow::upscale(const Tensor &x_lr, const Latents &z) const {
  return decode(x_lr, z).clamp(0, 1);
}

void Hcflow::fit_normalisations(const Tensor &y_hr) {
  const c10::NoGradGuard no_grad;
  Pass pass;
  pass.fit = true;
  flow_->encode(y_hr, pass);
}

std::unique_ptr<Model> make_hcflow(int scale, const Json &config, const Scope &scope) {
  return std::make_unique<Hcflow>(scale, config, scope);
}

}  // namespace hcd::models
