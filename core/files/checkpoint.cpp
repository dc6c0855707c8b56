// SPDX-License-Identifier: BSD-2-Clause
#include "files/checkpoint.h"

#include <algorithm>
#include <cstring>

#include "files/torch_file.h"
#include "files/weights_error.h"

namespace hcd::files {
namespace {

constexpr int kMaxNesting = 4;
constexpr size_t kMaxCopies = 4;  // of the file's size: what shares storages grows when copied
constexpr size_t kMaxName = 256;
constexpr std::string_view kModule = "module.";

// Where state dicts lie in files that hold more: the averaged weights first.
constexpr std::string_view kNestings[] = {"params_ema", "params", "state_dict", "model"};

bool is_dict(const PickleValue *value) { return value && value->as<PickleDict>(); }

// `dict`, or the state dict that it holds.
const PickleDict &find_state_dict(const PickleDict &dict) {
  const PickleDict *found = &dict;
  for (int depth = 0; depth < kMaxNesting; ++depth) {
    const auto *nesting =
        std::find_if(std::begin(kNestings), std::end(kNestings),
                     [&](std::string_view key) { return is_dict(found->find(key)); });
    if (nesting == std::end(kNestings)) break;
    found = found->find(*nesting)->as<PickleDict>();
  }
  return *found;
}

std::string kind_of(const PickleValue &value) {
  if (value.as<std::monostate>()) return "None";
  if (value.as<std::string_view>()) return "a string";
  if (value.as<PickleDict>()) return "a dict";
  if (value.as<PickleList>()) return "a list";
  if (value.as<bool>() || value.as<int64_t>() || value.as<double>()) return "a number";
  return "something else";
}

// Puts tensors of a file into rows.
class Tensors {
 public:
  Tensors(const TorchFile &file, size_t file_size, const std::string &name,
          std::deque<std::vector<uint8_t>> *copies)
      : file_(file), name_(name), room_(file_size * kMaxCopies), copies_(copies) {}

  TensorView view(const StridedTensor &tensor, const std::string &key) {
    const std::span<const uint8_t> storage = storage_of(tensor, key);
    const size_t bytes = dtype_bytes(tensor.storage.dtype);
    TensorView view{tensor.storage.dtype, tensor.shape, {}};
    const auto count = static_cast<size_t>(view.count());
    if (count == 0) return view;
    if (count * bytes > room_) {
      throw weights_error(name_, format_text("expected tensors of at most %zu times the file's "
                                             "size, found more",
                                             kMaxCopies));
    }
    room_ -= count * bytes;
    const auto data = storage.subspan(static_cast<size_t>(tensor.offset) * bytes);
    view.data = is_row_major(tensor) ? data.first(count * bytes) : gather(tensor, data, count);
    return view;
  }

 private:
  std::span<const uint8_t> storage_of(const StridedTensor &tensor, const std::string &key) const {
    const StorageReference &reference = tensor.storage;
    const auto found = file_.storages.find(reference.key);
    const size_t size = found == file_.storages.end() ? 0 : found->second.size();
    const size_t element = dtype_bytes(reference.dtype);
    const auto wanted = static_cast<size_t>(reference.count);
    if (found == file_.storages.end() || size / element != wanted || size % element != 0) {
      throw weights_error(
          name_, "tensor '" + key + "': " +
                     format_text("expected a storage of %zu elements of %zu bytes, found %zu bytes",
                                 wanted, element, size));
    }
    return found->second;
  }

  static bool is_row_major(const StridedTensor &tensor) {
    int64_t step = 1;
    for (size_t i = tensor.shape.size(); i-- > 0;) {
      if (tensor.shape[i] != 1 && tensor.strides[i] != step) return false;
      step *= tensor.shape[i];
    }
    return true;
  }

  std::span<const uint8_t> gather(const StridedTensor &tensor, std::span<const uint8_t> data,
                                  size_t count) {
    const size_t bytes = dtype_bytes(tensor.storage.dtype);
    std::vector<uint8_t> &copy = copies_->emplace_back(count * bytes);
    std::vector<int64_t> index(tensor.shape.size(), 0);
    int64_t from = 0;
    for (size_t i = 0; i < count; ++i) {
      std::memcpy(&copy[i * bytes], &data[static_cast<size_t>(from) * bytes], bytes);
      for (size_t axis = index.size(); axis-- > 0;) {  // the last index is the fastest
        from += tensor.strides[axis];
        if (++index[axis] < tensor.shape[axis]) break;
        from -= index[axis] * tensor.strides[axis];
        index[axis] = 0;
      }
    }
    return copy;
  }

  const TorchFile &file_;
  const std::string &name_;
  size_t room_;
  std::deque<std::vector<uint8_t>> *copies_;
};

// The name of a tensor without "module.".
std::string tensor_name(const PickleValue &key, const std::string &file) {
  const auto *text = key.as<std::string_view>();
  if (!text) throw weights_error(file, "expected names of tensors, found " + kind_of(key));
  std::string_view name = *text;
  if (name.starts_with(kModule)) name.remove_prefix(kModule.size());
  const bool plain =
      std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (name.empty() || name.size() > kMaxName || !plain) {
    throw weights_error(
        file, "expected names of 1 to 256 ASCII letters, found '" + printable(*text) + "'");
  }
  return std::string(name);
}

}  // namespace

Checkpoint Checkpoint::parse(std::span<const uint8_t> bytes, const std::string &name) {
  Checkpoint checkpoint;
  checkpoint.bytes_ = bytes;
  const TorchFile file = read_torch_file(bytes, name);
  const auto *root = file.object.root->as<PickleDict>();
  if (!root) {
    throw weights_error(
        name, "expected a state dict (names and tensors), found " + kind_of(*file.object.root));
  }
  Tensors tensors(file, bytes.size(), name, &checkpoint.copies_);
  for (const auto &[key, value] : find_state_dict(*root).items) {
    const std::string tensor = tensor_name(*key, name);
    const auto *strided = value->as<StridedTensor>();
    if (!strided) {
      throw weights_error(name,
                          "expected a state dict (names and tensors), or one under "
                          "params_ema, params, state_dict or model, found '" +
                              tensor + "': " + kind_of(*value));
    }
    if (!checkpoint.tensors_.emplace(tensor, tensors.view(*strided, tensor)).second) {
      throw weights_error(name, "expected one tensor '" + tensor + "', found two");
    }
  }
  if (checkpoint.tensors_.empty()) throw weights_error(name, "expected tensors, found none");
  return checkpoint;
}

Checkpoint Checkpoint::open(const std::string &path) {
  const MappedFile mapping = MappedFile::open(path, "a PyTorch file (torch.save)");
  Checkpoint checkpoint = parse(mapping.bytes(), path);
  checkpoint.mapping_ = mapping;
  return checkpoint;
}

}  // namespace hcd::files
