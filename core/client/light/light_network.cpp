// SPDX-License-Identifier: BSD-2-Clause
#include "client/light/light_network.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <initializer_list>
#include <mutex>
#include <set>
#include <utility>

#include "base/buffer.h"
#include "base/error.h"
#include "base/view.h"
#include "client/light/conv.h"
#include "client/light/skip.h"
#include "client/tiles.h"
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

  int count() const { return static_cast<int>(forward.size()); }
  // Whether the derivative of a layer's activation depends on its result.
  bool bends(int layer) const { return slopes[static_cast<size_t>(layer)] != 1; }
};

// The last few rows of a rectangle, with pixels of zeros on both sides: a convolution's padding at
// the picture's border, and the zero gradient beyond what a window asks for.
struct Ring {
  static constexpr int kBorder = 4;

  Rect rect;
  int pixel = 1;  // floats per pixel
  int rows = 1;
  int next = 0;  // the row that is made next
  float *data = nullptr;

  size_t row_size() const { return static_cast<size_t>(rect.width + 2 * kBorder) * pixel; }
  size_t size() const { return row_size() * static_cast<size_t>(rows); }
  // Pixel `x` (of the picture) of row y.
  float *at(int x, int y) const {
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

  void keep(int layer, int x, int y, const float *values, int stride, int width) {
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

// Lays the rings, as zeros, and behind them as many floats as the others ask for into `memory`,
// which grows where it must.
void place(std::vector<Ring> &rings, std::initializer_list<std::pair<float **, size_t>> others,
           Buffer &memory) {
  const auto rounded = [](size_t floats) { return (floats + 15) / 16 * 16; };
  size_t zeros = 0;
  for (const Ring &ring : rings) zeros += rounded(ring.size());
  size_t size = zeros;
  for (const auto &[pointer, floats] : others) size += rounded(floats);
  if (memory.size() < size) memory = Buffer(size);
  float *next = memory.data();
  std::fill_n(next, zeros, 0.0F);
  for (Ring &ring : rings) {
    ring.data = next;
    next += rounded(ring.size());
  }
  for (const auto &[pointer, floats] : others) {
    *pointer = next;
    next += rounded(floats);
  }
}

// One row of `to` from rows of `from`.
void convolve(const Conv &conv, const Ring &from, const Ring &to, int y, float slope,
              const float *gate) {
  const float *rows[5];
  const int padding = conv.padding();
  for (int k = 0; k < conv.kernel(); ++k) {
    const int source = y - padding + k;
    const bool is_there = source >= from.rect.y && source < from.rect.bottom();
    rows[k] = is_there ? from.at(to.rect.x - padding, source) : nullptr;
  }
  conv.row(rows, to.rect.width, slope, gate, to.at(to.rect.x, y));
}

// The way there, rows on demand: each row of a level asks for those rows of the level below that it
// reads, so that a picture passes through all layers while its rows are in the cache, and memory
// grows with the width alone. Level 0 is the picture, level i what layer i - 1 gives.
class Forward {
 public:
  // `wanted`: the blocks of the result that are asked for, whose gates go to `gates`, if there are.
  Forward(const Layers &layers, ConstPlane lr, const Rect &wanted, Gates *gates, Buffer &memory)
      : layers_(layers), lr_(lr), wanted_(wanted), gates_(gates) {
    const auto levels = static_cast<size_t>(layers.count()) + 1;
    rings_.resize(levels);
    Rect rect = wanted;
    for (size_t level = levels; level-- > 0;) {
      const int padding = level + 1 == levels ? 0 : layers.forward[level].padding();
      rect = rect.grown(padding, lr.width, lr.height);
      rings_[level] = {rect, level == 0 ? 1 : layers.forward[level - 1].out_stride(),
                       2 * padding + 1, rect.y};
    }
    const auto width = static_cast<size_t>(wanted.width);
    place(rings_, {{&phases_, width * layers.scale}, {&scratch_, width + 2 * layers.skip.reach()}},
          memory);
  }

  // The rows of the blocks of row y, for each y in turn. False where a value is not finite.
  bool blocks(int y, Plane hr) {
    make(layers_.count(), y + 1);
    const int width = wanted_.width, scale = layers_.scale;
    const Ring &top = rings_.back();
    bool finite = true;
    for (int dy = 0; dy < scale; ++dy) {
      layers_.skip.row(lr_, y, dy, wanted_.x, width, scratch_, phases_);
      float *out = hr.row(y * scale + dy) + wanted_.x * scale;
      cpu::join_phases(top.at(wanted_.x, y) + dy * scale, top.pixel, phases_, width, scale, out);
      finite = cpu::all_finite(out, width * scale) && finite;
    }
    return finite;
  }
  // Their gates alone.
  void blocks(int y) { make(layers_.count(), y + 1); }

 private:
  // Rows of a level up to `end`.
  void make(int level, int end) {
    Ring &to = rings_[static_cast<size_t>(level)];
    for (int &next = to.next; next < end; ++next) {
      if (level == 0) {
        std::copy_n(lr_.row(next) + to.rect.x, to.rect.width, to.at(to.rect.x, next));
        continue;
      }
      const int layer = level - 1;
      const Conv &conv = layers_.forward[static_cast<size_t>(layer)];
      const Ring &from = rings_[static_cast<size_t>(layer)];
      make(layer, std::min(next + conv.padding() + 1, from.rect.bottom()));
      convolve(conv, from, to, next, layers_.slopes[static_cast<size_t>(layer)], nullptr);
      if (!gates_ || !layers_.bends(layer) || next < wanted_.y || next >= wanted_.bottom())
        continue;
      gates_->keep(layer, wanted_.x, next, to.at(wanted_.x, next), to.pixel, wanted_.width);
    }
  }

  const Layers &layers_;
  ConstPlane lr_;
  Rect wanted_;
  Gates *gates_;
  std::vector<Ring> rings_;
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
    place(rings_,
          {{&gate_, widest},
           {&phases_, columns * layers.scale},
           {&scratch_, columns + 2 * layers.skip.reach()},
           {&sum, static_cast<size_t>(summed_.width) * summed_.height}},
          memory);
    sum_ = {sum, summed_.width, summed_.height};
  }

  void run(Plane gradient) {
    skip_adjoint();
    const Ring &ring = rings_[0];
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
    Ring &to = rings_[static_cast<size_t>(level)];
    for (int &next = to.next; next < end; ++next) {
      if (level == layers_.count()) {
        from_blocks(next, gate(level, next));
        continue;
      }
      const Conv &conv = layers_.backward[static_cast<size_t>(level)];
      const Ring &from = rings_[static_cast<size_t>(level) + 1];
      make(level + 1, std::min(next + conv.padding() + 1, from.rect.bottom()));
      const float *open = gate(level, next);
      convolve(conv, from, to, next, open ? layers_.slopes[static_cast<size_t>(level) - 1] : 1,
               open);
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
    const Ring &top = rings_.back();
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
  std::vector<Ring> rings_;
  float *gate_ = nullptr, *phases_ = nullptr, *scratch_ = nullptr;
  Plane sum_;
};

// ---- the network ----

class LightNetwork : public Network {
 public:
  LightNetwork(const NetSpec &spec, const files::Safetensors &file, const std::string &name,
               const std::string &downscaler)
      : title_("weights '" + file.name() + "'") {
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
      add_layer(spec, c, weights, bias);
      own.insert({head + "weight", head + "bias"});
    }
    for (const auto &[key, view] : file.tensors()) {
      if (own.contains(key)) continue;
      throw files::weights_error(file.name(), "expected no tensor '" + files::printable(key) +
                                                  "', which this model has not, found " +
                                                  describe(view));
    }
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
    std::atomic<bool> finite = true;
    for_tiles(run, lr.width, lr.height, [&](const Rect &core) {
      const Memory memory(*this);
      Forward pass(layers_, lr, core, gates, memory.get());
      for (int y = core.y; y < core.bottom(); ++y) {
        if (!pass.blocks(y, hr)) finite = false;
      }
    });
    check_finite(finite, "upscale");
  }

  void backward(const Run &run, ConstPlane lr, uint64_t, const Tape *tape, ConstPlane slope,
                Plane gradient) override {
    Gates again;
    const auto *gates = static_cast<const Gates *>(tape);
    if (!gates) {
      again.resize(layers_, lr.width, lr.height);
      for_tiles(run, lr.width, lr.height, [&](const Rect &core) {
        const Memory memory(*this);
        Forward pass(layers_, lr, core, &again, memory.get());
        for (int y = core.y; y < core.bottom(); ++y) pass.blocks(y);
      });
      gates = &again;
    }
    std::atomic<bool> finite = true;
    for_tiles(run, lr.width, lr.height, [&](const Rect &core) {
      const Memory memory(*this);
      Backward(layers_, *gates, slope, core, memory.get()).run(gradient);
      for (int y = core.y; y < core.bottom(); ++y) {
        if (!cpu::all_finite(gradient.row(y) + core.x, core.width)) finite = false;
      }
    });
    check_finite(finite, "derivative of upscale");
  }

  void downscale(const Run &, ConstPlane, Plane) override { fail_without_downscaler(); }
  void downscale_backward(const Run &, ConstPlane, ConstPlane, Plane) override {
    fail_without_downscaler();
  }

 private:
  // Tiles are pieces of work alone: none sees less than the whole picture.
  template <typename Work>
  static void for_tiles(const Run &run, int width, int height, const Work &work) {
    const auto tiles = make_tiles(width, height, tile_side(run.tile, 0, 1), 0);
    run.pool.run(static_cast<int>(tiles.size()),
                 [&](int i) { work(tiles[static_cast<size_t>(i)].core); });
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

  void add_layer(const NetSpec &spec, const ConvSpec &c, const std::vector<float> &weights,
                 const std::vector<float> &bias) {
    // Trained on pictures in [0, 1]; on code values the same with larger biases, since activations
    // keep what is multiplied.
    std::vector<float> codes = bias;
    for (float &b : codes) b *= 255;
    const int layer = layers_.count(), last = static_cast<int>(spec.layers.size()) - 1;
    const int in_stride = layer == 0 ? 1 : layers_.forward.back().out_stride();
    layers_.forward.emplace_back(c.kernel, c.in, c.out, in_stride, layer == last, weights, codes);
    // The gradient of the result has no padding; in the middle it lies as the values do.
    const int slope_stride = layer == last ? c.out : layers_.forward.back().out_stride();
    const std::vector<float> none(static_cast<size_t>(c.in), 0.0F);
    layers_.backward.emplace_back(c.kernel, c.out, c.in, slope_stride, layer == 0,
                                  transposed(c, weights), none);
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
                                            const std::string &name,
                                            const std::string &downscaler) {
  return std::make_unique<LightNetwork>(spec, file, name, downscaler);
}

}  // namespace hcd::client
