// SPDX-License-Identifier: BSD-2-Clause
// The loss `mixed`: squared error and lost detail of what a viewer sees, and what it costs to send.
#pragma once

#include <cmath>
#include <memory>
#include <vector>

#include "engine/cpu/compare.h"
#include "base/parallel.h"
#include "descent/objective.h"
#include "image/format.h"
#include "base/buffer.h"
#include "base/view.h"
#include "engine/cpu/adm.h"

namespace hcd::client {}
namespace hcd::session {
using namespace client;
using namespace cpu;

// A client's luma as a function of the small luma plane. Values on the 8-bit scale.
class LumaClient {
 public:
  virtual ~LumaClient() = default;

  // What the client shows of the small plane `x`.
  virtual void show(const float *x, float *shown) = 0;

  // gradient = J^T v, J the derivative of show() at the plane that it was called with last. `v`: as
  // large as what is shown; `gradient`: as the small plane.
  virtual void pull(const float *v, float *gradient) = 0;
};

// Weights of the parts; each is relative to where the descent starts.
struct MixedWeights {
  double detail;     // of lost detail; the squared error has 1 - detail
  double ringing;    // of the mean squared amount by which what is shown leaves the range of the
                     // source's 3 x 3 neighbourhood, beside the mean squared error
  double proximity;  // of the mean squared move, beside the mean squared error
  double rate;       // of cpu::block_cost()
};

// Over K clients and a small luma plane x with the plain one x0:
//   1/K sum_k [(1 - detail) mse_k / mse_k(start) + detail lost_k / lost_k(start)
//          + ringing mean excess_k^2 / mse_k(start)] + proximity mean (x - x0)^2 / mse(start) +
//          rate cost(x).
// "start" is the first point that is evaluated. Without the rate the value is 1 there. What is
// shown is clipped to the code values that a player has, so what is cut off there costs and gains
// nothing.
class MixedObjective : public descent::Objective {
 public:
  // `y`, `x0`: luma of source and plain small frame, whose format is `lr_format`; kept.
  MixedObjective(std::vector<std::unique_ptr<LumaClient>> clients, ConstPlane y,
                 ConstPlane x0, const hcd_format &lr_format, const MixedWeights &weights,
                 ThreadPool &pool);

  size_t size() const override { return x0_.size(); }
  double value_and_gradient(descent::Variables x, descent::Result gradient) override;
  double rms_error(double) const override { return std::sqrt(start_error_); }
  void clip(descent::Result x) const override;

  // The value alone; not for the start.
  double value(descent::Variables x);
  // Whether clipping has changed a small frame or what a client shows, at any point so far.
  bool clipped() const { return clipped_; }

 private:
  struct Client {
    std::unique_ptr<LumaClient> luma;
    double error = 0, lost = 0;  // at the start; 0 before
  };

  void find_ranges();
  double evaluate(descent::Variables x, descent::Result gradient, bool differentiate);
  double compare(Client &client);

  std::vector<Client> clients_;
  ConstPlane y_, x0_;
  hcd_format lr_format_;
  image::Range shown_range_;  // see the constructor
  MixedWeights weights_;
  ThreadPool &pool_;
  cpu::DetailLoss detail_;
  double start_error_ = 0;  // mean over the clients; 0 before the first evaluation
  bool can_gain_ = false;   // at the start
  mutable bool clipped_ = false;
  Buffer low_, high_;  // range of the source's neighbourhoods
  Buffer shown_, slope_, pulled_;
};

}  // namespace hcd::session
