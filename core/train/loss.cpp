// SPDX-License-Identifier: BSD-2-Clause
#include "train/loss.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "engine/aten/detail.h"
#include "models/car.h"
#include "models/hcflow.h"

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

// The model of a loss that is made for one kind.
template <typename Kind>
const Kind &cast(const Model &model, const char *name) {
  const auto *kind = dynamic_cast<const Kind *>(&model);
  HCD_CHECK(kind, HCD_E_OPTION, "loss %s: expected the model %s, found another", name, name);
  return *kind;
}

void check_pair(const Model &model, const char *name) {
  HCD_CHECK(model.has_downscale(), HCD_E_OPTION,
            "loss %s: expected a model that makes pictures small itself, found one that does not",
            name);
}

// What f gets where no g of the model is trained: the coded picture, or the bicubic one.
Tensor given(const Recipe &recipe, const Model &model, const Batch &batch) {
  return batch.x_lr.defined() ? batch.x_lr : rounded(recipe, bicubic(model, batch.y_hr));
}

// f alone.
Tensor enlarged(const Recipe &recipe, const Model &model, const Batch &batch, uint64_t key) {
  const Tensor x_lr = given(recipe, model, batch);
  return model.upscale(x_lr, make_latents(model, x_lr, recipe.sample_latent, key));
}

LossValues loss_l1(const Recipe &recipe, const Model &model, const Batch &batch, uint64_t key) {
  return {{"restore", l1(enlarged(recipe, model, batch, key), batch.y_hr)}};
}

LossValues loss_l2(const Recipe &recipe, const Model &model, const Batch &batch, uint64_t key) {
  return {{"restore", l2(enlarged(recipe, model, batch, key), batch.y_hr)}};
}

// Error and lost detail, each in parts of what bicubic enlarging leaves of the same batch, so that
// the weights compare like with like whatever the batch shows.
LossValues loss_mixed(const Recipe &recipe, const Model &model, const Batch &batch, uint64_t key) {
  HCD_CHECK(model.channels() == 1, HCD_E_OPTION,
            "loss mixed: expected a model of luma, found one of %d channels",
            static_cast<int>(model.channels()));
  const Tensor x_lr = given(recipe, model, batch), &y_hr = batch.y_hr;
  const Tensor sr = model.upscale(x_lr, make_latents(model, x_lr, recipe.sample_latent, key));
  const Tensor plain = models::bicubic_resize(x_lr, y_hr.size(2), y_hr.size(3)).detach();
  constexpr double kTiny = 1e-6;
  return {{"restore", l2(sr, y_hr) / (l2(plain, y_hr) + kTiny)},
          {"detail", aten::lost_detail(sr, y_hr) / (aten::lost_detail(plain, y_hr) + kTiny)}};
}

// IRN (Xiao et al., ECCV 2020, section 3.3): the small picture is guided by the bicubic one (L2),
// the large one is restored from the rounded small one and a drawn latent (L1), and the latent is
// likely under N(0, 1), which for its negative logarithm means its square. The authors' weights are
// of sums: scale^2 : 1 : 1, which is 1 : 1 : (1 - 1 / scale^2) of means, taken as 1 : 1 : 1.
LossValues loss_irn(const Recipe &recipe, const Model &model, const Batch &batch, uint64_t key) {
  const Tensor &y_hr = batch.y_hr;
  check_pair(model, "irn");
  const Downscaled small = model.downscale(y_hr);
  const Tensor sr = model.upscale(rounded(recipe, small.x_lr),
                                  make_latents(model, small.x_lr, recipe.sample_latent, key));
  Tensor latent = at::zeros({}, y_hr.options());
  for (const Tensor &z : small.z) latent = latent + z.square().mean();
  return {{"forward", l2(small.x_lr, bicubic(model, y_hr))},
          {"backward", l1(sr, y_hr)},
          {"latent", latent}};
}

// TAD (Kim et al., ECCV 2018): L1 of the restored picture, and of the small one to the bicubic one.
LossValues loss_tad(const Recipe &recipe, const Model &model, const Batch &batch, uint64_t) {
  const Tensor &y_hr = batch.y_hr;
  check_pair(model, "tad");
  const Tensor x_lr = model.downscale(y_hr).x_lr;
  return {{"restore", l1(model.upscale(rounded(recipe, x_lr), {}), y_hr)},
          {"guide", l1(x_lr, bicubic(model, y_hr))}};
}

// HCFlow for rescaling (Liang et al., ICCV 2021, section 3.4): the latents' negative log-likelihood
// under the flow, in nats per value of the large picture, an L1 that guides the small one, and an
// L1 of the picture restored from it. The weights are this project's.
LossValues loss_hcflow(const Recipe &recipe, const Model &model, const Batch &batch, uint64_t key) {
  const Tensor &y_hr = batch.y_hr;
  const auto &hcflow = cast<models::Hcflow>(model, "hcflow");
  Tensor log_det;
  const Downscaled small = hcflow.encode(y_hr, &log_det);
  Tensor nats = -log_det.sum();
  for (const Tensor &z : small.z) {
    nats = nats + (z.square().sum() + std::log(2 * M_PI) * static_cast<double>(z.numel())) / 2;
  }
  const Tensor sr = hcflow.decode(rounded(recipe, small.x_lr),
                                  make_latents(model, small.x_lr, recipe.sample_latent, key));
  return {{"likelihood", nats / static_cast<double>(y_hr.numel())},
          {"guide", l1(small.x_lr, bicubic(model, y_hr))},
          {"restore", l1(sr, y_hr)}};
}

// Differences of neighbours along a dimension, each weighed by how much its tap counts.
Tensor variation(const Tensor &offsets, const Tensor &kernels, int64_t dimension) {
  const int64_t n = offsets.size(dimension) - 1;
  return ((offsets.narrow(dimension, 1, n) - offsets.narrow(dimension, 0, n)).abs() *
          kernels.narrow(dimension, 0, n))
      .sum(1)
      .mean();
}

// CAR (Sun and Chen, TIP 2020, section III-C): L1 of the picture restored from the rounded small
// one; the length of the offsets, so that taps stay near their places; and their total variation,
// so that neighbours sample alike. The authors' training is not published: the forms follow the
// paper's description, the weights are this project's.
LossValues loss_car(const Recipe &recipe, const Model &model, const Batch &batch, uint64_t) {
  const Tensor &y_hr = batch.y_hr;
  const auto &car = cast<models::Car>(model, "car");
  models::Taps taps;
  const Tensor x_lr = car.downscale(y_hr, &taps).x_lr;
  constexpr double kTiny = 1e-12;  // keeps the root's derivative finite
  const Tensor length = (taps.offsets_h.square() + taps.offsets_v.square() + kTiny).sqrt();
  Tensor total = at::zeros({}, y_hr.options());
  for (const Tensor &offsets : {taps.offsets_h, taps.offsets_v}) {
    for (const int64_t dimension : {2, 3}) {
      total = total + variation(offsets, taps.kernels, dimension);
    }
  }
  return {{"restore", l1(model.upscale(rounded(recipe, x_lr), {}), y_hr)},
          {"offset", (length * taps.kernels).sum(1).mean()},
          {"variation", total}};
}

}  // namespace

std::span<const LossKind> loss_kinds() {
  static const std::vector<LossKind> losses = {
      {"l1", true, {{"restore", 1}}, loss_l1},
      {"l2", true, {{"restore", 1}}, loss_l2},
      {"mixed", true, {{"restore", 0.8}, {"detail", 0.2}}, loss_mixed},
      {"irn", false, {{"forward", 1}, {"backward", 1}, {"latent", 1}}, loss_irn},
      {"hcflow", false, {{"likelihood", 0.01}, {"guide", 1}, {"restore", 1}}, loss_hcflow},
      {"car", false, {{"restore", 1}, {"offset", 0.01}, {"variation", 0.01}}, loss_car},
      {"tad", false, {{"restore", 1}, {"guide", 1}}, loss_tad},
  };
  return losses;
}

const LossKind &find_loss(const std::string &name) {
  const std::span<const LossKind> kinds = loss_kinds();
  const auto kind = std::ranges::find(kinds, name, &LossKind::name);
  HCD_CHECK(kind != kinds.end(), HCD_E_INTERNAL, "no loss '%s'", name.c_str());
  return *kind;
}

Loss evaluate_loss(const Recipe &recipe, const Model &model, const Batch &batch, uint64_t key) {
  Loss loss{at::zeros({}, batch.y_hr.options()),
            find_loss(recipe.loss).evaluate(recipe, model, batch, key)};
  for (const auto &[name, value] : loss.parts) {
    if (recipe.weights.at(name) > 0) loss.total = loss.total + recipe.weights.at(name) * value;
  }
  return loss;
}

void prepare(models::Model &model, const Tensor &y_hr) {
  if (auto *hcflow = dynamic_cast<models::Hcflow *>(&model)) hcflow->fit_normalisations(y_hr);
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
