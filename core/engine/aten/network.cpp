// SPDX-License-Identifier: BSD-2-Clause
// A pair (g, f) on tiles of pictures, of the host or of an engine.
#include <ATen/ops/empty.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/zeros.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <torch/csrc/autograd/autograd.h>

#include <array>
#include <cmath>
#include <mutex>
#include <utility>

#include "engine/aten/errors.h"
#include "engine/aten/functions.h"
#include "engine/aten/runtime.h"
#include "files/weights_error.h"

namespace hcd::aten {
namespace {

// ---- between strided pictures and tensors ----

// A network's pictures lie in [0, 1], those of the library on the 8-bit scale.
constexpr float kUnit = 1.0F / 255;

// Of a contiguous [1, C, h, w], wherever it is.
Plane view(const at::Tensor &tensor) {
  const int height = static_cast<int>(tensor.size(2)), width = static_cast<int>(tensor.size(3));
  return {static_cast<float *>(tensor.data_ptr()),
          static_cast<int>(tensor.size(1)),
          height,
          width,
          width,
          static_cast<ptrdiff_t>(height) * width};
}
Vector values(const at::Tensor &tensor) {
  return {static_cast<float *>(tensor.data_ptr()), static_cast<size_t>(tensor.numel())};
}

// to = scale * from
void copy_samples(ConstPlane from, float scale, Plane to) {
  for (int c = 0; c < to.channels; ++c) {
    for (int y = 0; y < to.height; ++y) {
      const float *source = from.row(c, y);
      float *row = to.row(c, y);
      for (int x = 0; x < to.width; ++x) row[x] = scale * source[x];
    }
  }
}

// Until LibTorch's work in this thread is done. It and our engine have streams of their own: each
// waits for itself before the other one goes on. (The engine does so in copies from and to memory
// that is not its own.)
void wait_for_libtorch(at::Device device) {
  c10::impl::VirtualGuardImpl(device.type()).getStream(device).synchronize();
}

// A contiguous [1, C, h, w] float32 copy on `device`, times `scale`: whatever the picture's
// strides, the same tensor, hence the same bits out of the network. `engine`: see client::Run.
at::Tensor to_tensor(Engine *engine, ConstPlane picture, float scale, at::Device device) {
  const std::array<int64_t, 4> sizes{1, picture.channels, picture.height, picture.width};
  if (!engine) {
    at::Tensor host = at::empty(sizes, at::kFloat);
    copy_samples(picture, scale, view(host));
    return host.to(device);
  }
  at::Tensor tensor = at::empty(sizes, at::TensorOptions(at::kFloat).device(device));
  Buffer packed = engine->allocate(values(tensor).size());
  Plane rows = view(tensor);
  rows.data = packed.data();
  engine->copy(picture, rows);
  wait_for_libtorch(device);  // which may still use what was in this memory
  engine->copy(std::as_const(packed).span(), values(tensor));
  return tensor.mul_(scale);
}

// picture = scale * tensor, [1, C, h, w], as large as the picture. False where a value is not
// finite.
bool to_picture(const at::Tensor &tensor, float scale, Engine *engine, Plane picture) {
  const at::Tensor detached = tensor.detach();
  const bool finite = at::isfinite(detached).all().item<bool>();
  if (!engine) {
    copy_samples(view(detached.to(at::kCPU).contiguous()), scale, picture);
    return finite;
  }
  const at::Tensor scaled = detached.mul(scale).contiguous();
  Buffer packed = engine->allocate(values(scaled).size());
  Plane rows = view(scaled);
  rows.data = packed.data();
  wait_for_libtorch(tensor.device());
  engine->copy(ConstVector(values(scaled)), packed.span());
  engine->copy(rows, picture);
  return finite;
}

// The loss of `output`, [1, C, h, w] in [0, 1], over `window`; `slope`: its derivative with respect
// to the output's code values, 0 outside the window, on the output's device.
double loss_of(const at::Tensor &output, const Rect &window, const LocalLoss &loss,
               at::Tensor &slope) {
  const at::Tensor shown = output.detach().to(at::kCPU).contiguous() * 255;
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

  int cuda_device() const override { return cuda_device_; }

  void tile_forward(Engine *engine, ConstPlane lr, Plane hr, const client::Draw &draw) override {
    run("upscale", false, [&] {
      const at::Tensor output = functions_->upscale(input(engine, lr), draw);
      check_finite(to_picture(output, 255, engine, hr), "upscale");
    });
  }

  void tile_backward(Engine *engine, ConstPlane lr, ConstPlane slope, Plane gradient,
                     const client::Draw &draw) override {
    run("upscale", true, [&] {
      const at::Tensor x = input(engine, lr).requires_grad_(true);
      const at::Tensor output = functions_->upscale(x, draw);
      pull(engine, output, x, to_tensor(engine, slope, 1, device()), gradient, "upscale");
    });
  }

  double tile_pass(ConstPlane lr, const Rect &window, const LocalLoss &loss, Plane gradient,
                   const client::Draw &draw) override {
    double value = 0;
    run("upscale", true, [&] {
      const at::Tensor x = input(nullptr, lr).requires_grad_(true);
      const at::Tensor output = functions_->upscale(x, draw);
      at::Tensor slope;
      value = loss_of(output, window, loss, slope);
      check_finite(std::isfinite(value), "upscale");
      pull(nullptr, output, x, slope, gradient, "upscale");
    });
    return value;
  }

  void tile_downscale(Engine *engine, ConstPlane hr, Plane lr) override {
    run("downscale", false, [&] {
      const at::Tensor output = functions_->downscale(input(engine, hr));
      check_finite(to_picture(output, 255, engine, lr), "downscale");
    });
  }

  void tile_downscale_backward(Engine *engine, ConstPlane hr, ConstPlane v,
                               Plane gradient) override {
    run("downscale", true, [&] {
      const at::Tensor y = input(engine, hr).requires_grad_(true);
      const at::Tensor output = functions_->downscale(y);
      pull(engine, output, y, to_tensor(engine, v, 1, device()), gradient, "downscale");
    });
  }

 private:
  at::Device device() const { return functions_->device(); }
  at::Tensor input(Engine *engine, ConstPlane picture) const {
    return to_tensor(engine, picture, kUnit, device());
  }
  // gradient = J^T v of `output` = function(`input`)
  void pull(Engine *engine, const at::Tensor &output, const at::Tensor &input, const at::Tensor &v,
            Plane gradient, const char *function) const {
    const at::Tensor pulled = pull_back(functions_->title(), output, input, v);
    check_finite(to_picture(pulled, 1, engine, gradient), std::string("derivative of ") + function);
  }

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

  void check_finite(bool finite, const std::string &function) const {
    HCD_CHECK(finite, HCD_E_FILE, "%s: %s: expected finite values, found NaN or infinity",
              functions_->title().c_str(), function.c_str());
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
