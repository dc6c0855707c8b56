// SPDX-License-Identifier: BSD-2-Clause
// A pair (g, f) on tiles of pictures in host memory.
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <mutex>

#include "engine/aten/errors.h"
#include "engine/aten/functions.h"
#include "engine/aten/runtime.h"
#include "files/weights_error.h"

namespace hcd::aten {
namespace {

// ---- between strided pictures and tensors ----

// A network's pictures lie in [0, 1], those of the library on the 8-bit scale.
constexpr float kUnit = 1.0F / 255;

at::Tensor on_host(const at::Tensor &tensor) { return tensor.detach().to(at::kCPU).contiguous(); }

Plane view(const at::Tensor &host) {
  const int height = static_cast<int>(host.size(2)), width = static_cast<int>(host.size(3));
  return {
      static_cast<float *>(host.data_ptr()), static_cast<int>(host.size(1)), height, width, width,
      static_cast<ptrdiff_t>(height) * width};
}

// Calls `function` with each sample of two pictures of one size.
template <typename Function>
void for_samples(Plane a, ConstPlane b, const Function &function) {
  for (int c = 0; c < a.channels; ++c) {
    for (int y = 0; y < a.height; ++y) {
      float *to = a.row(c, y);
      const float *from = b.row(c, y);
      for (int x = 0; x < a.width; ++x) function(to[x], from[x]);
    }
  }
}

// A contiguous [1, C, h, w] float32 copy on `device`, times `scale`: whatever the picture's
// strides, the same tensor, hence the same bits out of the network.
at::Tensor to_tensor(ConstPlane picture, float scale, at::Device device) {
  at::Tensor host = at::empty({1, picture.channels, picture.height, picture.width}, at::kFloat);
  for_samples(view(host), picture, [scale](float &to, float from) { to = scale * from; });
  return host.to(device);
}

// Copies [1, C, h, w] in [0, 1] into `picture`, which is as large. False where a value is not
// finite.
bool copy_to(const at::Tensor &tensor, Plane picture) {
  bool finite = true;
  for_samples(picture, view(on_host(tensor)), [&](float &to, float from) {
    to = 255 * from;
    finite &= std::isfinite(from);
  });
  return finite;
}

// Adds the gradient [1, C, h, w] to `picture`, which is as large. False where a value is not
// finite.
bool add_to(const at::Tensor &tensor, Plane picture) {
  bool finite = true;
  for_samples(picture, view(on_host(tensor)), [&](float &to, float from) {
    to += from;
    finite &= std::isfinite(from);
  });
  return finite;
}

// The loss of `output`, [1, C, h, w] in [0, 1], over `window`; `slope`: its derivative with respect
// to the output's code values, 0 outside the window, on the output's device.
double loss_of(const at::Tensor &output, const Rect &window, const LocalLoss &loss,
               at::Tensor &slope) {
  const at::Tensor shown = on_host(output) * 255;
  const at::Tensor slopes = at::zeros(shown.sizes(), at::kFloat);
  const double value = loss(window, view(shown).crop(window), view(slopes).crop(window));
  slope = slopes.to(output.device());
  return value;
}

// ---- the network ----

class TensorNetwork : public client::TiledNetwork {
 public:
  TensorNetwork(std::unique_ptr<Functions> functions, int cuda_device)
      : functions_(std::move(functions)), cuda_device_(cuda_device) {}

  const client::NetworkInfo &info() const override { return functions_->info(); }

  void tile_forward(ConstPlane lr, Plane hr, const client::Draw &draw) override {
    run("upscale", false,
        [&] { check_finite(copy_to(functions_->upscale(input(lr), draw), hr), "upscale"); });
  }

  double tile_pass(ConstPlane lr, const Rect &window, const LocalLoss &loss, Plane gradient,
                   const client::Draw &draw) override {
    double value = 0;
    run("upscale", true, [&] {
      const at::Tensor x = input(lr).requires_grad_(true);
      const at::Tensor output = functions_->upscale(x, draw);
      at::Tensor slope;
      value = loss_of(output, window, loss, slope);
      check_finite(std::isfinite(value), "upscale");
      check_finite(add_to(pull_back(functions_->title(), output, x, slope), gradient),
                   "derivative of upscale");
    });
    return value;
  }

  void tile_downscale(ConstPlane hr, Plane lr) override {
    run("downscale", false,
        [&] { check_finite(copy_to(functions_->downscale(input(hr)), lr), "downscale"); });
  }

  void tile_downscale_backward(ConstPlane hr, ConstPlane v, Plane gradient) override {
    run("downscale", true, [&] {
      const at::Tensor y = input(hr).requires_grad_(true);
      const at::Tensor output = functions_->downscale(y);
      const at::Tensor slope = to_tensor(v, 1, functions_->device());
      check_finite(add_to(pull_back(functions_->title(), output, y, slope), gradient),
                   "derivative of downscale");
    });
  }

 private:
  at::Tensor input(ConstPlane image) const { return to_tensor(image, kUnit, functions_->device()); }

  // Any failure on the way (copies, memory) leaves with the network's title.
  template <typename Work>
  void run(const char *function, bool gradients, const Work &work) {
    guarded(functions_->title() + ": " + function, [&] {
      HCD_CHECK(info().has_downscale || function[0] == 'u', HCD_E_INTERNAL, "%s: no downscaler",
                functions_->title().c_str());
      // Tiles take turns on a GPU: several at once gain nothing there and multiply the memory.
      std::unique_lock<std::mutex> turn(turn_, std::defer_lock);
      if (cuda_device_ >= 0) turn.lock();
      const CallScope scope(cuda_device_ >= 0, gradients);
      work();
    });
  }

  void check_finite(bool finite, const char *function) const {
    HCD_CHECK(finite, HCD_E_FILE, "%s: %s: expected finite values, found NaN or infinity",
              functions_->title().c_str(), function);
  }

  const std::unique_ptr<Functions> functions_;
  const int cuda_device_;  // -1: the CPU
  std::mutex turn_;
};

}  // namespace

at::Tensor pull_back(const std::string &title, const at::Tensor &output, const at::Tensor &input,
                     const at::Tensor &v) {
  const std::string where = title + ": derivative for " + files::size_text(input.sizes());
  HCD_CHECK(output.requires_grad(), HCD_E_FILE,
            "%s: expected a differentiable function, found one that does not pass gradients on",
            where.c_str());
  return guarded(where, [&] { return torch::autograd::grad({output}, {input}, {v})[0]; });
}

std::unique_ptr<client::Network> make_network(std::unique_ptr<Functions> functions,
                                              int cuda_device) {
  return std::make_unique<TensorNetwork>(std::move(functions), cuda_device);
}

}  // namespace hcd::aten
