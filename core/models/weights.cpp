// SPDX-License-Identifier: BSD-2-Clause
#include "models/weights.h"

#include <cstring>
#include <vector>

#include "base/error.h"
#include "files/weights_error.h"

namespace hcd::models {
namespace {

at::ScalarType scalar_type(files::Dtype dtype) {
  switch (dtype) {
    case files::Dtype::kF64:
      return at::kDouble;
    case files::Dtype::kF32:
      return at::kFloat;
    case files::Dtype::kF16:
      return at::kHalf;
    case files::Dtype::kBf16:
      return at::kBFloat16;
    case files::Dtype::kI64:
      return at::kLong;
    case files::Dtype::kI32:
      return at::kInt;
    case files::Dtype::kU8:
      return at::kByte;
  }
  return at::kFloat;
}

std::string head_of(const files::Safetensors &file) { return "weights '" + file.name() + "'"; }

// The tensor `prefix` + `name` of the file, which has that shape.
const files::TensorView &find_tensor(const files::Safetensors &file, const std::string &prefix,
                                     const std::string &name, at::IntArrayRef shape) {
  const auto found = file.tensors().find(prefix + name);
  HCD_CHECK(found != file.tensors().end(), HCD_E_FILE,
            "%s: expected a tensor '%s' of shape %s, found none", head_of(file).c_str(),
            (prefix + name).c_str(), files::shape_text(shape).c_str());
  HCD_CHECK(found->second.shape == shape, HCD_E_FILE,
            "%s: tensor '%s': expected the shape %s, found %s", head_of(file).c_str(), name.c_str(),
            files::shape_text(shape).c_str(), files::shape_text(found->second.shape).c_str());
  return found->second;
}

}  // namespace

Tensor to_tensor(const files::TensorView &view) {
  Tensor tensor = at::empty(view.shape, scalar_type(view.dtype));
  if (!view.data.empty()) std::memcpy(tensor.data_ptr(), view.data.data(), view.data.size());
  return tensor;
}

Params::Check check_against(const files::Safetensors &file) {
  return [&file](const std::string &name, at::IntArrayRef shape) {
    find_tensor(file, "", name, shape);
  };
}

void load_weights(Params &params, const files::Safetensors &file, const std::string &prefix) {
  const std::string head = head_of(file);
  std::set<std::string> used;
  for (const Params::Entry &entry : params.entries()) {
    const Tensor value = to_tensor(find_tensor(file, prefix, entry.name, entry.value.sizes()));
    const bool floats = at::isFloatingType(value.scalar_type());
    HCD_CHECK(floats && at::isfinite(value).all().item<bool>(), HCD_E_FILE,
              "%s: tensor '%s': expected finite numbers, found %s", head.c_str(),
              entry.name.c_str(), floats ? "NaN or infinity" : "whole numbers");
    entry.value.detach().copy_(value);
    used.insert(prefix + entry.name);
  }
  for (const auto &[name, view] : file.tensors()) {
    if (!name.starts_with(prefix) || used.contains(name)) continue;
    HCD_CHECK(params.ignores(name.substr(prefix.size())), HCD_E_FILE,
              "%s: expected no tensor '%s', which this model has not, found %s", head.c_str(),
              name.c_str(), files::describe(view).c_str());
  }
}

std::vector<uint8_t> encode_tensors(const NamedTensors &tensors,
                                    const std::map<std::string, std::string> &metadata, bool half) {
  std::vector<Tensor> values;  // live until the bytes are made
  std::map<std::string, files::TensorView> views;
  for (const auto &[name, tensor] : tensors) {
    const Tensor &value = values.emplace_back(
        tensor.detach().to(at::kCPU, half ? at::kHalf : at::kFloat).contiguous());
    views[name] = {half ? files::Dtype::kF16 : files::Dtype::kF32,
                   value.sizes().vec(),
                   {static_cast<const uint8_t *>(value.const_data_ptr()), value.nbytes()}};
  }
  return files::encode_safetensors(views, metadata);
}

std::vector<uint8_t> encode_weights(const Params &params,
                                    const std::map<std::string, std::string> &metadata, bool half) {
  NamedTensors tensors;
  for (const Params::Entry &entry : params.entries()) tensors.emplace_back(entry.name, entry.value);
  return encode_tensors(tensors, metadata, half);
}

}  // namespace hcd::models
