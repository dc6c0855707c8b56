// SPDX-License-Identifier: BSD-2-Clause
// The exported functions for what travels with a stream.
#include "signal/signal.h"

#include <hcd/hcd.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "capi/context.h"
#include "capi/structs.h"
#include "client/catalogue.h"
#include "client/light/spec.h"
#include "image/format.h"

namespace hcd::capi {
namespace {

constexpr size_t kLeastSignal = offsetof(hcd_signal, weights_size) + sizeof(size_t);

hcd_signal read_signal(const hcd_signal &caller) {
  hcd_signal signal{};
  read_struct(caller, signal, kLeastSignal, HCD_E_OPTION, "hcd_signal");
  signal.struct_size = sizeof(signal);
  return signal;
}

// Of joined clients the first.
std::string first_client(const std::string &model) { return model.substr(0, model.find('+')); }

template <size_t N>
void copy_text(const std::string &from, char (&to)[N]) {
  std::copy_n(from.begin(), std::min(from.size(), N - 1), to);
}

}  // namespace

files::MappedFile read_sent(const session::DownSettings &s) {
  if (s.signal == "off" || s.weights.empty()) return {};
  files::MappedFile file = files::MappedFile::open(s.weights, "weights");
  const client::NetworkEntry *entry = client::find_network(s.model);
  const bool light = entry && client::is_light(entry->kind);
  HCD_CHECK(
      s.signal != "weights" || (light && file.bytes().size() <= signal::kMostWeights), HCD_E_OPTION,
      "option signal: weights: expected those of a light network, at most %zu bytes, found %zu "
      "of model %s (signal=on sends their key alone)",
      signal::kMostWeights, file.bytes().size(), s.model.c_str());
  return file;
}

}  // namespace hcd::capi

using hcd::capi::guard;
using hcd::capi::tell;

extern "C" {

hcd_status hcd_signal_write(const hcd_signal *signal, uint8_t *data, size_t size, size_t *written,
                            char *text, size_t text_size) {
  std::string error;
  const hcd_status status = guard(error, [&] {
    HCD_CHECK(signal && written, HCD_E_OPTION, "signal and written: expected both, found NULL");
    const std::vector<uint8_t> message = hcd::signal::write(hcd::capi::read_signal(*signal));
    *written = message.size();
    HCD_CHECK(data && size >= message.size(), HCD_E_MEMORY,
              "data: expected a place for %zu bytes, found one for %zu", message.size(),
              data ? size : 0);
    std::copy(message.begin(), message.end(), data);
    return HCD_OK;
  });
  return tell(status, error, text, text_size);
}

hcd_status hcd_signal_read(const uint8_t *data, size_t size, hcd_signal *signal, char *text,
                           size_t text_size) {
  std::string error;
  const hcd_status status = guard(error, [&] {
    HCD_CHECK(signal && (data || size == 0), HCD_E_OPTION,
              "data and signal: expected both, found NULL");
    hcd::capi::check_size(*signal, hcd::capi::kLeastSignal, HCD_E_OPTION, "hcd_signal");
    if (!hcd::signal::is_ours({data, size})) return HCD_AGAIN;
    hcd_signal found{};
    try {
      hcd::signal::read({data, size}, &found);
    } catch (...) {  // what is known of it, all the same
      hcd::capi::write_struct(found, *signal);
      throw;
    }
    hcd::capi::write_struct(found, *signal);
    return HCD_OK;
  });
  return tell(status, error, text, text_size);
}

hcd_status hcd_get_signal(hcd_ctx *ctx, hcd_signal *signal) {
  if (!ctx) return HCD_E_STATE;
  return guard(ctx->error, [&] {
    HCD_CHECK(ctx->down && ctx->session, HCD_E_STATE,
              "hcd_get_signal(): expected a configured context of hcd_down");
    HCD_CHECK(signal, HCD_E_OPTION, "signal: expected a struct, found NULL");
    hcd::capi::check_size(*signal, hcd::capi::kLeastSignal, HCD_E_OPTION, "hcd_signal");
    const hcd::session::DownSettings &s = *ctx->down;
    if (s.signal == "off") return HCD_AGAIN;
    hcd_signal made{};
    hcd::capi::copy_text(hcd::capi::first_client(s.model), made.model);
    made.factor = ctx->session->factor();
    hcd::capi::copy_text(ctx->session->resize(), made.resize);
    made.small_width = ctx->out.width;
    made.small_height = ctx->out.height;
    made.full_width = ctx->in.width;
    made.full_height = ctx->in.height;
    made.siting = hcd::image::resolve(ctx->in).siting;
    made.quality_hint =
        s.quality_hint == HCD_AUTO ? HCD_AUTO : static_cast<int>(std::lround(s.quality_hint));
    const auto weights = ctx->weights.bytes();
    made.weights_key = ctx->weights_key;
    if (s.signal == "weights" && !weights.empty()) {
      made.weights = weights.data();
      made.weights_size = weights.size();
    }
    hcd::capi::write_struct(made, *signal);
    return HCD_OK;
  });
}

hcd_status hcd_follow_signal(hcd_ctx *ctx, const hcd_signal *signal) {
  if (!ctx) return HCD_E_STATE;
  return guard(ctx->error, [&] {
    HCD_CHECK(ctx->up, HCD_E_STATE, "hcd_follow_signal(): expected a context of hcd_up");
    ctx->followed.reset();
    if (!signal) return HCD_OK;
    const hcd_signal read = hcd::capi::read_signal(*signal);
    hcd::signal::write(read);  // says what is wrong with it
    hcd::session::UpSettings settings = hcd::session::follow(*ctx->up, read);
    hcd::session::check_settings(settings);
    ctx->followed = std::move(settings);
    return HCD_OK;
  });
}

}  // extern "C"
