// SPDX-License-Identifier: BSD-2-Clause
// How a plain small frame is made: g, and its derivative for the HR stage.
#pragma once

#include <memory>
#include <vector>

#include "engine/engine.h"
#include "image/kernel.h"

namespace hcd::client {

class Downscaler {
 public:
  virtual ~Downscaler() = default;
  // The first `planes` planes of the small frame `x`, not rounded, of a frame `y`.
  virtual void downscale(const float *y, int planes, float *x) = 0;
  // The first `planes` planes of gradient = J^T v, J the derivative at `y`.
  virtual void backward(const float *y, const float *v, int planes, float *gradient) = 0;
};

// By a kernel, plane by plane: D.
class KernelDownscaler : public Downscaler {
 public:
  KernelDownscaler(const image::Kernel &kernel, const hcd_format &hr, const hcd_format &lr,
                   Engine &engine);
  void downscale(const float *y, int planes, float *x) override;
  void backward(const float *y, const float *v, int planes, float *gradient) override;

  // D of plane `c`.
  const image::Separable &down(int c) const { return planes_[operators_of(c)].d; }

 private:
  struct PlaneOperators {
    image::Separable d;
    std::unique_ptr<Operator> down, adjoint;  // the last when asked for
  };
  size_t operators_of(int c) const { return c > 0 && planes_.size() > 1 ? 1 : 0; }

  Engine &engine_;
  image::Geometry hr_, lr_;
  std::vector<PlaneOperators> planes_;
};

}  // namespace hcd::client
