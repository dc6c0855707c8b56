// SPDX-License-Identifier: BSD-2-Clause
// The two containers of torch.save: a pickle and the bytes of its storages.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "files/pickle.h"

namespace hcd::files {

struct TorchFile {
  Pickle object;
  std::map<std::string_view, std::span<const uint8_t>> storages;  // by key
};

// Tells the container by its first bytes. The result points into `bytes`. Throws HCD_E_FILE.
TorchFile read_torch_file(std::span<const uint8_t> bytes, const std::string &name);

}  // namespace hcd::files
