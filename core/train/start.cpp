// SPDX-License-Identifier: BSD-2-Clause
#include "train/start.h"

#include "base/error.h"
#include "client/light/spec.h"
#include "client/light/weights.h"
#include "weights/builtin.h"

namespace hcd::train {
namespace {

constexpr const char *kModel = "lite";
constexpr int kScale = 2;

files::Safetensors built_in() {
  const auto bytes = weights::find_light(kModel, kScale);
  HCD_CHECK(
      !bytes.empty(), HCD_E_FILE,
      "expected built-in weights of %s x%d to start from, found none in this build: --init FILE "
      "names some",
      kModel, kScale);
  return files::Safetensors::parse(bytes, format_text("built-in %s x%d", kModel, kScale));
}

}  // namespace

Start read_start(const std::string &path) {
  files::Safetensors file = path.empty() ? built_in() : client::open_light(path);
  client::WeightsLabel label = client::read_label(file);
  HCD_CHECK(client::is_light(label.model) && label.scale, HCD_E_FILE,
            "weights '%s': expected those of a light network (hcd.model lite or base, hcd.scale), "
            "found model '%s', scale %d",
            file.name().c_str(), label.model.c_str(), label.scale);
  return {std::move(file), std::move(label), path.empty()};
}

}  // namespace hcd::train
