// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/samples.h"
#include "session/down_session.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/random.h"
#include "descent/rules.h"
#include "engine/cpu/vector_ops.h"
#include "engine/cpu/compare.h"
#include "session/linear_model.h"
#include "session/mixed_objective.h"

namespace hcd::session {
namespace {


// Repeats the last column and row of every plane of `small` until `large` is filled.
void extend(const image::Geometry &small, const float *in, const image::Geometry &large,
            float *out) {
  for (int c = 0; c < small.n_planes(); ++c) {
    const ConstPlane from = small.plane(in, c);
    const Plane to = large.plane(out, c);
    for (int y = 0; y < to.height; ++y) {
      const float *row = from.row(std::min(y, from.height - 1));
      std::copy_n(row, from.width, to.row(y));
      std::fill(to.row(y) + from.width, to.row(y) + to.width, row[from.width - 1]);
    }
  }
}

}  // namespace

DownSession::DownSession(std::unique_ptr<DownModel> model, const DownSettings &settings,
                         const hcd_format &in, const hcd_format &model_hr, const hcd_format &out,
                         ThreadPool &pool)
    : model_(std::move(model)),
      traits_(model_->traits()),
      plan_(make_plan(settings, traits_)),
      seed_(static_cast<uint64_t>(settings.seed)),
      in_(in),
      hr_(model_hr),
      lr_(out),
      pool_(pool),
      hr_geometry_(hr_),
      lr_geometry_(lr_),
      y_(hr_geometry_.size()),
      x0_(lr_geometry_.size()),
      x_(lr_geometry_.size()) {
  for (int k = 0; k < traits_.clients; ++k) names_.push_back(model_->client_name(k));
}

void DownSession::update(const DownSettings &settings) { plan_ = make_plan(settings, traits_); }

void DownSession::load(const hcd_frame &in) {
  const image::Geometry geometry(in_);
  if (in_.width == hr_.width && in_.height == hr_.height) {
    cpu::unpack(in_, in, y_.data(), pool_);
    return;
  }
  Buffer source(geometry.size());
  cpu::unpack(in_, in, source.data(), pool_);
  extend(geometry, source.data(), hr_geometry_, y_.data());
}

void DownSession::process(const hcd_frame &in, const hcd_frame &out, hcd_stats &stats) {
  load(in);
  model_->downscale(y_.data(), x0_.data());
  if ((in.flags & HCD_FRAME_PLAIN) || plan_.steps_hr + plan_.steps_lr == 0 || plan_.budget == 0) {
    cpu::pack(lr_, x0_.data(), {}, out, pool_);
    if (in.flags & HCD_FRAME_PLAIN) return;
    std::copy_n(x0_.data(), x0_.size(), x_.data());
    cpu::quantise(lr_, x_.data(), {}, pool_);
    measure(in, stats);
    return;
  }
  ranges_ = image::legal_ranges(lr_);
  kept_plain_ = false;
  stats.steps = descend(in);
  stats.kept_plain = kept_plain_ ? 1 : 0;
  cpu::pack(lr_, x_.data(), ranges_, out, pool_);
  cpu::quantise(lr_, x_.data(), ranges_, pool_);
  measure(in, stats);
}

void DownSession::judge_clipped(MixedObjective &objective) {
  const size_t n = objective.size();
  objective.clip({x_.data(), n});  // tells whether
  std::vector<float> plain(x0_.data(), x0_.data() + x0_.size());
  cpu::quantise(lr_, plain.data(), {}, pool_);
  if (objective.clipped()) {
    std::vector<float> descended(x_.data(), x_.data() + x_.size());
    cpu::quantise(lr_, descended.data(), ranges_, pool_);
    kept_plain_ = objective.value({descended.data(), n}) >= objective.value({plain.data(), n});
  }
  if (kept_plain_) {
    std::copy_n(x0_.data(), x0_.size(), x_.data());
    ranges_ = {};
    return;
  }
  for (int c = 1; c < lr_geometry_.n_planes(); ++c) judge_clipped_chroma(c, plain.data());
}

void DownSession::judge_clipped_chroma(int c, const float *plain) {
  const Plane plane = lr_geometry_.plane(x_.data(), c);
  image::Range &range = ranges_[static_cast<size_t>(c)];
  bool clipped = cpu::clip(plane, range, pool_), unused = false;
  const auto error = [&](const float *x, bool &was_clipped) {
    return model_->chroma_client().shown_error(c, x, y_.data(), hr_, was_clipped, pool_);
  };
  const double descended = error(x_.data(), clipped);
  if (!clipped || descended < error(plain, unused)) return;
  std::copy_n(lr_geometry_.plane(std::as_const(x0_).data(), c).data, plane.size(), plane.data);
  range = {};
}

int DownSession::descend(const hcd_frame &in) {
  std::copy_n(x0_.data(), x0_.size(), x_.data());
  const descent::Result x(x_.data(), x_.size());
  if (plan_.rule == Rule::kExact) {
    model_->solve(y_.data(), plan_.proximity, x_.data());
    const double norm = plan_.budget * std::sqrt(static_cast<double>(x.size()));
    descent::project({x0_.data(), x0_.size()}, x, {plan_.budget < 0 ? descent::kUnlimited : norm},
                     pool_);
    return 0;
  }
  const uint64_t seed = plan_.paper || traits_.stochastic ? frame_key(in) : 0;
  const auto lr = lr_objective(mix(seed + 2));
  if (lr->size() < x_.size()) {
    model_->solve_chroma(y_.data(), x_.data());
    if (plan_.budget >= 0 && !plan_.budget_of_frame) {
      const size_t chroma = x_.size() - lr->size();
      descent::project({x0_.data() + lr->size(), chroma}, x.subspan(lr->size()),
                       {plan_.budget * std::sqrt(static_cast<double>(chroma))}, pool_);
    }
  }
  int steps = 0;
  if (plan_.steps_hr > 0) {
    const auto hr = model_->hr_objective(*lr);
    std::vector<float> moved(y_.data(), y_.data() + y_.size());
    steps += run_rule(*hr, descent::Result(moved).subspan(0, hr->size()), plan_.steps_hr, seed);
    std::vector<float> start(x_.size());
    model_->downscale(moved.data(), start.data());
    std::copy_n(start.data(), lr->size(), x_.data());  // fixed planes stay
  }
  steps += run_rule(*lr, x.subspan(0, lr->size()), plan_.steps_lr, seed + 1);
  if (auto *mixed = dynamic_cast<MixedObjective *>(lr.get())) judge_clipped(*mixed);
  return steps;
}

std::unique_ptr<descent::Objective> DownSession::lr_objective(uint64_t key) {
  if (plan_.loss == Loss::kMse) {
    return model_->lr_objective(y_.data(), x0_.data(), plan_.proximity, plan_.paper, key);
  }
  return std::make_unique<MixedObjective>(
      model_->luma_clients(), hr_geometry_.plane(std::as_const(y_).data(), 0),
      lr_geometry_.plane(std::as_const(x0_).data(), 0), lr_,
      MixedWeights{plan_.detail, plan_.ringing, plan_.proximity, plan_.rate}, pool_);
}

int DownSession::run_rule(descent::Objective &objective, descent::Result x, int steps,
                          uint64_t seed) {
  const double per_sample = std::sqrt(static_cast<double>(x.size()));
  const descent::Budget budget{plan_.budget < 0
                                   ? descent::kUnlimited
                                   : plan_.budget * (plan_.budget_of_frame ? 1 : per_sample)};
  switch (plan_.rule) {
    case Rule::kPgd:
      return descent::pgd(objective, x,
                          {steps, plan_.step_size * (plan_.step_of_frame ? 1 : per_sample), budget,
                           plan_.paper, seed},
                          pool_);
    case Rule::kAdam:
      return descent::adam(objective, x, {steps, plan_.step_size, plan_.step_of_error, budget},
                           pool_);
    case Rule::kCg:
      return descent::cg(objective, x, {steps, budget}, pool_);
    case Rule::kExact:
      break;
  }
  return 0;
}

uint64_t DownSession::frame_key(const hcd_frame &in) const {
  return mix(cpu::hash_frame(in_, in, mix(seed_)));
}

void DownSession::measure(const hcd_frame &in, hcd_stats &stats) {
  // Another latent than any that the descent has seen.
  const uint64_t key = traits_.stochastic ? mix(frame_key(in) + 3) : 0;
  const size_t n = x_.size();
  std::vector<float> plain(x0_.data(), x0_.data() + n);
  cpu::quantise(lr_, plain.data(), {}, pool_);
  stats.n_clients = std::min(traits_.clients, HCD_MAX_CLIENTS);
  double plain_sum = 0, sum = 0;
  for (int k = 0; k < stats.n_clients; ++k) {
    auto &client = stats.client[k];
    client.name = names_[static_cast<size_t>(k)].c_str();
    client.psnr_plain = psnr(in_, model_->shown_error(k, plain.data(), y_.data(), key));
    client.psnr = psnr(in_, model_->shown_error(k, x_.data(), y_.data(), key));
    plain_sum += client.psnr_plain;
    sum += client.psnr;
  }
  stats.psnr_plain = plain_sum / stats.n_clients;
  stats.psnr = sum / stats.n_clients;
  cpu::subtract({x_.data(), n}, plain, plain, pool_);
  stats.move_rms = std::sqrt(cpu::dot(plain, plain, pool_) / static_cast<double>(n));
}

}  // namespace hcd::session
