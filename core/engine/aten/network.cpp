// SPDX-License-Identifier: BSD-2-Clause
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "engine/aten/errors.h"
#include "engine/aten/functions.h"
#include "engine/aten/pixels.h"
#include "engine/aten/runtime.h"
#include "files/weights_error.h"

namespace hcd::aten {
namespace {

class TensorNetwork : public client::TiledNetwork {
 public:
  explicit TensorNetwork(std::unique_ptr<Functions> functions) : functions_(std::move(functions)) {}

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
      const CallScope scope(functions_->device(), gradients);
      work();
    });
  }

  void check_finite(bool finite, const char *function) const {
    HCD_CHECK(finite, HCD_E_FILE, "%s: %s: expected finite values, found NaN or infinity",
              functions_->title().c_str(), function);
  }

  const std::unique_ptr<Functions> functions_;
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

std::unique_ptr<client::Network> make_network(std::unique_ptr<Functions> functions) {
  return std::make_unique<TensorNetwork>(std::move(functions));
}

}  // namespace hcd::aten
