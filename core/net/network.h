// SPDX-License-Identifier: BSD-2-Clause
// What a network client is to the rest of the library: tiles of pictures in, tiles, errors and
// gradients out. Whoever executes it (LibTorch now, native kernels later) implements this.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/log.h"

namespace hcd::net {

// Colour space of a network's pictures. Values lie in [0, 1].
enum class Colour {
  kLuma,  // 1 channel: limited-range luma / 255 (black 16/255, white 235/255), as in the literature
  kYcbcr,  // 3 channels: limited-range Y'CbCr / 255, 4:4:4
  kRgb,    // 3 channels: R'G'B', black 0, white 1
};

struct NetworkInfo {
  std::string name;
  int scale = 0;  // enlarging factor, the same in both directions
  Colour colour = Colour::kRgb;
  int receptive_field = 0;     // LR pixels on each side that an output pixel depends on (f and g)
  bool has_downscale = false;  // brings its own g
};

// `channels` planes of height x width floats; rows `stride` floats apart, planes `plane` apart.
template <typename T>
struct View {
  T *data = nullptr;
  int channels = 0, height = 0, width = 0;
  ptrdiff_t stride = 0, plane = 0;

  // The window of `h` rows from `y` and `w` columns from `x`.
  View crop(int x, int y, int w, int h) const {
    return {data + y * stride + x, channels, h, w, stride, plane};
  }
};
using ConstImage = View<const float>;
using Image = View<float>;

// A window in pixels.
struct Window {
  int x = 0, y = 0, width = 0, height = 0;
};

// A fixed pair (g, f). Pure: no state between calls. All functions may be called from several
// threads at once and give the same bits whatever the threads. They throw hcd::Error.
class Network {
 public:
  virtual ~Network() = default;
  virtual const NetworkInfo &info() const = 0;

  // f. `lr`: [channels, h, w]; `hr`: receives [channels, h * scale, w * scale].
  virtual void upscale(ConstImage lr, Image hr) = 0;

  // Sum over `window` (HR pixels of f(lr)) and channels of (f(lr) - target)^2; `target` is as large
  // as the window. Adds the derivative with respect to `lr` to `gradient` (as large as `lr`).
  virtual double error_and_gradient(ConstImage lr, ConstImage target, Window window,
                                    Image gradient) = 0;

  // g, where info().has_downscale. `hr`: [channels, h * scale, w * scale]; `lr`: [channels, h, w].
  virtual void downscale(ConstImage hr, Image lr) = 0;

  // Adds J^T v to `gradient` (as large as `hr`), J the derivative of g at `hr`; `v` as large as
  // g(hr).
  virtual void downscale_vjp(ConstImage hr, ConstImage v, Image gradient) = 0;
};

// Opens a back end's network. `device`: "cpu", "cuda", "cuda:N".
std::unique_ptr<Network> load_torchscript(const std::string &path, const std::string &device,
                                          const Log &log);

}  // namespace hcd::net
