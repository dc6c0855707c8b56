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

// A kind of model. `config`: a JSON object with the sizes that differ from the published ones; {}
// is the published network. Unknown keys and values out of range throw HCD_E_FILE.
struct Kind {
  std::string_view name;
  std::unique_ptr<Model> (*make)(int scale, const Json &config, Params &params);
};

// All kinds.
std::span<const Kind> kinds();

// Makes a model with its parameters in `params`. Throws HCD_E_OPTION for a name that there is not
// or a scale that it has not.
std::unique_ptr<Model> make_model(std::string_view name, int scale, const Json &config,
                                  Params &params);

}  // namespace hcd::models
