// SPDX-License-Identifier: BSD-2-Clause
// A client: what the viewer's side does to a small frame, and its derivative.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "client/tape.h"
#include "engine/engine.h"

namespace hcd::client {

// A loss of a part of a picture: from what is shown in `window` of it to a value and its slope
// there (both views are as large as the window). On the host, from several threads at once.
using LocalLoss = std::function<double(const Rect &window, ConstPlane shown, Plane slope)>;

// Between a small and a large format, on the planes of frames (image::Geometry, 8-bit scale). The
// descent sees its picture: what it shows of the small frame's first n_planes() planes, as far as a
// loss looks at it. `key`: of the latents that a stochastic client draws; equal keys, equal
// results.
class Client {
 public:
  virtual ~Client() = default;

  virtual const std::string &name() const = 0;

  // ---- the viewer's way ----

  // The first `planes` planes of the enlarged frame `y`, not rounded, of a whole small frame.
  virtual void show(const float *x, uint64_t key, int planes, float *y) = 0;

  // ---- the descent's way: picture = f(x), and gradient = J^T slope ----

  virtual int n_planes() const = 0;
  // Channels and size of the picture, without data.
  virtual Plane picture() const = 0;
  // What one code value of the picture is in the client's own pictures, in which errors are
  // measured.
  virtual double unit() const { return 1; }
  // The picture of a source: what a client would show that loses nothing. In `memory` or in `y`.
  virtual ConstPlane target(const float *y, Buffer &memory) = 0;
  // `tape`: nullptr where no backward() follows; an old one is used again.
  virtual void forward(const float *x, uint64_t key, Plane picture,
                       std::unique_ptr<Tape> *tape) = 0;
  // At the `x` and `key` of the tape's forward(); `slope` may be overwritten.
  virtual void backward(const float *x, uint64_t key, const Tape *tape, Plane slope,
                        float *gradient) = 0;
  // Where a client works part by part and keeps no tape: forward, loss and backward of each part,
  // so that f runs once. Returns the sum of the parts' values; false: use the two above.
  virtual bool by_parts() const { return false; }
  virtual double pass(const float *x, uint64_t key, const LocalLoss &loss, float *gradient) {
    (void)x, (void)key, (void)loss, (void)gradient;
    return 0;
  }
};

}  // namespace hcd::client
