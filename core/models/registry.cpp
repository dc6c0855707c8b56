// SPDX-License-Identifier: BSD-2-Clause
#include "models/registry.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/error.h"

namespace hcd::models {
namespace {

// One line a model; the order is that of the paper's tables.
constexpr std::array kKinds = {
    Kind{"lite", make_lite},      // this project's own
    Kind{"base", make_base},      //
    Kind{"srcnn", make_srcnn},    // g of these is bicubic
    Kind{"edsr", make_edsr},      //
    Kind{"rdn", make_rdn},        //
    Kind{"rcan", make_rcan},      //
    Kind{"rrdb", make_rrdb},      //
    Kind{"rfanet", make_rfanet},  //
    Kind{"swinir", make_swinir},  //
    Kind{"tad", make_tad},        // these bring their own
    Kind{"car", make_car},        //
    Kind{"irn", make_irn},        //
    Kind{"firn", make_firn},      //
    Kind{"hcflow", make_hcflow},  //
};

}  // namespace

std::span<const Kind> kinds() { return kKinds; }

std::unique_ptr<Model> make_model(std::string_view name, int scale, const Json &config,
                                  Params &params) {
  const auto kind =
      std::find_if(kKinds.begin(), kKinds.end(), [name](const Kind &k) { return k.name == name; });
  HCD_CHECK(kind != kKinds.end(), HCD_E_OPTION,
            "model: expected a network of this build, found '%s'", std::string(name).c_str());
  return kind->make(scale, config, Scope(params));
}

}  // namespace hcd::models
