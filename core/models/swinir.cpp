// SPDX-License-Identifier: BSD-2-Clause
// SwinIR. Liang, Cao, Sun, Zhang, Van Gool, Timofte, "SwinIR: Image Restoration Using Swin
// Transformer", ICCV Workshops 2021.
#include <algorithm>
#include <cmath>

#include "models/config.h"
#include "models/registry.h"

namespace hcd::models {
namespace {

constexpr double kMasked = -100;  // added to attention between pixels that are no neighbours

int64_t round_up(int64_t n, int64_t multiple) { return (n + multiple - 1) / multiple * multiple; }

// [N, height, width, C] to [N windows, window^2, C].
Tensor to_windows(const Tensor &x, int64_t window) {
  const int64_t n = x.size(0), height = x.size(1), width = x.size(2), channels = x.size(3);
  return x.view({n, height / window, window, width / window, window, channels})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({-1, window * window, channels});
}

// The way back, to the sizes of `like`.
Tensor from_windows(const Tensor &windows, int64_t window, const Tensor &like) {
  const int64_t height = like.size(1), width = like.size(2);
  return windows.view({-1, height / window, width / window, window, window, like.size(3)})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape(like.sizes());
}

// Which pixels of a shifted picture are neighbours: the last `shift` rows and columns came from the
// other side. [windows, window^2, window^2] of 0 and kMasked.
Tensor shift_mask(int64_t height, int64_t width, int64_t window, int64_t shift,
                  const at::TensorOptions &options) {
  const auto regions = [&](int64_t size) {
    const Tensor at = at::arange(size, options);
    return at.ge(size - window).to(at) + at.ge(size - shift);
  };
  const Tensor label = regions(height).view({1, -1, 1, 1}) * 3 + regions(width).view({1, 1, -1, 1});
  const Tensor windows = to_windows(label, window).squeeze(2);
  return windows.unsqueeze(1).ne(windows.unsqueeze(2)).to(options) * kMasked;
}

// Normal of a deviation of `deviation`, cut at +-2 (as the authors': far outside).
void fill_truncated_normal(Tensor tensor, double deviation) {
  tensor.normal_(0, deviation).clamp_(-2, 2);
}

// Fully connected layer along the last dimension; weight [out, in], bias [out].
struct Linear {
  Tensor weight, bias;

  Linear(const Scope &scope, int64_t in, int64_t out)
      : weight(scope.param("weight", {out, in})), bias(scope.param("bias", {out})) {
    if (!scope.params().initialise()) return;
    const double bound = 1 / std::sqrt(static_cast<double>(in));
    weight.uniform_(-bound, bound);
    bias.uniform_(-bound, bound);
  }

  Tensor operator()(const Tensor &x) const { return at::linear(x, weight, bias); }
};

// Along the last dimension.
struct LayerNorm {
  Tensor weight, bias;

  LayerNorm() = default;
  LayerNorm(const Scope &scope, int64_t features)
      : weight(scope.param("weight", {features})), bias(scope.param("bias", {features})) {
    if (!scope.params().initialise()) return;
    weight.fill_(1);
    bias.zero_();
  }

  Tensor operator()(const Tensor &x) const {
    return at::layer_norm(x, weight.sizes(), weight, bias, 1e-5);
  }
};

// Multi-head self-attention within windows: [windows, pixels, features] to the same. `mask`:
// [windows of a picture, pixels, pixels], added before the softmax, or undefined.
struct Attention {
  int64_t window, heads;
  Tensor bias_table;  // [(2 window - 1)^2, heads], by distance
  Linear qkv, proj;

  Attention(const Scope &scope, int64_t features, int64_t heads, int64_t window)
      : window(window),
        heads(heads),
        bias_table(scope.param("relative_position_bias_table",
                               {(2 * window - 1) * (2 * window - 1), heads})),
        qkv(scope("qkv"), features, 3 * features),
        proj(scope("proj"), features, features) {
    scope.ignored("relative_position_index");
    if (scope.params().initialise()) fill_truncated_normal(bias_table, 0.02);
  }

  Tensor operator()(const Tensor &x, const Tensor &mask) const {
    const int64_t windows = x.size(0), pixels = x.size(1), features = x.size(2);
    const Tensor parts =
        qkv(x).view({windows, pixels, 3, heads, features / heads}).permute({2, 0, 3, 1, 4});
    const Tensor query = parts[0] * (1 / std::sqrt(static_cast<double>(features / heads)));
    Tensor attention = at::matmul(query, parts[1].transpose(2, 3)) + position_bias();
    if (mask.defined()) {
      // One mask per window of a picture, the same for all its heads and for every picture.
      attention = (attention.view({-1, mask.size(0), heads, pixels, pixels}) + mask.unsqueeze(1))
                      .view({windows, heads, pixels, pixels});
    }
    const Tensor seen = at::matmul(at::softmax(attention, -1), parts[2]);
    return proj(seen.transpose(1, 2).reshape({windows, pixels, features}));
  }

 private:
  // [heads, pixels, pixels]
  Tensor position_bias() const {
    const Tensor pixel = at::arange(window * window, bias_table.options().dtype(at::kLong));
    const Tensor row = pixel.floor_divide(window), column = pixel.remainder(window);
    const Tensor down = row.unsqueeze(1) - row + (window - 1);
    const Tensor right = column.unsqueeze(1) - column + (window - 1);
    const Tensor index = down * (2 * window - 1) + right;
    return bias_table.index_select(0, index.flatten())
        .view({window * window, window * window, heads})
        .permute({2, 0, 1});
  }
};

// Swin transformer layer (figure 2b): attention, then MLP, each of normalised values, each plus
// its input. [N, height, width, features] to the same; sides are multiples of the window.
struct SwinLayer {
  int64_t shift;  // 0: windows lie on the grid; else half a window off
  LayerNorm norm1;
  Attention attention;
  LayerNorm norm2;
  Linear fc1, fc2;

  SwinLayer(const Scope &scope, int64_t features, int64_t heads, int64_t window, int64_t mlp_ratio,
            bool shifted)
      : shift(shifted ? window / 2 : 0),
        norm1(scope("norm1"), features),
        attention(scope("attn"), features, heads, window),
        norm2(scope("norm2"), features),
        fc1(scope("mlp")("fc1"), features, mlp_ratio * features),
        fc2(scope("mlp")("fc2"), mlp_ratio * features, features) {
    if (shifted) scope.ignored("attn_mask");
  }

  Tensor operator()(const Tensor &x, const Tensor &mask) const {
    Tensor y = norm1(x);
    if (shift) y = y.roll({-shift, -shift}, {1, 2});
    const Tensor seen = attention(to_windows(y, attention.window), shift ? mask : Tensor());
    y = from_windows(seen, attention.window, x);
    if (shift) y = y.roll({shift, shift}, {1, 2});
    y = x + y;
    return y + fc2(at::gelu(fc1(norm2(y))));
  }
};

// Residual Swin transformer block (figure 2a): layers, a convolution, plus the input.
struct Group {
  std::vector<SwinLayer> layers;
  Conv conv;

  Tensor operator()(const Tensor &x, const Tensor &mask) const {
    Tensor y = x;
    for (const SwinLayer &layer : layers) y = layer(y, mask);
    return conv(y.permute({0, 3, 1, 2})).permute({0, 2, 3, 1}) + x;
  }
};

// Published, classical: 6 groups of 6 layers, 180 channels, 6 heads, window 8, MLP of twice the
// width, 64 channels where enlarging (11.9 million parameters at x4). "light": 4 groups, 60
// channels, enlarged by one pixel shuffle (0.93 million). x2, x3, x4. Values of [0, 1]; the network
// takes the mean colour off and adds it again.
// Configuration: light (false), depths (layers of each group), heads (of each group), features,
// window, mlp_ratio, upsample_features.
// Pictures in tiles equal whole ones where tiles begin at multiples of the window.
// Deviations: odd layers always shift (the authors' do where the training patch is larger than the
// window, which it is in all they published); pictures too small to be mirrored to a window are
// extended by their last row and column first; no stochastic depth in training.
class Swinir : public Model {
 public:
  Swinir(int scale, const Json &json, const Scope &scope) : Model(scale) {
    check_scale("swinir", scale, {2, 3, 4});
    Config config(json, "swinir");
    light_ = config.flag("light", false);
    const auto depths = config.numbers("depths", std::vector<int64_t>(light_ ? 4 : 6, 6));
    const auto heads = config.numbers("heads", std::vector<int64_t>(depths.size(), 6));
    const int64_t features = config.number("features", light_ ? 60 : 180, 1, 4096);
    window_ = config.number("window", 8, 2, 64);
    const int64_t mlp_ratio = config.number("mlp_ratio", 2, 1, 16);
    const int64_t middle = config.number("upsample_features", 64, 1, 1024);
    config.done();
    HCD_CHECK(heads.size() == depths.size(), HCD_E_FILE,
              "configuration of swinir: heads: expected %zu numbers as in depths, found %zu",
              depths.size(), heads.size());
    first_ = Conv(scope("conv_first"), 3, features, 3);
    embed_norm_ = LayerNorm(scope("patch_embed")("norm"), features);
    for (size_t g = 0; g < depths.size(); ++g) {
      HCD_CHECK(heads[g] > 0 && features % heads[g] == 0, HCD_E_FILE,
                "configuration of swinir: heads: expected divisors of %lld features, found %lld",
                static_cast<long long>(features), static_cast<long long>(heads[g]));
      const Scope names = scope("layers", static_cast<int64_t>(g));
      Group group;
      for (int64_t i = 0; i < depths[g]; ++i) {
        group.layers.emplace_back(names("residual_group")("blocks", i), features, heads[g], window_,
                                  mlp_ratio, i % 2 == 1);
      }
      group.conv = Conv(names("conv"), features, features, 3);
      groups_.push_back(std::move(group));
    }
    norm_ = LayerNorm(scope("norm"), features);
    after_body_ = Conv(scope("conv_after_body"), features, features, 3);
    if (light_) {
      last_ = Conv(scope("upsample", 0), features, 3 * scale * scale, 3);
    } else {
      before_upsample_ = Conv(scope("conv_before_upsample", 0), features, middle, 3);
      upsample_ = SubPixel(scope("upsample"), middle, scale);
      last_ = Conv(scope("conv_last"), middle, 3, 3);
    }
  }

  int receptive_field() const override {
    // Backwards from each pixel of a window: convolutions grow the range [first, last] by one,
    // layers to whole windows.
    int64_t reach = 0;
    for (int64_t pixel = 0; pixel < window_; ++pixel) {
      const int64_t tail = light_ ? 2 : 4;  // after the body, where enlarging
      int64_t first = pixel - tail, last = pixel + tail;
      const auto start = [this](int64_t at, int64_t shift) {
        const int64_t offset = at - shift;
        return (offset - (offset % window_ + window_) % window_) + shift;
      };
      for (auto group = groups_.rbegin(); group != groups_.rend(); ++group) {
        --first, ++last;
        for (auto layer = group->layers.rbegin(); layer != group->layers.rend(); ++layer) {
          first = start(first, layer->shift);
          last = start(last, layer->shift) + window_ - 1;
        }
      }
      reach = std::max({reach, pixel - (first - 1), last + 1 - pixel});
    }
    return static_cast<int>(reach);
  }

  int alignment() const override { return static_cast<int>(window_); }

  Tensor upscale(const Tensor &x_lr, const Latents &) const override {
    // The mean is a constant of float32 in the authors' code, so it is in float64 as well.
    const Tensor mean =
        at::tensor(mean_colour(1), at::kFloat).to(x_lr.options()).view({1, 3, 1, 1});
    const int64_t least = window_ / 2 + 1;  // mirroring fills up at most one row or column less
    Tensor x = extend(x_lr, least, least) - mean;
    const int64_t height = round_up(x.size(2), window_), width = round_up(x.size(3), window_);
    x = at::reflection_pad2d(x, {0, width - x.size(3), 0, height - x.size(2)});
    const Tensor shallow = first_(x);
    x = enlarge(after_body_(deep_features(shallow)) + shallow) + mean;
    return crop(x, x_lr.size(2) * scale_, x_lr.size(3) * scale_);
  }

 private:
  Tensor deep_features(const Tensor &shallow) const {
    const int64_t height = shallow.size(2), width = shallow.size(3);
    const Tensor mask = shift_mask(height, width, window_, window_ / 2, shallow.options());
    Tensor x = embed_norm_(shallow.permute({0, 2, 3, 1}).contiguous());
    for (const Group &group : groups_) x = group(x, mask);
    return norm_(x).permute({0, 3, 1, 2});
  }

  Tensor enlarge(const Tensor &features) const {
    if (light_) return at::pixel_shuffle(last_(features), scale_);
    return last_(upsample_(lrelu(before_upsample_(features), 0.01)));
  }

  bool light_;
  int64_t window_;
  Conv first_;
  LayerNorm embed_norm_;
  std::vector<Group> groups_;
  LayerNorm norm_;
  Conv after_body_;
  Conv before_upsample_;  // classical only
  SubPixel upsample_;     // classical only
  Conv last_;             // light: to all pixels of a shuffle
};

}  // namespace

std::unique_ptr<Model> make_swinir(int scale, const Json &config, const Scope &scope) {
  return std::make_unique<Swinir>(scale, config, scope);
}

}  // namespace hcd::models
