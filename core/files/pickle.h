// SPDX-License-Identifier: BSD-2-Clause
// Python's pickles as torch.save writes them, read as data: nothing in them is called or imported.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "files/safetensors.h"

namespace hcd::files {

struct PickleValue;
using PickleItems = std::vector<const PickleValue *>;

struct PickleList {  // a list or a tuple
  PickleItems items;
};

struct PickleDict {  // a dict or an OrderedDict, in the order of insertion
  std::vector<std::pair<const PickleValue *, const PickleValue *>> items;

  // The value of the last item with that text as key, or nullptr.
  const PickleValue *find(std::string_view key) const;
};

// A whole number of more than 64 bits, as the pickle writes it: little-endian.
struct PickleLong {
  std::string_view bytes;
};

// What a pickle may name; all else is refused.
enum class PickleCallable {
  kOrderedDict,
  kRebuildTensor,    // before PyTorch 0.4
  kRebuildTensorV2,  // since then
  kRebuildParameter
};
struct StorageType {
  Dtype dtype;
};

// An array that lies elsewhere in the file.
struct StorageReference {
  Dtype dtype = Dtype::kF32;
  std::string_view key;
  int64_t count = 0;  // elements, >= 0
};

// Element (i, j, ...) is element offset + i * strides[0] + j * strides[1] + ... of the storage, and
// all of them are within it; there are no more of them than the storage has.
struct StridedTensor {
  StorageReference storage;
  int64_t offset = 0;
  std::vector<int64_t> shape, strides;
};

struct PickleValue {
  std::variant<std::monostate, bool, int64_t, double, std::string_view, PickleLong, PickleList,
               PickleDict, PickleCallable, StorageType, StorageReference, StridedTensor>
      value;

  template <typename T>
  const T *as() const {
    return std::get_if<T>(&value);
  }
};

// One pickle. Texts point into its bytes, which have to live on.
struct Pickle {
  std::deque<PickleValue> values;  // owns all values, which may be shared and even hold themselves
  const PickleValue *root = nullptr;
  size_t size = 0;  // bytes, up to and with its end mark
};

// Reads the pickle at the beginning of `bytes`. `name` is what messages call the file. Throws
// HCD_E_FILE for whatever is not in the list above ("refused '<module>.<name>': ..."), for damage,
// and for more than a million opcodes, which bounds stack, memo and memory.
Pickle read_pickle(std::span<const uint8_t> bytes, const std::string &name);

}  // namespace hcd::files
