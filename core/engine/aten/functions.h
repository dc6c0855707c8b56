// SPDX-License-Identifier: BSD-2-Clause
// A pair (g, f) on tensors, whoever brings it: a TorchScript file or a model of this project.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "client/tiles.h"

namespace hcd::aten {

// Both functions map [1, C, height, width] float32 on device(); gradients flow where the argument
// requires them. Pure. They throw hcd::Error; what else they throw is translated by the caller.
class Functions {
 public:
  virtual ~Functions() = default;
  const client::NetworkInfo &info() const { return info_; }
  at::Device device() const { return device_; }
  // What messages call it, for example "weights 'x.pt'".
  const std::string &title() const { return title_; }
  virtual at::Tensor upscale(const at::Tensor &lr, const client::Draw &draw) const = 0;
  // Where info().has_downscale.
  virtual at::Tensor downscale(const at::Tensor &hr) const = 0;

 protected:
  Functions(at::Device device, std::string title) : device_(device), title_(std::move(title)) {}

  client::NetworkInfo info_;
  const at::Device device_;
  const std::string title_;
};

// J^T v of `output` = function(`input`); `v` is as large as the output. `title` as above.
at::Tensor pull_back(const std::string &title, const at::Tensor &output, const at::Tensor &input,
                     const at::Tensor &v);

// The model of core/models of the request's weights: its file, or this library's built-in ones.
// Throws HCD_E_FILE, or HCD_E_OPTION where the scale is not the model's.
std::unique_ptr<Functions> load_native(const client::NetworkRequest &request, at::Device device);

// The pair of a TorchScript file, tried out. Throws HCD_E_FILE with expected and found.
std::unique_ptr<Functions> load_torchscript(const std::string &path, at::Device device,
                                            const Log &log);

// Channels of the pictures of a colour space.
int channels(client::Colour colour);

// LibTorch's device of that number of CUDA's; -1: the CPU. In a file of its own, in whose place
// tests put another (tests/torch/stand_in).
at::Device device_of(int cuda_device);

// On tiles. `cuda_device`: as above, where the functions are.
std::unique_ptr<client::Network> make_network(std::unique_ptr<Functions> functions,
                                              int cuda_device);

}  // namespace hcd::aten
