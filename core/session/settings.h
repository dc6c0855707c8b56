// SPDX-License-Identifier: BSD-2-Clause
// The options of a context, with strings of their own, and what they come to for a model.
#pragma once

#include <hcd/hcd.h>

#include <cstdint>
#include <string>

namespace hcd::session {

// hcd_down_params and hcd_up_params with strings that live as long as the settings.
struct DownSettings {
#define HCD_OPTIONS_DOWN
#define HCD_STR(name, def, help) std::string name = def;
#define HCD_INT(name, def, min, max, help) int name = def;
#define HCD_I64(name, def, min, max, help) int64_t name = def;
#define HCD_NUM(name, def, min, max, help) double name = def;
#define HCD_AUTO_INT(name, min, max, runtime, help) int name = HCD_AUTO;
#define HCD_AUTO_NUM(name, min, max, runtime, help) double name = HCD_AUTO;
#include <hcd/options.def>
};

struct UpSettings {
#define HCD_OPTIONS_UP
#define HCD_STR(name, def, help) std::string name = def;
#define HCD_INT(name, def, min, max, help) int name = def;
#define HCD_I64(name, def, min, max, help) int64_t name = def;
#define HCD_AUTO_NUM(name, min, max, runtime, help) double name = HCD_AUTO;
#include <hcd/options.def>
};

enum class Rule { kPgd, kAdam, kCg, kExact };
enum class Loss { kMse, kMixed };

// What a descent does, every "auto" decided.
struct Plan {
  Rule rule = Rule::kExact;
  int steps_hr = 0, steps_lr = 0;  // exact: one pass if steps_lr is not 0
  double budget = -1;              // RMS per sample in 8-bit code values; -1: none
  double step_size = 0;            // RMS per sample; adam: learning rate
  double proximity = 0;
  Loss loss = Loss::kMse;
  double detail = 0, ringing = 0, rate = 0;  // see MixedWeights
  // preset=paper: each step sees rounded values, and the start is random. The published budget and
  // step are L2 norms of the whole frame, whatever its size.
  bool paper = false, budget_of_frame = false, step_of_frame = false;
  bool step_of_error = false;  // adam: parts of the error where it starts
};

// What a plan depends on besides the options.
struct ModelTraits {
  bool linear = true;
  int clients = 1;
  bool video = true;        // Y'CbCr or gray frames, which an encoder will see; not RGB stills
  bool stochastic = false;  // a network that draws latents
  bool luma = true;         // luma is enlarged by itself, and there is luma
};

// Proximity of the rule exact where frames will be coded. Chosen by measuring: docs/algorithm.md.
inline constexpr double kVideoProximity = 0.15;

// Throws HCD_E_OPTION where options contradict each other or the model.
Plan make_plan(const DownSettings &settings, const ModelTraits &traits);

}  // namespace hcd::session
