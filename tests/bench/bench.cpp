// SPDX-License-Identifier: BSD-2-Clause
// Frames per second of the library through its public API, 1080p to 540p and back, 4:2:0, beside a
// plain LibTorch implementation of the same job in the same run.
#include <hcd/hcd.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "torch_plain.h"

namespace {

constexpr int kWidth = 1920, kHeight = 1080;

// A 4:2:0 frame with edges, gradients and noise.
struct Frame {
  Frame(int w, int h) : width(w), height(h), bytes(static_cast<size_t>(w) * h * 3 / 2) {
    unsigned noise = 1;
    for (size_t i = 0; i < bytes.size(); ++i) {
      const double x = static_cast<double>(i % w), y = static_cast<double>(i / w);
      noise = noise * 1664525U + 1013904223U;
      const double edge = std::sin(x * 0.11 + y * 0.07) > 0.3 ? 50 : 0;
      bytes[i] = static_cast<uint8_t>(90 + edge + 40 * std::sin(x * 0.01) + (noise >> 28));
    }
  }
  hcd_format format() const {
    hcd_format format{};
    format.struct_size = sizeof(format);
    format.width = width;
    format.height = height;
    format.layout = HCD_LAYOUT_YUV420;
    format.depth = 8;
    format.range = HCD_RANGE_LIMITED;
    return format;
  }
  hcd_frame view() {
    const size_t luma = static_cast<size_t>(width) * height;
    hcd_frame frame{};
    frame.struct_size = sizeof(frame);
    frame.data[0] = bytes.data();
    frame.data[1] = bytes.data() + luma;
    frame.data[2] = bytes.data() + luma * 5 / 4;
    frame.stride[0] = width;
    frame.stride[1] = frame.stride[2] = width / 2;
    return frame;
  }
  std::vector<hcd::bench::PlainPlane> planes() const {
    const size_t luma = static_cast<size_t>(width) * height;
    return {{bytes.data(), width, height},
            {bytes.data() + luma, width / 2, height / 2},
            {bytes.data() + luma * 5 / 4, width / 2, height / 2}};
  }
  int width, height;
  std::vector<uint8_t> bytes;
};

[[noreturn]] void fail(const char *text) {
  std::fprintf(stderr, "hcd_bench: %s\n", text);
  std::exit(1);
}

// Frames per second by the median time of `repeats` runs, after one to warm up.
double rate(int repeats, const std::function<void()> &run) {
  run();
  std::vector<double> seconds;
  for (int i = 0; i < repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    run();
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::nth_element(seconds.begin(), seconds.begin() + repeats / 2, seconds.end());
  return 1 / seconds[static_cast<size_t>(repeats) / 2];
}

class Context {
 public:
  Context(bool down, const std::string &model, const std::string &steps, int threads) {
    hcd_down_params d;
    hcd_up_params u;
    hcd_down_params_init(&d);
    hcd_up_params_init(&u);
    d.model = u.model = model.c_str();
    d.threads = u.threads = threads;
    char error[300] = "";
    if (hcd_down_params_set(&d, "steps", steps.c_str(), error, sizeof(error)) < 0) fail(error);
    const hcd_status status = down ? hcd_down_create(&ctx_, &d, nullptr, nullptr)
                                   : hcd_up_create(&ctx_, &u, nullptr, nullptr);
    if (status < 0) fail(hcd_last_error(ctx_));
  }
  ~Context() { hcd_destroy(&ctx_); }

  double measure(Frame &in, Frame &out, int repeats) {
    const hcd_format from = in.format();
    hcd_format to = out.format();
    if (hcd_configure(ctx_, &from, &to) < 0) fail(hcd_last_error(ctx_));
    return rate(repeats, [&] {
      const hcd_frame sent = in.view();
      hcd_frame received = out.view();
      if (hcd_send_frame(ctx_, &sent) < 0 || hcd_receive_frame(ctx_, &received, nullptr) < 0) {
        fail(hcd_last_error(ctx_));
      }
    });
  }

 private:
  hcd_ctx *ctx_ = nullptr;
};

long resident_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

}  // namespace

int main(int argc, char **argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 2;
  constexpr int kRepeats = 40;
  Frame large(kWidth, kHeight), small(kWidth / 2, kHeight / 2);
  struct Row {
    bool down;
    const char *model, *steps;
    double rate;
  };
  std::vector<Row> rows = {
      {true, "bicubic", "auto", 0},  {true, "bicubic", "2", 0},
      {true, "bilinear", "auto", 0}, {true, "lanczos", "auto", 0},
      {true, "lanczos", "2", 0},     {true, "bicubic+bilinear+lanczos", "2", 0},
      {true, "bicubic", "0", 0},     {false, "bicubic", "auto", 0},
      {false, "lanczos", "auto", 0}};
  for (Row &row : rows) {
    Context context(row.down, row.model, row.steps, threads);
    row.rate = row.down ? context.measure(large, small, kRepeats)
                        : context.measure(small, large, kRepeats);
  }
  const long resident = resident_mb();
  std::printf("1920x1080 <-> 960x540, 4:2:0, %d threads; predicted PSNR included\n\n", threads);
  std::printf("%-6s %-26s %-10s %8s\n", "", "client", "rule", "fps");
  for (const Row &row : rows) {
    const std::string rule = !row.down                          ? "-"
                             : row.steps == std::string("auto") ? "exact"
                             : row.steps == std::string("0")    ? "plain"
                                                                : "cg, 2";
    std::printf("%-6s %-26s %-10s %8.1f\n", row.down ? "down" : "up", row.model, rule.c_str(),
                row.rate);
  }
  std::printf("\nresident, without LibTorch: %ld MB\n", resident);
#if HCD_BENCH_TORCH
  using hcd::bench::plain_torch_down;
  using hcd::bench::plain_torch_up;
  constexpr int kSlow = 7;
  const double cg = rate(kSlow, [&] { plain_torch_down(large.planes(), 2, threads); });
  const double plain = rate(kSlow, [&] { plain_torch_down(large.planes(), 0, threads); });
  const double up = rate(kSlow, [&] { plain_torch_up(small.planes(), threads); });
  std::printf("\nplain LibTorch, the same job (no PSNR)   fps   this library is faster by\n");
  std::printf("down, bicubic, cg, 2 steps          %8.1f   %.1f (cg), %.1f (exact)\n", cg,
              rows[1].rate / cg, rows[0].rate / cg);
  std::printf("down, bicubic, plain                %8.1f   %.1f\n", plain, rows[6].rate / plain);
  std::printf("up, bicubic                         %8.1f   %.1f\n", up, rows[7].rate / up);
#endif
  return 0;
}
