// SPDX-License-Identifier: BSD-2-Clause
#include "options/options.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "base/error.h"

namespace hcd::options {
namespace {

hcd_down_params down_params() {
  hcd_down_params params{};
  params.struct_size = sizeof(params);
  set_defaults(params);
  return params;
}

template <typename Work>
std::string refusal(const Work &work) {
  try {
    work();
  } catch (const Error &error) {
    EXPECT_EQ(error.status(), HCD_E_OPTION);
    return error.what();
  }
  return "accepted";
}

std::string refusal_of(const hcd_down_params &params) {
  return refusal([&] { make_settings(params); });
}

TEST(Options, DefaultsAreThoseOfTheSettings) {
  const DownSettings made = make_settings(down_params()), fresh;
#define HCD_OPTIONS_DOWN
#define HCD_OPTION(type, name, def, min, max, runtime, help) EXPECT_EQ(made.name, fresh.name);
#include <hcd/options.def>
}

// Every field that is declared can be set, and arrives where the session reads it.
TEST(Options, EachIsKept) {
  hcd_down_params params = down_params();
  const auto other = [&](const char *name) {
    for (const Option &option : down_options()) {
      if (std::strcmp(option.name, name) != 0) continue;
      if (option.words[0]) return std::string(option.words[1]);
      return std::string(option.type == Option::Type::kText ? "x" : "1");
    }
    return std::string();
  };
#define HCD_OPTIONS_DOWN
#define HCD_OPTION(type, name, def, min, max, runtime, help) \
  const std::string name##_text = other(#name);              \
  set_option(params, #name, name##_text.c_str());
#include <hcd/options.def>
  const DownSettings made = make_settings(params), fresh;
#define HCD_OPTIONS_DOWN
#define HCD_STR(name, def, help) EXPECT_EQ(made.name, name##_text);
#define HCD_OPTION(type, name, def, min, max, runtime, help) EXPECT_EQ(made.name, 1) << #name;
#include <hcd/options.def>
}

TEST(Options, WordsAreChecked) {
  hcd_down_params params = down_params();
  params.preset = "best";
  EXPECT_EQ(refusal_of(params),
            "option preset: expected fast, balanced, quality or paper, found 'best'");
  params = down_params();
  params.optimizer = "sgd";
  EXPECT_EQ(refusal_of(params),
            "option optimizer: expected auto, pgd, adam, cg, exact or learned, found 'sgd'");
  params = down_params();
  params.loss = "l1";
  EXPECT_EQ(refusal_of(params), "option loss: expected auto, mse or mixed, found 'l1'");
  params = down_params();
  params.start = nullptr;
  EXPECT_EQ(refusal_of(params),
            "option start: expected auto, area, or a linear client's name as bicubic or lanczos, "
            "found ''");
  hcd_up_params up{};
  set_defaults(up);
  up.latent = "auto,zero";
  EXPECT_EQ(refusal([&] { make_settings(up); }),
            "option latent: expected auto, zero, sample or mean, found 'auto,zero'");
}

TEST(Options, RangesAreChecked) {
  hcd_down_params params = down_params();
  params.budget = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(refusal_of(params),
            "option budget: expected auto or a number in [0, 255], found 'nan'");
  params.budget = HCD_AUTO;
  params.threads = HCD_AUTO;
  EXPECT_EQ(refusal_of(params),
            "option threads: expected a whole number in [0, 256], found '-2147483648'");
}

// A program built with an older header may still have it.
TEST(Options, RetiredOnesAreNotIgnored) {
  hcd_down_params params = down_params();
  EXPECT_EQ(params.rate, 0);
  params.rate = HCD_AUTO;
  EXPECT_EQ(refusal_of(params), "accepted");
  params.rate = 0.5;
  EXPECT_EQ(refusal_of(params),
            "option rate: expected 0 or auto, since this libhcd has it no more, found 0.5");
  EXPECT_EQ(refusal([&] { set_option(params, "rate", "0"); }).substr(0, 40),
            "unknown option 'rate': expected one of s");
}

TEST(Options, SomeMayChangeWhileFramesFlow) {
  DownSettings settings;
  set_running(settings, "steps", "4");
  set_running(settings, "detail", "auto");
  EXPECT_EQ(settings.steps, 4);
  EXPECT_EQ(settings.detail, HCD_AUTO);
  EXPECT_EQ(refusal([&] { set_running(settings, "steps", "1001"); }),
            "option steps: expected auto or a whole number in [0, 1000], found '1001'");
  EXPECT_EQ(refusal([&] { set_running(settings, "model", "bicubic"); }),
            "option 'model' cannot change while frames flow: expected steps, steps_hr, steps_lr, "
            "budget, proximity, detail, ringing or quality_hint");
  EXPECT_EQ(settings.steps, 4);
}

}  // namespace
}  // namespace hcd::options
