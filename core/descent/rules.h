// SPDX-License-Identifier: BSD-2-Clause
// The step rules: how a stage of Algorithm 1 moves its variables. Each starts from `x` and leaves
// the moved variables there, inside their legal intervals and within the budget, and returns how
// many steps have moved them. They see vectors through the engine alone; none but cg waits for a
// number.
#pragma once

#include <cstdint>

#include "descent/objective.h"

namespace hcd::descent {

// No limit on the move.
inline constexpr double kUnlimited = -1;

// How far x may end from where it started, as the L2 norm of the whole move in 8-bit code values;
// kUnlimited: as far as it likes. An RMS of r per sample is the norm r * sqrt(size).
struct Budget {
  double norm = kUnlimited;
};

// Algorithm 1 of the paper: steps of length `step` (an L2 norm) along the normalised gradient,
// projected onto the ball after each; starts at a random point of the ball if `random_start`.
struct PgdOptions {
  int steps = 0;
  double step = 0;
  Budget budget;
  bool random_start = false;
  uint64_t seed = 0;
};
Number pgd(Objective &objective, Vector x, const PgdOptions &options, Engine &engine);

// Adam (Kingma and Ba, 2015) with one second moment for the whole frame, so that flat areas stay
// still; learning rate `rate` in code values, or in parts of the error where it starts, falling to
// a tenth along a cosine. Steps that suit a sharp frame would carry a soft one, which has little to
// gain, past its optimum.
struct AdamOptions {
  int steps = 0;
  double rate = 0;
  bool rate_of_error = false;
  Budget budget;
};
Number adam(Objective &objective, Vector x, const AdamOptions &options, Engine &engine);

// Conjugate gradients (Hestenes and Stiefel, 1952), with exact line search in each group; stops
// when a step gains less than one part in a million.
struct CgOptions {
  int steps = 0;
  Budget budget;
};
int cg(Quadratic &objective, Vector x, const CgOptions &options, Engine &engine);

// Scales the move x - start down to the budget's norm.
void project(ConstVector start, Vector x, const Budget &budget, Engine &engine);

}  // namespace hcd::descent
