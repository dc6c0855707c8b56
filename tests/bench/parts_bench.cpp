// SPDX-License-Identifier: BSD-2-Clause
// Where a descent's time goes: the parts of a step on 1280x720, one thread, and how near each is to
// what bounds it: memory (against a copy of planes) or arithmetic (against products in registers).
#include <cstdio>
#include <ctime>
#include <functional>
#include <string>

#include "base/random.h"
#include "client/light/spec.h"
#include "client/network.h"
#include "engine/engine.h"
#include "image/kernel.h"
#include "session/learned_steps.h"

namespace hcd::bench {
namespace {

constexpr int kWidth = 1280, kHeight = 720;
constexpr double kPixels = static_cast<double>(kWidth) * kHeight;

double now() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// Best of a few.
double seconds(const std::function<void()> &work) {
  double best = 1e9;
  for (int i = 0; i < 12; ++i) {
    const double start = now();
    work();
    if (i > 0) best = std::min(best, now() - start);
  }
  return best;
}

class Parts {
 public:
  Parts() {
    const Random random(1);
    for (Buffer *plane : {&y_, &shown_, &slope_}) {
      for (size_t i = 0; i < plane->size(); ++i)
        plane->data()[i] = static_cast<float>(255 * random.uniform(i));
    }
    for (size_t i = 0; i < x_.size(); ++i)
      x_.data()[i] = static_cast<float>(255 * random.uniform(i));
    copy_ = seconds([&] { engine_->copy(y_.span(), slope_.span()); }) / (2 * kPixels);
    std::printf("%-34s %8s %22s %22s\n", "1280x720, one thread", "ms", "planes moved, of copy",
                "GMAC/s");
    row("copy of a plane", copy_ * 2 * kPixels, 2, 0);
  }

  void linear() {
    const image::Kernel &bicubic = *image::find_kernel("bicubic");
    const auto up = image::resize(bicubic, kWidth / 2, kHeight / 2, kWidth, kHeight, {});
    const auto enlarge = engine_->prepare(up), pull = engine_->prepare(image::transpose(up));
    const auto plain = engine_->prepare(image::resize(*image::find_kernel("lanczos"), kWidth,
                                                      kHeight, kWidth / 2, kHeight / 2, {}));
    time("plain small frame (lanczos)", 1.25, 0, [&] { plain->apply(large(y_), small(pulled_)); });
    std::unique_ptr<Detail> detail;
    time("detail of the source", 1.75, 0, [&] { detail = engine_->detail(large(y_)); });
    time("bicubic: forward", 1.25, 0, [&] { enlarge->apply(small(x_), large(shown_)); });
    time("clip", 2, 0, [&] { engine_->clip({0, 255}, large(shown_)); });
    time("lost detail, value", 2.5, 0, [&] { detail->value_and_gradient(large(shown_), {}); });
    time("lost detail, value and slope", 5, 0,
         [&] { detail->value_and_gradient(large(shown_), large(slope_)); });
    time("mixed slope", 4, 0, [&] {
      engine_->mix_slope(large(shown_), large(y_), {0, 255}, {0.5F, 1, 10}, large(slope_));
    });
    time("bicubic: backward", 1.25, 0, [&] { pull->apply(large(slope_), small(pulled_)); });
    const auto steps = session::learned_steps("bicubic", session::fitted_at("bicubic", 2));
    time("a kernel of a learned step", 0.75, 49 * kPixels / 4,
         [&] { engine_->correlate(small(pulled_), steps[0].gradient, small(x_)); });
  }

  void network(const char *name, client::Precision precision) {
    const char *in = precision == client::Precision::kInt16 ? "int16" : "fp32";
    const auto network =
        client::load_network({name, "", "cpu", 2, client::Latent::kDefault, precision}, {});
    const auto macs = static_cast<double>(client::parse_spec(name, 2, "{}").macs());
    const client::Run run{pool_};
    std::unique_ptr<client::Tape> tape;
    time(std::string(name) + ": forward, " + in, 0, macs * kPixels / 4,
         [&] { network->forward(run, small(x_), 0, large(shown_), nullptr); });
    time(std::string(name) + ": forward with tape, " + in, 0, macs * kPixels / 4,
         [&] { network->forward(run, small(x_), 0, large(shown_), &tape); });
    if (precision == client::Precision::kInt16) return;
    time(std::string(name) + ": backward, fp32", 0, macs * kPixels / 4,
         [&] { network->backward(run, small(x_), 0, tape.get(), large(slope_), small(pulled_)); });
  }

 private:
  static Plane large(Buffer &b) { return {b.data(), kWidth, kHeight}; }
  static Plane small(Buffer &b) { return {b.data(), kWidth / 2, kHeight / 2}; }

  void time(const std::string &what, double planes, double macs,
            const std::function<void()> &work) {
    row(what, seconds(work), planes, macs);
  }
  // `planes`: least traffic in large planes.
  void row(const std::string &what, double took, double planes, double macs) const {
    char memory[32] = "", products[32] = "";
    if (planes > 0)
      std::snprintf(memory, sizeof(memory), "%.2f, %.0f %%", planes,
                    100 * copy_ * planes * kPixels / took);
    if (macs > 0) std::snprintf(products, sizeof(products), "%.1f", macs / took / 1e9);
    std::printf("%-34s %8.2f %22s %22s\n", what.c_str(), took * 1e3, memory, products);
  }

  ThreadPool pool_{1};
  std::unique_ptr<Engine> engine_ = make_cpu_engine(pool_);
  Buffer y_{static_cast<size_t>(kPixels)}, shown_{y_.size()}, slope_{y_.size()};
  Buffer x_{y_.size() / 4}, pulled_{x_.size()};
  double copy_ = 0;  // seconds for a sample read or written
};

}  // namespace
}  // namespace hcd::bench

int main() {
  hcd::bench::Parts parts;
  parts.linear();
  for (const char *name : {"lite", "base"}) {
    parts.network(name, hcd::client::Precision::kInt16);
    parts.network(name, hcd::client::Precision::kFp32);
  }
  return 0;
}
