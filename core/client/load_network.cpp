// SPDX-License-Identifier: BSD-2-Clause
// The loader of client/network.h, as the rest of libhcd calls it.
#include "base/error.h"
#include "client/catalogue.h"
#include "client/light/light_network.h"
#include "client/light/spec.h"
#include "client/network.h"
#include "client/torch_device.h"
#include "client/weights_label.h"
#include "files/mapped_file.h"
#include "files/safetensors.h"
#include "files/weights_error.h"
#include "files/zip.h"
#include "weights/builtin.h"

namespace hcd::client {
namespace {

// Throws HCD_E_FILE unless `path` is a readable, complete zip archive, which every TorchScript file
// is. Missing, empty, foreign and cut files end here, with the same text whether or not LibTorch is
// installed; what is in the archive is LibTorch's to judge.
void check_torchscript_file(const std::string &path) {
  constexpr char kKind[] = "a TorchScript file (torch.jit.save)";
  std::string found;
  if (path.empty()) {
    found = "no file name";
  } else {
    const files::MappedFile file = files::MappedFile::open(path, kKind);
    found = files::starts_as_zip(file.bytes())
                ? files::zip_fault(file.bytes())
                : format_text("%zu bytes of something else", file.bytes().size());
  }
  if (!found.empty()) {
    throw files::weights_error(path, std::string("expected ") + kKind + ", found " + found);
  }
}

// Of a light network: the file that is given, or the built-in weights.
files::Safetensors open_light(const NetworkRequest &request, const NetworkEntry &entry) {
  if (!request.weights.empty()) return client::open_light(request.weights);
  if (request.sent) return expand_light(files::Safetensors::own(*request.sent, "of the stream"));
  const int scale = default_scale(entry, request.scale);
  const auto bytes = weights::find_light(entry.name, scale);
  if (bytes.empty()) fail_without_weights(entry, scale);
  return files::Safetensors::parse(bytes, format_text("built-in %s x%d", entry.name, scale));
}

NetSpec read_spec(const NetworkEntry &entry, int scale, const files::Safetensors &file,
                  const WeightsLabel &label) {
  try {
    return parse_spec(entry.kind, scale, label.config);
  } catch (const Error &error) {
    throw Error(error.status(), "weights '" + file.name() + "': " + error.what());
  }
}

std::unique_ptr<Network> load_light(const NetworkRequest &request, const NetworkEntry &entry,
                                    const Log &log) {
  const files::Safetensors file = open_light(request, entry);
  const WeightsLabel label = read_label(file);
  check_kind(entry, file, label);
  const int scale = decide_scale(request, entry, file, label);
  return make_light_network(read_spec(entry, scale, file, label), file, entry.name,
                            label.downscaler.empty() ? "bicubic" : label.downscaler,
                            request.precision, log);
}

}  // namespace

std::unique_ptr<Network> load_network(const NetworkRequest &request, const Log &log) {
  const Device wanted = parse_device(request.device);
  const NetworkEntry *entry = find_network(request.model);
  if (entry && is_light(entry->kind)) return load_light(request, *entry, log);
  HCD_CHECK(request.precision != Precision::kInt16, HCD_E_OPTION,
            "option precision: expected auto or fp32 for networks that LibTorch runs, found int16");
  // What is wrong with the file is said before LibTorch is looked for.
  if (request.model == kTorchscript) {
    check_torchscript_file(request.weights);
  } else if (!request.weights.empty()) {
    files::Safetensors::open(request.weights);
  }
  const TorchChoice choice = open_torch_backends(wanted);
  if (wanted.kind == Device::Kind::kAuto) {
    const std::string because = choice.reason.empty() ? "" : " (" + choice.reason + ")";
    log(HCD_LOG_INFO, "device=auto: networks run on " + choice.device_name + because);
  }
  return choice.torch->load(request, choice.cuda_device, log);
}

}  // namespace hcd::client
