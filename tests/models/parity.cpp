// SPDX-License-Identifier: BSD-2-Clause
#include "models/parity.h"

#include <torch/csrc/autograd/autograd.h>

#include <cstdlib>
#include <filesystem>

namespace hcd::models {

std::optional<Vectors> Vectors::find(const std::string &name) {
  const std::string own = std::string(HCD_VECTORS) + "/" + name + ".safetensors";
  if (std::filesystem::exists(own)) return Vectors(files::Safetensors::open(own));
  const char *shared = std::getenv("HCD_SHARED");
  const std::string other = std::string(shared ? shared : "") + "/parity/" + name + ".safetensors";
  if (shared && std::filesystem::exists(other)) return Vectors(files::Safetensors::open(other));
  return std::nullopt;
}

Tensor Vectors::stored(const std::string &name) const {
  const auto found = file_.tensors().find(name);
  if (found == file_.tensors().end()) throw std::runtime_error("no vector " + name);
  return to_tensor(found->second);
}

Tensor Vectors::input(const std::string &name, at::ScalarType dtype) const {
  return stored(name).to(dtype);
}

Tensor Vectors::expected(const std::string &name) const {
  return stored(has(name + "_f64") ? name + "_f64" : name).to(at::kDouble);
}

void expect_close(const Tensor &found, const Tensor &expected, double part,
                  const std::string &what) {
  ASSERT_EQ(found.sizes(), expected.sizes()) << what;
  const double largest = expected.abs().max().item<double>();
  const double error = (found.to(at::kDouble) - expected).abs().max().item<double>();
  EXPECT_LE(error, part * largest) << what << ": " << error / largest << " of the largest value";
}

Tensor gradient(const Tensor &loss, const Tensor &x, bool keep) {
  return torch::autograd::grad({loss}, {x}, {}, keep)[0];
}

std::vector<Tensor> gradients(const Tensor &loss, const std::vector<Tensor> &at) {
  return torch::autograd::grad({loss}, at);
}

}  // namespace hcd::models
