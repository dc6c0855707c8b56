// SPDX-License-Identifier: BSD-2-Clause
#include "session/learned_steps.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "files/safetensors.h"
#include "weights/builtin.h"

namespace hcd::session {
namespace {

constexpr std::array<FittedAt, 3> kRatios = {{{1.5, "1.5"}, {2, "2"}, {4, "4"}}};

// Where steps of another ratio were seen to gain nearly what Adam does.
constexpr double kLeast = 1.1, kMost = 4.05;

std::span<const uint8_t> find(const std::string &client, const FittedAt &at) {
  return weights::find_light("steps-" + client + "_x" + at.text);
}

// Up to two columns and rows of `lr` may be there for the chroma grid alone.
bool is_whole(int large, int small, int factor) {
  return large > (small - 2) * factor && large <= small * factor;
}

}  // namespace

FittedAt fitted_at(const std::string &client, double ratio) {
  FittedAt nearest;
  if (ratio < kLeast || ratio > kMost) return nearest;
  const auto distance = [ratio](const FittedAt &at) {
    return std::abs(std::log(at.ratio / ratio));
  };
  for (const FittedAt &at : kRatios) {
    const bool nearer = nearest.ratio == 0 || distance(at) < distance(nearest);
    if (nearer && !find(client, at).empty()) nearest = at;
  }
  return nearest;
}

FittedAt fitted_at(const std::string &client, const hcd_format &hr, const hcd_format &lr) {
  if (hr.layout == HCD_LAYOUT_RGB) return {};
  for (const FittedAt &at : kRatios) {
    const int factor = static_cast<int>(at.ratio);
    if (factor == at.ratio && is_whole(hr.width, lr.width, factor) &&
        is_whole(hr.height, lr.height, factor)) {
      return fitted_at(client, factor);
    }
  }
  const double x = static_cast<double>(hr.width) / lr.width;
  const double y = static_cast<double>(hr.height) / lr.height;
  if (std::min(x, y) < kLeast || std::max(x, y) > kMost) return {};
  return fitted_at(client, std::sqrt(x * y));
}

std::vector<descent::LearnedStep> learned_steps(const std::string &client, const FittedAt &at) {
  const auto bytes = find(client, at);
  if (bytes.empty()) return {};
  const files::Safetensors file = files::Safetensors::parse(bytes, "steps of " + client);
  const auto kernel = [&](size_t step, const char *name) {
    const auto found = file.tensors().find(std::to_string(step) + "." + name);
    return found == file.tensors().end() ? std::vector<float>() : files::to_floats(found->second);
  };
  std::vector<descent::LearnedStep> steps;
  while (file.tensors().contains(std::to_string(steps.size()) + ".gradient")) {
    const size_t i = steps.size();
    steps.push_back({kernel(i, "gradient"), kernel(i, "last"), kernel(i, "move")});
  }
  return steps;
}

}  // namespace hcd::session
