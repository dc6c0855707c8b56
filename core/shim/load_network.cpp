// SPDX-License-Identifier: BSD-2-Clause
// The loader of net/network.h, as the rest of libhcd calls it.
#include "base/error.h"
#include "net/catalogue.h"
#include "net/network.h"
#include "net/safetensors.h"
#include "net/spec.h"
#include "net/spec_network.h"
#include "net/weights_label.h"
#include "shim/backends.h"
#include "shim/device.h"
#include "shim/torchscript_file.h"
#include "weights/light.h"

namespace hcd::net {
namespace {

// Of a light network: the file that is given, or the built-in weights.
Safetensors open_light(const NetworkRequest &request, const NetworkEntry &entry) {
  if (!request.weights.empty()) return weights::open_light(request.weights);
  const int scale = default_scale(entry, request.scale);
  const auto bytes = weights::find_light(entry.name, scale);
  if (bytes.empty()) fail_without_weights(entry, scale);
  return Safetensors::parse(bytes, format_text("built-in %s x%d", entry.name, scale));
}

NetSpec read_spec(const NetworkEntry &entry, int scale, const Safetensors &file,
                  const WeightsLabel &label) {
  try {
    return parse_spec(entry.kind, scale, label.config);
  } catch (const Error &error) {
    throw Error(error.status(), "weights '" + file.name() + "': " + error.what());
  }
}

std::unique_ptr<Network> load_light(const NetworkRequest &request, const NetworkEntry &entry) {
  const Safetensors file = open_light(request, entry);
  const WeightsLabel label = read_label(file);
  check_kind(entry, file, label);
  const int scale = decide_scale(request, entry, file, label);
  return make_spec_network(read_spec(entry, scale, file, label), file, entry.name,
                           label.downscaler.empty() ? "bicubic" : label.downscaler);
}

}  // namespace

std::unique_ptr<Network> load_network(const NetworkRequest &request, const Log &log) {
  const shim::Device wanted = shim::parse_device(request.device);
  const NetworkEntry *entry = find_network(request.model);
  const bool light = entry && is_light(entry->kind);
  if (light && wanted.kind != shim::Device::Kind::kCuda) {
    if (wanted.kind == shim::Device::Kind::kAuto) {
      log(HCD_LOG_VERBOSE, "device=auto: light networks run on the CPU");
    }
    return load_light(request, *entry);
  }
  // What is wrong with the file is said before LibTorch is looked for.
  Safetensors file;
  if (light) {
    file = open_light(request, *entry);
  } else if (request.model == kTorchscript) {
    shim::check_torchscript_file(request.weights);
  } else if (!request.weights.empty()) {
    Safetensors::open(request.weights);
  }
  const shim::Choice choice = shim::open_backends(wanted);
  if (wanted.kind == shim::Device::Kind::kAuto) {
    const std::string because = choice.reason.empty() ? "" : " (" + choice.reason + ")";
    log(HCD_LOG_INFO, "device=auto: networks run on " + choice.device_name + because);
  }
  return choice.torch->load(request, file.bytes(), choice.cuda_device, log);
}

}  // namespace hcd::net
