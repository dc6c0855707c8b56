// SPDX-License-Identifier: BSD-2-Clause
// From the parameter structs of the API to settings, with every value checked.
#pragma once

#include <hcd/hcd.h>

#include "session/settings.h"

namespace hcd::capi {

// The defaults, as far as the caller's struct of `size` bytes reaches; zeros behind what is known.
void set_defaults(hcd_down_params &params, size_t size);
void set_defaults(hcd_up_params &params, size_t size);

// Throws HCD_E_OPTION naming the option, its range and what was found.
session::DownSettings make_settings(const hcd_down_params &params);
session::UpSettings make_settings(const hcd_up_params &params);

// Sets one option of `params` from text. Throws HCD_E_OPTION.
void set_option(hcd_down_params &params, const char *key, const char *value);
void set_option(hcd_up_params &params, const char *key, const char *value);

// Sets an option that may change while frames flow.
void set_running(session::DownSettings &settings, const char *key, const char *value);

}  // namespace hcd::capi
