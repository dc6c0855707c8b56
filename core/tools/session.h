// SPDX-License-Identifier: BSD-2-Clause
// The library as the command sees it: options as texts, and a context that handles pictures one at
// a time.
#pragma once

#include "files/png/png.h"

#include <hcd/hcd.h>

#include <map>
#include <optional>
#include <string>

namespace hcd::tools {

using files::Picture;

// The options that were given: name in options.def -> text.
using OptionTexts = std::map<std::string, std::string>;

// Defaults of this command, in place of the library's: it works on pictures, which are mostly RGB
// and are not coded.
const OptionTexts &own_defaults();

// The library's parameters for `options`, without the sizes. Text options point into `options`,
// which has to live on. Throws ToolError with the library's message.
hcd_down_params down_params(const OptionTexts &options);

// Size wanted of a picture; 0: not given.
struct Size {
  int width = 0;
  int height = 0;
};

// The sizes w and h of `options`. Throws ToolError where one is not a whole number of [1, 32768].
Size wanted_size(const OptionTexts &options);

class Session {
 public:
  // A downscaler or an upscaler with `options` (their sizes apart). `verbose`: show the library's
  // information too, not only its warnings. Throws ToolError with the library's message.
  static Session down(const OptionTexts &options, bool verbose);
  static Session up(const OptionTexts &options, bool verbose);

  Session(Session &&other) noexcept;
  ~Session();

  // Size of what becomes of a square picture of 8 bits, as the option scale or the model says;
  // nothing where the model does not handle that many channels. Throws ToolError on other errors.
  std::optional<Size> result_size(int side, int channels);

  // Resizes `picture` to `size` (0: as the option scale says). `flags`: HCD_FRAME_*. `stats`: of
  // the frame, or nullptr. `name`: what a message calls the picture. Throws ToolError.
  Picture process(const Picture &picture, Size size, const std::string &name, unsigned flags = 0,
                  hcd_stats *stats = nullptr);

 private:
  Session() = default;

  void configure(const hcd_format &format, Size size, const std::string &name);
  void receive(hcd_frame &frame, hcd_stats *stats, const std::string &name);
  // Throws the context's error as ToolError where `status` is one.
  void check(hcd_status status, const std::string &name) const;

  hcd_ctx *context_ = nullptr;
  Size size_;           // wanted at the last hcd_configure()
  hcd_format in_ = {};  // of the last hcd_configure(); width 0: none yet
  hcd_format out_ = {};
};

}  // namespace hcd::tools
