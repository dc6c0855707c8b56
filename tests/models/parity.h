// SPDX-License-Identifier: BSD-2-Clause
// Golden vectors of the models' authors: a small network with random weights, its inputs, outputs
// and gradients.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "models/registry.h"
#include "models/weights.h"

namespace hcd::models {

// Largest deviations in parts of the largest absolute value of the expected tensor.
struct Tolerance {
  double output, gradient;
};
// What the vectors' makers promise of an implementation in that type.
inline Tolerance tolerance(at::ScalarType dtype) {
  return dtype == at::kDouble ? Tolerance{1e-9, 1e-9} : Tolerance{5e-6, 2e-5};
}

// One file of vectors: those of the repository, and the rest where HCD_SHARED names a folder with
// them.
class Vectors {
 public:
  // Nothing where the file is in neither place: skip the test.
  static std::optional<Vectors> find(const std::string &name);

  bool has(const std::string &name) const { return file_.tensors().contains(name); }
  // In its own type.
  Tensor stored(const std::string &name) const;
  // The input `name` in `dtype`: inputs are stored in float32 only.
  Tensor input(const std::string &name, at::ScalarType dtype) const;
  // The expected `name`: as float64 made it, where it is there.
  Tensor expected(const std::string &name) const;

  const files::Safetensors &file() const { return file_; }

 private:
  explicit Vectors(files::Safetensors file) : file_(std::move(file)) {}
  files::Safetensors file_;
};

#define HCD_FIND_VECTORS(variable, name)                                                         \
  const auto found_vectors = ::hcd::models::Vectors::find(name);                                 \
  if (!found_vectors)                                                                            \
    GTEST_SKIP() << name << " is not in the repository; HCD_SHARED names no folder that has it"; \
  const ::hcd::models::Vectors &variable = *found_vectors

// A model with the vectors' weights.
struct LoadedModel {
  LoadedModel(const Vectors &vectors, const std::string &kind, int scale, const char *config,
              at::ScalarType dtype, const std::string &prefix = "weights.")
      : params(dtype), model(make_model(kind, scale, nlohmann::json::parse(config), params)) {
    load_weights(params, vectors.file(), prefix);
  }
  Params params;
  std::unique_ptr<Model> model;
};

// Fails unless |found - expected| <= part * max |expected| everywhere.
void expect_close(const Tensor &found, const Tensor &expected, double part,
                  const std::string &what);

// Derivative of `loss`, one value, with respect to `x`. `keep`: whether more of the same graph are
// to follow.
Tensor gradient(const Tensor &loss, const Tensor &x, bool keep = false);
// The same with respect to several.
std::vector<Tensor> gradients(const Tensor &loss, const std::vector<Tensor> &at);

}  // namespace hcd::models
