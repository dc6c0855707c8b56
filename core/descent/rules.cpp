// SPDX-License-Identifier: BSD-2-Clause
#include "descent/rules.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "engine/cpu/vector_ops.h"

namespace hcd::descent {
namespace {

using Array = std::vector<float>;

double norm(Variables v, ThreadPool &pool) { return std::sqrt(cpu::dot(v, v, pool)); }

// A point of the ball of that radius: a random direction, the radius so that points spread evenly.
void random_point(Result move, double radius, uint64_t seed, ThreadPool &pool) {
  const Random random(seed);
  for (size_t i = 0; i < move.size(); ++i) move[i] = static_cast<float>(random.normal(i));
  const double u = random.uniform(2 * move.size() + 2);
  const double length = radius * std::pow(u, 1.0 / static_cast<double>(move.size()));
  cpu::scale(static_cast<float>(length / norm(move, pool)), move, pool);
}

// Variables of one group of a quadratic problem, and the state of its conjugate gradients.
struct Group {
  size_t first, size;
  double residual;  // squared norm
  bool done = false;
};

}  // namespace

void Objective::hessian(Variables, Result) {
  throw Error(HCD_E_INTERNAL, "hessian() of an objective that is not quadratic");
}

void project(Variables start, Result x, const Budget &budget, ThreadPool &pool) {
  if (budget.norm < 0) return;
  Array move(x.size());
  cpu::subtract(x, start, move, pool);
  const double length = norm(move, pool);
  if (length <= budget.norm) return;
  const auto shrink = static_cast<float>(budget.norm / length);
  for (size_t i = 0; i < x.size(); ++i) x[i] = start[i] + shrink * move[i];
}

int pgd(Objective &objective, Result x, const PgdOptions &options, ThreadPool &pool) {
  const Array start(x.begin(), x.end());
  Array gradient(x.size());
  if (options.random_start && options.budget.norm > 0 && options.steps > 0) {
    random_point(gradient, options.budget.norm, options.seed, pool);
    cpu::axpy(1, gradient, x, pool);
    objective.clip(x);
  }
  for (int step = 0; step < options.steps; ++step) {
    objective.value_and_gradient(x, gradient);
    const double length = norm(gradient, pool);
    if (length == 0) return step;
    cpu::axpy(static_cast<float>(-options.step / length), gradient, x, pool);
    project(start, x, options.budget, pool);
    objective.clip(x);
  }
  return options.steps;
}

int adam(Objective &objective, Result x, const AdamOptions &options, ThreadPool &pool) {
  constexpr double kBeta1 = 0.5, kBeta2 = 0.999;
  const Array start(x.begin(), x.end());
  Array gradient(x.size()), mean(x.size(), 0.0F);
  double variance = 0, unit = 1;
  for (int step = 0; step < options.steps; ++step) {
    const double value = objective.value_and_gradient(x, gradient);
    if (step == 0 && options.rate_of_error) unit = objective.rms_error(value);
    const double square = cpu::dot(gradient, gradient, pool) / static_cast<double>(x.size());
    if (square == 0) return step;
    cpu::scale(static_cast<float>(kBeta1), mean, pool);
    cpu::axpy(static_cast<float>(1 - kBeta1), gradient, mean, pool);
    variance = kBeta2 * variance + (1 - kBeta2) * square;
    const double progress = (step + 0.5) / options.steps;
    const double rate = options.rate * unit * (0.1 + 0.9 * 0.5 * (1 + std::cos(M_PI * progress)));
    const double mean_bias = 1 - std::pow(kBeta1, step + 1);
    const double variance_bias = 1 - std::pow(kBeta2, step + 1);
    cpu::axpy(static_cast<float>(-rate / mean_bias / std::sqrt(variance / variance_bias)), mean, x,
         pool);
    project(start, x, options.budget, pool);
    objective.clip(x);
  }
  return options.steps;
}

int cg(Objective &objective, Result x, const CgOptions &options, ThreadPool &pool) {
  constexpr double kNoGain = 1e-6;  // of the value: 0.000004 dB
  const Array start(x.begin(), x.end());
  Array residual(x.size()), direction, image(x.size());
  const double value = objective.value_and_gradient(x, residual);
  cpu::scale(-1, residual, pool);
  direction = residual;

  std::vector<Group> groups;
  size_t first = 0;
  for (const size_t end : objective.group_ends()) {
    const Variables r = Variables(residual).subspan(first, end - first);
    groups.push_back({first, end - first, cpu::dot(r, r, pool)});
    first = end;
  }
  int steps = 0;
  while (steps < options.steps) {
    objective.hessian(direction, image);
    double gain = 0;
    for (Group &group : groups) {
      if (group.done) continue;
      const Result r = Result(residual).subspan(group.first, group.size);
      const Result p = Result(direction).subspan(group.first, group.size);
      const Result hp = Result(image).subspan(group.first, group.size);
      const double curvature = cpu::dot(p, hp, pool);
      group.done = group.residual <= 0 || curvature <= 0;
      if (group.done) continue;
      const double length = group.residual / curvature;
      cpu::axpy(static_cast<float>(length), p, x.subspan(group.first, group.size), pool);
      cpu::axpy(static_cast<float>(-length), hp, r, pool);
      const double next = cpu::dot(r, r, pool);
      gain += 0.5 * length * group.residual;
      cpu::xpby(r, static_cast<float>(next / group.residual), p, pool);
      group.residual = next;
    }
    if (gain <= 0) break;
    ++steps;
    if (gain < kNoGain * value) break;
  }
  project(start, x, options.budget, pool);
  objective.clip(x);
  return steps;
}

}  // namespace hcd::descent
