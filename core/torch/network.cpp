// SPDX-License-Identifier: BSD-2-Clause
#include "torch/network.h"

#include <cmath>

#include "torch/errors.h"
#include "torch/pixels.h"
#include "torch/runtime.h"
#include "torch/torchscript.h"

namespace hcd::torch_backend {
namespace {

class TorchscriptNetwork : public net::Network {
 public:
  explicit TorchscriptNetwork(Script script) : script_(std::move(script)) {}

  const net::NetworkInfo &info() const override { return script_.info; }

  void upscale(net::ConstImage lr, net::Image hr) override {
    run("upscale", false, [&] {
      const at::Tensor output = torch_backend::upscale(script_, to_tensor(lr, script_.device));
      check_finite(copy_to(output, hr), "upscale");
    });
  }

  double error_and_gradient(net::ConstImage lr, net::ConstImage target, net::Window window,
                            net::Image gradient) override {
    double error = 0.0;
    run("upscale", true, [&] {
      const at::Tensor input = to_tensor(lr, script_.device).requires_grad_(true);
      const at::Tensor output = torch_backend::upscale(script_, input);
      at::Tensor slope;
      error = squared_error(output, target, window, slope);
      check_finite(std::isfinite(error), "upscale");
      check_finite(add_to(pull_back(script_, output, input, slope), gradient),
                   "derivative of upscale");
    });
    return error;
  }

  void downscale(net::ConstImage hr, net::Image lr) override {
    run("downscale", false, [&] {
      const at::Tensor output = torch_backend::downscale(script_, to_tensor(hr, script_.device));
      check_finite(copy_to(output, lr), "downscale");
    });
  }

  void downscale_vjp(net::ConstImage hr, net::ConstImage v, net::Image gradient) override {
    run("downscale", true, [&] {
      const at::Tensor input = to_tensor(hr, script_.device).requires_grad_(true);
      const at::Tensor output = torch_backend::downscale(script_, input);
      const at::Tensor slope = pull_back(script_, output, input, to_tensor(v, script_.device));
      check_finite(add_to(slope, gradient), "derivative of downscale");
    });
  }

 private:
  // Any failure on the way (copies, memory) leaves with the file's name.
  template <typename Work>
  void run(const char *function, bool gradients, const Work &work) {
    guarded("weights '" + script_.path + "': " + function, [&] {
      HCD_CHECK(script_.downscale || function[0] == 'u', HCD_E_INTERNAL,
                "weights '%s': no method 'downscale'", script_.path.c_str());
      const CallScope scope(script_.device, gradients);
      work();
    });
  }

  void check_finite(bool finite, const char *function) const {
    HCD_CHECK(finite, HCD_E_FILE, "weights '%s': %s: expected finite values, found NaN or infinity",
              script_.path.c_str(), function);
  }

  const Script script_;
};

}  // namespace

std::unique_ptr<net::Network> load_network(const std::string &path, int cuda_device,
                                           const Log &log) {
  return guarded("weights '" + path + "'", [&]() -> std::unique_ptr<net::Network> {
    prepare_runtime(cuda_device >= 0);
    const at::Device device =
        cuda_device < 0 ? at::Device(at::kCPU)
                        : at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(cuda_device));
    const CallScope scope(device, true);
    Script script = load_script(path, device);
    check_script(script, log);
    const net::NetworkInfo &info = script.info;
    log(HCD_LOG_VERBOSE,
        format_text("weights '%s': '%s', factor %d, %d channels, receptive field %d, %s downscaler",
                    path.c_str(), info.name.c_str(), info.scale, channels(info.colour),
                    info.receptive_field, info.has_downscale ? "its own" : "no"));
    return std::make_unique<TorchscriptNetwork>(std::move(script));
  });
}

}  // namespace hcd::torch_backend
