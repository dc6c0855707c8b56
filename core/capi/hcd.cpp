// SPDX-License-Identifier: BSD-2-Clause
// The exported functions. Each runs its body behind a firewall that turns exceptions into statuses.
#include <hcd/hcd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/log.h"
#include "base/parallel.h"
#include "capi/context.h"
#include "capi/structs.h"
#include "client/models.h"
#include "image/format.h"
#include "options/options.h"
#include "session/session.h"
#include "signal/signal.h"

#define HCD_STRINGIFY(x) #x
#define HCD_VERSION_TEXT(a, b, c) HCD_STRINGIFY(a) "." HCD_STRINGIFY(b) "." HCD_STRINGIFY(c)

namespace {

using hcd::capi::guard;

const char *type_name(const hcd_down_params &) { return "hcd_down_params"; }
const char *type_name(const hcd_up_params &) { return "hcd_up_params"; }

// The caller's parameters; defaults where its struct ends before.
template <typename Params>
Params read_params(const Params &caller) {
  Params params{};
  hcd::options::set_defaults(params);
  // An older struct has one option at least.
  constexpr size_t kLeast = offsetof(Params, scale) + sizeof(params.scale);
  hcd::capi::read_struct(caller, params, kLeast, HCD_E_OPTION, type_name(caller));
  return params;
}

// The defaults, as far as the caller's struct of `size` bytes reaches.
template <typename Params>
void init_params(Params *params, size_t size) {
  if (!params || size < sizeof(size)) return;
  Params defaults{};
  hcd::options::set_defaults(defaults);
  params->struct_size = size;
  hcd::capi::write_struct(defaults, *params);
}

template <typename Params, typename Settings>
hcd_status create(hcd_ctx **ctx, const Params *params, hcd_log_fn log, void *opaque,
                  std::optional<Settings> hcd_ctx::*slot) {
  if (!ctx) return HCD_E_STATE;
  *ctx = nullptr;
  std::string error;  // of making the context, which hcd_last_error(NULL) tells
  const hcd_status made = guard(error, [&] {
    *ctx = new hcd_ctx;
    return HCD_OK;
  });
  if (made != HCD_OK) return made;
  return guard((*ctx)->error, [&] {
    HCD_CHECK(params, HCD_E_OPTION, "params: expected a struct, found NULL");
    (*ctx)->log = hcd::Log(log, opaque);
    Settings settings = hcd::options::make_settings(read_params(*params));
    hcd::session::check_settings(settings);
    (*ctx)->*slot = std::move(settings);
    return HCD_OK;
  });
}

template <typename Params>
hcd_status set_param(Params *params, const char *key, const char *value, char *text, size_t size) {
  std::string error;
  const hcd_status status = guard(error, [&] {
    HCD_CHECK(params && key && value, HCD_E_OPTION,
              "params, key and value: expected all, found NULL");
    Params changed = read_params(*params);
    hcd::options::set_option(changed, key, value);
    hcd::capi::write_struct(changed, *params);
    return HCD_OK;
  });
  return hcd::capi::tell(status, error, text, size);
}

// What a C caller put into an enumeration, which C++ may only read as a number until it is checked.
int device_number(const hcd_device &device) {
  int number = 0;
  static_assert(sizeof(device) == sizeof(number));
  std::memcpy(&number, &device, sizeof(number));
  return number;
}

template <typename T>
void check_device(const T &from, const char *type) {
  const int device = device_number(from.device);
  HCD_CHECK(device == HCD_DEVICE_HOST || device == HCD_DEVICE_CUDA, HCD_E_FORMAT,
            "%s.device: expected %d (host memory) or %d (CUDA memory), found %d", type,
            HCD_DEVICE_HOST, HCD_DEVICE_CUDA, device);
  for (const uint64_t value : from.reserved) {
    HCD_CHECK(value == 0, HCD_E_FORMAT, "%s.reserved: expected 0, found %llu", type,
              static_cast<unsigned long long>(value));
  }
}

// Nothing shorter than these of version 0.2.0 is in use.
constexpr size_t kLeastFormat = offsetof(hcd_format, reserved) + sizeof(hcd_format::reserved);
constexpr size_t kLeastFrame = offsetof(hcd_frame, reserved) + sizeof(hcd_frame::reserved);
constexpr size_t kLeastStats = offsetof(hcd_stats, client) + sizeof(hcd_stats::client);

hcd_format read_format(const hcd_format &caller) {
  hcd_format format{};
  hcd::capi::read_struct(caller, format, kLeastFormat, HCD_E_FORMAT, "hcd_format");
  check_device(format, "hcd_format");
  const bool host = format.device == HCD_DEVICE_HOST;
  HCD_CHECK(host ? format.device_index == 0 : format.device_index >= 0, HCD_E_FORMAT,
            "hcd_format.device_index: expected 0%s, found %d",
            host ? " for host memory" : " or more", format.device_index);
  HCD_CHECK(!host || !format.device_context, HCD_E_FORMAT,
            "hcd_format.device_context: expected NULL for host memory, found a context");
  format.struct_size = sizeof(format);
  return format;
}

// "device 1, index 0, context NULL".
std::string memory_of(const hcd_format &format) {
  return hcd::format_text("device %d, index %d, context ", format.device, format.device_index) +
         (format.device_context ? hcd::format_text("%p", format.device_context) : "NULL");
}

// `asked`: of the frames that come out, which lie where those of `in` do.
void check_same_memory(const hcd_format &in, const hcd_format &asked) {
  HCD_CHECK(asked.device == HCD_DEVICE_HOST || memory_of(asked) == memory_of(in), HCD_E_FORMAT,
            "format of the frames that come out: expected the memory of those that go in (%s), or "
            "device 0 for the same, found %s",
            memory_of(in).c_str(), memory_of(asked).c_str());
}

hcd_frame read_frame(const hcd_frame &caller) {
  hcd_frame frame{};
  hcd::capi::read_struct(caller, frame, kLeastFrame, HCD_E_FORMAT, "hcd_frame");
  check_device(frame, "hcd_frame");
  HCD_CHECK(frame.device != HCD_DEVICE_HOST || !frame.device_stream, HCD_E_FORMAT,
            "hcd_frame.device_stream: expected NULL for host memory, found a stream");
  return frame;
}

void check_frame(const hcd_format &format, const hcd_frame &frame) {
  HCD_CHECK(frame.device == format.device, HCD_E_FORMAT,
            "hcd_frame.device: expected %d (%s memory), as in its format, found %d", format.device,
            format.device == HCD_DEVICE_HOST ? "host" : "CUDA", frame.device);
  const int planes = format.layout == HCD_LAYOUT_GRAY   ? 1
                     : format.layout == HCD_LAYOUT_NV12 ? 2
                                                        : 3;
  for (int p = 0; p < planes; ++p) {
    HCD_CHECK(frame.data[p], HCD_E_FORMAT, "frame: expected %d planes of %s, found plane %d NULL",
              planes, hcd::image::describe(format).c_str(), p);
    const ptrdiff_t samples = hcd::image::component_width(format, p) *
                              (format.layout == HCD_LAYOUT_NV12 && p == 1 ? 2 : 1);
    const ptrdiff_t need = samples * (format.depth > 8 ? 2 : 1);
    HCD_CHECK(std::abs(frame.stride[p]) >= need || hcd::image::component_height(format, p) == 1,
              HCD_E_FORMAT, "frame: expected a stride of at least %td bytes in plane %d, found %td",
              need, p, frame.stride[p]);
  }
}

}  // namespace

extern "C" {

const char *hcd_version(void) {
  return HCD_VERSION_TEXT(HCD_VERSION_MAJOR, HCD_VERSION_MINOR, HCD_VERSION_PATCH);
}

const char *hcd_status_name(hcd_status status) {
  switch (status) {
    case HCD_OK:
      return "HCD_OK";
    case HCD_AGAIN:
      return "HCD_AGAIN";
    case HCD_EOF:
      return "HCD_EOF";
    case HCD_E_OPTION:
      return "HCD_E_OPTION";
    case HCD_E_FORMAT:
      return "HCD_E_FORMAT";
    case HCD_E_FILE:
      return "HCD_E_FILE";
    case HCD_E_DEVICE:
      return "HCD_E_DEVICE";
    case HCD_E_MEMORY:
      return "HCD_E_MEMORY";
    case HCD_E_STATE:
      return "HCD_E_STATE";
    case HCD_E_INTERNAL:
      return "HCD_E_INTERNAL";
  }
  return "unknown status";
}

// In brackets: the macros of these names are for callers.
void(hcd_down_params_init)(hcd_down_params *params, size_t struct_size) {
  init_params(params, struct_size);
}

void(hcd_up_params_init)(hcd_up_params *params, size_t struct_size) {
  init_params(params, struct_size);
}

hcd_status hcd_down_params_set(hcd_down_params *params, const char *key, const char *value,
                               char *error, size_t error_size) {
  return set_param(params, key, value, error, error_size);
}

hcd_status hcd_up_params_set(hcd_up_params *params, const char *key, const char *value, char *error,
                             size_t error_size) {
  return set_param(params, key, value, error, error_size);
}

hcd_status hcd_down_create(hcd_ctx **ctx, const hcd_down_params *params, hcd_log_fn log,
                           void *log_opaque) {
  return create(ctx, params, log, log_opaque, &hcd_ctx::down);
}

hcd_status hcd_up_create(hcd_ctx **ctx, const hcd_up_params *params, hcd_log_fn log,
                         void *log_opaque) {
  return create(ctx, params, log, log_opaque, &hcd_ctx::up);
}

hcd_status hcd_configure(hcd_ctx *ctx, const hcd_format *in, hcd_format *out) {
  if (!ctx) return HCD_E_STATE;
  return guard(ctx->error, [&] {
    HCD_CHECK(ctx->down || ctx->up, HCD_E_STATE,
              "hcd_configure(): this context failed to be created");
    HCD_CHECK(in && out, HCD_E_FORMAT, "formats: expected both, found NULL");
    const hcd_format from = read_format(*in);
    hcd_format to = read_format(*out);
    check_same_memory(from, to);
    ctx->session.reset();
    ctx->drained = false;
    const int threads = ctx->down ? ctx->down->threads : ctx->up->threads;
    if (!ctx->pool) ctx->pool = std::make_unique<hcd::ThreadPool>(threads);
    if (ctx->down) {
      auto session = hcd::session::make_down_session(*ctx->down, from, &to, *ctx->pool, ctx->log);
      ctx->weights = hcd::capi::read_sent(*ctx->down);
      ctx->weights_key = hcd::signal::key_of(ctx->weights.bytes());
      ctx->session = std::move(session);
    } else {
      ctx->session = hcd::session::make_up_session(ctx->followed.value_or(*ctx->up), from, &to,
                                                   *ctx->pool, ctx->log);
    }
    ctx->in = from;
    ctx->out = to;
    hcd::capi::write_struct(to, *out);
    return HCD_OK;
  });
}

hcd_status hcd_set(hcd_ctx *ctx, const char *key, const char *value) {
  if (!ctx) return HCD_E_STATE;
  return guard(ctx->error, [&] {
    HCD_CHECK(key && value, HCD_E_OPTION, "key and value: expected both, found NULL");
    HCD_CHECK(ctx->down, HCD_E_OPTION,
              "option '%s': no option of hcd_up can change while frames flow", key);
    hcd::session::DownSettings changed = *ctx->down;
    hcd::options::set_running(changed, key, value);
    hcd::session::check_settings(changed);
    if (ctx->session) ctx->session->update(changed);
    ctx->down = std::move(changed);
    return HCD_OK;
  });
}

hcd_status hcd_send_frame(hcd_ctx *ctx, const hcd_frame *in) {
  if (!ctx) return HCD_E_STATE;
  return guard(ctx->error, [&] {
    HCD_CHECK(ctx->session, HCD_E_STATE, "hcd_send_frame(): expected a configured context");
    HCD_CHECK(!in || !ctx->drained, HCD_E_STATE,
              "hcd_send_frame(): expected no frame after the drain");
    if (in) {
      const hcd_frame frame = read_frame(*in);
      HCD_CHECK((frame.flags & ~unsigned{HCD_FRAME_PLAIN}) == 0, HCD_E_FORMAT,
                "hcd_frame.flags: expected 0 or HCD_FRAME_PLAIN, found %#x", frame.flags);
      check_frame(ctx->in, frame);
      ctx->session->send(frame);
    } else {
      ctx->drained = true;
    }
    return HCD_OK;
  });
}

hcd_status hcd_receive_frame(hcd_ctx *ctx, hcd_frame *out, hcd_stats *stats) {
  if (!ctx) return HCD_E_STATE;
  return guard(ctx->error, [&] {
    HCD_CHECK(ctx->session, HCD_E_STATE, "hcd_receive_frame(): expected a configured context");
    if (ctx->session->empty()) {
      if (!ctx->drained) return HCD_AGAIN;
      if (out) ctx->session->drain();
      return HCD_EOF;
    }
    if (!out) return ctx->session->ready(ctx->drained) ? HCD_OK : HCD_AGAIN;
    hcd_frame result = read_frame(*out);
    check_frame(ctx->out, result);
    if (stats) hcd::capi::check_size(*stats, kLeastStats, HCD_E_STATE, "hcd_stats");
    const auto start = std::chrono::steady_clock::now();
    hcd_stats made{};
    made.psnr_plain = made.psnr = std::numeric_limits<double>::quiet_NaN();
    const hcd_frame in = ctx->session->receive(result, stats ? &made : nullptr);
    made.time_ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    result.opaque = in.opaque;
    result.flags = in.flags;
    hcd::capi::write_struct(result, *out);
    if (stats) hcd::capi::write_struct(made, *stats);
    return HCD_OK;
  });
}

hcd_status hcd_reset(hcd_ctx *ctx) {
  if (!ctx) return HCD_E_STATE;
  if (ctx->session) ctx->session->clear();
  ctx->drained = false;
  return HCD_OK;
}

void hcd_destroy(hcd_ctx **ctx) {
  if (!ctx) return;
  delete *ctx;
  *ctx = nullptr;
}

const char *hcd_last_error(const hcd_ctx *ctx) {
  return ctx ? ctx->error.c_str() : "out of memory";
}

const hcd_model_info *hcd_models(void) { return hcd::client::models(); }

}  // extern "C"
