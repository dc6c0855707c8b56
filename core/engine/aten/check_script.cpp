// SPDX-License-Identifier: BSD-2-Clause
// The trial run of a Script when it is loaded.
#include <ATen/ops/empty.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>

#include "base/error.h"
#include "base/random.h"
#include "engine/aten/torchscript.h"

namespace hcd::aten {
namespace {

using Function = at::Tensor (*)(const Script &, const at::Tensor &);

// Large enough to see the whole receptive field around the middle, within reason; not square, so
// that a mistaken transpose shows; multiples of 8, because some networks halve their input.
constexpr int kMinTrial = 16, kMaxTrial = 160, kTrialStep = 8;
int trial_height(const Script &script) {
  const int wanted = std::clamp(2 * script.info.receptive_field + 6, kMinTrial, kMaxTrial);
  return (wanted + kTrialStep - 1) / kTrialStep * kTrialStep;
}

// [1, C, h, w] of noise between 0.25 and 0.75, fixed, so that a file loads always or never.
at::Tensor trial_picture(const Script &script, int height, int width) {
  at::Tensor picture = at::empty({1, channels(script.info.colour), height, width}, at::kFloat);
  const Random random(1);
  float *values = picture.mutable_data_ptr<float>();
  for (int64_t i = 0; i < picture.numel(); ++i) {
    values[i] = static_cast<float>(0.25 + 0.5 * random.uniform(static_cast<uint64_t>(i)));
  }
  return picture.to(script.device).requires_grad_(true);
}

// Fast convolutions (Winograd's) leave traces of this size, in parts of the largest derivative,
// where there is exactly nothing.
constexpr double kNoise = 1e-6;

// How far (in LR pixels) the input pixels lie that the middle of the output depends on. `in`,
// `out`: pixels of input and output for one LR pixel in each direction.
int reach(const Script &script, const at::Tensor &output, const at::Tensor &input, int in,
          int out) {
  const int64_t middle_y = output.size(2) / out / 2, middle_x = output.size(3) / out / 2;
  at::Tensor v = at::zeros_like(output);
  v.narrow(2, middle_y * out, out).narrow(3, middle_x * out, out).fill_(1);
  const at::Tensor slope = pull_back("weights '" + script.path + "'", output, input, v).cpu().abs();
  const at::Tensor used = slope.gt(slope.max().mul(kNoise)).nonzero().contiguous();
  int64_t far = 0;
  for (int64_t i = 0; i < used.size(0); ++i) {
    const int64_t *at = used.const_data_ptr<int64_t>() + i * used.size(1);
    far = std::max({far, std::abs(at[2] / in - middle_y), std::abs(at[3] / in - middle_x)});
  }
  return static_cast<int>(far);
}

// One function: its shape and element type (checked by the call), its values, that it has
// no state, its derivative.
int check_function(const Script &script, Function function, const char *name, int in, int out) {
  const int height = trial_height(script), width = height + kTrialStep;
  const at::Tensor input = trial_picture(script, height * in, width * in);
  const at::Tensor output = function(script, input);
  HCD_CHECK(at::isfinite(output).all().item<bool>(), HCD_E_FILE,
            "weights '%s': method '%s': expected finite values, found NaN or infinity",
            script.path.c_str(), name);
  // Bits are promised on the CPU only: some CUDA kernels add in any order.
  HCD_CHECK(
      script.device.is_cuda() || function(script, input).equal(output), HCD_E_FILE,
      "weights '%s': method '%s': expected the same result for the same picture, found another",
      script.path.c_str(), name);
  return reach(script, output, input, in, out);
}

}  // namespace

void check_script(const Script &script, const Log &log) {
  const int scale = script.info.scale;
  int far = check_function(script, upscale, script.upscale->name().c_str(), 1, scale);
  if (script.downscale) {
    far = std::max(far, check_function(script, downscale, "downscale", scale, 1));
  }
  if (far > script.info.receptive_field) {
    log(HCD_LOG_WARNING,
        format_text(
            "weights '%s': attribute 'receptive_field' is %d, but pixels %d apart act on each "
            "other: tiles will not join exactly",
            script.path.c_str(), script.info.receptive_field, far));
  }
}

}  // namespace hcd::aten
