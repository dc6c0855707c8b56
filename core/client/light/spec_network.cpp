// SPDX-License-Identifier: BSD-2-Clause
#include "client/light/spec_network.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "engine/cpu/row_ops.h"
#include "image/kernel.h"
#include "base/buffer.h"
#include "base/view.h"
#include "client/light/conv.h"
#include "files/floats.h"
#include "files/shape_text.h"
#include "client/light/skip.h"
#include "files/weights_error.h"

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

// ---- one call ----

// Everything that is read and never written while a network runs.
struct Layers {
  int scale = 2;
  Skip skip;
  std::vector<float> slopes;  // of each layer's activation
  std::vector<Conv> forward,
      backward;  // from what a layer gets to what it gives, and the other way

  int count() const { return static_cast<int>(forward.size()); }
};

// The last few rows of a rectangle, with pixels of zeros on both sides: a convolution's padding at
// the picture's border, and the zero gradient beyond what a window asks for.
struct Ring {
  static constexpr int kBorder = 4;

  Rect rect;
  int pixel = 1;  // floats per pixel
  int rows = 1;
  float *data = nullptr;

  size_t row_size() const { return static_cast<size_t>(rect.width + 2 * kBorder) * pixel; }
  size_t size() const { return row_size() * static_cast<size_t>(rows); }
  // Pixel `x` (of the picture) of row y.
  float *at(int x, int y) const {
    return data + static_cast<size_t>(y % rows) * row_size() +
           static_cast<ptrdiff_t>(x - rect.x + kBorder) * pixel;
  }
};

// Rows on demand: each row of a level asks for those rows of the level below that it reads, so that
// a picture passes through all layers while its rows are in the cache, and memory grows with the
// width alone. Level 0 is the picture, level i what layer i - 1 gives.
class Pass {
 public:
  // `wanted`: the blocks of the result that are asked for; `part`: where the gradient is, nullptr
  // for none. `memory` grows where it must.
  Pass(const Layers &layers, ConstPlane lr, Rect wanted, const Rect *part, Buffer &memory)
      : layers_(layers), lr_(lr), values_(static_cast<size_t>(layers.count()) + 1) {
    if (part) slopes_.resize(values_.size());
    place(wanted);
    if (part) narrow(*part);
    size_t size = 0;
    const auto count = [&size](size_t floats) {
      const size_t begin = size;
      size += (floats + 15) / 16 * 16;
      return begin;
    };
    std::vector<std::pair<Ring *, size_t>> begins;
    for (Ring &ring : values_) begins.emplace_back(&ring, count(ring.size()));
    for (Ring &ring : slopes_) begins.emplace_back(&ring, count(ring.size()));
    const size_t rings = size;
    const auto row = static_cast<size_t>(wanted.width) * layers.scale;
    const size_t phases = count(row), shown = count(row);
    const size_t scratch = count(static_cast<size_t>(wanted.width) + 2 * layers.skip.reach());
    if (memory.size() < size) memory = Buffer(size);
    std::fill_n(memory.data(), rings, 0.0F);
    for (const auto &[ring, begin] : begins) ring->data = memory.data() + begin;
    phases_ = memory.data() + phases;
    shown_ = memory.data() + shown;
    scratch_ = memory.data() + scratch;
    for (const Ring &ring : values_) next_value_.push_back(ring.rect.y);
    for (const Ring &ring : slopes_) next_slope_.push_back(ring.rect.y);
  }

  const Rect &wanted() const { return values_.back().rect; }
  float *shown() const { return shown_; }  // a row of the result, for whoever needs one

  // Row `dy` of the blocks of row y, for each y in turn.
  void upscale_row(int y, int dy, float *out) {
    make_values(layers_.count(), y + 1);
    const int width = wanted().width, scale = layers_.scale;
    layers_.skip.row(lr_, y, dy, wanted().x, width, scratch_, phases_);
    cpu::join_phases(values_.back().at(wanted().x, y) + dy * scale, values_.back().pixel, phases_, width,
                scale, out);
    finite_ = finite_ && cpu::all_finite(out, width * scale);
  }

  // The sum over the window; adds to `gradient`.
  double error_and_gradient(ConstPlane target, Rect window, Plane gradient) {
    target_ = target;
    window_ = window;
    gradient_ = gradient;
    make_slopes(0, slopes_[0].rect.bottom());
    make_slopes(layers_.count(), slopes_.back().rect.bottom());  // the skip may reach farther
    return error_;
  }

  bool finite() const { return finite_; }

 private:
  const Ring &value(int level) const { return values_[static_cast<size_t>(level)]; }
  const Ring &slope(int level) const { return slopes_[static_cast<size_t>(level)]; }
  const Conv &forward(int layer) const { return layers_.forward[static_cast<size_t>(layer)]; }
  const Conv &backward(int layer) const { return layers_.backward[static_cast<size_t>(layer)]; }
  float activation(int layer) const { return layers_.slopes[static_cast<size_t>(layer)]; }

  // Which rows and columns of each level are needed, and how many rows at a time.
  void place(const Rect &wanted) {
    Rect rect = wanted;
    int reach = 0;  // of the levels above
    for (int level = layers_.count(); level >= 0; --level) {
      const bool top = level == layers_.count();
      const int padding = top ? 0 : forward(level).padding();
      reach += padding;
      rect = rect.grown(padding, lr_.width, lr_.height);
      // A row waits as the input of the layer above; and, in the middle, until the gradient comes
      // back to it from rows that lie `reach` below.
      const bool waits = !slopes_.empty() && level > 0;
      values_[static_cast<size_t>(level)] = {rect, level == 0 ? 1 : forward(level - 1).out_stride(),
                                             waits ? 2 * reach + 1 : 2 * padding + 1, nullptr};
      if (slopes_.empty()) continue;
      slopes_[static_cast<size_t>(level)] = {
          rect, top ? layers_.scale * layers_.scale : backward(level).out_stride(),
          level == 0 ? 1 : 2 * forward(level - 1).padding() + 1, nullptr};
    }
  }

  // Leaves out slopes that do not reach `part`. All those of the result are compared.
  void narrow(Rect part) {
    for (int level = 0; level < layers_.count(); ++level) {
      Rect &rect = slopes_[static_cast<size_t>(level)].rect;
      rect = rect.common(part);
      part = part.grown(forward(level).padding(), lr_.width, lr_.height);
    }
  }

  // One row of `to` from rows of `from`.
  static void convolve(const Conv &conv, const Ring &from, const Ring &to, int y, float slope,
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

  // Rows of a level up to `end`.
  void make_values(int level, int end) {
    int &next = next_value_[static_cast<size_t>(level)];
    for (; next < end; ++next) {
      const Ring &to = value(level);
      if (level == 0) {
        std::copy_n(lr_.data + next * lr_.stride + to.rect.x, to.rect.width,
                    to.at(to.rect.x, next));
        continue;
      }
      const Conv &conv = forward(level - 1);
      const Ring &from = value(level - 1);
      make_values(level - 1, std::min(next + conv.padding() + 1, from.rect.bottom()));
      convolve(conv, from, to, next, activation(level - 1), nullptr);
    }
  }

  // The error's derivative with respect to a level, before its activation.
  void make_slopes(int level, int end) {
    int &next = next_slope_[static_cast<size_t>(level)];
    for (; next < end; ++next) {
      if (level == layers_.count()) {
        for (int dy = 0; dy < layers_.scale; ++dy) compare(next, dy);
        continue;
      }
      const Ring &from = slope(level + 1), &to = slope(level);
      make_slopes(level + 1, std::min(next + backward(level).padding() + 1, from.rect.bottom()));
      const float *gate = level == 0 ? nullptr : value(level).at(to.rect.x, next);
      convolve(backward(level), from, to, next, level == 0 ? 1 : activation(level - 1), gate);
      if (level == 0) add_to_gradient(next);
    }
  }

  // Row `dy` of the blocks of row y against the target.
  void compare(int y, int dy) {
    upscale_row(y, dy, shown_);
    const int scale = layers_.scale, width = wanted().width;
    const Ring &top = slope(layers_.count());
    const int channels = top.pixel;
    const float *result = values_.back().at(wanted().x, y) + dy * scale;
    float *slopes = top.at(wanted().x, y) + dy * scale;
    const int hr_y = y * scale + dy - window_.y;
    const bool row_counts = hr_y >= 0 && hr_y < window_.height;
    const float *target = target_.data + (row_counts ? hr_y : 0) * target_.stride;
    const int first = wanted().x * scale - window_.x;
    const float leak = activation(layers_.count() - 1);
    double error = 0;
    for (int x = 0; x < width; ++x) {
      for (int dx = 0; dx < scale; ++dx) {
        const int hr_x = first + x * scale + dx;
        const bool counts = row_counts && hr_x >= 0 && hr_x < window_.width;
        const float difference = counts ? shown_[x * scale + dx] - target[hr_x] : 0.0F;
        error += static_cast<double>(difference) * static_cast<double>(difference);
        phases_[dx * width + x] = 2 * difference;
        slopes[x * channels + dx] =
            2 * difference * (result[x * values_.back().pixel + dx] > 0 ? 1 : leak);
      }
    }
    error_ += error;
    layers_.skip.add_adjoint(phases_, y, dy, wanted().x, width, scratch_, gradient_);
  }

  void add_to_gradient(int y) const {
    const Ring &ring = slope(0);
    const float *from = ring.at(ring.rect.x, y);
    float *to = gradient_.data + y * gradient_.stride + ring.rect.x;
    for (int x = 0; x < ring.rect.width; ++x) to[x] += from[x * ring.pixel];
  }

  const Layers &layers_;
  ConstPlane lr_, target_;
  Rect window_;
  Plane gradient_;
  std::vector<Ring> values_, slopes_;
  std::vector<int> next_value_, next_slope_;
  float *phases_ = nullptr, *shown_ = nullptr, *scratch_ = nullptr;
  double error_ = 0;
  bool finite_ = true;
};

// ---- the network ----

class SpecNetwork : public Network {
 public:
  SpecNetwork(const NetSpec &spec, const files::Safetensors &file, const std::string &name,
              const std::string &downscaler)
      : title_("weights '" + file.name() + "'") {
    info_.name = name;
    info_.scale = spec.scale;
    info_.colour = Colour::kLuma;
    info_.receptive_field = spec.receptive_field();
    info_.exact_parts = true;
    info_.downscaler = downscaler;
    layers_.scale = spec.scale;
    layers_.skip = Skip(*image::find_kernel(spec.skip), spec.scale);
    size_t used = 0;
    for (const ConvSpec &c : spec.layers) {
      const std::string head = std::to_string(layers_.count()) + ".";
      const auto weights = read_tensor(file, head + "weight", {c.out, c.in, c.kernel, c.kernel});
      const auto bias = read_tensor(file, head + "bias", {c.out});
      add_layer(spec, c, weights, bias);
      used += 2;
    }
    if (used == file.tensors().size()) return;
    for (const auto &[key, view] : file.tensors()) {
      if (is_own(spec, key)) continue;
      throw files::weights_error(file.name(), "expected no tensor '" + files::printable(key) +
                                           "', which this model has not, found " + describe(view));
    }
  }

  const NetworkInfo &info() const override { return info_; }

  void upscale(ConstPlane lr, Plane hr, const Draw &draw) override {
    upscale_window(lr, {0, 0, hr.width, hr.height}, hr, draw);
  }

  void upscale_window(ConstPlane lr, Rect window, Plane hr, const Draw &) override {
    if (window.width <= 0 || window.height <= 0) return;
    const int s = info_.scale;
    const Rect blocks = blocks_of(window);
    const bool whole_blocks = window.x % s == 0 && window.width % s == 0;
    const Memory memory(*this);
    Pass pass(layers_, lr, blocks, nullptr, memory.get());
    for (int y = window.y; y < window.y + window.height; ++y) {
      float *to = hr.data + (y - window.y) * hr.stride;
      pass.upscale_row(y / s, y % s, whole_blocks ? to : pass.shown());
      if (whole_blocks) continue;
      std::copy_n(pass.shown() + window.x - blocks.x * s, window.width, to);
    }
    check_finite(pass.finite(), "upscale");
  }

  double error_and_gradient(ConstPlane lr, ConstPlane target, Rect window, Plane gradient,
                            const Draw &) override {
    return differentiate(lr, target, window, {0, 0, lr.width, lr.height}, gradient);
  }

  void gradient_part(ConstPlane lr, ConstPlane target, Rect window, Rect part,
                     Plane gradient) override {
    differentiate(lr, target, window, {part.x, part.y, part.width, part.height}, gradient);
  }

  void downscale(ConstPlane, Plane) override { fail_without_downscaler(); }
  void downscale_vjp(ConstPlane, ConstPlane, Plane) override { fail_without_downscaler(); }

 private:
  double differentiate(ConstPlane lr, ConstPlane target, Rect window, const Rect &part,
                       Plane gradient) {
    if (window.width <= 0 || window.height <= 0) return 0;
    const Memory memory(*this);
    Pass pass(layers_, lr, blocks_of(window), &part, memory.get());
    const double error = pass.error_and_gradient(target, window, gradient);
    check_finite(pass.finite() && std::isfinite(error), "upscale");
    for (int y = 0; y < gradient.height; ++y) {
      check_finite(cpu::all_finite(gradient.data + y * gradient.stride, gradient.width),
                   "derivative of upscale");
    }
    return error;
  }

  // Working memory of one call, kept for the next one: as many as there are calls at a time.
  class Memory {
   public:
    explicit Memory(SpecNetwork &network) : network_(network) {
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
    SpecNetwork &network_;
    mutable Buffer buffer_;
  };

  // The blocks that a window touches.
  Rect blocks_of(const Rect &w) const {
    const int s = info_.scale, x = w.x / s, y = w.y / s;
    return {x, y, (w.x + w.width - 1) / s - x + 1, (w.y + w.height - 1) / s - y + 1};
  }

  void add_layer(const NetSpec &spec, const ConvSpec &c, const std::vector<float> &weights,
                 const std::vector<float> &bias) {
    const int layer = layers_.count(), last = static_cast<int>(spec.layers.size()) - 1;
    const int in_stride = layer == 0 ? 1 : layers_.forward.back().out_stride();
    layers_.forward.emplace_back(c.kernel, c.in, c.out, in_stride, layer == last, weights, bias);
    // The gradient of the result has no padding; in the middle it lies as the values do.
    const int slope_stride = layer == last ? c.out : layers_.forward.back().out_stride();
    const std::vector<float> none(static_cast<size_t>(c.in), 0.0F);
    layers_.backward.emplace_back(c.kernel, c.out, c.in, slope_stride, layer == 0,
                                  transposed(c, weights), none);
    layers_.slopes.push_back(c.slope);
  }

  static bool is_own(const NetSpec &spec, const std::string &key) {
    for (size_t i = 0; i < spec.layers.size(); ++i) {
      const std::string head = std::to_string(i) + ".";
      if (key == head + "weight" || key == head + "bias") return true;
    }
    return false;
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

std::unique_ptr<Network> make_spec_network(const NetSpec &spec, const files::Safetensors &file,
                                           const std::string &name, const std::string &downscaler) {
  return std::make_unique<SpecNetwork>(spec, file, name, downscaler);
}

}  // namespace hcd::client
