// SPDX-License-Identifier: BSD-2-Clause
#include "train/tune.h"

#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/progress_line.h"
#include "client/light/spec.h"
#include "client/weights_label.h"
#include "files/differences.h"
#include "files/safetensors.h"
#include "models/weights.h"
#include "train/checkpoint.h"
#include "train/learner.h"
#include "train/loop.h"
#include "train/loss.h"
#include "train/stop.h"
#include "train/title.h"
#include "train/validation.h"
#include "train/video.h"
#include "weights/builtin.h"

namespace hcd::train {
namespace {

namespace fs = std::filesystem;

constexpr const char *kModel = "lite";  // that is tuned unless weights are given
constexpr int kScale = 2;
constexpr int64_t kPatch = 128;       // of the source; at most
constexpr int64_t kLeastPatch = 32;   // what the loss can look at
constexpr size_t kHeldOut = 6;        // one frame of so many
constexpr double kLeastGain = 0.005;  // dB: what is printed as 0.01

// Everything is known of a tuning before it starts: no output that cannot be written, and none that
// is an input.
void check_output(const TuneArguments &arguments) {
  const std::string &output = arguments.output;
  const std::string folder = fs::path(output).parent_path().string();
  std::error_code error;
  HCD_CHECK(access(folder.empty() ? "." : folder.c_str(), W_OK | X_OK) == 0 &&
                !fs::is_directory(output, error),
            HCD_E_FILE, "%s: expected the name of a file in a folder that can be written to",
            output.c_str());
  std::vector<std::string> inputs = arguments.coded;
  inputs.insert(inputs.end(), {arguments.source, arguments.init});
  for (const std::string &input : inputs) {
    HCD_CHECK(!fs::equivalent(input, output, error), HCD_E_FILE,
              "%s: expected another file than the inputs", output.c_str());
  }
}

// The weights that a tuning starts from.
struct Start {
  files::Safetensors file;
  client::WeightsLabel label;  // model and scale are said
  bool built_in = false;       // whoever enlarges has them too
};

files::Safetensors built_in() {
  const auto bytes = weights::find_light(kModel, kScale);
  HCD_CHECK(
      !bytes.empty(), HCD_E_FILE,
      "expected built-in weights of %s x%d to start from, found none in this build: --init FILE "
      "names some",
      kModel, kScale);
  return files::Safetensors::parse(bytes, format_text("built-in %s x%d", kModel, kScale));
}

// `path`: a weight file of a light network; "": those of lite that are in the library. Throws
// HCD_E_FILE.
Start read_start(const std::string &path) {
  files::Safetensors file = path.empty() ? built_in() : client::open_light(path);
  client::WeightsLabel label = client::read_label(file);
  HCD_CHECK(client::is_light(label.model) && label.scale, HCD_E_FILE,
            "weights '%s': expected those of a light network (hcd.model lite or base, hcd.scale), "
            "found model '%s', scale %d",
            file.name().c_str(), label.model.c_str(), label.scale);
  return {std::move(file), std::move(label), path.empty()};
}

// Adam from weights that are good already: a short rise keeps its first, ill-judged steps small.
Recipe make_recipe(const TuneArguments &arguments, const Start &start, const Title &title) {
  Recipe recipe;
  recipe.file = recipe.name = "hcd tune";
  recipe.model = start.label.model;
  recipe.scale = start.label.scale;
  recipe.config = nlohmann::json::parse(start.label.config);
  recipe.loss = "mixed";
  for (const LossPart &part : find_loss(recipe.loss).parts) recipe.weights[part.name] = part.weight;
  recipe.coded = true;
  const int64_t unit = 2 * recipe.scale,  // patches are turned, their small ones too
      side = std::min<int64_t>({kPatch, title.width, title.height}) / unit * unit;
  HCD_CHECK(side >= kLeastPatch, HCD_E_FILE, "%s: expected %lld pixels a side or more, found %dx%d",
            arguments.source.c_str(), static_cast<long long>(kLeastPatch), title.width,
            title.height);
  HCD_CHECK(title.frames_kept.size() >= 2, HCD_E_FILE,
            "%s: expected 2 frames or more, one of them to judge by, found 1",
            arguments.source.c_str());
  recipe.patch = side;
  recipe.validation_crop = std::max(title.width, title.height);
  recipe.validation_pictures =
      static_cast<int64_t>(std::max<size_t>(1, title.frames_kept.size() / kHeldOut));
  recipe.batch = 8;
  recipe.iterations = arguments.iterations;
  recipe.learning_rate = 2e-3;
  recipe.warmup = std::min<int64_t>(20, arguments.iterations / 10);
  recipe.seed = arguments.seed;
  recipe.threads = arguments.threads;
  recipe.checkpoint_interval = 50;
  recipe.text = format_text("start %016llx, title %016llx, seed %llu, %lld iterations, %d threads",
                            static_cast<unsigned long long>(files::hash_tensors(start.file)),
                            static_cast<unsigned long long>(title.hash()),
                            static_cast<unsigned long long>(recipe.seed),
                            static_cast<long long>(recipe.iterations), recipe.threads);
  return recipe;
}

// Everything after the command line.
class Tuning {
 public:
  Tuning(const TuneArguments &arguments, const Start &start)
      : arguments_(arguments),
        start_(start),
        title_(read_title({arguments.ffmpeg.empty() ? find_ffmpeg() : arguments.ffmpeg,
                           arguments.source, arguments.filter, arguments.coded},
                          start.label.scale, arguments.frames,
                          [&](const std::string &text) { line_.show(text); })),
        recipe_(make_recipe(arguments, start, title_)),
        learner_(recipe_, at::kCPU, false),
        data_(recipe_, std::move(title_.frames_kept)) {
    at::set_num_threads(recipe_.threads);
    learner_.start_from(start.file);
    line_.say(
        format_text("%s: %zu frames of %dx%d, %zu to learn from, %zu held out; %zu coded "
                    "file%s; %s x%d",
                    arguments.source.c_str(), title_.frames, title_.width, title_.height,
                    data_.training_count(), data_.validation_count(), arguments.coded.size(),
                    arguments.coded.size() == 1 ? "" : "s", recipe_.model.c_str(), recipe_.scale));
  }

  // False where it was stopped.
  bool run() {
    const Fidelity before = fidelity_of(start_.file);
    resume();
    const auto after = [this](const Losses &losses) { show(losses.total); };
    if (!run_steps(recipe_, data_, checkpoint(), learner_, progress_, after)) {
      line_.say(format_text("stopped after iteration %lld; the same command goes on",
                            static_cast<long long>(progress_.iteration)));
      return false;
    }
    finish(before);
    return true;
  }

 private:
  std::string checkpoint() const { return arguments_.output + ".tuning"; }

  // From the checkpoint of the same tuning; one of another, or a damaged one, is of no use.
  void resume() {
    if (!fs::exists(checkpoint())) return;
    try {
      const Progress progress = read_progress(checkpoint(), recipe_);
      load_checkpoint(checkpoint(), learner_, progress);
      progress_ = progress;
      line_.say(
          format_text("goes on from iteration %lld", static_cast<long long>(progress_.iteration)));
    } catch (const Error &error) {
      line_.say(format_text("starts anew: %s", error.what()));
      learner_.start_from(start_.file);
    }
  }

  void show(double loss) {
    const auto left = static_cast<double>(recipe_.iterations - progress_.iteration);
    line_.show(format_text(
        "%lld/%lld  loss %.4f  %s left", static_cast<long long>(progress_.iteration),
        static_cast<long long>(recipe_.iterations), loss,
        duration(progress_.seconds / static_cast<double>(progress_.iteration) * left).c_str()));
  }

  void finish(const Fidelity &before) {
    const Fidelity after = fidelity_of(files::Safetensors::own(encode({}), arguments_.output));
    line_.say(
        format_text("held-out frames: PSNR-Y %.2f to %.2f dB; lost detail (1 - the detail "
                    "term of VMAF-NEG) %.4f to %.4f",
                    before.psnr_y, after.psnr_y, before.lost_detail, after.lost_detail));
    std::error_code error;
    if (after.psnr_y < before.psnr_y + kLeastGain || after.lost_detail > before.lost_detail) {
      fs::remove(checkpoint(), error);
      throw NoGain(
          HCD_E_OPTION,
          format_text("%s: expected more PSNR-Y and no less detail on the held-out frames, "
                      "found %+.2f dB and %+.4f of lost detail: nothing is written",
                      arguments_.output.c_str(), after.psnr_y - before.psnr_y,
                      after.lost_detail - before.lost_detail));
    }
    write_atomically(arguments_.output, encode(label(before, after)));
    fs::remove(checkpoint(), error);
    line_.say(format_text("%s: %llu bytes, %s", arguments_.output.c_str(),
                          static_cast<unsigned long long>(fs::file_size(arguments_.output)),
                          duration(progress_.seconds).c_str()));
  }

  // The result as a file: differences to weights that every client has, else fp16.
  std::vector<uint8_t> encode(const std::map<std::string, std::string> &metadata) const {
    const Network &result = learner_.result();
    if (!start_.built_in || arguments_.whole) {
      return models::encode_weights(result.params, metadata, true);
    }
    std::map<std::string, std::vector<float>> tuned;
    for (const models::Params::Entry &entry : result.params.entries()) {
      const at::Tensor value = entry.value.contiguous();  // in memory it is [out, h, w, in]
      const float *begin = value.const_data_ptr<float>();
      tuned[entry.name].assign(begin, begin + value.numel());
    }
    return files::encode_differences(start_.file, tuned, metadata);
  }

  // Of the weights of a file that encode() gave.
  Fidelity fidelity_of(const files::Safetensors &file) const {
    Network network(recipe_, at::kCPU);
    models::load_weights(network.params, files::holds_differences(file)
                                             ? files::expand_differences(file, start_.file)
                                             : file);
    return validation_fidelity(network, data_);
  }

  // Small, since it travels. No name of a file: they are nobody's business.
  std::map<std::string, std::string> label(const Fidelity &before, const Fidelity &after) const {
    std::map<std::string, std::string> metadata = {
        {"hcd.model", recipe_.model},
        {"hcd.scale", std::to_string(recipe_.scale)},
        {"hcd.tuned",
         format_text("%zu of %zu frames, %zu coded files, seed %llu, %lld iterations",
                     data_.training_count() + data_.validation_count(), title_.frames,
                     arguments_.coded.size(), static_cast<unsigned long long>(recipe_.seed),
                     static_cast<long long>(recipe_.iterations))},
        {"hcd.tuned_gain", format_text("%.2f dB", after.psnr_y - before.psnr_y)}};
    for (const char *key : {"hcd.config", "hcd.downscaler", "hcd.licence"}) {
      const auto found = start_.file.metadata().find(key);
      if (found != start_.file.metadata().end()) metadata.insert(*found);
    }
    return metadata;
  }

  const TuneArguments &arguments_;
  const Start &start_;
  ProgressLine line_;
  Title title_;
  Recipe recipe_;
  Learner learner_;
  DataSet data_;
  Progress progress_;
};

}  // namespace

bool tune(const TuneArguments &arguments) {
  check_output(arguments);
  const Start start = read_start(arguments.init);
  install_stop_handlers();
  try {
    return Tuning(arguments, start).run();
  } catch (const Stopped &) {
    ProgressLine().say("stopped; there is nothing yet to go on from");
    return false;
  }
}

}  // namespace hcd::train
