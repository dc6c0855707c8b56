// SPDX-License-Identifier: BSD-2-Clause
// The library's options as the command line sees them.
#pragma once

#include <hcd/hcd.h>

#include <map>
#include <string>
#include <vector>

namespace hcd::tools {

struct OptionInfo {
  std::string name;      // as in options.def
  std::string type;      // TEXT, INT or NUM
  std::string help;      // meaning, unit, range, default
  bool is_size = false;  // w or h: reaches the library as the size wanted, not as an option
};

const std::vector<OptionInfo> &down_options();
const std::vector<OptionInfo> &up_options();

// The options that were given: name in options.def -> text.
using OptionTexts = std::map<std::string, std::string>;

// Size wanted of a picture; 0: not given.
struct Size {
  int width = 0;
  int height = 0;
};

// The sizes w and h of `options`. Throws ToolError where one is not a whole number of [1, 32768].
Size wanted_size(const OptionTexts &options);

// The library's parameters for `options`, without the sizes. Where they are not given the client is
// bicubic and the loss is mse, not the library's defaults. Text options point into `options`,
// which has to live on. Throws ToolError with the library's message.
hcd_down_params down_params(const OptionTexts &options);
hcd_up_params up_params(const OptionTexts &options);

}  // namespace hcd::tools
