// SPDX-License-Identifier: BSD-2-Clause
// A context of the public API, used by pictures one after another.
#include "tools/session.h"

#include "tools/error.h"
#include "tools/terminal.h"

#include <cstdint>
#include <utility>

namespace hcd::tools {
namespace {

// Whether an error is of the picture that was handled, not of the options.
bool is_of_the_picture(hcd_status status) {
  return status != HCD_E_OPTION && status != HCD_E_FILE && status != HCD_E_DEVICE;
}

bool same_format(const hcd_format &a, const hcd_format &b) {
  return a.width == b.width && a.height == b.height && a.layout == b.layout && a.depth == b.depth &&
         a.range == b.range;
}

// The log function gets this instead of a Session, which may move.
void *log_opaque(bool verbose) {
  static bool flags[2] = {false, true};
  return &flags[verbose ? 1 : 0];
}

}  // namespace

Session Session::down(const OptionTexts &options, bool verbose) {
  const hcd_down_params params = down_params(options);
  Session session;
  session.check(hcd_down_create(&session.context_, &params, log, log_opaque(verbose)), "");
  return session;
}

Session Session::up(const OptionTexts &options, bool verbose) {
  const hcd_up_params params = up_params(options);
  Session session;
  session.check(hcd_up_create(&session.context_, &params, log, log_opaque(verbose)), "");
  return session;
}

Session::Session(Session &&other) noexcept
    : context_(std::exchange(other.context_, nullptr)),
      size_(other.size_),
      in_(other.in_),
      out_(other.out_) {}

Session::~Session() { hcd_destroy(&context_); }

void Session::log(void *opaque, hcd_log_level level, const char *message) {
  if (level == HCD_LOG_ERROR) return;  // comes back as an error
  if (level == HCD_LOG_WARNING) {
    print_message(std::string("warning: ") + message);
  } else if (*static_cast<bool *>(opaque)) {
    print_message(message);
  }
}

void Session::check(hcd_status status, const std::string &name) const {
  if (status >= 0) return;
  const std::string text = hcd_last_error(context_);
  throw ToolError(name.empty() || !is_of_the_picture(status) ? text : name + ": " + text);
}

void Session::configure(const hcd_format &format, Size size, const std::string &name) {
  if (same_format(in_, format) && size_.width == size.width && size_.height == size.height) return;
  in_ = {};
  out_ = {};
  out_.struct_size = sizeof(out_);
  out_.width = size.width;
  out_.height = size.height;
  check(hcd_configure(context_, &format, &out_), name);
  in_ = format;
  size_ = size;
}

void Session::receive(hcd_frame &frame, hcd_stats *stats, const std::string &name) {
  hcd_status status = hcd_receive_frame(context_, &frame, stats);
  if (status == HCD_AGAIN) {  // a context that waits for more frames
    check(hcd_send_frame(context_, nullptr), name);
    status = hcd_receive_frame(context_, &frame, stats);
    check(status, name);
    check(hcd_reset(context_), name);
  }
  check(status, name);
  if (status != HCD_OK) throw ToolError(name + ": no frame came back from the library");
}

std::optional<Size> Session::result_size(const hcd_format &format) {
  in_ = {};  // what was configured is gone
  hcd_format out = {};
  out.struct_size = sizeof(out);
  const hcd_status status = hcd_configure(context_, &format, &out);
  if (status == HCD_E_FORMAT) return std::nullopt;
  check(status, "");
  return Size{out.width, out.height};
}

Picture Session::process(const Picture &picture, Size size, const std::string &name, unsigned flags,
                         hcd_stats *stats) {
  Picture source = picture;
  configure(format_of(source), size, name);
  Picture result(out_.width, out_.height, source.channels, out_.depth);
  result.range = source.range;
  hcd_frame in = frame_of(source), out = frame_of(result);
  in.flags = flags;
  check(hcd_send_frame(context_, &in), name);
  receive(out, stats, name);
  return result;
}

}  // namespace hcd::tools
