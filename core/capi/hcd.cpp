// SPDX-License-Identifier: BSD-2-Clause
// The exported functions. Each runs its body behind a firewall that turns exceptions into statuses.
#include <hcd/hcd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <deque>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/log.h"
#include "base/parallel.h"
#include "capi/params.h"
#include "image/format.h"
#include "runtime/models.h"
#include "runtime/session.h"

#define HCD_STRINGIFY(x) #x
#define HCD_VERSION_TEXT(a, b, c) HCD_STRINGIFY(a) "." HCD_STRINGIFY(b) "." HCD_STRINGIFY(c)

struct hcd_ctx {
  hcd::Log log;
  std::string error;
  // One of the two, by the kind of the context; neither after a failed create.
  std::optional<hcd::runtime::DownSettings> down;
  std::optional<hcd::runtime::UpSettings> up;
  std::unique_ptr<hcd::ThreadPool> pool;
  std::unique_ptr<hcd::runtime::Session> session;
  hcd_format in{}, out{};
  std::deque<hcd_frame> queue;  // sent and not yet received
  bool drained = false;
};

namespace {

using hcd::Error;

// Runs `body`; on an exception keeps its text in the context and returns its status.
template <typename Body>
hcd_status guard(std::string &error, const Body &body) noexcept {
  const auto fail = [&error](hcd_status status, const char *text) {
    try {
      error = text;
    } catch (...) {
      error.clear();
    }
    return status;
  };
  try {
    error.clear();
    return body();
  } catch (const Error &e) {
    return fail(e.status(), e.what());
  } catch (const std::bad_alloc &) {
    return fail(HCD_E_MEMORY, "out of memory");
  } catch (const std::exception &e) {
    return fail(HCD_E_INTERNAL, e.what());
  } catch (...) {
    return fail(HCD_E_INTERNAL, "unknown exception");
  }
}

template <typename Params, typename Settings>
hcd_status create(hcd_ctx **ctx, const Params *params, hcd_log_fn log, void *opaque,
                  std::optional<Settings> hcd_ctx::*slot) {
  if (!ctx) return HCD_E_STATE;
  *ctx = new (std::nothrow) hcd_ctx;
  if (!*ctx) return HCD_E_MEMORY;
  return guard((*ctx)->error, [&] {
    HCD_CHECK(params, HCD_E_OPTION, "params: expected a struct, found NULL");
    (*ctx)->log = hcd::Log(log, opaque);
    Settings settings = hcd::capi::make_settings(*params);
    hcd::runtime::check_settings(settings);
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
    hcd::capi::set_option(*params, key, value);
    return HCD_OK;
  });
  if (status != HCD_OK && text && size > 0) std::snprintf(text, size, "%s", error.c_str());
  return status;
}

void check_frame(const hcd_format &format, const hcd_frame &frame) {
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

// Only as much of the caller's struct as it has.
void fill_stats(hcd_stats *to, const hcd_stats &from) {
  if (!to) return;
  HCD_CHECK(to->struct_size == sizeof(hcd_stats), HCD_E_STATE,
            "hcd_stats.struct_size: expected %zu, found %zu", sizeof(hcd_stats), to->struct_size);
  *to = from;
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

void hcd_down_params_init(hcd_down_params *p) {
  p->struct_size = sizeof(*p);
#define HCD_OPTIONS_DOWN
#define HCD_STR(name, def, help) p->name = def;
#define HCD_INT(name, def, min, max, help) p->name = def;
#define HCD_I64(name, def, min, max, help) p->name = def;
#define HCD_NUM(name, def, min, max, help) p->name = def;
#define HCD_AUTO_INT(name, min, max, runtime, help) p->name = HCD_AUTO;
#define HCD_AUTO_NUM(name, min, max, runtime, help) p->name = HCD_AUTO;
#include <hcd/options.def>
}

void hcd_up_params_init(hcd_up_params *p) {
  p->struct_size = sizeof(*p);
#define HCD_OPTIONS_UP
#define HCD_STR(name, def, help) p->name = def;
#define HCD_INT(name, def, min, max, help) p->name = def;
#define HCD_I64(name, def, min, max, help) p->name = def;
#define HCD_AUTO_NUM(name, min, max, runtime, help) p->name = HCD_AUTO;
#include <hcd/options.def>
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
    ctx->session.reset();
    ctx->queue.clear();
    ctx->drained = false;
    const int threads = ctx->down ? ctx->down->threads : ctx->up->threads;
    if (!ctx->pool) ctx->pool = std::make_unique<hcd::ThreadPool>(threads);
    hcd_format result = *out;
    ctx->session =
        ctx->down ? hcd::runtime::make_down_session(*ctx->down, *in, &result, *ctx->pool, ctx->log)
                  : hcd::runtime::make_up_session(*ctx->up, *in, &result, *ctx->pool, ctx->log);
    ctx->in = *in;
    ctx->out = *out = result;
    return HCD_OK;
  });
}

hcd_status hcd_set(hcd_ctx *ctx, const char *key, const char *value) {
  if (!ctx) return HCD_E_STATE;
  return guard(ctx->error, [&] {
    HCD_CHECK(key && value, HCD_E_OPTION, "key and value: expected both, found NULL");
    HCD_CHECK(ctx->down, HCD_E_OPTION,
              "option '%s': no option of hcd_up can change while frames flow", key);
    hcd::runtime::DownSettings changed = *ctx->down;
    hcd::capi::set_running(changed, key, value);
    hcd::runtime::check_settings(changed);
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
      check_frame(ctx->in, *in);
      ctx->queue.push_back(*in);
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
    if (ctx->queue.empty()) return ctx->drained ? HCD_EOF : HCD_AGAIN;
    if (!out) return HCD_OK;
    check_frame(ctx->out, *out);
    const hcd_frame in = ctx->queue.front();
    ctx->queue.pop_front();
    const auto start = std::chrono::steady_clock::now();
    hcd_stats made{};
    made.struct_size = sizeof(made);
    made.psnr_plain = made.psnr = std::numeric_limits<double>::quiet_NaN();
    ctx->session->process(in, *out, made);
    made.time_ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    out->opaque = in.opaque;
    out->flags = in.flags;
    fill_stats(stats, made);
    return HCD_OK;
  });
}

hcd_status hcd_reset(hcd_ctx *ctx) {
  if (!ctx) return HCD_E_STATE;
  ctx->queue.clear();
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

const hcd_model_info *hcd_models(void) { return hcd::runtime::models(); }

}  // extern "C"
