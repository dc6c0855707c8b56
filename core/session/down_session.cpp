// SPDX-License-Identifier: BSD-2-Clause
#include "session/down_session.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/psnr.h"
#include "base/random.h"
#include "descent/learned.h"
#include "descent/rules.h"
#include "loss/squared_error.h"

namespace hcd::session {
namespace {

// Repeats the last column and row of every plane of `small` until `large` is filled.
void extend(const image::Geometry &small, const float *in, const image::Geometry &large, float *out,
            Engine &engine) {
  for (int c = 0; c < small.n_planes(); ++c) {
    const ConstPlane from = small.plane(in, c);
    const Plane to = large.plane(out, c);
    engine.copy(from, to.crop({0, 0, from.width, from.height}));
    for (int x = from.width; x < to.width; ++x) {
      engine.copy(from.crop({from.width - 1, 0, 1, from.height}), to.crop({x, 0, 1, from.height}));
    }
    for (int y = from.height; y < to.height; ++y) {
      engine.copy(to.crop({0, from.height - 1, to.width, 1}), to.crop({0, y, to.width, 1}));
    }
  }
}

// What clipping may cut off the small frame, as a share of its squared move, and off what is shown,
// as a share of the squared error, before it can have taken the gain: on clips it cuts up to 0.25
// and 0.0006 of what gains all the same, where plain frames are better 0.45 and 0.0001 or more.
constexpr double kHarmlessCut = 0.1, kHarmlessShownCut = 1e-3;

}  // namespace

DownSession::DownSession(Processor on, Clients clients, const DownSettings &settings,
                         const hcd_format &in, const hcd_format &model_hr, const hcd_format &out)
    : Session(std::move(on.gpu)),
      engine_(std::move(on.engine)),
      clients_(std::move(clients)),
      seed_(static_cast<uint64_t>(settings.seed)),
      in_(in),
      hr_(model_hr),
      lr_(out),
      hr_geometry_(hr_),
      lr_geometry_(lr_),
      y_(engine_->allocate(hr_geometry_.size())),
      x0_(engine_->allocate(lr_geometry_.size())),
      x_(engine_->allocate(lr_geometry_.size())) {
  update(settings);
}

void DownSession::update(const DownSettings &settings) {
  plan_ = std::make_shared<const Plan>(make_plan(settings, clients_.traits));
}

void DownSession::load(const hcd_frame &in) {
  if (in_.width == hr_.width && in_.height == hr_.height) {
    engine_->unpack(in_, in, y_.data());
    return;
  }
  const image::Geometry geometry(in_);
  Buffer source = engine_->allocate(geometry.size());
  engine_->unpack(in_, in, source.data());
  extend(geometry, source.data(), hr_geometry_, y_.data(), *engine_);
}

void DownSession::process(const std::list<Sent> &window, const hcd_frame &out, hcd_stats *stats) {
  const hcd_frame &in = window.front().frame;
  const Plan &plan = *window.front().plan;
  load(in);
  clients_.plain().downscale(y_.data(), lr_geometry_.n_planes(), x0_.data());
  const bool asked_plain = in.flags & HCD_FRAME_PLAIN;
  if (asked_plain || plan.steps_hr + plan.steps_lr == 0 || plan.budget == 0) {
    engine_->pack(lr_, x0_.data(), {}, out);
    if (stats && !asked_plain) measure(in, out, true, *stats);
    return;
  }
  ranges_ = image::legal_ranges(lr_);
  kept_plain_ = false;
  const int steps = descend(plan, in);
  engine_->pack(lr_, x_.data(), ranges_, out);
  if (!stats) return;
  stats->steps = steps;
  stats->kept_plain = kept_plain_ ? 1 : 0;
  measure(in, out, kept_plain_, *stats);
}

int DownSession::descend(const Plan &plan, const hcd_frame &in) {
  engine_->copy(x0_.span(), x_.span());
  if (plan.rule == Rule::kExact) {
    solve(plan, plan.proximity, 0);
    return 0;
  }
  const uint64_t seed = plan.paper || clients_.traits.stochastic ? frame_key(in) : 0;
  const Stage stage = make_stage(plan, mix(seed + 2));
  const Vector x = x_.span().first(stage.lr->size());
  int planes = 1;
  while (lr_geometry_.offset(planes) < x.size()) ++planes;
  if (planes < lr_geometry_.n_planes()) solve(plan, kVideoProximity, planes);
  int steps = 0;
  if (plan.steps_hr > 0) {
    HrObjective hr(clients_.plain(), *stage.lr, hr_, planes, *engine_);
    Buffer moved = engine_->allocate(hr.size());
    engine_->copy(y_.span().first(hr.size()), moved.span());
    steps += run_rule(plan, stage, hr, moved.span(), plan.steps_hr, seed);
    clients_.plain().downscale(moved.data(), planes, x_.data());
  }
  steps += run_rule(plan, stage, *stage.lr, x, plan.steps_lr, seed + 1);
  if (stage.mixed) judge_clipped(*stage.mixed, static_cast<const loss::Mixed &>(*stage.loss));
  return steps;
}

// The rule exact for planes from `first` on, within the budget.
void DownSession::solve(const Plan &plan, double proximity, int first) {
  if (!solver_ || proximity != solver_proximity_) {
    solver_.emplace(clients_.for_chroma(), *clients_.kernel, proximity, *engine_);
  }
  solver_proximity_ = proximity;
  solver_->solve(y_.data(), first, x_.data());
  if (plan.budget < 0 || (first > 0 && plan.budget_of_frame)) return;
  const Vector x = x_.span().subspan(lr_geometry_.offset(first));
  descent::project(x0_.span().subspan(lr_geometry_.offset(first)), x,
                   {plan.budget * std::sqrt(static_cast<double>(x.size()))}, *engine_);
}

DownSession::Stage DownSession::make_stage(const Plan &plan, uint64_t key) {
  Stage stage;
  if (plan.loss == Loss::kMixed) {
    stage.loss = std::make_unique<loss::Mixed>(
        clients_.all.size(), hr_geometry_.plane(std::as_const(y_).data(), 0),
        lr_geometry_.plane(std::as_const(x0_).data(), 0), image::shown_range(lr_),
        loss::MixedWeights{plan.detail, plan.ringing, plan.proximity}, *engine_);
    auto lr = make_shown(*stage.loss, plan, key);
    stage.mixed = lr.get();
    stage.lr = std::move(lr);
  } else if (!clients_.linear.empty()) {
    auto lr = std::make_unique<LinearObjective>(clients_.linear, y_.data(), x0_.data(), lr_,
                                                plan.proximity, plan.paper, *engine_);
    stage.quadratic = lr.get();
    stage.lr = std::move(lr);
  } else {
    client::Client &client = *clients_.all[0];
    stage.loss = std::make_unique<loss::SquaredError>(
        client.target(y_.data(), targets_), client.unit(),
        x0_.span().first(lr_geometry_.offset(client.n_planes())), plan.proximity, *engine_);
    stage.lr = make_shown(*stage.loss, plan, key);
  }
  return stage;
}

std::unique_ptr<ShownObjective> DownSession::make_shown(loss::Loss &loss, const Plan &plan,
                                                        uint64_t key) {
  std::vector<client::Client *> all;
  for (const auto &client : clients_.all) all.push_back(client.get());
  return std::make_unique<ShownObjective>(std::move(all), loss, lr_, plan.paper, key, *engine_);
}

int DownSession::run_rule(const Plan &plan, const Stage &stage, descent::Objective &objective,
                          Vector x, int steps, uint64_t seed) {
  const double per_sample = std::sqrt(static_cast<double>(x.size()));
  const descent::Budget budget{plan.budget < 0
                                   ? descent::kUnlimited
                                   : plan.budget * (plan.budget_of_frame ? 1 : per_sample)};
  switch (plan.rule) {
    case Rule::kPgd:
      return descent::pgd(
          objective, x,
          {steps, plan.step_size * (plan.step_of_frame ? 1 : per_sample), budget, plan.paper, seed},
          *engine_);
    case Rule::kAdam:
      return descent::adam(objective, x, {steps, plan.step_size, plan.step_of_error, budget},
                           *engine_);
    case Rule::kCg:
      return descent::cg(*stage.quadratic, x, {steps, budget}, *engine_);
    case Rule::kLearned: {
      const std::span all(clients_.learned);
      const int done = descent::learned(objective, x, lr_.width,
                                        all.first(static_cast<size_t>(steps)), *engine_);
      if (plan.polish == 0) return done;
      return done + descent::adam(objective, x,
                                  {plan.polish, plan.step_size, plan.step_of_error, budget},
                                  *engine_);
    }
    case Rule::kExact:
      break;
  }
  return 0;
}

void DownSession::judge_clipped(ShownObjective &objective, const loss::Mixed &loss) {
  const Vector x = x_.span().first(objective.size());
  objective.clip(x);
  Buffer moved = engine_->allocate(x.size());
  engine_->subtract(x, x0_.span().first(x.size()), moved.span());
  const double cut_of_move = objective.clipped() / engine_->dot(moved.span(), moved.span());
  if (cut_of_move > kHarmlessCut || loss.clipped() > kHarmlessShownCut) {
    engine_->copy(x, moved.span());
    engine_->quantise(lr_.depth, ranges_[0], lr_geometry_.plane(moved.data(), 0));
    kept_plain_ = objective.value(moved.span()) >= objective.start_value();
  }
  if (kept_plain_) {
    engine_->copy(x0_.span(), x_.span());
    ranges_ = {};
    return;
  }
  for (int c = 1; c < lr_geometry_.n_planes(); ++c) judge_clipped_chroma(c);
}

void DownSession::judge_clipped_chroma(int c) {
  const Plane plane = lr_geometry_.plane(x_.data(), c);
  image::Range &range = ranges_[static_cast<size_t>(c)];
  bool clipped = engine_->clip(range, plane) > 0, unused = false;
  const ConstPlane truth = hr_geometry_.plane(std::as_const(y_).data(), c);
  Buffer memory = engine_->allocate(truth.size());
  const auto error = [&](const float *x, bool &was_clipped) {
    const Plane shown{memory.data(), truth.width, truth.height};
    clients_.for_chroma().enlarge(c).apply(lr_geometry_.plane(x, c), shown);
    if (engine_->clip(image::shown_range(hr_), shown) > 0) was_clipped = true;
    return engine_->shown_error(hr_.depth, shown, truth);
  };
  const double descended = error(x_.data(), clipped);
  if (!clipped) return;
  Buffer plain = engine_->allocate(x0_.size());
  engine_->copy(x0_.span(), plain.span());
  engine_->quantise(lr_.depth, {}, lr_geometry_.plane(plain.data(), c));
  if (descended < error(plain.data(), unused)) return;
  engine_->copy(lr_geometry_.plane(std::as_const(x0_).data(), c), plane);
  range = {};
}

uint64_t DownSession::frame_key(const hcd_frame &in) {
  return mix(engine_->hash(in_, in, mix(seed_)));
}

// Mean squared error, in 8-bit code values, of what a client shows of the luma of `x` (of all
// planes for RGB), rounded to code values.
double DownSession::shown_error(client::Client &client, const float *x, uint64_t key) {
  const int planes = hr_.layout == HCD_LAYOUT_RGB ? 3 : 1;
  Buffer shown = engine_->allocate(hr_geometry_.size());
  client.show(x, key, planes, shown.data());
  double sum = 0;
  for (int c = 0; c < planes; ++c) {
    sum += engine_->shown_error(hr_.depth, hr_geometry_.plane(std::as_const(shown).data(), c),
                                hr_geometry_.plane(std::as_const(y_).data(), c));
  }
  return sum / planes;
}

void DownSession::measure(const hcd_frame &in, const hcd_frame &out, bool plain, hcd_stats &stats) {
  // Another latent than any that the descent has seen.
  const uint64_t key = clients_.traits.stochastic ? mix(frame_key(in) + 3) : 0;
  const double peak = static_cast<double>(image::shown_range(in_).high);
  engine_->unpack(lr_, out, x_.data());
  for (int c = 0; c < lr_geometry_.n_planes() && !plain; ++c) {
    engine_->quantise(lr_.depth, {}, lr_geometry_.plane(x0_.data(), c));
  }
  stats.n_clients = std::min(clients_.traits.clients, HCD_MAX_CLIENTS);
  double plain_sum = 0, sum = 0;
  for (int k = 0; k < stats.n_clients; ++k) {
    auto &measured = stats.client[k];
    client::Client &client = *clients_.all[static_cast<size_t>(k)];
    measured.name = client.name().c_str();
    measured.psnr = psnr(shown_error(client, x_.data(), key), peak);
    measured.psnr_plain = plain ? measured.psnr : psnr(shown_error(client, x0_.data(), key), peak);
    plain_sum += measured.psnr_plain;
    sum += measured.psnr;
  }
  stats.psnr_plain = plain_sum / stats.n_clients;
  stats.psnr = sum / stats.n_clients;
  if (plain) return;
  engine_->subtract(x_.span(), x0_.span(), x0_.span());
  stats.move_rms =
      std::sqrt(engine_->dot(x0_.span(), x0_.span()) / static_cast<double>(x0_.size()));
}

}  // namespace hcd::session
