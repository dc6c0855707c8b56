// SPDX-License-Identifier: BSD-2-Clause
// Algorithm 1 of the paper (preset=paper) on IRN: seconds per image, peak memory and decibels of
// this project's network beside the same network run as its authors run it, in the same LibTorch.
// Random weights and picture. usage: hcd_paper_bench [side, 512] [steps per stage, 2] [threads, 2]
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <torch/csrc/autograd/autograd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>

#include "models/dense_block.h"
#include "models/registry.h"
#include "plain_irn.h"

namespace {

using at::Tensor;
using hcd::models::quantise;

// The paper's settings: 15 steps in each stage, step 20/255 and radius 0.3 in L2 over the picture.
constexpr int kPaperSteps = 15;
constexpr double kStep = 20.0 / 255, kRadius = 0.3;

enum class Variant { kCheckpointed, kPlain, kOurs, kOursRecomputing };
constexpr const char *kNames[] = {"as the authors, checkpointed", "as the authors, all kept",
                                  "this project", "this project, recomputing"};

struct Setting {
  int64_t side;
  int steps, threads, scale;
};
struct Result {
  double seconds = 0, cpu_seconds = 0, psnr = 0, peak_mb = 0;
};

using Function = std::function<Tensor(const Tensor &)>;

// min |f(x + d) - y|^2 over the ball by normalised gradient steps. Returns x + d.
Tensor descend(const Function &f, const Tensor &x, const Tensor &y_hr, int steps) {
  Tensor delta = at::randn_like(x);
  delta.mul_(0.5 * kRadius / delta.norm());
  for (int i = 0; i < steps; ++i) {
    delta = delta.detach().requires_grad_(true);
    const Tensor loss = (f(x + delta) - y_hr).square().mean();
    torch::autograd::backward({loss}, {});
    const Tensor gradient = delta.grad();
    delta = delta.detach() - gradient * (kStep / gradient.norm());
    delta.mul_(std::min(1.0, kRadius / delta.norm().item<double>()));
  }
  return (x + delta).detach();
}

Tensor without_graph(const Function &function, const Tensor &x) {
  const c10::NoGradGuard no_grad;
  return function(x);
}

// Both stages, and the decibels of what the viewer sees.
double algorithm_1(const Function &g, const Function &f, const Tensor &y_hr, int steps) {
  const Function viewer = [&](const Tensor &x_lr) { return f(quantise(x_lr)); };
  const Tensor y = descend([&](const Tensor &v) { return viewer(g(v)); }, y_hr, y_hr, steps);
  const Tensor x_lr = descend(viewer, without_graph(g, y), y_hr, steps);
  const Tensor error = without_graph(viewer, x_lr) - y_hr;
  return -10 * std::log10(error.square().mean().item<double>());
}

// Of all threads: on a busy machine steadier than the clock.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

Result measure(Variant variant, const Setting &setting) {
  at::set_num_threads(setting.threads);
  at::manual_seed(1);
  hcd::models::Params params(at::kFloat, at::kCPU, /*initialise=*/true);
  const auto irn = hcd::models::make_model("irn", setting.scale, nlohmann::json::object(), params);
  for (const auto &entry : params.entries()) {  // last convolutions start at zero: not here
    if (entry.trainable && entry.value.dim() == 4) entry.value.normal_(0, 0.01);
  }
  const Tensor y_hr = at::rand({1, 3, setting.side, setting.side});
  const int64_t side = setting.side / setting.scale;
  const Tensor z = at::randn({1, irn->latents()[0].channels, side, side});

  std::optional<hcd::models::Recompute> recompute;
  std::optional<hcd::bench::PlainIrn> plain;
  if (variant == Variant::kOursRecomputing) recompute.emplace();
  if (variant == Variant::kCheckpointed || variant == Variant::kPlain) {
    plain.emplace(params, setting.scale, variant == Variant::kCheckpointed);
  }
  const Function g = [&](const Tensor &y) {
    return plain ? plain->downscale(y) : irn->downscale(y).x_lr;
  };
  const Function f = [&](const Tensor &x) {
    return plain ? plain->upscale(x, z) : irn->upscale(x, {z});
  };
  Result result;
  const double cpu_start = cpu_seconds();
  const auto start = std::chrono::steady_clock::now();
  result.psnr = algorithm_1(g, f, y_hr, setting.steps);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.cpu_seconds = cpu_seconds() - cpu_start;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  result.peak_mb = static_cast<double>(usage.ru_maxrss) / 1024;
  return result;
}

// In a process of its own, so that the peak is this variant's.
Result measure_apart(Variant variant, const Setting &setting) {
  int ends[2];
  if (pipe(ends) != 0) std::exit(1);
  const pid_t child = fork();
  if (child == 0) {
    const Result result = measure(variant, setting);
    _exit(write(ends[1], &result, sizeof(result)) == sizeof(result) ? 0 : 1);
  }
  close(ends[1]);
  Result result;
  const bool whole = read(ends[0], &result, sizeof(result)) == sizeof(result);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!whole || status != 0) {
    std::fprintf(stderr, "hcd_paper_bench: '%s' failed\n", kNames[static_cast<int>(variant)]);
    std::exit(1);
  }
  return result;
}

int number(int argc, char **argv, int index, int fallback) {
  const int value = argc > index ? std::atoi(argv[index]) : fallback;
  if (value < 1 || value > 8192) {
    std::fprintf(stderr, "hcd_paper_bench: expected a number in [1, 8192], found '%s'\n",
                 argv[index]);
    std::exit(2);
  }
  return value;
}

}  // namespace

int main(int argc, char **argv) {
  Setting setting{number(argc, argv, 1, 512) / 4 * 4, number(argc, argv, 2, 2),
                  number(argc, argv, 3, 2), 2};
  for (setting.scale = 2; setting.scale <= 4; setting.scale *= 2) {
    std::printf("\nIRN x%d, %lldx%lld, %d threads, seconds for %d+%d steps (from %d+%d)\n",
                setting.scale, static_cast<long long>(setting.side),
                static_cast<long long>(setting.side), setting.threads, kPaperSteps, kPaperSteps,
                setting.steps, setting.steps);
    std::printf("%-32s %9s %9s %9s %9s %7s %7s\n", "", "seconds", "CPU s", "peak MB", "dB", "speed",
                "by CPU");
    Result first;
    for (const Variant variant :
         {Variant::kCheckpointed, Variant::kPlain, Variant::kOurs, Variant::kOursRecomputing}) {
      const Result result = measure_apart(variant, setting);
      if (variant == Variant::kCheckpointed) first = result;
      const double scaled = static_cast<double>(kPaperSteps) / setting.steps;
      std::printf("%-32s %9.1f %9.1f %9.0f %9.4f %7.2f %7.2f\n", kNames[static_cast<int>(variant)],
                  result.seconds * scaled, result.cpu_seconds * scaled, result.peak_mb, result.psnr,
                  first.seconds / result.seconds, first.cpu_seconds / result.cpu_seconds);
      std::fflush(stdout);
    }
  }
  return 0;
}
