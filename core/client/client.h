// SPDX-License-Identifier: BSD-2-Clause
// A client: what the viewer's side does to a small frame, and its derivative.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/engine.h"

namespace hcd::client {

// What a forward pass keeps for the way back. Readable by the client or network that made it alone.
// Where there is none, backward() computes again what it needs.
class Tape {
 public:
  virtual ~Tape() = default;
};

// A client that works part by part and keeps no tape.
class ByParts {
 public:
  virtual ~ByParts() = default;
  // Forward, loss and backward of each part, so that f runs once. Returns the sum of the parts'
  // values.
  virtual double pass(const float *x, uint64_t key, const LocalLoss &loss, float *gradient) = 0;
};

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
  // Whether calls wait for nothing where the engine queues its work.
  virtual bool only_queues() const { return true; }
  // Where work is only queued: throws what the calls that are done by now would have thrown.
  virtual void check_results() {}
  // What takes the place of the two above for losses that are sums over pixels; nullptr: they do.
  virtual ByParts *by_parts() { return nullptr; }
};

}  // namespace hcd::client
