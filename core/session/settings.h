// SPDX-License-Identifier: BSD-2-Clause
// What the options of a context come to for a model.
#pragma once

#include "options/options.h"

namespace hcd::session {

using options::DownSettings;
using options::UpSettings;

enum class Rule { kPgd, kAdam, kCg, kExact, kLearned };
enum class Loss { kMse, kMixed };

// What a descent does, every "auto" decided.
struct Plan {
  Rule rule = Rule::kExact;
  int steps_hr = 0, steps_lr = 0;  // exact: one pass if steps_lr is not 0
  int polish = 0;                  // learned: steps of Adam behind them
  const char *learned_at = "";     // learned: the ratio of their fit
  double budget = -1;              // RMS per sample in 8-bit code values; -1: none
  double step_size = 0;            // RMS per sample; adam: learning rate
  double proximity = 0;
  Loss loss = Loss::kMse;
  double detail = 0, ringing = 0;  // see MixedWeights
  // preset=paper: each step sees rounded values, and the start is random. The published budget and
  // step are L2 norms of the whole frame, whatever its size.
  bool paper = false, budget_of_frame = false, step_of_frame = false;
  bool step_of_error = false;  // adam: parts of the error where it starts
};

// What a plan depends on besides the options.
struct ModelTraits {
  bool linear = true;
  int clients = 1;
  bool video = true;            // Y'CbCr or gray frames, which an encoder will see; not RGB stills
  bool stochastic = false;      // a network that draws latents
  bool luma = true;             // luma is enlarged by itself, and there is luma
  int learned = 0;              // learned steps that serve this client at this ratio
  const char *learned_at = "";  // the ratio of their fit
};

// Proximity of the rule exact where frames will be coded. Chosen by measuring: docs/algorithm.md.
inline constexpr double kVideoProximity = 0.15;

// "optimizer: learned, 2 steps", for a log.
std::string describe(const Plan &plan);

// Throws HCD_E_OPTION where options contradict each other or the model.
Plan make_plan(const DownSettings &settings, const ModelTraits &traits);

}  // namespace hcd::session
