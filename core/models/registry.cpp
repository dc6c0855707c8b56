// SPDX-License-Identifier: BSD-2-Clause
#include "models/registry.h"

#include <algorithm>
#include <array>
#include <string>

#include "models/car.h"
#include "models/config.h"
#include "models/edsr.h"
#include "models/firn.h"
#include "models/hcflow.h"
#include "models/irn.h"
#include "models/light.h"
#include "models/rcan.h"
#include "models/rdn.h"
#include "models/rfanet.h"
#include "models/rrdb.h"
#include "models/srcnn.h"
#include "models/swinir.h"
#include "models/tad.h"

namespace hcd::models {
namespace {

template <typename M>
std::unique_ptr<Model> make(int scale, const Json &config, Params &params) {
  return std::make_unique<M>(scale, config, params);
}

std::unique_ptr<Model> make_lite(int scale, const Json &config, Params &params) {
  return std::make_unique<Light>("lite", scale, config, params);
}
std::unique_ptr<Model> make_base(int scale, const Json &config, Params &params) {
  return std::make_unique<Light>("base", scale, config, params);
}

// One line a model; the order is that of the paper's tables.
constexpr std::array kKinds = {
    Kind{"lite", make_lite},       // this project's own
    Kind{"base", make_base},       //
    Kind{"srcnn", make<Srcnn>},    // g of these is bicubic
    Kind{"edsr", make<Edsr>},      //
    Kind{"rdn", make<Rdn>},        //
    Kind{"rcan", make<Rcan>},      //
    Kind{"rrdb", make<Rrdb>},      //
    Kind{"rfanet", make<Rfanet>},  //
    Kind{"swinir", make<Swinir>},  //
    Kind{"tad", make<Tad>},        // these bring their own
    Kind{"car", make<Car>},        //
    Kind{"irn", make<Irn>},        //
    Kind{"firn", make<Firn>},      //
    Kind{"hcflow", make<Hcflow>},  //
};

}  // namespace

std::span<const Kind> kinds() { return kKinds; }

std::unique_ptr<Model> make_model(std::string_view name, int scale, const Json &config,
                                  Params &params) {
  const auto kind =
      std::find_if(kKinds.begin(), kKinds.end(), [name](const Kind &k) { return k.name == name; });
  HCD_CHECK(kind != kKinds.end(), HCD_E_OPTION,
            "model: expected a network of this build, found '%s'", std::string(name).c_str());
  return kind->make(scale, config, params);
}

}  // namespace hcd::models
