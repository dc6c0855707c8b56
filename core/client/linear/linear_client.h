// SPDX-License-Identifier: BSD-2-Clause
// Linear clients: players that enlarge by a kernel, plane by plane.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "client/client.h"
#include "image/format.h"
#include "image/kernel.h"

namespace hcd::client {

// The kernels named by a model option such as "bicubic" or "bicubic+lanczos"; empty if one of the
// names is not a linear client.
std::vector<const image::Kernel *> find_kernels(const std::string &model);

// U on every plane between two formats of the same layout. Its picture is luma (a plane of its
// own).
class LinearClient : public Client {
 public:
  LinearClient(const image::Kernel &kernel, const hcd_format &hr, const hcd_format &lr,
               Engine &engine);

  const std::string &name() const override { return name_; }
  void show(const float *x, uint64_t key, int planes, float *y) override;
  int n_planes() const override { return 1; }
  Plane picture() const override { return hr_.plane(static_cast<float *>(nullptr), 0); }
  ConstPlane target(const float *y, Buffer &) override { return hr_.plane(y, 0); }
  void forward(const float *x, uint64_t key, Plane picture, std::unique_ptr<Tape> *tape) override;
  void backward(const float *x, uint64_t key, const Tape *tape, Plane slope,
                float *gradient) override;

  // The operators of plane `c`. Cb and Cr share theirs.
  const image::Separable &up(int c) const { return planes_[operators_of(c)].u; }
  const Operator &enlarge(int c) const { return *planes_[operators_of(c)].up; }
  const Operator &adjoint(int c) { return prepared(planes_[operators_of(c)].adjoint, c, false); }
  const Operator &gram(int c) { return prepared(planes_[operators_of(c)].gram, c, true); }  // U^T U
  size_t operators_of(int c) const { return c > 0 && planes_.size() > 1 ? 1 : 0; }
  size_t n_operators() const { return planes_.size(); }

  const image::Geometry &hr() const { return hr_; }
  const image::Geometry &lr() const { return lr_; }

 private:
  struct PlaneOperators {
    image::Separable u;
    std::unique_ptr<Operator> up, adjoint, gram;  // the last two when asked for
  };
  const Operator &prepared(std::unique_ptr<Operator> &op, int c, bool gram);

  std::string name_;
  Engine &engine_;
  image::Geometry hr_, lr_;
  std::vector<PlaneOperators> planes_;  // luma (or all of RGB), chroma
};

}  // namespace hcd::client
