// SPDX-License-Identifier: BSD-2-Clause
#include "client/light/light_network.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstring>
#include <mutex>
#include <set>
#include <utility>

#include "base/buffer.h"
#include "base/error.h"
#include "base/view.h"
#include "client/light/conv.h"
#include "client/light/integer.h"
#include "client/light/scene.h"
#include "client/light/skip.h"
#include "client/tiles.h"
#include "engine/cpu/conv16_row.h"
#include "engine/cpu/row_ops.h"
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

// The weights [in][out][k][k] that pull a gradient back through the convolution with
// [out][in][k][k]: channels exchanged, turned by half a turn.
std::vector<float> transposed(const ConvSpec &c, const std::vector<float> &weights) {
  const int taps = c.kernel * c.kernel;
  std::vector<float> result(weights.size());
  for (int o = 0; o < c.out; ++o) {
    for (int i = 0; i < c.in; ++i) {
      for (int t = 0; t < taps; ++t) {
        result[static_cast<size_t>((i * c.out + o) * taps + taps - 1 - t)] =
            weights[static_cast<size_t>((o * c.in + i) * taps + t)];
      }
    }
  }
  return result;
}

// ---- one pass ----

// Everything that is read and never written while a network runs.
struct Layers {
  int scale = 2;
  int reach = 0;  // LR pixels that a row of the result looks up and down
  Skip skip;
  std::vector<float> slopes;  // of each layer's activation
  std::vector<Conv> forward,
      backward;  // from what a layer gets to what it gives, and the other way
  std::vector<Conv16> integer;  // `forward` in whole numbers; empty: in float32

  int count() const { return static_cast<int>(forward.size()); }
  // Whether the derivative of a layer's activation depends on its result.
  bool bends(int layer) const { return slopes[static_cast<size_t>(layer)] != 1; }
};

// The last few rows of a rectangle, with pixels of zeros on both sides: a convolution's padding at
// the picture's border, and the zero gradient beyond what a window asks for.
template <typename Sample>
struct Ring {
  static constexpr int kBorder = 4;

  Rect rect;
  int pixel = 1;  // samples per pixel
  int rows = 1;
  int next = 0;  // the row that is made next
  Sample *data = nullptr;

  size_t row_size() const { return static_cast<size_t>(rect.width + 2 * kBorder) * pixel; }
  size_t size() const { return row_size() * static_cast<size_t>(rows); }
  // Pixel `x` (of the picture) of row y.
  Sample *at(int x, int y) const {
    return data + static_cast<size_t>(y % rows) * row_size() +
           static_cast<ptrdiff_t>(x - rect.x + kBorder) * pixel;
  }
};

// All that the way back needs to know of the way there: the sign of each value behind an activation
// that bends, one bit each. 8 channels of a pixel are a byte.
class Gates : public Tape {
 public:
  void resize(const Layers &layers, int width, int height) {
    width_ = width;
    levels_.resize(static_cast<size_t>(layers.count()));
    for (int layer = 0; layer < layers.count(); ++layer) {
      Level &level = levels_[static_cast<size_t>(layer)];
      level.pixel = (layers.forward[static_cast<size_t>(layer)].out_stride() + 7) / 8;
      level.bits.resize(layers.bends(layer) ? static_cast<size_t>(width) * height * level.pixel
                                            : 0);
    }
  }

  template <typename Sample>
  void keep(int layer, int x, int y, const Sample *values, int stride, int width) {
    Level &level = levels_[static_cast<size_t>(layer)];
    // A row at once where no byte is shared between pixels, which may be of two tiles.
    const int pixels = stride % 8 == 0 ? width : 1;
    for (int i = 0; i < width; i += pixels) {
      cpu::signs_of(values + i * stride, pixels * stride, level.bits.data() + at(level, x + i, y));
    }
  }
  // Values of the same signs as those that were kept.
  void read(int layer, int x, int y, float *values, int stride, int width) const {
    const Level &level = levels_[static_cast<size_t>(layer)];
    const int pixels = stride % 8 == 0 ? width : 1;
    for (int i = 0; i < width; i += pixels) {
      cpu::values_of(level.bits.data() + at(level, x + i, y), pixels * stride, values + i * stride);
    }
  }

 private:
  struct Level {
    int pixel = 1;  // bytes
    std::vector<uint8_t> bits;
  };
  size_t at(const Level &level, int x, int y) const {
    return (static_cast<size_t>(y) * width_ + x) * level.pixel;
  }

  int width_ = 0;
  std::vector<Level> levels_;
};

// Lays rings, as zeros, and other floats into `memory`, which grows where it must.
class Places {
 public:
  template <typename Sample>
  void ring(Ring<Sample> &ring) {
    ask(reinterpret_cast<void **>(&ring.data), ring.size() * sizeof(Sample), true);
  }
  void floats(float **to, size_t n) {
    ask(reinterpret_cast<void **>(to), n * sizeof(float), false);
  }
  void lay(Buffer &memory) {
    if (memory.size() * sizeof(float) < size_) memory = Buffer(size_ / sizeof(float));
    auto *base = reinterpret_cast<uint8_t *>(memory.data());
    for (const Place &place : places_) {
      *place.to = base + place.at;
      if (place.zeros) std::memset(base + place.at, 0, place.size);
    }
  }

 private:
  struct Place {
    void **to;
    size_t at, size;
    bool zeros;
  };
  void ask(void **to, size_t size, bool zeros) {
    places_.push_back({to, size_, size, zeros});
    size_ += (size + 63) / 64 * 64;
  }

  std::vector<Place> places_;
  size_t size_ = 0;
};

// The rows of `from` that row y of `to` reads, from the first pixel that its first one reads.
template <typename From, typename To>
std::array<const From *, 5> rows_for(int kernel, const Ring<From> &from, const Ring<To> &to,
                                     int y) {
  std::array<const From *, 5> rows{};
  const int padding = kernel / 2;
  for (int k = 0; k < kernel; ++k) {
    const int source = y - padding + k;
    const bool is_there = source >= from.rect.y && source < from.rect.bottom();
    rows[static_cast<size_t>(k)] = is_there ? from.at(to.rect.x - padding, source) : nullptr;
  }
  return rows;
}

// How a layer is applied: in float32,
class InFloat {
 public:
  using Sample = float;
  explicit InFloat(const Layers &layers) : layers_(layers) {}
  const Conv &layer(int i) const { return layers_.forward[static_cast<size_t>(i)]; }
  static void take(const float *in, int n, float *out) { std::copy_n(in, n, out); }
  template <typename To>
  void row(int i, const float *const *rows, int width, To *out) const {
    layer(i).row(rows, width, layers_.slopes[static_cast<size_t>(i)], nullptr, out);
  }

 private:
  const Layers &layers_;
};

// or in whole numbers.
class InInteger {
 public:
  using Sample = int16_t;
  explicit InInteger(const Layers &layers) : layers_(layers) {}
  const Conv16 &layer(int i) const { return layers_.integer[static_cast<size_t>(i)]; }
  static void take(const float *in, int n, int16_t *out) {
    cpu::to_int16(in, kIntegerInput, n, out);
  }
  void row(int i, const int16_t *const *rows, int width, int16_t *out) const {
    layer(i).row(rows, width, out, nullptr);
  }
  void row(int i, const int16_t *const *rows, int width, float *out) const {
    layer(i).row(rows, width, nullptr, out);
  }

 private:
  const Layers &layers_;
};

// The way there, rows on demand: each row of a level asks for those rows of the level below that it
// reads, so that a picture passes through all layers while its rows are in the cache, and memory
// grows with the width alone. Level 0 is the picture, level i what layer i - 1 gives; the last one's
// are floats.
template <typename Arithmetic>
class Forward {
 public:
  using Sample = typename Arithmetic::Sample;

  // `wanted`: the blocks of the result that are asked for, whose gates go to `gates`, if there are.
  Forward(const Layers &layers, ConstPlane lr, const Rect &wanted, Gates *gates, Buffer &memory)
      : layers_(layers), arithmetic_(layers), lr_(lr), wanted_(wanted), gates_(gates) {
    const int count = layers.count();
    rings_.resize(static_cast<size_t>(count));
    top_ = {wanted, arithmetic_.layer(count - 1).out_stride(), 1, wanted.y};
    Rect rect = wanted;
    for (int level = count - 1; level >= 0; --level) {
      const int padding = arithmetic_.layer(level).padding();
      rect = rect.grown(padding, lr.width, lr.height);
      ring(level) = {rect, level == 0 ? 1 : arithmetic_.layer(level - 1).out_stride(),
                     2 * padding + 1, rect.y};
    }
    const auto width = static_cast<size_t>(wanted.width);
    Places places;
    for (auto &each : rings_) places.ring(each);
    places.ring(top_);
    places.floats(&phases_, width * layers.scale);
    places.floats(&scratch_, width + 2 * layers.skip.reach());
    places.lay(memory);
  }

  // Where the largest magnitudes of what each layer gives are kept.
  void keep_ranges(std::vector<float> *ranges) { ranges_ = ranges; }

  // The rows of the blocks of row y, for each y in turn. False where a value is not finite.
  bool blocks(int y, Plane hr) {
    make_top(y);
    const int width = wanted_.width, scale = layers_.scale;
    bool finite = true;
    for (int dy = 0; dy < scale; ++dy) {
      layers_.skip.row(lr_, y, dy, wanted_.x, width, scratch_, phases_);
      float *out = hr.row(y * scale + dy) + wanted_.x * scale;
      cpu::join_phases(top_.at(wanted_.x, y) + dy * scale, top_.pixel, phases_, width, scale, out);
      finite = cpu::all_finite(out, width * scale) && finite;
    }
    return finite;
  }
  // Their gates alone.
  void blocks(int y) { make_top(y); }

 private:
  Ring<Sample> &ring(int level) { return rings_[static_cast<size_t>(level)]; }

  void make_top(int y) {
    const int last = layers_.count() - 1;
    const int padding = arithmetic_.layer(last).padding();
    make(last, std::min(y + padding + 1, ring(last).rect.bottom()));
    apply(last, top_, y);
  }

  // Rows of a level below the last up to `end`.
  void make(int level, int end) {
    Ring<Sample> &to = ring(level);
    for (int &next = to.next; next < end; ++next) {
      if (level == 0) {
        Arithmetic::take(lr_.row(next) + to.rect.x, to.rect.width, to.at(to.rect.x, next));
        continue;
      }
      const int padding = arithmetic_.layer(level - 1).padding();
      make(level - 1, std::min(next + padding + 1, ring(level - 1).rect.bottom()));
      apply(level - 1, to, next);
    }
  }

  template <typename To>
  void apply(int layer, const Ring<To> &to, int y) {
    const auto rows = rows_for(arithmetic_.layer(layer).kernel(), ring(layer), to, y);
    To *out = to.at(to.rect.x, y);
    arithmetic_.row(layer, rows.data(), to.rect.width, out);
    if (ranges_) {
      float &range = (*ranges_)[static_cast<size_t>(layer)];
      for (int i = 0; i < to.rect.width * to.pixel; ++i) {
        range = std::max(range, std::abs(static_cast<float>(out[i])));
      }
    }
    if (!gates_ || !layers_.bends(layer) || y < wanted_.y || y >= wanted_.bottom()) return;
    gates_->keep(layer, wanted_.x, y, to.at(wanted_.x, y), to.pixel, wanted_.width);
  }

  const Layers &layers_;
  Arithmetic arithmetic_;
  ConstPlane lr_;
  Rect wanted_;
  Gates *gates_;
  std::vector<float> *ranges_ = nullptr;
  std::vector<Ring<Sample>> rings_;  // of the levels but the last
  Ring<float> top_;
  float *phases_ = nullptr, *scratch_ = nullptr;
};

// The way back: slopes of the result, through the gates, to the gradient of `part`. Rows on demand,
// as above. A pixel's sum has the same order whatever the part.
class Backward {
 public:
  Backward(const Layers &layers, const Gates &gates, ConstPlane slope, const Rect &part,
           Buffer &memory)
      : layers_(layers), gates_(gates), slope_(slope), part_(part) {
    const int width = slope.width / layers.scale, height = slope.height / layers.scale;
    const auto levels = static_cast<size_t>(layers.count()) + 1;
    rings_.resize(levels);
    Rect rect = part;
    size_t widest = 0;
    for (size_t level = 0; level < levels; ++level) {
      const bool top = level + 1 == levels;
      rings_[level] = {rect,
                       top ? layers.scale * layers.scale : layers.backward[level].out_stride(),
                       level == 0 ? 1 : 2 * layers.backward[level - 1].padding() + 1, rect.y};
      if (!top) rect = rect.grown(layers.backward[level].padding(), width, height);
      widest = std::max(widest, static_cast<size_t>(rings_[level].rect.width) *
                                    ((static_cast<size_t>(rings_[level].pixel) + 7) / 8 * 8));
    }
    skipped_ = part.grown(layers.skip.reach(), width, height);
    // Columns beside them are written, too.
    const Rect wide = skipped_.grown(layers.skip.reach(), width, height);
    summed_ = {wide.x, skipped_.y, wide.width, skipped_.height};
    const auto columns = static_cast<size_t>(skipped_.width);
    float *sum = nullptr;
    Places places;
    for (auto &ring : rings_) places.ring(ring);
    places.floats(&gate_, widest);
    places.floats(&phases_, columns * layers.scale);
    places.floats(&scratch_, columns + 2 * layers.skip.reach());
    places.floats(&sum, static_cast<size_t>(summed_.width) * summed_.height);
    places.lay(memory);
    sum_ = {sum, summed_.width, summed_.height};
  }

  void run(Plane gradient) {
    skip_adjoint();
    const Ring<float> &ring = rings_[0];
    for (int y = part_.y; y < part_.bottom(); ++y) {
      make(0, y + 1);
      const float *from = ring.at(part_.x, y),
                  *skip = sum_.row(y - summed_.y) + part_.x - summed_.x;
      float *to = gradient.row(y) + part_.x;
      for (int x = 0; x < part_.width; ++x) to[x] = skip[x] + from[x * ring.pixel];
    }
  }

 private:
  // Adds up what the skip pulls back to the part, and more around it, which is not whole.
  void skip_adjoint() {
    const int scale = layers_.scale;
    std::fill_n(sum_.data, sum_.size(), 0.0F);
    // The picture, of which the sum is a part.
    const Plane picture{sum_.data - summed_.y * sum_.stride - summed_.x, slope_.width / scale,
                        slope_.height / scale, sum_.stride};
    for (int y = skipped_.y; y < skipped_.bottom(); ++y) {
      for (int dy = 0; dy < scale; ++dy) {
        const float *row = slope_.row(y * scale + dy) + static_cast<ptrdiff_t>(skipped_.x) * scale;
        for (int x = 0; x < skipped_.width; ++x) {
          for (int dx = 0; dx < scale; ++dx) phases_[dx * skipped_.width + x] = row[x * scale + dx];
        }
        layers_.skip.add_adjoint(phases_, y, dy, skipped_, scratch_, picture);
      }
    }
  }

  // Rows of a level's slopes, before its activation, up to `end`.
  void make(int level, int end) {
    Ring<float> &to = rings_[static_cast<size_t>(level)];
    for (int &next = to.next; next < end; ++next) {
      if (level == layers_.count()) {
        from_blocks(next, gate(level, next));
        continue;
      }
      const Conv &conv = layers_.backward[static_cast<size_t>(level)];
      const Ring<float> &from = rings_[static_cast<size_t>(level) + 1];
      make(level + 1, std::min(next + conv.padding() + 1, from.rect.bottom()));
      const float *open = gate(level, next);
      const auto rows = rows_for(conv.kernel(), from, to, next);
      conv.row(rows.data(), to.rect.width,
               open ? layers_.slopes[static_cast<size_t>(level) - 1] : 1, open,
               to.at(to.rect.x, next));
    }
  }

  // Signs of a level's row of values; nullptr where they do not matter.
  const float *gate(int level, int y) const {
    if (level == 0 || !layers_.bends(level - 1)) return nullptr;
    const Rect &rect = rings_[static_cast<size_t>(level)].rect;
    gates_.read(level - 1, rect.x, y, gate_,
                layers_.forward[static_cast<size_t>(level) - 1].out_stride(), rect.width);
    return gate_;
  }

  void from_blocks(int y, const float *gate) {
    const Ring<float> &top = rings_.back();
    const int scale = layers_.scale, stride = layers_.forward.back().out_stride();
    const float leak = layers_.slopes.back();
    for (int dy = 0; dy < scale; ++dy) {
      const float *row = slope_.row(y * scale + dy) + static_cast<ptrdiff_t>(top.rect.x) * scale;
      for (int x = 0; x < top.rect.width; ++x) {
        float *to = top.at(top.rect.x + x, y) + dy * scale;
        for (int dx = 0; dx < scale; ++dx) {
          const bool leaks = gate && !(gate[x * stride + dy * scale + dx] > 0);
          to[dx] = row[x * scale + dx] * (leaks ? leak : 1);
        }
      }
    }
  }

  const Layers &layers_;
  const Gates &gates_;
  ConstPlane slope_;
  Rect part_, skipped_, summed_;
  std::vector<Ring<float>> rings_;
  float *gate_ = nullptr, *phases_ = nullptr, *scratch_ = nullptr;
  Plane sum_;
};

// ---- the network ----

class LightNetwork : public Network {
 public:
  LightNetwork(const NetSpec &spec, const files::Safetensors &file, const std::string &name,
               const std::string &downscaler, Precision precision, const Log &log)
      : title_("weights '" + file.name() + "'") {
    info_.name = name;
    info_.scale = spec.scale;
    info_.colour = Colour::kLuma;
    info_.receptive_field = spec.receptive_field();
    info_.downscaler = downscaler;
    layers_.scale = spec.scale;
    layers_.skip = Skip(*image::find_kernel(spec.skip), spec.scale);
    std::set<std::string> own;
    std::vector<Layer> layers;
    for (const ConvSpec &c : spec.layers) {
      const std::string head = std::to_string(layers_.count()) + ".";
      const auto weights = read_tensor(file, head + "weight", {c.out, c.in, c.kernel, c.kernel});
      const auto bias = read_tensor(file, head + "bias", {c.out});
      layers.push_back({c, weights, bias});
      // Trained on pictures in [0, 1]; on code values the same with larger biases, since activations
      // keep what is multiplied.
      for (float &b : layers.back().bias) b *= 255;
      add_layer(layers.back(), spec.layers.size());
      own.insert({head + "weight", head + "bias"});
    }
    for (const auto &[key, view] : file.tensors()) {
      if (own.contains(key)) continue;
      throw files::weights_error(file.name(), "expected no tensor '" + files::printable(key) +
                                                  "', which this model has not, found " +
                                                  describe(view));
    }
    if (precision != Precision::kFp32) choose_precision(layers, precision, log);
  }

  const NetworkInfo &info() const override { return info_; }

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

  // Tiles are pieces of work alone: none sees less than the whole picture. Whether all work said yes.
  // Unless their side is given they are as large as their rows stay in the cache.
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
  void choose_precision(const std::vector<Layer> &layers, Precision precision, const Log &log) {
    constexpr double kMostLost = 0.03;
    if (layers.back().spec.slope != 1) {
      HCD_CHECK(precision != Precision::kInt16, HCD_E_OPTION,
                "option precision: expected auto or fp32 for %s, whose last layer has an "
                "activation, found int16",
                title_.c_str());
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
    layers_.integer = make_integer(layers, ranges);
    const double lost = precision_loss(exact, show.template operator()<InInteger>(nullptr));
    const bool loses = !(lost <= kMostLost);
    const std::string text =
        format_text("precision: %s: int16 takes %.4f dB of a picture of 38 dB", title_.c_str(), lost);
    if (!loses) {
      log(HCD_LOG_VERBOSE, text);
    } else if (precision == Precision::kInt16) {
      log(HCD_LOG_WARNING, text);
    } else {
      log(HCD_LOG_INFO, text + ": fp32 is used");
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
                                  transposed(c, added.weights), none);
    layers_.slopes.push_back(c.slope);
  }

  void check_finite(bool finite, const char *function) const {
    HCD_CHECK(finite, HCD_E_FILE, "%s: %s: expected finite values, found NaN or infinity",
              title_.c_str(), function);
  }
  [[noreturn]] void fail_without_downscaler() const {
    throw Error(HCD_E_INTERNAL, title_ + ": no downscaler");
  }

  std::string title_;
  NetworkInfo info_;
  Layers layers_;
  std::mutex mutex_;
  std::vector<Buffer> spare_;
  size_t calls_ = 0;  // most at a time so far: one memory for each
};

}  // namespace

std::unique_ptr<Network> make_light_network(const NetSpec &spec, const files::Safetensors &file,
                                            const std::string &name, const std::string &downscaler,
                                            Precision precision, const Log &log) {
  return std::make_unique<LightNetwork>(spec, file, name, downscaler, precision, log);
}

}  // namespace hcd::client
