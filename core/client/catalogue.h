// SPDX-License-Identifier: BSD-2-Clause
// The networks of this build, as facts: what they are called, whose they are, what they cost.
// Nothing here runs them; tests/models/catalogue_test.cpp holds each fact against the network
// itself.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "client/network.h"

namespace hcd::client {

inline constexpr const char *kTorchscript = "torchscript";

// A network at one scale, at its published size (or at the built-in one's).
struct NetworkVariant {
  int scale;
  int64_t parameters;   // values of f and g together
  int receptive_field;  // LR pixels on each side, of f and g; see tiles_exactly
  int64_t macs;         // multiplications of f per LR pixel
  bool built_in;        // weights are in the library
};

struct NetworkEntry {
  const char *name;
  const char *kind;         // of models::make_model()
  const char *description;  // one line
  const char *paper;        // authors, title, place
  const char *repository;   // where the authors publish weights; "" if nowhere
  const char *licence;      // of the built-in weights, or of the authors' code
  Colour colour;
  bool has_downscale;
  Latent latent;       // the paper's; kDefault: it has none
  bool tiles_exactly;  // false: it pools or attends over the whole picture
  std::span<const NetworkVariant> variants;
};

// All networks that are described here; torchscript, which is anyone's, is not.
std::span<const NetworkEntry> catalogue();

// The entry of that name, or nullptr.
const NetworkEntry *find_network(std::string_view name);

// "2 or 4": the scales that a network has.
std::string scales_text(const NetworkEntry &entry);

}  // namespace hcd::client
