// SPDX-License-Identifier: BSD-2-Clause
#include "train/validation.h"

#include <c10/core/GradMode.h>

#include "engine/aten/detail.h"
#include "quality/measures.h"
#include "train/loss.h"

namespace hcd::train {
namespace {

// The luma of [1, C, h, w] in [0, 1] as 8-bit code values; a single channel is luma already.
std::vector<float> luma_of(const at::Tensor &picture) {
  const at::Tensor values = picture.detach().to(at::kCPU).clamp(0, 1).mul(255).round().contiguous();
  const auto plane = [&](int64_t c) {
    return ConstPlane{values.const_data_ptr<float>() + c * values.stride(1),
                      static_cast<int>(values.size(3)), static_cast<int>(values.size(2)),
                      values.stride(2)};
  };
  if (values.size(1) == 1) {
    return {plane(0).data, plane(0).data + values.numel()};
  }
  return quality::luma_bt601(plane(0), plane(1), plane(2), quality::Rounding::kNone);
}

double luma_psnr(const at::Tensor &a, const at::Tensor &b, int border) {
  const auto width = static_cast<int>(a.size(3)), height = static_cast<int>(a.size(2));
  const std::vector<float> luma_a = luma_of(a), luma_b = luma_of(b);
  return quality::psnr(
      quality::without_border(ConstPlane{luma_a.data(), width, height, width}, border),
      quality::without_border(ConstPlane{luma_b.data(), width, height, width}, border));
}

}  // namespace

double validation_psnr(const Recipe &recipe, const Network &network, const DataSet &data) {
  const c10::NoGradGuard guard;
  const models::Model &model = *network.model;
  double sum = 0;
  for (size_t i = 0; i < data.validation_count(); ++i) {
    const Batch picture = data.validation_picture(i);
    const at::Tensor y_hr = picture.y_hr.to(network.params.device());
    at::Tensor x_lr =
        picture.x_lr.defined() ? picture.x_lr.to(y_hr.device()) : model.downscale(y_hr).x_lr;
    if (recipe.quantise) x_lr = models::quantise(x_lr);
    const at::Tensor sr = model.upscale(x_lr, make_latents(model, x_lr, recipe.sample_latent, i));
    sum += luma_psnr(sr, y_hr, recipe.scale);
  }
  return sum / static_cast<double>(data.validation_count());
}

Fidelity validation_fidelity(const Network &network, const DataSet &data) {
  const c10::NoGradGuard guard;
  Fidelity sum;
  int count = 0;
  for (size_t i = 0; i < data.validation_count(); ++i) {
    for (size_t version = 0; version < data.version_count(i); ++version, ++count) {
      const Batch picture = data.validation_picture(i, version);
      const at::Tensor sr = models::quantise(network.model->upscale(picture.x_lr, {}));
      sum.psnr_y += luma_psnr(sr, picture.y_hr, 0);
      sum.lost_detail += aten::lost_detail(sr, picture.y_hr).item<double>();
    }
  }
  return {sum.psnr_y / count, sum.lost_detail / count};
}

}  // namespace hcd::train
