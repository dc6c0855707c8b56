// SPDX-License-Identifier: BSD-2-Clause
// A context of the library that handles pictures one at a time.
#pragma once

#include "tools/options.h"
#include "tools/png.h"

#include <hcd/hcd.h>

#include <optional>
#include <string>

namespace hcd::tools {

class Session {
 public:
  // A downscaler or an upscaler with `options` (their sizes apart). `verbose`: show the library's
  // information too, not only its warnings. Throws ToolError with the library's message.
  static Session down(const OptionTexts &options, bool verbose);
  static Session up(const OptionTexts &options, bool verbose);

  Session(Session &&other) noexcept;
  ~Session();

  // Size of what becomes of `format`, as the option scale or the model says; nothing where the
  // model does not handle the format. Throws ToolError on other errors.
  std::optional<Size> result_size(const hcd_format &format);

  // Resizes `picture` to `size` (0: as the option scale says). `flags`: HCD_FRAME_*. `stats`: of
  // the frame, or nullptr. `name`: what a message calls the picture. Throws ToolError.
  Picture process(const Picture &picture, Size size, const std::string &name, unsigned flags = 0,
                  hcd_stats *stats = nullptr);

 private:
  Session() = default;

  static void log(void *opaque, hcd_log_level level, const char *message);
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
