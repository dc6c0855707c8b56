// SPDX-License-Identifier: BSD-2-Clause
// A context's log sink.
#pragma once

#include <hcd/status.h>

#include <string>

namespace hcd {

// Passes lines to the caller's function; drops them where there is none.
class Log {
 public:
  Log() = default;
  Log(hcd_log_fn function, void *opaque) : function_(function), opaque_(opaque) {}
  void operator()(hcd_log_level level, const std::string &text) const {
    if (function_) function_(opaque_, level, text.c_str());
  }

 private:
  hcd_log_fn function_ = nullptr;
  void *opaque_ = nullptr;
};

}  // namespace hcd
