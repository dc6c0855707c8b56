// SPDX-License-Identifier: BSD-2-Clause
#include "train/train.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/progress_line.h"
#include "train/checkpoint.h"
#include "train/data_set.h"
#include "train/learner.h"
#include "train/loop.h"
#include "train/steps.h"
#include "train/stop.h"
#include "train/validation.h"

namespace hcd::train {
namespace {

namespace fs = std::filesystem;

at::Device find_device(const std::string &name) {
  HCD_CHECK(name == "auto" || name == "cpu" || name == "cuda", HCD_E_OPTION,
            "option device: expected auto, cpu or cuda, found '%s'", name.c_str());
  const bool cuda = name != "cpu" && at::hasCUDA();
  HCD_CHECK(cuda || name != "cuda", HCD_E_OPTION,
            "option device: expected cpu, since this LibTorch finds no CUDA device, found 'cuda'");
  return cuda ? at::Device(at::kCUDA) : at::Device(at::kCPU);
}

bool wants_bf16(const std::string &precision, at::Device device) {
  HCD_CHECK(precision == "fp32" || precision == "bf16", HCD_E_OPTION,
            "option precision: expected fp32 or bf16, found '%s'", precision.c_str());
  HCD_CHECK(precision == "fp32" || device.is_cuda(), HCD_E_OPTION,
            "option precision: expected fp32, since mixed precision needs a CUDA device, found "
            "'bf16'");
  return precision == "bf16";
}

// Rewrites the file without the rows after `iteration`; nothing stays of a training that starts.
void truncate_rows(const std::string &path, int64_t iteration) {
  std::string kept, line;
  if (iteration > 0) {
    std::ifstream stream(path);
    for (bool header = true; std::getline(stream, line); header = false) {
      if (header || std::strtoll(line.c_str(), nullptr, 10) <= iteration) kept += line + "\n";
    }
  }
  write_atomically(path, {reinterpret_cast<const uint8_t *>(kept.data()), kept.size()});
}

double mean(double sum, const Progress &progress) {
  return progress.count ? sum / static_cast<double>(progress.count) : 0;
}

// What a training tells: train.csv, and a progress line.
class Report {
 public:
  // Continues `path`, without the rows after `progress.iteration`: a resumed training makes them
  // again. Throws HCD_E_FILE.
  Report(const std::string &path, int64_t iterations, const Progress &progress)
      : path_(path),
        iterations_(iterations),
        first_(progress.iteration),
        file_(nullptr, std::fclose) {
    truncate_rows(path, progress.iteration);
    file_.reset(std::fopen(path.c_str(), "a"));
    HCD_CHECK(file_, HCD_E_FILE, "%s: cannot open: %s", path.c_str(), std::strerror(errno));
  }

  // After each iteration: redraws the line where standard error is a terminal, once a second.
  void show(const Progress &progress) {
    if (shown_.due()) shown_.show(line(progress));
  }

  // A row with the means of the iterations since the last one, and a line of its own.
  void add_row(const Progress &progress, double psnr, double learning_rate) {
    psnr_ = psnr;
    std::fseek(file_.get(), 0, SEEK_END);
    if (std::ftell(file_.get()) == 0) {
      std::fputs("iteration,loss", file_.get());
      for (const auto &[name, value] : progress.sums.parts)
        std::fprintf(file_.get(), ",%s", name.c_str());
      std::fputs(",psnr_y,learning_rate,seconds\n", file_.get());
    }
    std::fprintf(file_.get(), "%lld,%.9g", static_cast<long long>(progress.iteration),
                 mean(progress.sums.total, progress));
    for (const auto &[name, value] : progress.sums.parts) {
      std::fprintf(file_.get(), ",%.9g", mean(value, progress));
    }
    std::fprintf(file_.get(), ",%.4f,%.6g,%.0f\n", psnr, learning_rate, progress.seconds);
    HCD_CHECK(std::fflush(file_.get()) == 0, HCD_E_FILE, "%s: cannot write: %s", path_.c_str(),
              std::strerror(errno));
    say(line(progress));
  }

  // A message on a line of its own.
  void say(const std::string &text) const { shown_.say(text); }

 private:
  using Clock = std::chrono::steady_clock;

  std::string line(const Progress &progress) const {
    const std::chrono::duration<double> time = Clock::now() - start_;
    const double rate = static_cast<double>(progress.iteration - first_) / time.count();
    std::string text =
        format_text("%lld/%lld  loss %.5g", static_cast<long long>(progress.iteration),
                    static_cast<long long>(iterations_), mean(progress.sums.total, progress));
    if (psnr_ > 0) text += format_text("  PSNR-Y %.2f dB", psnr_);
    if (rate > 0) {
      text += format_text(
          "  %.2f/s  %s left", rate,
          duration(static_cast<double>(iterations_ - progress.iteration) / rate).c_str());
    }
    return text;
  }

  std::string path_;
  int64_t iterations_, first_;
  double psnr_ = 0;  // the last one; 0: none yet
  ProgressLine shown_;
  Clock::time_point start_ = Clock::now();
  std::unique_ptr<FILE, int (*)(FILE *)> file_;
};

// Everything after the command line.
class Training {
 public:
  Training(const Arguments &arguments, Recipe recipe)
      : recipe_(std::move(recipe)),
        output_(arguments.output),
        device_(find_device(arguments.device)),
        progress_(start_or_resume(arguments)),
        learner_(recipe_, device_, wants_bf16(arguments.precision, device_)),
        data_(recipe_, arguments.data, learner_.result().model->channels()),
        report_(path("train.csv"), recipe_.iterations, progress_) {
    if (arguments.resume) load_checkpoint(checkpoint(), learner_, progress_);
    report_.say(format_text(
        "%s: %s x%d, %lld parameters, %zu pictures and %zu held out, %s, %d thread%s%s",
        recipe_.name.c_str(), recipe_.model.c_str(), recipe_.scale,
        static_cast<long long>(learner_.result().params.count()), data_.training_count(),
        data_.validation_count(), device_.str().c_str(), progress_.threads,
        progress_.threads == 1 ? "" : "s",
        arguments.resume
            ? format_text(", from iteration %lld", static_cast<long long>(progress_.iteration))
                  .c_str()
            : ""));
  }

  // False where it was stopped.
  bool run() {
    install_stop_handlers();
    const auto after = [this](const Losses &losses) {
      count(losses);
      report_.show(progress_);
      const bool last = progress_.iteration == recipe_.iterations;
      if (progress_.iteration % recipe_.validation_interval == 0 || last) validate();
    };
    if (!run_steps(recipe_, data_, checkpoint(), learner_, progress_, after)) {
      report_.say(format_text("stopped after iteration %lld; --resume continues",
                              static_cast<long long>(progress_.iteration)));
      return false;
    }
    const double psnr = validation_psnr(recipe_, learner_.result(), data_);
    save_result(path(recipe_.name + ".safetensors"), recipe_, learner_, psnr);
    report_.say(format_text("%s: PSNR-Y %.2f dB on the held-out pictures",
                            path(recipe_.name + ".safetensors").c_str(), psnr));
    return true;
  }

 private:
  std::string path(const std::string &name) const { return (fs::path(output_) / name).string(); }
  std::string checkpoint() const { return path("checkpoint.safetensors"); }

  // The threads decide the order of sums, so they are a part of the state.
  Progress start_or_resume(const Arguments &arguments) {
    std::error_code error;
    fs::create_directories(output_, error);
    HCD_CHECK(!error, HCD_E_FILE, "%s: cannot make the folder: %s", output_.c_str(),
              error.message().c_str());
    HCD_CHECK(arguments.resume || !fs::exists(checkpoint()), HCD_E_FILE,
              "%s: expected no checkpoint, found one: continue it with --resume or give another "
              "folder",
              checkpoint().c_str());
    Progress progress;
    progress.threads = recipe_.threads;
    if (arguments.resume) progress = read_progress(checkpoint(), recipe_);
    if (arguments.threads) progress.threads = *arguments.threads;
    at::set_num_threads(progress.threads);
    return progress;
  }

  void count(const Losses &losses) {
    ++progress_.count;
    progress_.sums.total += losses.total;
    progress_.sums.parts.resize(losses.parts.size());
    for (size_t i = 0; i < losses.parts.size(); ++i) {
      progress_.sums.parts[i].first = losses.parts[i].first;
      progress_.sums.parts[i].second += losses.parts[i].second;
    }
  }

  void validate() {
    report_.add_row(progress_, validation_psnr(recipe_, learner_.result(), data_),
                    learning_rate(recipe_, progress_.iteration - 1));
    progress_.count = 0;
    progress_.sums = {};
  }

  Recipe recipe_;
  std::string output_;
  at::Device device_;
  Progress progress_;
  Learner learner_;
  DataSet data_;
  Report report_;
};

}  // namespace

bool train(const Arguments &arguments) {
  Recipe recipe = read_recipe(arguments.recipe);
  if (arguments.iterations) recipe.iterations = *arguments.iterations;
  if (recipe.steps > 0) return fit_steps(arguments, recipe);
  return Training(arguments, std::move(recipe)).run();
}

}  // namespace hcd::train
