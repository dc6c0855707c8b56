// SPDX-License-Identifier: BSD-2-Clause
#include "client/light/light_network.h"

#include <atomic>
#include <cmath>
#include <mutex>
#include <set>
#include <utility>

#include "base/error.h"
#include "client/light/backward.h"
#include "client/light/forward.h"
#include "client/light/integer.h"
#include "client/light/light_weights.h"
#include "client/light/scene.h"
#include "files/weights_error.h"
#include "image/kernel.h"

namespace hcd::client {
namespace {

// ---- weights ----

std::vector<float> read_tensor(const files::Safetensors &file, const std::string &name,
                               const std::vector<int64_t> &shape) {
  const auto found = file.tensors().find(name);
  if (found == file.tensors().end()) {
    throw files::weights_error(file.name(), "expected a tensor '" + name + "' of shape " +
                                                files::shape_text(shape) + ", found none");
  }
  const files::TensorView &view = found->second;
  const auto fail = [&](const std::string &what) {
    throw files::weights_error(file.name(), "tensor '" + name + "': expected " + what);
  };
  if (view.shape != shape) {
    fail("the shape " + files::shape_text(shape) + ", found " + files::shape_text(view.shape));
  }
  if (!files::is_floating(view.dtype)) fail("finite numbers, found whole numbers");
  std::vector<float> values = files::to_floats(view);
  for (const float value : values) {
    if (!std::isfinite(value)) fail("finite numbers, found NaN or infinity");
  }
  return values;
}

// ---- the network ----

class LightNetwork : public Network {
 public:
  LightNetwork(const NetSpec &spec, const files::Safetensors &file, const std::string &name,
               const std::string &downscaler, Precision precision, const Log &log)
      : weights_{"weights '" + file.name() + "'", spec, {}, {}} {
    info_.name = name;
    info_.scale = spec.scale;
    info_.colour = Colour::kLuma;
    info_.receptive_field = spec.receptive_field();
    info_.downscaler = downscaler;
    layers_.scale = spec.scale;
    layers_.skip = Skip(*image::find_kernel(spec.skip), spec.scale);
    std::set<std::string> own;
    for (const ConvSpec &c : spec.layers) {
      const std::string head = std::to_string(layers_.count()) + ".";
      const auto weights = read_tensor(file, head + "weight", {c.out, c.in, c.kernel, c.kernel});
      const auto bias = read_tensor(file, head + "bias", {c.out});
      weights_.layers.push_back({c, weights, bias});
      // Trained on pictures in [0, 1]; on code values the same with larger biases, since
      // activations keep what is multiplied.
      for (float &b : weights_.layers.back().bias) b *= 255;
      add_layer(weights_.layers.back(), spec.layers.size());
      own.insert({head + "weight", head + "bias"});
    }
    for (const auto &[key, view] : file.tensors()) {
      if (own.contains(key)) continue;
      throw files::weights_error(file.name(), "expected no tensor '" + files::printable(key) +
                                                  "', which this model has not, found " +
                                                  describe(view));
    }
    if (precision != Precision::kFp32) choose_precision(precision, log);
  }

  const NetworkInfo &info() const override { return info_; }
  const LightWeights *light() const override { return &weights_; }

  void forward(const Run &run, ConstPlane lr, uint64_t, Plane hr,
               std::unique_ptr<Tape> *tape) override {
    Gates *gates = nullptr;
    if (tape) {
      if (!*tape) *tape = std::make_unique<Gates>();
      gates = static_cast<Gates *>(tape->get());
      gates->resize(layers_, lr.width, lr.height);
    }
    bool finite = true;
    with_arithmetic([&]<typename Arithmetic>() {
      finite = for_tiles(run, lr.width, lr.height, [&](const Rect &core) {
        const Memory memory(*this);
        Forward<Arithmetic> pass(layers_, lr, core, gates, memory.get());
        bool all = true;
        for (int y = core.y; y < core.bottom(); ++y) all = pass.blocks(y, hr) && all;
        return all;
      });
    });
    check_finite(finite, "upscale");
  }

  void backward(const Run &run, ConstPlane lr, uint64_t, const Tape *tape, ConstPlane slope,
                Plane gradient) override {
    Gates again;
    const auto *gates = static_cast<const Gates *>(tape);
    if (!gates) {
      again.resize(layers_, lr.width, lr.height);
      with_arithmetic([&]<typename Arithmetic>() {
        for_tiles(run, lr.width, lr.height, [&](const Rect &core) {
          const Memory memory(*this);
          Forward<Arithmetic> pass(layers_, lr, core, &again, memory.get());
          for (int y = core.y; y < core.bottom(); ++y) pass.blocks(y);
          return true;
        });
      });
      gates = &again;
    }
    const bool finite = for_tiles(run, lr.width, lr.height, [&](const Rect &core) {
      const Memory memory(*this);
      Backward(layers_, *gates, slope, core, memory.get()).run(gradient);
      bool all = true;
      for (int y = core.y; y < core.bottom(); ++y) {
        all = cpu::all_finite(gradient.row(y) + core.x, core.width) && all;
      }
      return all;
    });
    check_finite(finite, "derivative of upscale");
  }

  void downscale(const Run &, ConstPlane, Plane) override { fail_without_downscaler(); }
  void downscale_backward(const Run &, ConstPlane, ConstPlane, Plane) override {
    fail_without_downscaler();
  }

 private:
  // How many equal parts, none larger than `most`, there are of `size`.
  static int parts(int size, int most) { return (size + most - 1) / most; }

  // Tiles are pieces of work alone: none sees less than the whole picture. Whether all work said
  // yes. Unless their side is given they are as large as their rows stay in the cache.
  template <typename Work>
  static bool for_tiles(const Run &run, int width, int height, const Work &work) {
    const int columns = parts(width, run.tile > 0 ? run.tile : 384);
    const int rows = parts(height, run.tile > 0 ? run.tile : 128);
    std::atomic<bool> all = true;
    run.pool.run(columns * rows, [&](int i) {
      const auto start = [](int part, int n, int size) { return size * part / n; };
      const int x = start(i % columns, columns, width), y = start(i / columns, rows, height);
      if (!work({x, y, start(i % columns + 1, columns, width) - x,
                 start(i / columns + 1, rows, height) - y})) {
        all = false;
      }
    });
    return all;
  }

  template <typename Work>
  void with_arithmetic(const Work &work) const {
    if (layers_.integer.empty()) {
      work.template operator()<InFloat>();
    } else {
      work.template operator()<InInteger>();
    }
  }

  // Whole numbers, unless they take more than kMostLost of the scene of scene.h.
  void choose_precision(Precision precision, const Log &log) {
    constexpr double kMostLost = 0.03;
    const std::vector<Layer> &layers = weights_.layers;
    if (layers.back().spec.slope != 1) {
      HCD_CHECK(precision != Precision::kInt16, HCD_E_OPTION,
                "option precision: expected auto or fp32 for %s, whose last layer has an "
                "activation, found int16",
                weights_.title.c_str());
      return;
    }
    const std::vector<float> scene = make_scene();
    const auto show = [&]<typename Arithmetic>(std::vector<float> *ranges) {
      constexpr Rect kAll{0, 0, kSceneSide, kSceneSide};
      const int side = kSceneSide * layers_.scale;
      std::vector<float> shown(static_cast<size_t>(side) * static_cast<size_t>(side));
      Buffer memory;
      Forward<Arithmetic> pass(layers_, {scene.data(), kSceneSide, kSceneSide}, kAll, nullptr,
                               memory);
      pass.keep_ranges(ranges);
      for (int y = 0; y < kSceneSide; ++y) pass.blocks(y, {shown.data(), side, side});
      return shown;
    };
    std::vector<float> ranges(layers.size());
    const std::vector<float> exact = show.template operator()<InFloat>(&ranges);
    weights_.integer = make_integer(layers, ranges);
    layers_.integer = make_convs(weights_.integer);
    const double lost = precision_loss(exact, show.template operator()<InInteger>(nullptr));
    const bool loses = !(lost <= kMostLost);
    const std::string text = format_text("precision: %s: int16 takes %.4f dB of a picture of 38 dB",
                                         weights_.title.c_str(), lost);
    if (!loses) {
      log(HCD_LOG_VERBOSE, text);
    } else if (precision == Precision::kInt16) {
      log(HCD_LOG_WARNING, text);
    } else {
      log(HCD_LOG_INFO, text + ": fp32 is used");
      weights_.integer.clear();
      layers_.integer.clear();
    }
  }

  // Working memory of one call, kept for the next one: as many as there are calls at a time.
  class Memory {
   public:
    explicit Memory(LightNetwork &network) : network_(network) {
      const std::lock_guard<std::mutex> lock(network_.mutex_);
      if (network_.spare_.empty()) {
        network_.spare_.reserve(network_.calls_ + 1);  // here, where it may fail
        ++network_.calls_;
        return;
      }
      buffer_ = std::move(network_.spare_.back());
      network_.spare_.pop_back();
    }
    ~Memory() {
      const std::lock_guard<std::mutex> lock(network_.mutex_);
      network_.spare_.push_back(std::move(buffer_));
    }
    Memory(const Memory &) = delete;
    Memory &operator=(const Memory &) = delete;
    Buffer &get() const { return buffer_; }

   private:
    LightNetwork &network_;
    mutable Buffer buffer_;
  };

  void add_layer(const Layer &added, size_t count) {
    const ConvSpec &c = added.spec;
    const size_t layer = layers_.forward.size();
    const bool last = layer + 1 == count;
    const int in_stride = layer == 0 ? 1 : layers_.forward.back().out_stride();
    layers_.forward.emplace_back(c.kernel, c.in, c.out, in_stride, last, added.weights, added.bias);
    // The gradient of the result has no padding; in the middle it lies as the values do.
    const int slope_stride = last ? c.out : layers_.forward.back().out_stride();
    const std::vector<float> none(static_cast<size_t>(c.in), 0.0F);
    layers_.backward.emplace_back(c.kernel, c.out, c.in, slope_stride, layer == 0,
                                  transposed(added), none);
    layers_.slopes.push_back(c.slope);
  }

  void check_finite(bool finite, const char *function) const {
    HCD_CHECK(finite, HCD_E_FILE, "%s: %s: expected finite values, found NaN or infinity",
              weights_.title.c_str(), function);
  }
  [[noreturn]] void fail_without_downscaler() const {
    throw Error(HCD_E_INTERNAL, weights_.title + ": no downscaler");
  }

  LightWeights weights_;
  NetworkInfo info_;
  Layers layers_;
  std::mutex mutex_;
  std::vector<Buffer> spare_;
  size_t calls_ = 0;  // most at a time so far: one memory for each
};

}  // namespace

std::vector<float> transposed(const Layer &layer) {
  const ConvSpec &c = layer.spec;
  const int taps = c.kernel * c.kernel;
  std::vector<float> result(layer.weights.size());
  for (int o = 0; o < c.out; ++o) {
    for (int i = 0; i < c.in; ++i) {
      for (int t = 0; t < taps; ++t) {
        result[static_cast<size_t>((i * c.out + o) * taps + taps - 1 - t)] =
            layer.weights[static_cast<size_t>((o * c.in + i) * taps + t)];
      }
    }
  }
  return result;
}

std::unique_ptr<Network> make_light_network(const NetSpec &spec, const files::Safetensors &file,
                                            const std::string &name, const std::string &downscaler,
                                            Precision precision, const Log &log) {
  return std::make_unique<LightNetwork>(spec, file, name, downscaler, precision, log);
}

}  // namespace hcd::client
