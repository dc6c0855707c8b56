// SPDX-License-Identifier: BSD-2-Clause
// The public API, used by pictures one after another.
#include "tools/session.h"

#include "tools/error.h"

#include <charconv>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace hcd::tools {
namespace {

constexpr int kMaxSize = 32768;  // of hcd_format

int size_or_zero(const OptionTexts &options, const std::string &name) {
  const auto found = options.find(name);
  if (found == options.end()) return 0;
  const std::string &text = found->second;
  int value = 0;
  const char *end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end || value < 1 || value > kMaxSize) {
    throw ToolError("option " + name + ": expected a whole number in [1, 32768], found '" + text +
                    "'");
  }
  return value;
}

template <typename Params, typename Set>
Params params_from(const OptionTexts &options, void (*init)(Params *, size_t), Set set) {
  Params params{};
  init(&params, sizeof(params));
  params.model = own_defaults().at("model").c_str();
  if constexpr (std::is_same_v<Params, hcd_down_params>) {
    params.loss = own_defaults().at("loss").c_str();
  }
  for (const auto &[name, text] : options) {
    if (name == "w" || name == "h") continue;
    char error[512] = "";
    if (set(&params, name.c_str(), text.c_str(), error, sizeof(error)) < 0) throw ToolError(error);
  }
  return params;
}

// Whether an error is of the picture that was handled, not of the options.
bool is_of_the_picture(hcd_status status) {
  return status != HCD_E_OPTION && status != HCD_E_FILE && status != HCD_E_DEVICE;
}

bool same_format(const hcd_format &a, const hcd_format &b) {
  return a.width == b.width && a.height == b.height && a.layout == b.layout && a.depth == b.depth &&
         a.range == b.range;
}

// What the library is told of `picture`.
hcd_format format_of(const Picture &picture) {
  hcd_format format = {};
  format.struct_size = sizeof(format);
  format.width = picture.width;
  format.height = picture.height;
  format.layout = picture.channels == 1 ? HCD_LAYOUT_GRAY : HCD_LAYOUT_RGB;
  format.depth = picture.depth;
  format.range = picture.range;
  return format;
}

// A frame that points to the samples of `picture`.
hcd_frame frame_of(Picture &picture) {
  hcd_frame frame = {};
  frame.struct_size = sizeof(frame);
  for (size_t c = 0; c < size_t(picture.channels); ++c) {
    frame.data[c] = picture.planes[c].data();
    frame.stride[c] = ptrdiff_t(picture.row_bytes());
  }
  return frame;
}

// The library's errors are not shown here: they come back from its functions.
void show_warnings(void *, hcd_log_level level, const char *message) {
  if (level == HCD_LOG_WARNING) print_message(std::string("warning: ") + message);
}
void show_all(void *opaque, hcd_log_level level, const char *message) {
  show_warnings(opaque, level, message);
  if (level != HCD_LOG_WARNING && level != HCD_LOG_ERROR) print_message(message);
}
hcd_log_fn log_of(bool verbose) { return verbose ? show_all : show_warnings; }

}  // namespace

const OptionTexts &own_defaults() {
  static const OptionTexts defaults = {{"model", "bicubic"}, {"loss", "mse"}};
  return defaults;
}

hcd_down_params down_params(const OptionTexts &options) {
  return params_from<hcd_down_params>(options, hcd_down_params_init, hcd_down_params_set);
}

Size wanted_size(const OptionTexts &options) {
  return {size_or_zero(options, "w"), size_or_zero(options, "h")};
}

Session Session::down(const OptionTexts &options, bool verbose) {
  const hcd_down_params params = down_params(options);
  Session session;
  session.check(hcd_down_create(&session.context_, &params, log_of(verbose), nullptr), "");
  return session;
}

Session Session::up(const OptionTexts &options, bool verbose) {
  const auto params = params_from<hcd_up_params>(options, hcd_up_params_init, hcd_up_params_set);
  Session session;
  session.check(hcd_up_create(&session.context_, &params, log_of(verbose), nullptr), "");
  return session;
}

Session::Session(Session &&other) noexcept
    : context_(std::exchange(other.context_, nullptr)),
      size_(other.size_),
      in_(other.in_),
      out_(other.out_) {}

Session::~Session() { hcd_destroy(&context_); }

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

std::optional<Size> Session::result_size(int side, int channels) {
  in_ = {};  // what was configured is gone
  Picture source;
  source.width = source.height = side;
  source.channels = channels;
  source.depth = 8;
  const hcd_format in = format_of(source);
  hcd_format out = {};
  out.struct_size = sizeof(out);
  const hcd_status status = hcd_configure(context_, &in, &out);
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
