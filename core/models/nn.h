// SPDX-License-Identifier: BSD-2-Clause
// Parameters by state-dict name, and the few layers that the models are made of. Models are pure
// functions of tensors [N, C, height, width]; a layer is its tensors and a call operator.
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace hcd::image {
struct Kernel;
}

namespace hcd::models {

using at::Tensor;

// The tensors of one model, in the order in which its layers ask for them. Names are those of the
// authors' state dict. Handles are shared: what is loaded into a parameter is seen by its layer.
class Params {
 public:
  struct Entry {
    std::string name;
    Tensor value;
    bool trainable;
  };

  // `initialise`: fill new parameters for training (by at::manual_seed()'s generator) rather than
  // leave them for loading.
  explicit Params(at::ScalarType dtype = at::kFloat, at::Device device = at::kCPU,
                  bool initialise = false)
      : dtype_(dtype), device_(device), initialise_(initialise) {}

  const std::vector<Entry> &entries() const { return entries_; }
  at::ScalarType dtype() const { return dtype_; }
  at::Device device() const { return device_; }
  bool initialise() const { return initialise_; }
  int64_t count() const;  // all values, fixed ones too

  // Names that a state dict may hold and that nothing here needs: buffers that are recomputed.
  void ignore(const std::string &name) { ignored_.insert(name); }
  bool ignores(const std::string &name) const { return ignored_.contains(name); }

  // Called before a tensor takes memory, with its name and shape; throws where it must not.
  using Check = std::function<void(const std::string &name, at::IntArrayRef shape)>;
  void set_check(Check check) { check_ = std::move(check); }

  // Makes a tensor; uninitialised. Throws HCD_E_INTERNAL where the name is taken.
  Tensor add(const std::string &name, at::IntArrayRef shape, bool trainable = true);

 private:
  at::ScalarType dtype_;
  at::Device device_;
  bool initialise_;
  std::vector<Entry> entries_;
  std::set<std::string> ignored_;
  Check check_;
};

// A prefix of names: Scope(params)("body", 0)("conv1") makes "body.0.conv1.weight".
class Scope {
 public:
  explicit Scope(Params &params, std::string prefix = "")
      : params_(&params), prefix_(std::move(prefix)) {}
  Scope operator()(const std::string &name) const { return Scope(*params_, prefix_ + name + "."); }
  Scope operator()(const std::string &name, int64_t index) const {
    return (*this)(name + "." + std::to_string(index));
  }
  Scope operator()(int64_t index) const { return (*this)(std::to_string(index)); }

  Params &params() const { return *params_; }

  // A trainable parameter, uninitialised; what to fill it with is the layer's business.
  Tensor param(const std::string &name, at::IntArrayRef shape) const {
    return params_->add(prefix_ + name, shape, true);
  }
  // A name that the state dict may hold and that is not loaded.
  void ignored(const std::string &name) const { params_->ignore(prefix_ + name); }
  // A tensor that the state dict holds and that no training moves, with its value.
  Tensor fixed(const std::string &name, const Tensor &value) const;

 private:
  Params *params_;
  std::string prefix_;
};

// ---- layers ----

struct ConvOptions {
  int64_t stride = 1;
  int64_t padding = -1;  // -1: kernel / 2, which keeps the size
  bool bias = true;
};

// Convolution; state dict: weight [out, in, k, k], bias [out]. Starts as PyTorch's does: uniform in
// +-1 / sqrt(in k k).
struct Conv {
  Tensor weight, bias;
  int64_t stride = 1, padding = 0;

  Conv() = default;
  Conv(const Scope &scope, int64_t in, int64_t out, int64_t kernel, ConvOptions options = {});
  Tensor operator()(const Tensor &x) const;
};

// A convolution that starts with Xavier's normal values times `factor` and a zero bias: near zero,
// as the subnets of invertible networks do; factor 0: at zero.
Conv xavier_conv(const Scope &scope, int64_t in, int64_t out, int64_t kernel, double factor);

Tensor lrelu(const Tensor &x, double slope = 0.2);

// Any part of a network.
using Layer = std::function<Tensor(const Tensor &)>;

// conv - ReLU - conv, times `scale`, plus the input.
struct ResidualBlock {
  Conv first, second;
  double scale = 1;

  Tensor operator()(const Tensor &x) const;
};

// Blocks one after the other and a convolution, plus the input.
struct Body {
  std::vector<Layer> blocks;
  Conv end;

  Tensor operator()(const Tensor &x) const;
};

// Sub-pixel enlarging by 2 or 3, or twice by 2 for 4, each a convolution to n r r channels and a
// pixel shuffle, as EDSR's Upsampler: names 0, 2. `in`: channels that come in, where they differ
// from the n that leave.
struct SubPixel {
  std::vector<Conv> convs;
  int64_t factor = 2;  // of each stage

  SubPixel() = default;
  SubPixel(const Scope &scope, int64_t features, int scale, int64_t in = 0);
  Tensor operator()(Tensor x) const;
};

// Twice the size, each pixel four times.
Tensor twice_nearest(const Tensor &x);

// The Haar step of invertible networks, stride 2, per channel: half the size, four times the
// channels. State dict: haar_weights [4 channels, 1, 2, 2], four filters of +-1 per channel, which
// no training moves. Channels are grouped by filter: 0 to C - 1 are the means of 2x2 blocks, then
// left minus right, top minus bottom, diagonal minus antidiagonal.
struct Haar {
  Tensor weights;
  int64_t channels = 0;

  Haar() = default;
  Haar(const Scope &scope, int64_t channels);

  // [N, C, H, W] to [N, 4 C, H/2, W/2], H and W even.
  Tensor forward(const Tensor &x) const;
  // [N, 4 C, h, w] to [N, C, 2 h, 2 w].
  Tensor inverse(const Tensor &y) const;
};

// x + offset[c] per channel, a fixed 1x1 convolution in the state dict (weight: identity, bias:
// offset): EDSR's MeanShift.
struct MeanShift {
  Tensor weight, bias;

  MeanShift() = default;
  MeanShift(const Scope &scope, const std::vector<double> &offset);
  Tensor operator()(const Tensor &x) const;
};

// The mean colour of DIV2K, R, G, B of [0, 1], times a factor: what the networks of that era
// subtract from their input.
std::vector<double> mean_colour(double factor);

// ---- sizes ----

// Repeats the last row and column until x is at least height x width: for networks that need some
// size or a multiple of one. Whoever extends crops the result.
Tensor extend(const Tensor &x, int64_t height, int64_t width);

// The top left height x width of x.
Tensor crop(const Tensor &x, int64_t height, int64_t width);

// ---- resampling and rounding ----

// [N, C, h, w] to the given size as image/separable.h does it, antialiased; differentiable.
Tensor linear_resize(const Tensor &x, const image::Kernel &kernel, int64_t height, int64_t width);

// The same by MATLAB's bicubic (catmull_rom): what g is for models that bring none, and how SRCNN's
// input is enlarged.
Tensor bicubic_resize(const Tensor &x, int64_t height, int64_t width);

// 8-bit rounding of [0, 1] values: clamp, times 255, to the nearest (ties to even), over 255. The
// derivative is the identity everywhere (the authors' straight-through rule).
Tensor quantise(const Tensor &x);

}  // namespace hcd::models
