// SPDX-License-Identifier: BSD-2-Clause
// A TorchScript pair (g, f) in memory: its methods, its properties, how a method is called.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/api/module.h>

#include <optional>
#include <string>

#include "client/network.h"
#include "engine/aten/functions.h"

namespace hcd::aten {

struct Script {
  std::string path;
  client::NetworkInfo info;
  at::Device device = at::kCPU;
  std::optional<torch::jit::Method> upscale;    // f; always there once loaded
  std::optional<torch::jit::Method> downscale;  // g, where the file has one
};

// Channels of the pictures of a colour space.
int channels(client::Colour colour);

// Reads the file, its methods and attributes, and makes the module ready: float32, evaluation mode,
// fixed parameters, on `device`. Throws HCD_E_FILE with expected and found.
Script load_script(const std::string &path, at::Device device);

// f of `lr` or g of `hr`: [1, C, h, w] float32 on the script's device; gradients flow where the
// argument requires them. Throws HCD_E_FILE where the result is not what the scale promises.
at::Tensor upscale(const Script &script, const at::Tensor &lr);
at::Tensor downscale(const Script &script, const at::Tensor &hr);

// The pair of a file, tried out.
std::unique_ptr<Functions> load_torchscript(const std::string &path, at::Device device,
                                            const Log &log);

// Runs both functions on a small picture: shapes, finite values, derivatives. Warns where the
// declared receptive field is smaller than the true one.
void check_script(const Script &script, const Log &log);

}  // namespace hcd::aten
