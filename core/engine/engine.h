// SPDX-License-Identifier: BSD-2-Clause
// Where samples live and who computes: the operations that clients, losses, rules and sessions are
// made of. tests/conformance holds every engine against one reference, operation by operation.
#pragma once

#include <hcd/hcd.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/number.h"
#include "base/parallel.h"
#include "base/view.h"
#include "image/colour.h"
#include "image/format.h"
#include "image/separable.h"

namespace hcd {

using Vector = std::span<float>;
using ConstVector = std::span<const float>;

// An operator on planes, in an engine's own form.
class Operator {
 public:
  virtual ~Operator() = default;
  // out = operator in. The planes have the operator's sizes and do not overlap.
  virtual void apply(ConstPlane in, Plane out) const = 0;
};

// Detail that a viewer misses (ADM): how much visible detail of a reference plane is not in another
// one, 0 (all is there) to about 1; see engine/cpu/adm.h.
class Detail {
 public:
  virtual ~Detail() = default;
  // Of `test`, as large as the reference; its derivative goes to `gradient` (as large), if that has
  // data.
  virtual Number value_and_gradient(ConstPlane test, Plane gradient) = 0;
};

// A loss of a part of a picture: from what is shown in `window` of it to a value and its slope
// there (both views are as large as the window). On the host, from several threads at once.
using LocalLoss = std::function<double(const Rect &window, ConstPlane shown, Plane slope)>;

// Work of an engine that is kept to be done again; readable by the engine that made it alone.
class Recording {
 public:
  virtual ~Recording() = default;
};

// Numbers that were asked for.
class Answer {
 public:
  virtual ~Answer() = default;
  // Waits for them, and no longer.
  virtual std::vector<double> wait() = 0;
};
class ReadyAnswer : public Answer {
 public:
  explicit ReadyAnswer(std::vector<Number> numbers) : numbers_(std::move(numbers)) {}
  std::vector<double> wait() override {
    std::vector<double> values;
    for (const Number &number : numbers_) values.push_back(number.value());
    return values;
  }

 private:
  std::vector<Number> numbers_;
};

// A step of the loss mixed on one plane; see Engine::mix_slope().
struct MixWeights {
  Number error, excess, detail;  // of the derivatives
};

// Planes hold floats on the 8-bit scale (a 10-bit 512 is 128.0) in the engine's memory; planes of a
// frame lie one after another as image::Geometry says. Results do not depend on the number of
// threads. Planes are views, gaps between their rows included, of one channel; copy(), fill() and
// squared_error() take several. Everything throws hcd::Error. Thread-safety: one thread at a time.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual const char *name() const = 0;
  // Threads of the host, for what runs there.
  virtual ThreadPool &pool() = 0;

  // ---- queued work ----

  // How many frames are worth having under way at once; 1: nothing is queued.
  virtual int frames_in_flight() const { return 1; }
  // Does `work`, which calls this engine alone and waits for no number, and asks for those that it
  // gives back. With `recording` it may be kept there, and the next call with it then does the same
  // on the same memory without calling `work`: what that would have made of the host's state has to
  // be the same. Not from within `work`.
  virtual std::unique_ptr<Answer> queue(const std::function<std::vector<Number>()> &work,
                                        std::unique_ptr<Recording> *recording) {
    (void)recording;
    return std::make_unique<ReadyAnswer>(work());
  }
  // Waits until the last frame of the host that pack() was given is there.
  virtual void finish_pack() {}
  // Waits for everything queued.
  virtual void finish() {}

  // ---- memory ----

  // Whether its memory is the host's; else a device's, which the host cannot touch.
  virtual bool on_host() const { return true; }
  virtual Buffer allocate(size_t floats) = 0;
  // Between two views of one size, each in the engine's memory or the host's; one of the vectors
  // may be anywhere on its device (LibTorch's, say). Where not both are in memory that allocate()
  // gave, it is done when the call returns.
  virtual void copy(ConstPlane from, Plane to) = 0;
  virtual void copy(ConstVector from, Vector to) = 0;
  virtual void fill(Plane plane, float value) = 0;
  void clear(Vector x) { fill({x.data(), static_cast<int>(x.size()), 1}, 0); }

  // ---- vectors ----

  // Sums are taken in pieces of a fixed size and added in order.
  virtual Number dot(ConstVector a, ConstVector b) = 0;
  virtual void axpy(const Number &a, ConstVector x, Vector y) = 0;    // y += a x
  virtual void xpby(ConstVector x, const Number &b, Vector y) = 0;    // y = x + b y
  virtual void subtract(ConstVector x, ConstVector y, Vector z) = 0;  // z = x - y
  virtual void scale(const Number &a, Vector x) = 0;                  // x = a x
  virtual void normal(uint64_t seed, Vector x) = 0;  // x[i] = Random(seed).normal(i)

  // ---- frames ----

  // Code values of `frame` as floats on the 8-bit scale, exactly.
  virtual void unpack(const hcd_format &format, const hcd_frame &frame, float *planes) = 0;
  // Rounds (ties to even) to code values of the format's depth inside each component's range. The
  // one exact quantiser: every frame that leaves the library came through it. A frame of the host
  // need not be there before finish_pack().
  virtual void pack(const hcd_format &format, const float *planes, const image::Ranges &ranges,
                    const hcd_frame &frame) = 0;
  // What unpack() gives after pack(), in place.
  virtual void quantise(int depth, const image::Range &range, Plane plane) = 0;
  // Clips in place; the sum of the squares of what was cut off.
  virtual Number clip(const image::Range &range, Plane plane) = 0;
  // Hash of the visible samples.
  virtual uint64_t hash(const hcd_format &format, const hcd_frame &frame, uint64_t seed) = 0;

  // ---- operators ----

  virtual std::unique_ptr<Operator> prepare(image::Separable op) = 0;
  virtual std::unique_ptr<Operator> prepare(image::Inverse op) = 0;
  // out += in correlated with `kernel`, size x size weights row by row, size odd; the last samples
  // repeat beyond the border. The planes have one size and do not overlap.
  virtual void correlate(ConstPlane in, std::span<const float> kernel, Plane out) = 0;
  // out[i] = sum_k matrix[i][k] in[k] + offset[i] for planes of one size, or with `transposed` by
  // the matrix's transpose and no offset. A plane of `in` without data stands for neutral chroma
  // (128; transposed: 0), one of `out` is not made. A plane of `out` may be the one of `in` with
  // its number, where no other plane of `out` depends on it.
  virtual void mix(const image::Affine &affine, bool transposed,
                   const std::array<ConstPlane, 3> &in, const std::array<Plane, 3> &out) = 0;

  // ---- losses ----

  // Sum of the squared differences; slope, if it has data, = factor (shown - target).
  virtual Number squared_error(ConstPlane shown, ConstPlane target, float factor, Plane slope) = 0;
  // Mean squared difference to `truth`, on the 8-bit scale, after rounding `shown` to code values.
  virtual Number shown_error(int depth, ConstPlane shown, ConstPlane truth) = 0;
  virtual std::unique_ptr<Detail> detail(ConstPlane reference) = 0;
  // slope = error (shown - y) + excess (amount outside the range of y's 3 x 3 neighbourhood)
  //         + detail slope, or 0 where shown is not inside `range`; without data it is not made.
  // Returns the sum of error (shown - y)^2 + excess (amount)^2.
  virtual Number mix_slope(ConstPlane shown, ConstPlane y, const image::Range &range,
                           const MixWeights &weights, Plane slope) = 0;
};

// On the host's CPU.
std::unique_ptr<Engine> make_cpu_engine(ThreadPool &pool);

// Engine::squared_error() of pictures of the host, in the calling thread.
double squared_error(ConstPlane shown, ConstPlane target, float factor, Plane slope);

}  // namespace hcd
