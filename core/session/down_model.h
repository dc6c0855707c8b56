// SPDX-License-Identifier: BSD-2-Clause
// What a downscaling session needs of a client, linear or network.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/cpu/compare.h"
#include "base/log.h"
#include "base/parallel.h"
#include "descent/objective.h"
#include "image/kernel.h"
#include "session/linear_model.h"
#include "session/mixed_objective.h"
#include "session/settings.h"

namespace hcd::client {}
namespace hcd::session {
using namespace client;
using namespace cpu;

// A client between two formats. All arrays hold the planes of a frame on the 8-bit scale: `y` those
// of the source, `x` those of the small frame.
class DownModel {
 public:
  virtual ~DownModel() = default;

  virtual ModelTraits traits() const = 0;
  virtual std::string client_name(int k) const = 0;

  // The plain small frame.
  virtual void downscale(const float *y, float *x) = 0;

  // Sets chroma, where luma alone is the objective's (loss mixed, a luma network).
  virtual void solve_chroma(const float *y, float *x) = 0;

  // Whom solve_chroma() solves for.
  virtual const LinearClient &chroma_client() const = 0;

  // Solves for all planes at once; only where the plan's rule is kExact. See image::Inverse.
  virtual void solve(const float *y, double proximity, float *x) = 0;

  // The objectives of Algorithm 1. Both keep the references; the LR objective's variables are the
  // first size() values of x, the HR objective's those of y. `rounded`: see LinearObjective. `key`:
  // of the latents that a stochastic client draws, anew at each evaluation.
  virtual std::unique_ptr<descent::Objective> lr_objective(const float *y, const float *x0,
                                                           double proximity, bool rounded,
                                                           uint64_t key) = 0;
  virtual std::unique_ptr<descent::Objective> hr_objective(descent::Objective &lr) = 0;

  // Clients for the loss mixed, whose variables are luma alone; only where traits().luma.
  virtual std::vector<std::unique_ptr<LumaClient>> luma_clients() = 0;

  // Mean squared error, in 8-bit code values, of what client `k` shows of the luma of `x` (of all
  // planes for RGB), rounded to code values, against `y`.
  virtual double shown_error(int k, const float *x, const float *y, uint64_t key) = 0;
};

// What a plan depends on, of linear clients for frames of a format.
ModelTraits linear_traits(size_t clients, const hcd_format &format);

// `start`: the kernel that makes the plain small frame; nullptr: the (first) client's own.
std::unique_ptr<DownModel> make_linear_down_model(const std::string &model,
                                                  const image::Kernel *start, const hcd_format &hr,
                                                  const hcd_format &lr, ThreadPool &pool);

}  // namespace hcd::session
