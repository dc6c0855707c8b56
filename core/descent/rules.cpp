// SPDX-License-Identifier: BSD-2-Clause
#include "descent/rules.h"

#include <cmath>
#include <vector>

#include "base/random.h"

namespace hcd::descent {
namespace {

// A length to divide by: of what is zero, whatever it is divided by.
constexpr double kTiny = 1e-30;

Number norm(ConstVector v, Engine &engine) { return sqrt(engine.dot(v, v)); }

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
  engine.scale(length / norm(move, engine), move);
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
  const Number excess = 1 - min(1, budget.norm / max(norm(move.span(), engine), kTiny));
  if (!excess.known_zero()) engine.axpy(-excess, move.span(), x);
}

Number pgd(Objective &objective, Vector x, const PgdOptions &options, Engine &engine) {
  const Buffer start = copy_of(x, engine);
  Buffer gradient = engine.allocate(x.size());
  if (options.random_start && options.budget.norm > 0 && options.steps > 0) {
    random_point(gradient.span(), options.budget.norm, options.seed, engine);
    engine.axpy(1, gradient.span(), x);
    objective.clip(x);
  }
  Number steps;
  for (int step = 0; step < options.steps; ++step) {
    objective.value_and_gradient(x, gradient.span());
    const Number length = norm(gradient.span(), engine);
    if (length.known_zero()) break;
    steps = steps + exceeds(length, 0);
    engine.axpy(-options.step / max(length, kTiny), gradient.span(), x);
    project(start.span(), x, options.budget, engine);
    objective.clip(x);
  }
  return steps;
}

Number adam(Objective &objective, Vector x, const AdamOptions &options, Engine &engine) {
  constexpr double kBeta1 = 0.5, kBeta2 = 0.999;
  const Buffer start = copy_of(x, engine);
  Buffer gradient = engine.allocate(x.size()), mean = engine.allocate(x.size());
  engine.clear(mean.span());
  Number variance, unit = 1, steps;
  for (int step = 0; step < options.steps; ++step) {
    const Number value = objective.value_and_gradient(x, gradient.span());
    if (step == 0 && options.rate_of_error) unit = objective.rms_error(value);
    const Number square =
        engine.dot(gradient.span(), gradient.span()) / static_cast<double>(x.size());
    if (square.known_zero()) break;
    const Number moves = exceeds(square, 0);
    steps = steps + moves;
    engine.scale(kBeta1, mean.span());
    engine.axpy(1 - kBeta1, gradient.span(), mean.span());
    variance = kBeta2 * variance + (1 - kBeta2) * square;
    const double progress = (step + 0.5) / options.steps;
    const double fall = 0.1 + 0.9 * 0.5 * (1 + std::cos(M_PI * progress));
    const double mean_bias = 1 - std::pow(kBeta1, step + 1);
    const double variance_bias = 1 - std::pow(kBeta2, step + 1);
    const Number deviation = max(sqrt(variance / variance_bias), kTiny);
    engine.axpy(-moves * (options.rate * fall / mean_bias) * unit / deviation, mean.span(), x);
    project(start.span(), x, options.budget, engine);
    objective.clip(x);
  }
  return steps;
}

int cg(Quadratic &objective, Vector x, const CgOptions &options, Engine &engine) {
  constexpr double kNoGain = 1e-6;  // of the value: 0.000004 dB
  const Buffer start = copy_of(x, engine);
  Buffer residual = engine.allocate(x.size()), image = engine.allocate(x.size());
  const double value = objective.value_and_gradient(x, residual.span()).value();
  engine.scale(-1, residual.span());
  Buffer direction = copy_of(residual.span(), engine);

  std::vector<Group> groups;
  size_t first = 0;
  for (const size_t end : objective.group_ends()) {
    const Vector r = residual.span().subspan(first, end - first);
    groups.push_back({first, end - first, engine.dot(r, r).value()});
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
      const double curvature = engine.dot(p, hp).value();
      group.done = group.residual <= 0 || curvature <= 0;
      if (group.done) continue;
      const double length = group.residual / curvature;
      engine.axpy(length, p, x.subspan(group.first, group.size));
      engine.axpy(-length, hp, r);
      const double next = engine.dot(r, r).value();
      gain += 0.5 * length * group.residual;
      engine.xpby(r, next / group.residual, p);
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
