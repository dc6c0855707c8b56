// SPDX-License-Identifier: BSD-2-Clause
#include "train/loss.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>

#include "base/error.h"
#include "base/random.h"

namespace hcd::train {
namespace {

using models::Downscaled;
using models::Model;
using models::Tensor;

Tensor l1(const Tensor &a, const Tensor &b) { return (a - b).abs().mean(); }
Tensor l2(const Tensor &a, const Tensor &b) { return (a - b).square().mean(); }

Tensor bicubic(const Model &model, const Tensor &y_hr) {
  return models::bicubic_resize(y_hr, y_hr.size(2) / model.scale(), y_hr.size(3) / model.scale());
}

Tensor rounded(const Recipe &recipe, const Tensor &x_lr) {
  return recipe.quantise ? models::quantise(x_lr) : x_lr;
}

Tensor without_border(const Tensor &x, int64_t border) {
  return x.slice(2, border, x.size(2) - border).slice(3, border, x.size(3) - border);
}

// f alone, from the bicubic small picture.
Tensor enlarged(const Recipe &recipe, const Model &model, const Tensor &y_hr, uint64_t key) {
  const Tensor x_lr = rounded(recipe, bicubic(model, y_hr));
  return model.upscale(x_lr, make_latents(model, x_lr, recipe.sample_latent, key));
}

LossValue loss_l1(const Recipe &recipe, const Model &model, const Tensor &y_hr, uint64_t key) {
  const Tensor sr = enlarged(recipe, model, y_hr, key);
  return {
      {{"restore", l1(without_border(sr, recipe.border), without_border(y_hr, recipe.border))}}};
}

LossValue loss_l2(const Recipe &recipe, const Model &model, const Tensor &y_hr, uint64_t key) {
  const Tensor sr = enlarged(recipe, model, y_hr, key);
  return {
      {{"restore", l2(without_border(sr, recipe.border), without_border(y_hr, recipe.border))}}};
}

// IRN (Xiao et al., ECCV 2020, section 3.3): the small picture is guided by the bicubic one (L2),
// the large one is restored from the rounded small one and a drawn latent (L1), and the latent is
// likely under N(0, 1), which for its negative logarithm means its square. The authors' weights are
// of sums: scale^2 : 1 : 1, which is 1 : 1 : (1 - 1 / scale^2) of means, taken as 1 : 1 : 1.
LossValue loss_irn(const Recipe &recipe, const Model &model, const Tensor &y_hr, uint64_t key) {
  const Downscaled small = model.downscale(y_hr);
  const Tensor sr = model.upscale(rounded(recipe, small.x_lr),
                                  make_latents(model, small.x_lr, recipe.sample_latent, key));
  Tensor latent = at::zeros({}, y_hr.options());
  for (const Tensor &z : small.z) latent = latent + z.square().mean();
  return {{{"forward", l2(small.x_lr, bicubic(model, y_hr))},
           {"backward", l1(sr, y_hr)},
           {"latent", latent}}};
}

// TAD (Kim et al., ECCV 2018): L1 of the restored picture, and of the small one to the bicubic one.
LossValue loss_tad(const Recipe &recipe, const Model &model, const Tensor &y_hr, uint64_t) {
  const Tensor x_lr = model.downscale(y_hr).x_lr;
  return {{{"restore", l1(model.upscale(rounded(recipe, x_lr), {}), y_hr)},
           {"guide", l1(x_lr, bicubic(model, y_hr))}}};
}

const std::vector<LossKind> &all_losses() {
  static const std::vector<LossKind> losses = {
      {"l1", {{"restore", 1}}, loss_l1},
      {"l2", {{"restore", 1}}, loss_l2},
      {"irn", {{"forward", 1}, {"backward", 1}, {"latent", 1}}, loss_irn},
      {"tad", {{"restore", 1}, {"guide", 1}}, loss_tad},
  };
  return losses;
}

}  // namespace

std::span<const LossKind> loss_kinds() { return all_losses(); }

Loss evaluate_loss(const Recipe &recipe, const Model &model, const Tensor &y_hr, uint64_t key) {
  const auto &losses = all_losses();
  const auto kind = std::find_if(losses.begin(), losses.end(),
                                 [&](const LossKind &k) { return k.name == recipe.loss; });
  HCD_CHECK(kind != losses.end(), HCD_E_INTERNAL, "no loss '%s'", recipe.loss.c_str());
  Loss loss{at::zeros({}, y_hr.options()), kind->evaluate(recipe, model, y_hr, key).parts};
  for (const auto &[name, value] : loss.parts) {
    if (recipe.weights.at(name) > 0) loss.total = loss.total + recipe.weights.at(name) * value;
  }
  return loss;
}

models::Latents make_latents(const Model &model, const Tensor &x_lr, bool sample, uint64_t key) {
  models::Latents z = models::zero_latents(model, x_lr);
  if (!sample) return z;
  auto generator = at::detail::createCPUGenerator(mix(key));
  for (Tensor &latent : z) {
    latent.copy_(at::randn(latent.sizes(), generator, at::TensorOptions(at::kFloat)));
  }
  return z;
}

}  // namespace hcd::train
