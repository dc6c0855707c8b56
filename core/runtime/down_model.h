// SPDX-License-Identifier: BSD-2-Clause
// What a downscaling session needs of a client, linear or network.
#pragma once

#include <memory>
#include <string>

#include "base/log.h"
#include "base/parallel.h"
#include "descent/objective.h"
#include "runtime/settings.h"

namespace hcd::runtime {

// A client between two formats. All arrays hold the planes of a frame on the 8-bit scale: `y` those
// of the source, `x` those of the small frame.
class DownModel {
 public:
  virtual ~DownModel() = default;

  virtual ModelTraits traits() const = 0;
  virtual std::string client_name(int k) const = 0;

  // The plain small frame.
  virtual void downscale(const float *y, float *x) = 0;

  // Sets those planes of `x` that are no variables of the objective (chroma of a luma network).
  virtual void solve_fixed_planes(const float *y, float *x) = 0;

  // Solves for all planes at once; only where the plan's rule is kExact. See image::Inverse.
  virtual void solve(const float *y, double proximity, float *x) = 0;

  // The objectives of Algorithm 1. Both keep the references; the LR objective's variables are the
  // first size() values of x, the HR objective's those of y. `rounded`: see LinearObjective. `key`:
  // of the latents that a stochastic client draws, anew at each evaluation.
  virtual std::unique_ptr<descent::Objective> lr_objective(const float *y, const float *x0,
                                                           double proximity, bool rounded,
                                                           uint64_t key) = 0;
  virtual std::unique_ptr<descent::Objective> hr_objective(descent::Objective &lr) = 0;

  // Mean squared error, in 8-bit code values, of what client `k` shows of the luma of `x` (of all
  // planes for RGB), rounded to code values, against `y`.
  virtual double shown_error(int k, const float *x, const float *y, uint64_t key) = 0;
};

std::unique_ptr<DownModel> make_linear_down_model(const std::string &model, const hcd_format &hr,
                                                  const hcd_format &lr, ThreadPool &pool);

}  // namespace hcd::runtime
