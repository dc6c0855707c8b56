// SPDX-License-Identifier: BSD-2-Clause
// What a network client is to the rest of the library: tiles of pictures in, tiles, errors and
// gradients out. Whoever executes it (LibTorch now, native kernels later) implements this.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/view.h"
#include "image/colour.h"

namespace hcd::client {

using image::Colour;

struct NetworkInfo {
  std::string name;
  int scale = 0;  // enlarging factor, the same in both directions
  Colour colour = Colour::kRgb;
  int receptive_field = 0;     // LR pixels on each side that an output pixel depends on (f and g)
  bool has_downscale = false;  // brings its own g
  int alignment = 1;           // tiles begin at multiples of this many LR pixels
  bool stochastic = false;     // f draws a latent: its result depends on the Draw
  bool exact_parts = false;  // gradient_part() gives the same bits whatever the crop and the window
  std::string downscaler = "bicubic";  // the kernel that stands in for a g that is missing
};

// Which random numbers a call draws, for networks that are stochastic: those of `key`, at absolute
// positions of a picture whose crop begins at (x, y), in LR pixels. So tiles of one picture agree.
struct Draw {
  uint64_t key = 0;
  int x = 0, y = 0;
};

// A fixed pair (g, f). Pure: no state between calls. All functions may be called from several
// threads at once and give the same bits whatever the threads. They throw hcd::Error.
class Network {
 public:
  virtual ~Network() = default;
  virtual const NetworkInfo &info() const = 0;

  // f. `lr`: [channels, h, w]; `hr`: receives [channels, h * scale, w * scale].
  virtual void upscale(ConstPlane lr, Plane hr, const Draw &draw = {}) = 0;

  // The part of f(lr) in `window` (HR pixels), as upscale() gives it; `hr` is as large as the
  // window. Here all of f(lr) is made and cut: for executors that save work by knowing the window.
  virtual void upscale_window(ConstPlane lr, Rect window, Plane hr, const Draw &draw = {}) {
    const int scale = info().scale, height = lr.height * scale, width = lr.width * scale;
    const auto plane = static_cast<ptrdiff_t>(height) * width;
    std::vector<float> values(static_cast<size_t>(plane) * static_cast<size_t>(lr.channels));
    upscale(lr, {values.data(), lr.channels, height, width, width, plane}, draw);
    for (int c = 0; c < hr.channels; ++c) {
      for (int y = 0; y < hr.height; ++y) {
        std::copy_n(values.data() + c * plane + (window.y + y) * ptrdiff_t{width} + window.x,
                    hr.width, hr.data + c * hr.plane + y * hr.stride);
      }
    }
  }

  // Sum over `window` (HR pixels of f(lr)) and channels of (f(lr) - target)^2; `target` is as large
  // as the window. Adds the derivative with respect to `lr` to `gradient` (as large as `lr`).
  virtual double error_and_gradient(ConstPlane lr, ConstPlane target, Rect window, Plane gradient,
                                    const Draw &draw = {}) = 0;

  // Adds the derivative of that sum to `gradient` in `part` (LR pixels), and anything elsewhere. It
  // is whole where the window holds all that depends on `part`. Only where info().exact_parts.
  virtual void gradient_part(ConstPlane lr, ConstPlane target, Rect window, Rect part,
                             Plane gradient) {
    (void)part;
    error_and_gradient(lr, target, window, gradient);
  }

  // g, where info().has_downscale. `hr`: [channels, h * scale, w * scale]; `lr`: [channels, h, w].
  virtual void downscale(ConstPlane hr, Plane lr) = 0;

  // Adds J^T v to `gradient` (as large as `hr`), J the derivative of g at `hr`; `v` as large as
  // g(hr).
  virtual void downscale_vjp(ConstPlane hr, ConstPlane v, Plane gradient) = 0;
};

// What latent f gets: z = 0, one draw of N(0, 1), or the mean of the pictures of kMeanDraws draws.
enum class Latent { kDefault, kZero, kSample, kMean };
inline constexpr int kMeanDraws = 8;

// What is to be opened. Empty: torchscript has no default.
struct NetworkRequest {
  std::string model;           // a name of net/catalogue.h
  std::string weights;         // path; "": the built-in ones
  std::string device = "cpu";  // auto, cpu, cuda or cuda:N
  int scale = 0;               // 0: as the weights say
  Latent latent = Latent::kDefault;
};

// Opens a network in the back end that runs it. Throws hcd::Error.
std::unique_ptr<Network> load_network(const NetworkRequest &request, const Log &log);

}  // namespace hcd::client
