// SPDX-License-Identifier: BSD-2-Clause
// Frames a second of device=cuda through the C API, frames resident on the GPU, most important case
// first. usage: hcd_cuda_bench [seconds a case] [divisor of the sizes]. One JSON object a line:
// {"name", "fps", "frames", "device_mb", "psnr_plain", "psnr"} (the last two: of down), or
// {"name", "error"}.
#include <dlfcn.h>
#include <hcd/hcd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/cuda/driver.h"

namespace hcd::bench {
namespace {

using cuda::driver;

struct Case {
  const char *name;
  bool down;
  int width, height;  // of the frames that go in
  std::vector<std::pair<const char *, const char *>> options;
  bool on_device = true;
};

const std::vector<Case> kCases = {
    {"down, 4K, lite", true, 3840, 2160, {}},
    {"down, 4K, bicubic", true, 3840, 2160, {{"model", "bicubic"}}},
    {"down, 1080p, lite", true, 1920, 1080, {}},
    {"up, 1080p to 4K, lite", false, 1920, 1080, {}},
    {"down, 4K, lite, six steps of Adam",
     true,
     3840,
     2160,
     {{"optimizer", "adam"}, {"steps", "6"}}},
    {"down, 1080p, bicubic", true, 1920, 1080, {{"model", "bicubic"}}},
    {"up, 1080p to 4K, lite, fp32", false, 1920, 1080, {{"precision", "fp32"}}},
    {"up, 1080p to 4K, bicubic", false, 1920, 1080, {{"model", "bicubic"}}},
    {"down, 4K, lite, frames of the host", true, 3840, 2160, {}, false},
    {"down, 4K, bicubic, frames of the host", true, 3840, 2160, {{"model", "bicubic"}}, false},
};

// Smooth parts, edges and grain, so that there is something to gain.
std::vector<uint8_t> picture(int width, int height) {
  std::vector<uint8_t> samples(static_cast<size_t>(width) * height * 3 / 2, 128);
  uint32_t grain = 1;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      grain = grain * 1664525U + 1013904223U;
      const double wave = 40 * std::sin(0.02 * x + 0.0003 * x * y / 8) + 30 * std::cos(0.05 * y);
      const bool line = (x + 2 * y) % 97 < 4;
      samples[static_cast<size_t>(y) * width + x] =
          static_cast<uint8_t>(line ? 40 : 126 + wave + static_cast<double>(grain >> 29));
    }
  }
  return samples;
}

// An NV12 frame of the host or of the device.
class Frame {
 public:
  Frame(int width, int height, bool on_device) : on_device_(on_device) {
    const std::vector<uint8_t> samples = picture(width, height);
    if (on_device) {
      cuda::DevicePointer pointer = 0;
      driver().check(driver().memory_allocate(&pointer, samples.size()), "cuMemAlloc");
      data_ = reinterpret_cast<uint8_t *>(pointer);
      driver().check(
          driver().copy_async(pointer, reinterpret_cast<cuda::DevicePointer>(samples.data()),
                              samples.size(), nullptr),
          "cuMemcpyAsync");
      driver().check(driver().stream_synchronize(nullptr), "cuStreamSynchronize");
    } else {
      data_ = static_cast<uint8_t *>(std::malloc(samples.size()));
      std::memcpy(data_, samples.data(), samples.size());
    }
    frame.struct_size = sizeof(frame);
    frame.data[0] = data_;
    frame.data[1] = data_ + static_cast<size_t>(width) * height;
    frame.stride[0] = frame.stride[1] = width;
    frame.device = on_device ? HCD_DEVICE_CUDA : HCD_DEVICE_HOST;
  }
  ~Frame() {
    if (on_device_) {
      driver().memory_free(reinterpret_cast<cuda::DevicePointer>(data_));
    } else {
      std::free(data_);
    }
  }
  Frame(const Frame &) = delete;
  Frame &operator=(const Frame &) = delete;

  hcd_frame frame{};

 private:
  bool on_device_;
  uint8_t *data_ = nullptr;
};

class Session {
 public:
  explicit Session(const Case &c) {
    if (c.down) {
      hcd_down_params params;
      hcd_down_params_init(&params);
      set(c, params, hcd_down_params_set);
      check(hcd_down_create(&context_, &params, nullptr, nullptr));
    } else {
      hcd_up_params params;
      hcd_up_params_init(&params);
      set(c, params, hcd_up_params_set);
      check(hcd_up_create(&context_, &params, nullptr, nullptr));
    }
  }
  ~Session() { hcd_destroy(&context_); }
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;

  void configure(const hcd_format &in, hcd_format &out) {
    check(hcd_configure(context_, &in, &out));
  }
  void send(const hcd_frame &in) { check(hcd_send_frame(context_, &in)); }
  void receive(hcd_frame out, hcd_stats *stats = nullptr) {
    check(hcd_receive_frame(context_, &out, stats));
  }

 private:
  void check(hcd_status status) const {
    if (status != HCD_OK) throw Error(status, hcd_last_error(context_));
  }
  template <typename Params, typename Set>
  void set(const Case &c, Params &params, Set set_one) {
    char text[256] = "";
    auto options = c.options;
    options.emplace_back("device", "cuda");
    options.emplace_back("async_depth", "2");
    for (const auto &[key, value] : options) {
      const hcd_status status = set_one(&params, key, value, text, sizeof(text));
      if (status != HCD_OK) throw Error(status, text);
    }
  }

  hcd_ctx *context_ = nullptr;
};

// Bytes of the device that are in use, by whomever.
size_t used_memory() {
  using MemoryInfo = cuda::Result(size_t *, size_t *);
  void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  auto *info =
      library ? reinterpret_cast<MemoryInfo *>(dlsym(library, "cuMemGetInfo_v2")) : nullptr;
  size_t free = 0, total = 0;
  return info && info(&free, &total) == cuda::kSuccess ? total - free : 0;
}

void run(const Case &c, double seconds, int divisor) {
  const size_t before = used_memory();
  hcd_format in{};
  in.struct_size = sizeof(in);
  in.width = c.width / divisor / 4 * 4;
  in.height = c.height / divisor / 4 * 4;
  in.layout = HCD_LAYOUT_NV12;
  in.depth = 8;
  if (c.on_device) in.device = HCD_DEVICE_CUDA;
  hcd_format out{};
  out.struct_size = sizeof(out);
  Session session(c);
  session.configure(in, out);
  const Frame source(in.width, in.height, c.on_device), made(out.width, out.height, c.on_device);
  const auto finish = [] { driver().check(driver().stream_synchronize(nullptr), "the frames"); };
  hcd_stats stats{};
  stats.struct_size = sizeof(stats);
  // As a filter does it: the next frame is sent before one is asked for.
  session.send(source.frame);
  const auto process = [&](hcd_stats *asked) {
    session.send(source.frame);
    session.receive(made.frame, asked);
  };
  process(&stats);
  constexpr int kWarmUp = 4;  // until everything is recorded
  for (int i = 0; i < kWarmUp; ++i) process(nullptr);
  finish();
  const auto now = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  };
  int frames = 0;
  const double start = now();
  do {
    process(nullptr);
    if (++frames % 8 == 0) finish();
  } while (now() - start < seconds);
  finish();
  const double fps = frames / (now() - start);
  const size_t used = used_memory();
  std::printf("{\"name\": \"%s\", \"fps\": %.2f, \"frames\": %d, \"device_mb\": %.0f", c.name, fps,
              frames, static_cast<double>(used > before ? used - before : 0) / (1 << 20));
  if (c.down) std::printf(", \"psnr_plain\": %.3f, \"psnr\": %.3f", stats.psnr_plain, stats.psnr);
  std::printf("}\n");
}

}  // namespace
}  // namespace hcd::bench

int main(int argc, char **argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 3;
  const int divisor = argc > 2 ? std::atoi(argv[2]) : 1;
  if (seconds <= 0 || divisor < 1) {
    std::fprintf(stderr, "usage: hcd_cuda_bench [seconds a case] [divisor of the sizes]\n");
    return 2;
  }
  int failed = 0;
  try {
    const hcd::cuda::Driver &d = hcd::cuda::driver();
    hcd::cuda::DeviceId device = 0;
    hcd::cuda::Context context = nullptr;
    d.check(d.device_get(&device, 0), "cuDeviceGet");
    d.check(d.primary_retain(&context, device), "cuDevicePrimaryCtxRetain");
    d.check(d.context_push(context), "cuCtxPushCurrent");
    for (const auto &c : hcd::bench::kCases) {
      try {
        hcd::bench::run(c, seconds, divisor);
      } catch (const hcd::Error &error) {
        std::printf("{\"name\": \"%s\", \"error\": \"%s\"}\n", c.name, error.what());
        failed = 1;
      }
      std::fflush(stdout);
    }
  } catch (const hcd::Error &error) {
    std::fprintf(stderr, "hcd_cuda_bench: %s\n", error.what());
    return 1;
  }
  return failed;
}
