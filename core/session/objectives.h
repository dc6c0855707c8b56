// SPDX-License-Identifier: BSD-2-Clause
// The objectives of Algorithm 1: clients and a loss as functions of the samples of a frame.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "client/client.h"
#include "client/downscaler.h"
#include "client/linear/linear_client.h"
#include "descent/objective.h"
#include "loss/loss.h"

namespace hcd::session {

// Clips the first `planes` planes to the format's legal intervals; the sum of the squares of
// what was cut off.
Number clip_planes(const hcd_format &format, int planes, float *values, Engine &engine);

// The LR stage, step by step: forward, loss, backward. Variables are the first n_planes() planes of
// the small frame. References are kept.
class ShownObjective : public descent::Objective {
 public:
  // `rounded`: what is shown is of the values that survive rounding (straight-through). `key`: of
  // the latents that a stochastic client draws, anew at each evaluation.
  ShownObjective(std::vector<client::Client *> clients, loss::Loss &loss, const hcd_format &lr,
                 bool rounded, uint64_t key, Engine &engine);

  size_t size() const override { return n_; }
  Number value_and_gradient(ConstVector x, Vector gradient) override;
  Number rms_error(const Number &value) const override { return loss_.rms_error(value); }
  void clip(Vector x) override;

  // The value alone; not for the first point.
  Number value(ConstVector x);
  // Of the first point; there is one.
  const Number &start_value() const { return *start_value_; }
  // The most that a clip() has cut off so far, as a sum of squares.
  const Number &clipped() const { return clipped_; }

 private:
  ConstVector transported(ConstVector x);
  // Of client `k`: the value, and where it is asked for the gradient.
  Number shown(size_t k, ConstVector x, float *gradient);

  std::vector<client::Client *> clients_;
  loss::Loss &loss_;
  hcd_format lr_;
  int planes_;
  size_t n_;
  bool rounded_;
  uint64_t key_;
  Engine &engine_;
  Number clipped_;
  std::optional<Number> start_value_;
  std::vector<std::unique_ptr<client::Tape>> tapes_;
  Buffer shown_, slope_, pulled_, rounded_values_;
};

// The LR stage of linear clients and the loss mse, all planes:
//   1/K sum_k |U_k x - y|^2 / N_hr + proximity |x - x0|^2 / N_lr,
// by U^T U on the small frame alone. Written in the move d = x - x0, so that float arithmetic keeps
// its digits: |U d - e|^2 with e = y - U x0.
class LinearObjective : public descent::Quadratic {
 public:
  // References are kept. `rounded`: as above; the problem is no longer quadratic then, and the
  // second derivative that of the one without.
  LinearObjective(std::vector<client::LinearClient *> clients, const float *y, const float *x0,
                  const hcd_format &lr, double proximity, bool rounded, Engine &engine);

  size_t size() const override { return x0_.size(); }
  std::vector<size_t> group_ends() const override;
  Number value_and_gradient(ConstVector x, Vector gradient) override;
  void hessian(ConstVector p, Vector hp) override;
  void clip(Vector x) override;

 private:
  void normal(const float *p, Vector hp);  // 1/K sum_k U_k^T U_k p

  std::vector<client::LinearClient *> clients_;
  ConstVector x0_;
  hcd_format lr_;
  double proximity_;  // per LR sample, relative to the squared error per HR sample
  bool rounded_;
  Engine &engine_;
  size_t n_hr_;
  Number error_;  // 1/K sum_k |e_k|^2
  Buffer rhs_;    // 1/K sum_k U_k^T e_k
  Buffer move_, part_;
};

// The HR stage: the LR stage's objective of the small frame that g makes of the variables, the
// first `planes` planes of a large frame.
class HrObjective : public descent::Objective {
 public:
  HrObjective(client::Downscaler &g, descent::Objective &lr, const hcd_format &hr, int planes,
              Engine &engine);

  size_t size() const override { return image::Geometry(hr_).offset(planes_); }
  Number value_and_gradient(ConstVector y, Vector gradient) override;
  Number rms_error(const Number &value) const override { return lr_.rms_error(value); }
  void clip(Vector y) override;

 private:
  client::Downscaler &g_;
  descent::Objective &lr_;
  hcd_format hr_;
  int planes_;
  Engine &engine_;
  Buffer x_, x_gradient_;
};

}  // namespace hcd::session
