// SPDX-License-Identifier: BSD-2-Clause
#include "descent/rules.h"

#include <cmath>
#include <vector>

#include "base/random.h"

namespace hcd::descent {
namespace {

double norm(ConstVector v, Engine &engine) { return std::sqrt(engine.dot(v, v)); }

Buffer copy_of(ConstVector x, Engine &engine) {
  Buffer copy = engine.allocate(x.size());
  engine.copy(x, copy.span());
  return copy;
}

// A point of the ball of that radius: a random direction, the radius so that points spread evenly.
void random_point(Vector move, double radius, uint64_t seed, Engine &engine) {
  engine.normal(seed, move);
  const double u = Random(seed).uniform(2 * move.size() + 2);
  const double length = radius * std::pow(u, 1.0 / static_cast<double>(move.size()));
  engine.scale(static_cast<float>(length / norm(move, engine)), move);
}

// Variables of one group of a quadratic problem, and the state of its conjugate gradients.
struct Group {
  size_t first, size;
  double residual;  // squared norm
  bool done = false;
};

}  // namespace

void project(ConstVector start, Vector x, const Budget &budget, Engine &engine) {
  if (budget.norm < 0) return;
  Buffer move = engine.allocate(x.size());
  engine.subtract(x, start, move.span());
  const double length = norm(move.span(), engine);
  if (length <= budget.norm) return;
  engine.copy(start, x);
  engine.axpy(static_cast<float>(budget.norm / length), move.span(), x);
}

int pgd(Objective &objective, Vector x, const PgdOptions &options, Engine &engine) {
  const Buffer start = copy_of(x, engine);
  Buffer gradient = engine.allocate(x.size());
  if (options.random_start && options.budget.norm > 0 && options.steps > 0) {
    random_point(gradient.span(), options.budget.norm, options.seed, engine);
    engine.axpy(1, gradient.span(), x);
    objective.clip(x);
  }
  for (int step = 0; step < options.steps; ++step) {
    objective.value_and_gradient(x, gradient.span());
    const double length = norm(gradient.span(), engine);
    if (length == 0) return step;
    engine.axpy(static_cast<float>(-options.step / length), gradient.span(), x);
    project(start.span(), x, options.budget, engine);
    objective.clip(x);
  }
  return options.steps;
}

int adam(Objective &objective, Vector x, const AdamOptions &options, Engine &engine) {
  constexpr double kBeta1 = 0.5, kBeta2 = 0.999;
  const Buffer start = copy_of(x, engine);
  Buffer gradient = engine.allocate(x.size()), mean = engine.allocate(x.size());
  engine.clear(mean.span());
  double variance = 0, unit = 1;
  for (int step = 0; step < options.steps; ++step) {
    const double value = objective.value_and_gradient(x, gradient.span());
    if (step == 0 && options.rate_of_error) unit = objective.rms_error(value);
    const double square =
        engine.dot(gradient.span(), gradient.span()) / static_cast<double>(x.size());
    if (square == 0) return step;
    engine.scale(static_cast<float>(kBeta1), mean.span());
    engine.axpy(static_cast<float>(1 - kBeta1), gradient.span(), mean.span());
    variance = kBeta2 * variance + (1 - kBeta2) * square;
    const double progress = (step + 0.5) / options.steps;
    const double rate = options.rate * unit * (0.1 + 0.9 * 0.5 * (1 + std::cos(M_PI * progress)));
    const double mean_bias = 1 - std::pow(kBeta1, step + 1);
    const double variance_bias = 1 - std::pow(kBeta2, step + 1);
    engine.axpy(static_cast<float>(-rate / mean_bias / std::sqrt(variance / variance_bias)),
                mean.span(), x);
    project(start.span(), x, options.budget, engine);
    objective.clip(x);
  }
  return options.steps;
}

int cg(Quadratic &objective, Vector x, const CgOptions &options, Engine &engine) {
  constexpr double kNoGain = 1e-6;  // of the value: 0.000004 dB
  const Buffer start = copy_of(x, engine);
  Buffer residual = engine.allocate(x.size()), image = engine.allocate(x.size());
  const double value = objective.value_and_gradient(x, residual.span());
  engine.scale(-1, residual.span());
  Buffer direction = copy_of(residual.span(), engine);

  std::vector<Group> groups;
  size_t first = 0;
  for (const size_t end : objective.group_ends()) {
    const Vector r = residual.span().subspan(first, end - first);
    groups.push_back({first, end - first, engine.dot(r, r)});
    first = end;
  }
  int steps = 0;
  while (steps < options.steps) {
    objective.hessian(direction.span(), image.span());
    double gain = 0;
    for (Group &group : groups) {
      if (group.done) continue;
      const Vector r = residual.span().subspan(group.first, group.size);
      const Vector p = direction.span().subspan(group.first, group.size);
      const Vector hp = image.span().subspan(group.first, group.size);
      const double curvature = engine.dot(p, hp);
      group.done = group.residual <= 0 || curvature <= 0;
      if (group.done) continue;
      const double length = group.residual / curvature;
      engine.axpy(static_cast<float>(length), p, x.subspan(group.first, group.size));
      engine.axpy(static_cast<float>(-length), hp, r);
      const double next = engine.dot(r, r);
      gain += 0.5 * length * group.residual;
      engine.xpby(r, static_cast<float>(next / group.residual), p);
      group.residual = next;
    }
    if (gain <= 0) break;
    ++steps;
    if (gain < kNoGain * value) break;
  }
  project(start.span(), x, options.budget, engine);
  objective.clip(x);
  return steps;
}

}  // namespace hcd::descent
