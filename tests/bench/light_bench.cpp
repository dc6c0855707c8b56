// SPDX-License-Identifier: BSD-2-Clause
// Light networks: this library's own executor, tiled as the filters run it, beside eager LibTorch
// on the whole picture (channels last, which is its fastest form), in the same run. 960x540 luma.
// usage: hcd_light_bench [threads, default 2] [repeats, default 5]
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <vector>

#include "client/light/light_network.h"
#include "engine/engine.h"
#include "support/light_file.h"

namespace hcd::bench {
namespace {

constexpr int kWidth = 960, kHeight = 540;

// CPU time of one thread, which other work on the machine disturbs less; else time on the wall.
double now(int threads) {
  timespec time{};
  clock_gettime(threads == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// The network as one would write it.
class Eager {
 public:
  Eager(const client::NetSpec &spec, const test::LightWeights &weights) : spec_(spec) {
    for (size_t i = 0; i < spec.layers.size(); ++i) {
      const auto tensor = [&](const char *name) {
        const auto &t = weights.tensors.at(std::to_string(i) + name);
        return at::from_blob(const_cast<float *>(t.values.data()), t.shape).clone();
      };
      weights_.push_back(tensor(".weight").contiguous(at::MemoryFormat::ChannelsLast));
      biases_.push_back(255 * tensor(".bias"));  // on code values, as the library's
    }
  }

  at::Tensor operator()(const at::Tensor &x) const {
    at::Tensor y = x;
    for (size_t i = 0; i < weights_.size(); ++i) {
      const auto slope = static_cast<double>(spec_.layers[i].slope);
      const int64_t padding = spec_.layers[i].kernel / 2;
      y = at::conv2d(y, weights_[i], biases_[i], 1, padding);
      if (slope < 1) y = at::leaky_relu(y, slope);
    }
    const at::Tensor skip = at::upsample_bilinear2d(
        x, {x.size(2) * spec_.scale, x.size(3) * spec_.scale}, /*align_corners=*/false);
    return at::pixel_shuffle(y, spec_.scale) + skip;
  }

 private:
  client::NetSpec spec_;
  std::vector<at::Tensor> weights_, biases_;
};

struct Times {
  double up = 1e9, gradient = 1e9;

  void take(double new_up, double new_gradient) {
    up = std::min(up, new_up);
    gradient = std::min(gradient, new_gradient);
  }
};

void compare(const char *kind, int scale, client::Precision precision, int threads, int repeats) {
  const client::NetSpec spec = client::parse_spec(kind, scale, "{}");
  const test::LightWeights weights(spec, kind);
  const std::vector<uint8_t> bytes = weights.bytes();
  const auto network = client::make_light_network(spec, files::Safetensors::parse(bytes, "bench"),
                                                  kind, "bicubic", precision);
  const Eager eager(spec, weights);
  ThreadPool pool(threads);
  const client::Run run{pool};
  const auto engine = make_cpu_engine(pool);
  std::unique_ptr<client::Tape> tape;
  at::set_num_threads(threads);
  at::manual_seed(1);

  const at::Tensor x = 255 * at::rand({1, 1, kHeight, kWidth});
  const at::Tensor target = 255 * at::rand({1, 1, kHeight * scale, kWidth * scale});
  const at::Tensor shown = at::empty_like(target), slope = at::empty_like(x);
  const at::Tensor slopes = at::empty_like(target);
  const auto view = [](const at::Tensor &t) {
    return Plane(t.mutable_data_ptr<float>(), static_cast<int>(t.size(3)),
                 static_cast<int>(t.size(2)));
  };
  const auto seconds = [threads](const std::function<void()> &work) {
    const double start = now(threads);
    work();
    return now(threads) - start;
  };
  at::Tensor eager_shown, eager_slope;
  Times own, torch;
  for (int i = 0; i <= repeats; ++i) {
    const double own_up = seconds([&] { network->forward(run, view(x), 0, view(shown), nullptr); });
    const double own_gradient = seconds([&] {
      network->forward(run, view(x), 0, view(shown), &tape);
      engine->squared_error(view(shown), view(target), 2, view(slopes));
      network->backward(run, view(x), 0, tape.get(), view(slopes), view(slope));
    });
    const double torch_up = seconds([&] {
      const c10::NoGradGuard guard;
      eager_shown = eager(x);
    });
    const double torch_gradient = seconds([&] {
      const at::Tensor variable = x.detach().requires_grad_(true);
      const at::Tensor error = (eager(variable) - target).square().sum();
      eager_slope = torch::autograd::grad({error}, {variable})[0];
    });
    if (i == 0) continue;  // to warm up
    own.take(own_up, own_gradient);
    torch.take(torch_up, torch_gradient);
  }
  const bool integer = precision == client::Precision::kInt16;
  const double flops = 2.0 * static_cast<double>(spec.macs()) * kWidth * kHeight;
  const auto row = [&](const char *what, double ours, double theirs, double work) {
    std::printf("%-5s x%d %-5s %-18s %8.1f ms %6.1f GFLOP/s   %8.1f ms %6.1f GFLOP/s   %5.2f\n",
                kind, scale, integer ? "int16" : "fp32", what, ours * 1e3, work / ours / 1e9,
                theirs * 1e3, work / theirs / 1e9, theirs / ours);
  };
  row("upscale", own.up, torch.up, flops);
  row("value and gradient", own.gradient, torch.gradient, 2 * flops);
  if (integer) return;  // of random weights; tests/unit/client judges it
  const double apart = (eager_shown - shown).abs().max().item<double>();
  // By norms: among a hundred million values some lie at the bend of an activation, on either side.
  const double slope_apart = ((eager_slope - slope).norm() / eager_slope.norm()).item<double>();
  if (apart > 2.5e-2 || slope_apart > 1e-3) {
    std::fprintf(stderr, "hcd_light_bench: results differ: %g, gradients %g\n", apart, slope_apart);
    std::exit(1);
  }
}

}  // namespace
}  // namespace hcd::bench

int main(int argc, char **argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 2;
  const int repeats = argc > 2 ? std::atoi(argv[2]) : 5;
  std::printf("\nlight networks, 960x540 luma, %d thread%s, best of %d\n", threads,
              threads == 1 ? " (CPU time)" : "s", repeats);
  std::printf("%-14s %-18s %28s   %28s   %s\n", "", "", "this library, in tiles", "eager LibTorch",
              "faster by");
  for (const auto precision : {hcd::client::Precision::kInt16, hcd::client::Precision::kFp32}) {
    hcd::bench::compare("lite", 2, precision, threads, repeats);
    hcd::bench::compare("base", 2, precision, threads, repeats);
  }
  return 0;
}
