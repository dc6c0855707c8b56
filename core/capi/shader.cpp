// SPDX-License-Identifier: BSD-2-Clause
// The exported function that writes a light network as a player's shader.
#include "shader/shader.h"

#include <hcd/hcd.h>

#include <algorithm>
#include <string>

#include "capi/context.h"
#include "capi/structs.h"
#include "client/catalogue.h"
#include "client/light/spec.h"
#include "client/network.h"
#include "client/weights_label.h"
#include "files/weights_error.h"

namespace hcd::capi {
namespace {

constexpr size_t kLeastShader = sizeof(hcd_shader_params);
constexpr char kWhatCan[] = "a shader can be made of lite and base, and of weights of theirs";

hcd_shader_params read_params(const hcd_shader_params &caller) {
  hcd_shader_params params{};
  read_struct(caller, params, kLeastShader, HCD_E_OPTION, "hcd_shader_params");
  HCD_CHECK(params.variant == HCD_SHADER_FRAGMENT || params.variant == HCD_SHADER_COMPUTE,
            HCD_E_OPTION, "variant: expected HCD_SHADER_FRAGMENT or HCD_SHADER_COMPUTE, found %d",
            static_cast<int>(params.variant));
  HCD_CHECK(params.range >= HCD_RANGE_UNSPECIFIED && params.range <= HCD_RANGE_FULL, HCD_E_OPTION,
            "range: expected unspecified, limited or full, found %d",
            static_cast<int>(params.range));
  HCD_CHECK(params.chroma == 0 || params.chroma == 1, HCD_E_OPTION,
            "chroma: expected 0 or 1, found %d", params.chroma);
  HCD_CHECK(params.scale >= 0, HCD_E_OPTION, "scale: expected 0 or more, found %d", params.scale);
  return params;
}

client::NetworkRequest request_of(const hcd_shader_params &params) {
  client::NetworkRequest request;
  if (params.model) request.model = params.model;
  if (params.weights) request.weights = params.weights;
  request.scale = params.scale;
  request.precision = client::Precision::kFp32;
  if (request.model.empty() && !request.weights.empty()) {
    request.model = client::read_label(files::Safetensors::open(request.weights)).model;
  }
  if (request.model.empty()) request.model = "lite";
  const client::NetworkEntry *entry = client::find_network(request.model);
  HCD_CHECK(entry && client::is_light(entry->kind), HCD_E_OPTION,
            "model: expected a light network, found '%s': %s",
            files::printable(request.model).c_str(), kWhatCan);
  const bool known = std::any_of(entry->variants.begin(), entry->variants.end(),
                                 [&](const client::NetworkVariant &v) {
                                   return v.scale == params.scale || params.scale == 0;
                                 });
  HCD_CHECK(known, HCD_E_OPTION, "scale: expected %s for model %s, found %d",
            client::scales_text(*entry).c_str(), entry->name, params.scale);
  return request;
}

std::unique_ptr<client::Network> load(const hcd_shader_params &params) {
  try {
    return client::load_network(request_of(params), {});
  } catch (const Error &error) {
    if (error.status() != HCD_E_FILE) throw;
    throw Error(HCD_E_FILE, std::string(error.what()) + " (" + kWhatCan + ")");
  }
}

std::string shader_text(const hcd_shader_params &params) {
  const std::unique_ptr<client::Network> network = load(params);
  shader::Settings settings;
  if (params.variant == HCD_SHADER_COMPUTE) settings.variant = shader::Variant::kCompute;
  settings.full_range = params.range == HCD_RANGE_FULL;
  if (params.chroma) settings.chroma = image::find_kernel(network->info().downscaler);
  return shader::write_shader(*network->light(), network->info().name, settings);
}

}  // namespace
}  // namespace hcd::capi

extern "C" hcd_status hcd_shader_write(const hcd_shader_params *params, char *text, size_t size,
                                       size_t *length, char *error_text, size_t error_size) {
  std::string error;
  const hcd_status status = hcd::capi::guard(error, [&] {
    HCD_CHECK(params && length, HCD_E_OPTION, "params and length: expected both, found NULL");
    const std::string made = hcd::capi::shader_text(hcd::capi::read_params(*params));
    *length = made.size();
    HCD_CHECK(text && size > made.size(), HCD_E_MEMORY,
              "text: expected a place for %zu bytes, found one for %zu", made.size() + 1,
              text ? size : 0);
    std::copy_n(made.c_str(), made.size() + 1, text);
    return HCD_OK;
  });
  return hcd::capi::tell(status, error, error_text, error_size);
}
