// SPDX-License-Identifier: BSD-2-Clause
// What can be said about a TorchScript file without LibTorch.
#pragma once

#include <string>

namespace hcd::client {

// Throws HCD_E_FILE unless `path` is a readable, complete zip archive, which every TorchScript file
// is. Missing, empty, foreign and cut files end here, with the same text whether or not LibTorch is
// installed; what is in the archive is LibTorch's to judge.
void check_torchscript_file(const std::string &path);

}  // namespace hcd::client
