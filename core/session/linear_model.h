// SPDX-License-Identifier: BSD-2-Clause
// Linear clients: players that enlarge by a kernel, plane by plane.
#pragma once

#include <string>
#include <vector>

#include "engine/cpu/compare.h"
#include "base/parallel.h"
#include "descent/objective.h"
#include "image/format.h"
#include "image/separable.h"
#include "session/mixed_objective.h"

namespace hcd::client {}
namespace hcd::session {
using namespace client;
using namespace cpu;

// The kernels named by a model option such as "bicubic" or "bicubic+lanczos"; empty if one of the
// names is not a linear client.
std::vector<const image::Kernel *> find_clients(const std::string &model);

// One client between two sizes, one plane. D: plain downscaling; U: enlarging.
struct PlaneClient {
  image::Separable down, up, adjoint, gram;  // D, U, U^T, U^T U
};

// One client between two formats of the same layout.
class LinearClient {
 public:
  // `start`: of D, the plain way down; nullptr: the client's own.
  LinearClient(const image::Kernel &kernel, const image::Kernel *start, const hcd_format &hr,
               const hcd_format &lr);

  const char *name() const { return name_; }
  int n_planes() const { return n_planes_; }
  // Cb and Cr share their operators.
  const PlaneClient &plane(int c) const { return planes_[operators_of(c)]; }
  size_t operators_of(int c) const { return c > 0 && planes_.size() > 1 ? 1 : 0; }
  size_t n_operators() const { return planes_.size(); }

  // All planes of a frame as floats.
  void downscale(const float *hr, float *lr, ThreadPool &pool) const;
  void upscale(const float *lr, float *hr, ThreadPool &pool) const;

  // Mean squared error, in 8-bit code values, of what it shows of plane `c` of `lr`, rounded to
  // `format`'s code values, against `hr`. Sets `clipped` where those have no such value.
  double shown_error(int c, const float *lr, const float *hr, const hcd_format &format,
                     bool &clipped, ThreadPool &pool) const;

  const image::Geometry &hr() const { return hr_; }
  const image::Geometry &lr() const { return lr_; }

 private:
  const char *name_;
  int n_planes_;
  image::Geometry hr_, lr_;
  std::vector<PlaneClient> planes_;  // luma (or all of RGB), chroma
};

// The rule exact: the small frame that one linear client enlarges best, see image::Inverse.
class LinearSolver {
 public:
  LinearSolver(const LinearClient &client, double proximity);

  // All planes of a frame.
  void solve(const LinearClient &client, const float *hr, float *lr, ThreadPool &pool) const;

 private:
  std::vector<image::Inverse> inverses_;  // as the client's planes
};

// Luma of a linear client, which must outlive it.
class LinearLuma : public LumaClient {
 public:
  LinearLuma(const LinearClient &client, ThreadPool &pool) : client_(client), pool_(pool) {}

  void show(const float *x, float *shown) override;
  void pull(const float *v, float *gradient) override;

 private:
  const LinearClient &client_;
  ThreadPool &pool_;
};

// Mean squared error of several linear clients around a start x0, with proximity to it:
//   1/K sum_k |U_k x - y|^2 / N_hr + proximity |x - x0|^2 / N_lr.
// Written in the move d = x - x0, so that float arithmetic keeps its digits:
//   |U d - e|^2 with e = y - U x0.
class LinearObjective : public descent::Objective {
 public:
  // References are kept. `y`: HR planes; `x0`: LR planes; `rounded`: evaluate at the values that
  // survive rounding (straight-through), which makes the problem no longer quadratic.
  LinearObjective(const std::vector<LinearClient> &clients, const float *y, const float *x0,
                  const hcd_format &lr_format, double proximity, bool rounded, ThreadPool &pool);

  size_t size() const override { return x0_.size(); }
  std::vector<size_t> group_ends() const override;
  double value_and_gradient(descent::Variables x, descent::Result gradient) override;
  bool quadratic() const override { return !rounded_; }
  void hessian(descent::Variables p, descent::Result hp) override;
  void clip(descent::Result x) const override;

 private:
  void normal(const float *p, float *hp);  // 1/K sum_k U_k^T U_k p

  const std::vector<LinearClient> &clients_;
  descent::Variables x0_;
  hcd_format lr_format_;
  double proximity_;  // per LR sample, relative to the squared error per HR sample
  bool rounded_;
  ThreadPool &pool_;
  size_t n_hr_;
  double error_ = 0;        // 1/K sum_k |e_k|^2
  std::vector<float> rhs_;  // 1/K sum_k U_k^T e_k
};

// Algorithm 1's HR stage over a linear downscaler: the variables are the first planes of the
// source, as many as `lr`, the LR stage's objective, has; the value is that of `lr` at the small
// frame they give.
class LinearHrObjective : public descent::Objective {
 public:
  LinearHrObjective(const LinearClient &client, descent::Objective &lr, const hcd_format &hr_format,
                    int n_planes, ThreadPool &pool);

  size_t size() const override { return client_.hr().offset(n_planes_); }
  double value_and_gradient(descent::Variables y, descent::Result gradient) override;
  double rms_error(double value) const override { return lr_.rms_error(value); }
  void clip(descent::Result y) const override;

 private:
  const LinearClient &client_;
  descent::Objective &lr_;
  hcd_format hr_format_;
  int n_planes_;
  ThreadPool &pool_;
  std::vector<image::Separable> adjoints_;  // D^T of each plane
  std::vector<float> x_, x_gradient_;
};

// Clips the first `n_planes` components to their legal ranges; whether a value was outside.
bool clip_to_range(const hcd_format &format, int n_planes, float *values, ThreadPool &pool);

}  // namespace hcd::session
