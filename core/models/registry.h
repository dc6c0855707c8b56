// SPDX-License-Identifier: BSD-2-Clause
// The models by name: how each is made from its configuration.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "models/model.h"

namespace hcd::models {

using Json = nlohmann::json;

// Makes a model whose parameters are under `scope`. `config`: a JSON object with the sizes that
// differ from the published ones; {} is the published network. Unknown keys and values out of range
// throw HCD_E_FILE, a scale that the network has not HCD_E_OPTION.
using Make = std::unique_ptr<Model>(int scale, const Json &config, const Scope &scope);

// Each is in the file of its name (lite and base in light.cpp, firn in irn.cpp), which describes
// its configuration.
Make make_lite, make_base, make_srcnn, make_edsr, make_rdn, make_rcan, make_rrdb, make_rfanet,
    make_swinir, make_tad, make_car, make_irn, make_firn, make_hcflow;

// A kind of model.
struct Kind {
  std::string_view name;
  Make *make;
};

// All kinds.
std::span<const Kind> kinds();

// Makes a model with its parameters in `params`. Throws HCD_E_OPTION for a name that there is not
// or a scale that it has not.
std::unique_ptr<Model> make_model(std::string_view name, int scale, const Json &config,
                                  Params &params);

}  // namespace hcd::models
