// SPDX-License-Identifier: BSD-2-Clause
#include "train/checkpoint.h"

#include <c10/core/GradMode.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/random.h"
#include "files/safetensors.h"
#include "models/weights.h"

namespace hcd::train {
namespace {

using Metadata = std::map<std::string, std::string>;

nlohmann::json to_json(const Progress &progress) {
  nlohmann::json parts = nlohmann::json::array();
  for (const auto &[name, value] : progress.sums.parts) parts.push_back({name, value});
  return {{"iteration", progress.iteration}, {"threads", progress.threads},
          {"seconds", progress.seconds},     {"count", progress.count},
          {"loss", progress.sums.total},     {"parts", parts}};
}

Progress from_json(const nlohmann::json &json) {
  Progress progress{json.at("iteration"),
                    json.at("threads"),
                    json.at("seconds"),
                    json.at("count"),
                    {json.at("loss"), {}}};
  for (const auto &part : json.at("parts")) {
    progress.sums.parts.emplace_back(part.at(0), part.at(1));
  }
  return progress;
}

}  // namespace

std::string recipe_label(const Recipe &recipe) {
  return format_text(
      "%s, text %016llx", std::filesystem::path(recipe.file).filename().c_str(),
      static_cast<unsigned long long>(hash_bytes(recipe.text.data(), recipe.text.size(), 0)));
}

void save_checkpoint(const std::string &path, const Recipe &recipe, Learner &learner,
                     const Progress &progress) {
  write_atomically(path, models::encode_tensors(learner.state(),
                                                {{"train.recipe", recipe_label(recipe)},
                                                 {"train.progress", to_json(progress).dump()}}));
}

Progress read_progress(const std::string &path, const Recipe &recipe) {
  const files::Safetensors file = files::Safetensors::open(path);
  const auto text = [&](const char *key) {
    const auto found = file.metadata().find(key);
    HCD_CHECK(found != file.metadata().end(), HCD_E_FILE,
              "%s: expected a checkpoint, found no metadata %s", path.c_str(), key);
    return found->second;
  };
  HCD_CHECK(text("train.recipe") == recipe_label(recipe), HCD_E_FILE,
            "%s: expected a checkpoint of the recipe %s, found one of %s", path.c_str(),
            recipe_label(recipe).c_str(), text("train.recipe").c_str());
  try {
    return from_json(nlohmann::json::parse(text("train.progress")));
  } catch (const nlohmann::json::exception &error) {
    throw Error(HCD_E_FILE, format_text("%s: expected a checkpoint's metadata train.progress: %s",
                                        path.c_str(), error.what()));
  }
}

void load_checkpoint(const std::string &path, Learner &learner, const Progress &progress) {
  const c10::NoGradGuard guard;
  const files::Safetensors file = files::Safetensors::open(path);
  for (const auto &[name, tensor] : learner.state()) {
    const auto found = file.tensors().find(name);
    HCD_CHECK(found != file.tensors().end() && found->second.shape == tensor.sizes(), HCD_E_FILE,
              "%s: expected a tensor '%s' of %lld values, found %s", path.c_str(), name.c_str(),
              static_cast<long long>(tensor.numel()),
              found == file.tensors().end() ? "none" : files::describe(found->second).c_str());
    tensor.copy_(models::to_tensor(found->second));
  }
  learner.set_iteration(progress.iteration);
}

void save_result(const std::string &path, const Recipe &recipe, const Learner &learner,
                 double validation_psnr) {
  std::string data;
  for (const std::string &folder : recipe.data) data += (data.empty() ? "" : ", ") + folder;
  Metadata metadata = {
      {"hcd.model", recipe.model},
      {"hcd.scale", std::to_string(recipe.scale)},
      {"hcd.config", recipe.config.dump()},
      {"hcd.latent", recipe.sample_latent ? "sample" : "zero"},
      {"hcd.recipe", format_text("%s, %lld iterations", recipe_label(recipe).c_str(),
                                 static_cast<long long>(learner.iteration()))},
      {"hcd.seed", std::to_string(recipe.seed)},
      {"hcd.data", data},
      {"hcd.data_licence", recipe.data_licence},
      {"hcd.licence", "BSD-2-Clause"},
      {"hcd.validation_psnr", format_text("%.2f", validation_psnr)}};
  // What made the small pictures, for whoever makes some for this network: ours, or ffmpeg's.
  if (!learner.result().model->has_downscale()) {
    metadata["hcd.downscaler"] = recipe.coded ? "bicubic" : "catmull_rom";
  }
  write_atomically(path, models::encode_weights(learner.result().params, metadata, recipe.half));
}

}  // namespace hcd::train
