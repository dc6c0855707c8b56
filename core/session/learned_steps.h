// SPDX-License-Identifier: BSD-2-Clause
// Learned steps that are in the library.
#pragma once

#include <string>
#include <vector>

#include "descent/learned.h"

namespace hcd::session {

// Where the steps of a client were fitted.
struct FittedAt {
  double ratio = 0;
  const char *text = "";  // of the ratio; "": nowhere near
};

// Of a client by its name, where it enlarges by that ratio: the nearest of those that there are, as
// long as they gain nearly what Adam does there (docs/algorithm.md, "Learned steps").
FittedAt fitted_at(const std::string &client, double ratio);
// The same between two formats, in both directions, with luma by itself.
FittedAt fitted_at(const std::string &client, const hcd_format &hr, const hcd_format &lr);

// Empty where there are none.
std::vector<descent::LearnedStep> learned_steps(const std::string &client, const FittedAt &at);

}  // namespace hcd::session
