// SPDX-License-Identifier: BSD-2-Clause
#include "session/learned_steps.h"

#include "files/safetensors.h"
#include "weights/builtin.h"

namespace hcd::session {

std::vector<descent::LearnedStep> learned_steps(const std::string &client, int scale) {
  const auto bytes = weights::find_light("steps-" + client, scale);
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

std::vector<descent::LearnedStep> learned_steps(const std::string &client, const hcd_format &hr,
                                                const hcd_format &lr) {
  const int scale = (hr.width + lr.width - 1) / lr.width;
  // Up to two columns and rows of `lr` may be there for the chroma grid alone.
  const auto fits = [&](int large, int small) {
    return large > (small - 2) * scale && large <= small * scale;
  };
  const bool whole = fits(hr.width, lr.width) && fits(hr.height, lr.height);
  return whole && hr.layout != HCD_LAYOUT_RGB ? learned_steps(client, scale)
                                              : std::vector<descent::LearnedStep>();
}

}  // namespace hcd::session
