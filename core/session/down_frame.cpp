// SPDX-License-Identifier: BSD-2-Clause
#include "session/down_frame.h"

#include <cmath>
#include <utility>

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

// Whether a descent by this plan is the same work for every frame, and the engine's alone: nothing
// of it is random, or decided or done elsewhere.
bool repeats(const Plan &plan, const Clients &clients) {
  return !plan.paper && !clients.traits.stochastic && plan.rule != Rule::kCg &&
         clients.all[0]->only_queues();
}

}  // namespace

DownFrame::DownFrame(const Clients &clients, const DownFormats &formats, Engine &engine)
    : clients_(clients),
      formats_(formats),
      engine_(engine),
      hr_(formats.hr),
      lr_(formats.lr),
      y_(engine.allocate(hr_.size())),
      x0_(engine.allocate(lr_.size())),
      x_(engine.allocate(lr_.size())) {}

void DownFrame::load(const hcd_frame &in) {
  if (formats_.in.width == formats_.hr.width && formats_.in.height == formats_.hr.height) {
    engine_.unpack(formats_.in, in, y_.data());
    return;
  }
  const image::Geometry geometry(formats_.in);
  Buffer source = engine_.allocate(geometry.size());
  engine_.unpack(formats_.in, in, source.data());
  extend(geometry, source.data(), hr_, y_.data(), engine_);
}

void DownFrame::begin(const hcd_frame &in, const std::shared_ptr<const Plan> &plan, uint64_t key) {
  const bool again = prepared_ == plan;
  if (!again) recording_.reset();
  plan_ = plan;
  answer_.reset();
  ranges_ = {};
  kept_plain_ = false;
  steps_ = 0;
  clipping_ = {};
  load(in);
  plain_ = in.flags & HCD_FRAME_PLAIN || plan->steps_hr + plan->steps_lr == 0 || plan->budget == 0;
  if (plain_) {
    clients_.plain().downscale(y_.data(), lr_.n_planes(), x0_.data());
    engine_.copy(x0_.span(), x_.span());
    return;
  }
  ranges_ = image::legal_ranges(formats_.lr);
  answer_ = engine_.queue([&] { return descend(key); },
                          again && repeats(*plan, clients_) ? &recording_ : nullptr);
  prepared_ = plan;
}

void DownFrame::pack(const hcd_frame &out) const {
  engine_.pack(formats_.lr, x_.data(), ranges_, out);
}

std::vector<Number> DownFrame::descend(uint64_t key) {
  clients_.plain().downscale(y_.data(), lr_.n_planes(), x0_.data());
  engine_.copy(x0_.span(), x_.span());
  const Plan &plan = *plan_;
  stage_ = {};
  if (plan.rule == Rule::kExact) {
    solve(plan.proximity, 0);
    return {0};
  }
  stage_ = make_stage(mix(key + 2));
  const Vector x = x_.span().first(stage_.lr->size());
  int planes = 1;
  while (lr_.offset(planes) < x.size()) ++planes;
  if (planes < lr_.n_planes()) solve(kVideoProximity, planes);
  Number steps;
  if (plan.steps_hr > 0) {
    HrObjective hr(clients_.plain(), *stage_.lr, formats_.hr, planes, engine_);
    Buffer moved = engine_.allocate(hr.size());
    engine_.copy(y_.span().first(hr.size()), moved.span());
    steps = steps + run_rule(hr, moved.span(), plan.steps_hr, key);
    clients_.plain().downscale(moved.data(), planes, x_.data());
  }
  std::vector<Number> asked{steps + run_rule(*stage_.lr, x, plan.steps_lr, key + 1)};
  if (stage_.mixed) ask_of_clipping(asked);
  return asked;
}

// The rule exact for planes from `first` on, within the budget.
void DownFrame::solve(double proximity, int first) {
  if (!solver_ || proximity != solver_proximity_) {
    solver_.emplace(clients_.for_chroma(), *clients_.kernel, proximity, engine_);
  }
  solver_proximity_ = proximity;
  solver_->solve(y_.data(), first, x_.data());
  if (plan_->budget < 0 || (first > 0 && plan_->budget_of_frame)) return;
  const Vector x = x_.span().subspan(lr_.offset(first));
  descent::project(x0_.span().subspan(lr_.offset(first)), x,
                   {plan_->budget * std::sqrt(static_cast<double>(x.size()))}, engine_);
}

DownFrame::Stage DownFrame::make_stage(uint64_t key) {
  const Plan &plan = *plan_;
  Stage stage;
  if (plan.loss == Loss::kMixed) {
    stage.loss = std::make_unique<loss::Mixed>(
        clients_.all.size(), hr_.plane(std::as_const(y_).data(), 0),
        lr_.plane(std::as_const(x0_).data(), 0), image::shown_range(formats_.lr),
        loss::MixedWeights{plan.detail, plan.ringing, plan.proximity}, engine_);
    auto lr = make_shown(*stage.loss, key);
    stage.mixed = lr.get();
    stage.lr = std::move(lr);
  } else if (!clients_.linear.empty()) {
    auto lr = std::make_unique<LinearObjective>(clients_.linear, y_.data(), x0_.data(), formats_.lr,
                                                plan.proximity, plan.paper, engine_);
    stage.quadratic = lr.get();
    stage.lr = std::move(lr);
  } else {
    client::Client &client = *clients_.all[0];
    stage.loss = std::make_unique<loss::SquaredError>(
        client.target(y_.data(), targets_), client.unit(),
        x0_.span().first(lr_.offset(client.n_planes())), plan.proximity, engine_);
    stage.lr = make_shown(*stage.loss, key);
  }
  return stage;
}

std::unique_ptr<ShownObjective> DownFrame::make_shown(loss::Loss &loss, uint64_t key) {
  std::vector<client::Client *> all;
  for (const auto &client : clients_.all) all.push_back(client.get());
  return std::make_unique<ShownObjective>(std::move(all), loss, formats_.lr, plan_->paper, key,
                                          engine_);
}

Number DownFrame::run_rule(descent::Objective &objective, Vector x, int steps, uint64_t seed) {
  const Plan &plan = *plan_;
  const double per_sample = std::sqrt(static_cast<double>(x.size()));
  const descent::Budget budget{plan.budget < 0
                                   ? descent::kUnlimited
                                   : plan.budget * (plan.budget_of_frame ? 1 : per_sample)};
  const auto adam = [&](int n) {
    return descent::adam(objective, x, {n, plan.step_size, plan.step_of_error, budget}, engine_);
  };
  switch (plan.rule) {
    case Rule::kPgd:
      return descent::pgd(
          objective, x,
          {steps, plan.step_size * (plan.step_of_frame ? 1 : per_sample), budget, plan.paper, seed},
          engine_);
    case Rule::kAdam:
      return adam(steps);
    case Rule::kCg:
      return descent::cg(*stage_.quadratic, x, {steps, budget}, engine_);
    case Rule::kLearned: {
      const std::span all(clients_.learned);
      const int done = descent::learned(objective, x, formats_.lr.width,
                                        all.first(static_cast<size_t>(steps)), engine_);
      return plan.polish == 0 ? Number(done) : done + adam(plan.polish);
    }
    case Rule::kExact:
      break;
  }
  return 0;
}

// ---- clipping ----

void DownFrame::ask_of_clipping(std::vector<Number> &asked) {
  const auto &loss = static_cast<const loss::Mixed &>(*stage_.loss);
  const Vector x = x_.span().first(stage_.mixed->size());
  stage_.mixed->clip(x);
  Buffer moved = engine_.allocate(x.size());
  engine_.subtract(x, x0_.span().first(x.size()), moved.span());
  asked.push_back(stage_.mixed->clipped() / engine_.dot(moved.span(), moved.span()));
  asked.push_back(loss.clipped());
  asked.push_back(stage_.mixed->start_value());
  for (int c = 1; c < lr_.n_planes(); ++c) {
    Number cut = engine_.clip(ranges_[static_cast<size_t>(c)], lr_.plane(x_.data(), c));
    const Number error = chroma_error(c, x_.data(), cut);
    asked.push_back(cut);
    asked.push_back(error);
  }
}

Number DownFrame::chroma_error(int c, const float *x, Number &cut) {
  const ConstPlane truth = hr_.plane(std::as_const(y_).data(), c);
  Buffer memory = engine_.allocate(truth.size());
  const Plane shown{memory.data(), truth.width, truth.height};
  clients_.for_chroma().enlarge(c).apply(lr_.plane(x, c), shown);
  cut = cut + engine_.clip(image::shown_range(formats_.hr), shown);
  return engine_.shown_error(formats_.hr.depth, shown, truth);
}

void DownFrame::wait() {
  if (!answer_) return;
  const std::vector<double> values = answer_->wait();
  answer_.reset();
  auto next = values.begin();
  steps_ = static_cast<int>(*next++);
  if (next == values.end()) return;
  clipping_.of_move = *next++;
  clipping_.of_shown = *next++;
  clipping_.start = *next++;
  for (int c = 1; c < lr_.n_planes(); ++c) {
    Clipping::Chroma &chroma = clipping_.chroma[static_cast<size_t>(c)];
    chroma.clipped = *next++ > 0;
    chroma.error = *next++;
  }
}

int DownFrame::steps() {
  wait();
  return steps_;
}

bool DownFrame::is_doubtful() {
  wait();
  bool doubtful = clipping_.of_move > kHarmlessCut || clipping_.of_shown > kHarmlessShownCut;
  for (const Clipping::Chroma &chroma : clipping_.chroma) doubtful = doubtful || chroma.clipped;
  return doubtful;
}

bool DownFrame::take_back() {
  if (is_worse()) {
    kept_plain_ = true;
    engine_.copy(x0_.span(), x_.span());
    ranges_ = {};
    return true;
  }
  bool any = false;
  for (int c = 1; c < lr_.n_planes(); ++c) {
    if (!is_worse_chroma(c)) continue;
    engine_.copy(lr_.plane(std::as_const(x0_).data(), c), lr_.plane(x_.data(), c));
    ranges_[static_cast<size_t>(c)] = {};
    any = true;
  }
  return any;
}

void DownFrame::forget_descent() {
  if (!recording_) stage_ = {};
}

bool DownFrame::is_worse() {
  if (clipping_.of_move <= kHarmlessCut && clipping_.of_shown <= kHarmlessShownCut) return false;
  Buffer coded = engine_.allocate(stage_.mixed->size());
  engine_.copy(x_.span().first(coded.size()), coded.span());
  engine_.quantise(formats_.lr.depth, ranges_[0], lr_.plane(coded.data(), 0));
  return stage_.mixed->value(coded.span()).value() >= clipping_.start;
}

bool DownFrame::is_worse_chroma(int c) {
  const Clipping::Chroma &chroma = clipping_.chroma[static_cast<size_t>(c)];
  if (!chroma.clipped) return false;
  Buffer plain = engine_.allocate(x0_.size());
  engine_.copy(x0_.span(), plain.span());
  engine_.quantise(formats_.lr.depth, {}, lr_.plane(plain.data(), c));
  Number cut;
  return chroma.error >= chroma_error(c, plain.data(), cut).value();
}

}  // namespace hcd::session
