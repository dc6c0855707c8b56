// SPDX-License-Identifier: BSD-2-Clause
// Weights as PyTorch's torch.save writes them: the zip format (since 1.6) and the one before it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "files/mapped_file.h"
#include "files/safetensors.h"

namespace hcd::files {

// The state dict of a file: tensors by name. Nothing in the file is executed; tensors that lie in
// the file as they are wanted (row-major) are views of it, others are copies.
class Checkpoint {
 public:
  // The state dict may be the whole file, or lie under params_ema, params, state_dict or model (the
  // first of these that there is, at any depth up to 4). A leading "module." of names is left out.
  // Throws HCD_E_FILE, "weights '<path>': ...", for everything else: see net/pickle.h for what is
  // refused. Allocates at most four times the file's size beside what net/pickle.h allows.
  static Checkpoint open(const std::string &path);

  // The same of bytes in memory, which have to live on. `name` is what messages call them.
  static Checkpoint parse(std::span<const uint8_t> bytes, const std::string &name);

  const std::map<std::string, TensorView> &tensors() const { return tensors_; }

  // The whole file.
  std::span<const uint8_t> bytes() const { return bytes_; }

 private:
  MappedFile mapping_;
  std::span<const uint8_t> bytes_;
  std::deque<std::vector<uint8_t>> copies_;
  std::map<std::string, TensorView> tensors_;
};

}  // namespace hcd::files
