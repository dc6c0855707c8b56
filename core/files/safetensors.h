// SPDX-License-Identifier: BSD-2-Clause
// Weight files: safetensors (an 8-byte little-endian header length, a JSON header, raw tensors),
// which holds no code.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "files/mapped_file.h"

namespace hcd::files {

// Element types this project reads and writes. The names are the format's own.
enum class Dtype { kF64, kF32, kF16, kBf16, kI64, kI32, kU8 };
const char *dtype_name(Dtype dtype);
bool is_floating(Dtype dtype);

struct TensorView {
  Dtype dtype = Dtype::kF32;
  std::vector<int64_t> shape;     // sizes, each >= 0
  std::span<const uint8_t> data;  // row-major, little-endian; not aligned

  int64_t count() const;
};

// The values of a tensor of floating numbers, rounded to float.
std::vector<float> to_floats(const TensorView &view);

// Text such as "F32 [3, 64, 3, 3]".
std::string describe(const TensorView &tensor);

// The tensors of a file, by name, and its `__metadata__`. Nothing is copied: the views live as long
// as this object does, which keeps the file mapped.
class Safetensors {
 public:
  // Throws HCD_E_FILE, "weights '<path>': expected ..., found ...", unless the whole file is sound:
  // header within the file and at most 10 MB, every key once, known types, at most 8 dimensions,
  // sizes that agree with the shapes, tensors that neither overlap nor leave gaps nor pass the end.
  // Allocates no more than the header needs.
  static Safetensors open(const std::string &path);

  // The same of bytes in memory, which have to live on. `name` is what messages call them.
  static Safetensors parse(std::span<const uint8_t> bytes, const std::string &name);

  // The same of bytes that it keeps.
  static Safetensors own(std::vector<uint8_t> bytes, const std::string &name);

  std::span<const uint8_t> bytes() const { return whole_; }
  const std::string &name() const { return name_; }
  const std::map<std::string, std::string> &metadata() const { return metadata_; }
  const std::map<std::string, TensorView> &tensors() const { return tensors_; }

 private:
  std::string name_;
  std::span<const uint8_t> whole_;
  MappedFile mapping_;
  std::shared_ptr<const std::vector<uint8_t>> bytes_;
  std::map<std::string, std::string> metadata_;
  std::map<std::string, TensorView> tensors_;
};

// The bytes of a file with these tensors, in the order of their names. Deterministic.
std::vector<uint8_t> encode_safetensors(const std::map<std::string, TensorView> &tensors,
                                        const std::map<std::string, std::string> &metadata);

}  // namespace hcd::files
