// SPDX-License-Identifier: BSD-2-Clause
// Runs a light network on the CPU, without LibTorch.
#pragma once

#include <memory>
#include <string>

#include "client/light/spec.h"
#include "client/network.h"
#include "files/safetensors.h"

namespace hcd::client {

// The weights are the tensors "<i>.weight" [out, in, k, k] and "<i>.bias" [out] of each layer i, of
// any type of floating numbers. Throws HCD_E_FILE where one is missing, has another shape or type
// or is not finite, or where another tensor is there. `name`: of the network; `downscaler`: see
// NetworkInfo. The file may go. Of int16 is the way there alone; with kAuto a network that would
// lose by it stays in float32, which `log` is told.
std::unique_ptr<Network> make_light_network(const NetSpec &spec, const files::Safetensors &file,
                                            const std::string &name, const std::string &downscaler,
                                            Precision precision = Precision::kFp32,
                                            const Log &log = {});

}  // namespace hcd::client
