// SPDX-License-Identifier: BSD-2-Clause
#include "net/catalogue.h"

#include <algorithm>
#include <array>

namespace hcd::net {
namespace {

constexpr const char *kOwnLicence = "BSD-2-Clause";
constexpr const char *kDong =
    "Dong, Loy, He, Tang: Image Super-Resolution Using Deep Convolutional Networks, TPAMI 2016";

constexpr std::array kSrcnn = {NetworkVariant{2, 57281, 6, 228736, false},
                               NetworkVariant{4, 57281, 4, 914944, false}};
constexpr std::array kEdsr = {NetworkVariant{2, 40729627, 68, 40732416, false},
                              NetworkVariant{4, 43089947, 68, 50252544, false}};

constexpr std::array kCatalogue = {
    NetworkEntry{"srcnn", "srcnn", "SRCNN 9-5-5 over bicubic", kDong, "", kOwnLicence,
                 Colour::kLuma, false, Latent::kDefault, true, kSrcnn},
    NetworkEntry{"edsr", "edsr", "EDSR, 32 blocks of 256",
                 "Lim, Son, Kim, Nah, Lee: Enhanced Deep Residual Networks, CVPRW 2017",
                 "sanghyun-son/EDSR-PyTorch", "MIT", Colour::kRgb, false, Latent::kDefault, true,
                 kEdsr},
};

}  // namespace

std::span<const NetworkEntry> catalogue() { return kCatalogue; }

const NetworkEntry *find_network(std::string_view name) {
  const auto found = std::find_if(kCatalogue.begin(), kCatalogue.end(),
                                  [name](const NetworkEntry &entry) { return name == entry.name; });
  return found == kCatalogue.end() ? nullptr : &*found;
}

}  // namespace hcd::net
