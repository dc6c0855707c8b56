// SPDX-License-Identifier: BSD-2-Clause
#include "files/torch_objects.h"

#include <algorithm>
#include <array>

#include "files/weights_error.h"

namespace hcd::files {
namespace {

constexpr size_t kMaxDimensions = 8;

struct Named {
  std::string_view module, name;
  std::variant<PickleCallable, StorageType> object;
};
constexpr std::array kNamed = {
    Named{"collections", "OrderedDict", PickleCallable::kOrderedDict},
    Named{"torch._utils", "_rebuild_tensor", PickleCallable::kRebuildTensor},
    Named{"torch._utils", "_rebuild_tensor_v2", PickleCallable::kRebuildTensorV2},
    Named{"torch._utils", "_rebuild_parameter", PickleCallable::kRebuildParameter},
    Named{"torch", "DoubleStorage", StorageType{Dtype::kF64}},
    Named{"torch", "FloatStorage", StorageType{Dtype::kF32}},
    Named{"torch", "HalfStorage", StorageType{Dtype::kF16}},
    Named{"torch", "BFloat16Storage", StorageType{Dtype::kBf16}},
    Named{"torch", "LongStorage", StorageType{Dtype::kI64}},
    Named{"torch", "IntStorage", StorageType{Dtype::kI32}},
    Named{"torch", "ByteStorage", StorageType{Dtype::kU8}},
    Named{"torch", "BoolStorage", StorageType{Dtype::kU8}},
};

// The numbers of a tuple of whole numbers >= 0; false if it is something else.
bool read_sizes(const PickleValue &value, std::vector<int64_t> *sizes) {
  const auto *list = value.as<PickleList>();
  if (!list || list->items.size() > kMaxDimensions) return false;
  for (const PickleValue *item : list->items) {
    const auto *size = item->as<int64_t>();
    if (!size || *size < 0) return false;
    sizes->push_back(*size);
  }
  return true;
}

// Whether all elements are within the storage and are not more than it has.
bool fits(const StridedTensor &tensor) {
  int64_t count = 1, last = tensor.offset;
  bool empty = false;
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    empty |= tensor.shape[i] == 0;
    const int64_t size = std::max<int64_t>(tensor.shape[i], 1);
    int64_t step = 0;
    if (__builtin_mul_overflow(count, size, &count) ||
        __builtin_mul_overflow(size - 1, tensor.strides[i], &step) ||
        __builtin_add_overflow(last, step, &last)) {
      return false;
    }
  }
  return empty || (count <= tensor.storage.count && last < tensor.storage.count);
}

// (storage, offset, shape, strides), with the flags of training behind them.
StridedTensor rebuild_tensor(const PickleItems &arguments, const std::string &file) {
  StridedTensor tensor;
  const auto *storage = arguments.size() >= 4 ? arguments[0]->as<StorageReference>() : nullptr;
  const auto *offset = storage ? arguments[1]->as<int64_t>() : nullptr;
  if (!offset || *offset < 0 || !read_sizes(*arguments[2], &tensor.shape) ||
      !read_sizes(*arguments[3], &tensor.strides) || tensor.shape.size() != tensor.strides.size()) {
    throw weights_error(file,
                        "damaged pickle: expected a tensor's storage, offset, shape and "
                        "strides (8 dimensions at most), found something else");
  }
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    if (tensor.shape[i] == 1) tensor.strides[i] = 0;  // of no meaning, and may be any number
  }
  tensor.storage = *storage;
  tensor.offset = *offset;
  if (!fits(tensor)) {
    throw weights_error(
        file, format_text("damaged pickle: expected a tensor within its storage of %lld elements, "
                          "found offset, shape and strides that go beyond",
                          static_cast<long long>(storage->count)));
  }
  return tensor;
}

// No arguments, or (as Python 2 writes it) one list of pairs.
PickleDict ordered_dict(const PickleItems &arguments, const std::string &file) {
  PickleDict dict;
  if (arguments.empty()) return dict;
  const auto *pairs = arguments.size() == 1 ? arguments[0]->as<PickleList>() : nullptr;
  if (!pairs) throw weights_error(file, "damaged pickle: expected an OrderedDict of pairs");
  for (const PickleValue *item : pairs->items) {
    const auto *pair = item->as<PickleList>();
    if (!pair || pair->items.size() != 2) {
      throw weights_error(file, "damaged pickle: expected an OrderedDict of pairs");
    }
    dict.items.emplace_back(pair->items[0], pair->items[1]);
  }
  return dict;
}

}  // namespace

PickleValue named_object(std::string_view module, std::string_view name, const std::string &file) {
  for (const Named &known : kNamed) {
    if (known.module != module || known.name != name) continue;
    PickleValue value;
    std::visit([&value](auto object) { value.value = object; }, known.object);
    return value;
  }
  throw weights_error(file, "refused '" + printable(std::string(module) + "." + std::string(name)) +
                                "': a weight file may hold tensors, dicts, numbers and strings "
                                "only");
}

StorageReference storage_reference(const PickleValue &id, const std::string &file) {
  const auto *tuple = id.as<PickleList>();
  const size_t size = tuple ? tuple->items.size() : 0;
  const auto *kind = size >= 1 ? tuple->items[0]->as<std::string_view>() : nullptr;
  if (kind && *kind != "storage") {
    throw weights_error(file, "refused a pickled '" + printable(*kind) +
                                  "': a weight file may hold tensors, dicts, numbers and strings "
                                  "only");
  }
  const bool long_enough = kind && (size == 5 || size == 6);
  const auto *type = long_enough ? tuple->items[1]->as<StorageType>() : nullptr;
  const auto *key = type ? tuple->items[2]->as<std::string_view>() : nullptr;
  const auto *count = key ? tuple->items[4]->as<int64_t>() : nullptr;
  if (!count || *count < 0) {
    throw weights_error(file,
                        "damaged pickle: expected a storage's type, key and size, found "
                        "something else");
  }
  if (size == 6 && !tuple->items[5]->as<std::monostate>()) {
    throw weights_error(file,
                        "expected storages of their own, found a view of another one "
                        "(PyTorch 0.3): save the weights again with torch.save in PyTorch "
                        "1.6 or later");
  }
  return {type->dtype, *key, *count};
}

PickleValue call_result(const PickleValue &callable, const PickleValue &arguments,
                        const std::string &file) {
  const auto *function = callable.as<PickleCallable>();
  const auto *tuple = arguments.as<PickleList>();
  if (!function || !tuple) {
    throw weights_error(file, "damaged pickle: expected a call, found something else");
  }
  switch (*function) {
    case PickleCallable::kOrderedDict:
      return {ordered_dict(tuple->items, file)};
    case PickleCallable::kRebuildTensor:
    case PickleCallable::kRebuildTensorV2:
      return {rebuild_tensor(tuple->items, file)};
    case PickleCallable::kRebuildParameter:
      break;
  }
  const auto *tensor = tuple->items.empty() ? nullptr : tuple->items[0]->as<StridedTensor>();
  if (!tensor)
    throw weights_error(file,
                        "damaged pickle: expected a parameter's tensor, found something else");
  return {*tensor};
}

}  // namespace hcd::files
