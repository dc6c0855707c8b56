// SPDX-License-Identifier: BSD-2-Clause
// Calling the methods of a Script.
#include <vector>

#include "engine/aten/errors.h"
#include "engine/aten/torchscript.h"
#include "files/weights_error.h"

namespace hcd::aten {
namespace {

std::string context(const Script &script, const torch::jit::Method &method,
                    const at::Tensor &input) {
  return "weights '" + script.path + "': method '" + method.name() + "' of " +
         files::size_text(input.sizes());
}

at::Tensor call(const Script &script, torch::jit::Method method, const at::Tensor &input,
                int64_t height, int64_t width) {
  const std::string where = context(script, method, input);
  return guarded(where, [&] {
    at::Tensor output = method({input}).toTensor();
    const std::vector<int64_t> expected{1, channels(script.info.colour), height, width};
    const std::string found = output.defined() ? files::size_text(output.sizes()) : "nothing";
    HCD_CHECK(output.defined() && output.sizes() == at::IntArrayRef(expected), HCD_E_FILE,
              "%s: expected a result of %s, found %s", where.c_str(),
              files::size_text(expected).c_str(), found.c_str());
    HCD_CHECK(output.scalar_type() == at::kFloat, HCD_E_FILE, "%s: expected float32, found %s",
              where.c_str(), c10::toString(output.scalar_type()));
    return output;
  });
}

}  // namespace

at::Tensor upscale(const Script &script, const at::Tensor &lr) {
  const int64_t scale = script.info.scale;
  return call(script, *script.upscale, lr, lr.size(2) * scale, lr.size(3) * scale);
}

at::Tensor downscale(const Script &script, const at::Tensor &hr) {
  const int64_t scale = script.info.scale;
  return call(script, *script.downscale, hr, hr.size(2) / scale, hr.size(3) / scale);
}

}  // namespace hcd::aten
