// SPDX-License-Identifier: BSD-2-Clause
// The loss `mixed`: squared error and lost detail of what a viewer sees, and what it costs to send.
#pragma once

#include <memory>
#include <vector>

#include "loss/loss.h"

namespace hcd::loss {

// Weights of the parts; each is relative to where the descent starts.
struct MixedWeights {
  double detail;     // of lost detail; the squared error has 1 - detail
  double ringing;    // of the mean squared amount by which what is shown leaves the range of the
                     // source's 3 x 3 neighbourhood, beside the mean squared error
  double proximity;  // of the mean squared move, beside the mean squared error
};

// Over K clients and a small luma plane x with the plain one x0, their mean of
//   (1 - detail) mse_k / mse_k(start) + detail lost_k / lost_k(start)
//          + ringing mean excess_k^2 / mse_k(start)
// and proximity mean (x - x0)^2 / mse(start).
// "start" is the first point that is evaluated; the value is 1 there. What is shown is clipped to
// the code values that a player has, so what is cut off there costs and gains nothing.
class Mixed : public Loss {
 public:
  // `y`, `x0`: luma of source and plain small frame; kept. `shown`: the code values of a player.
  Mixed(size_t clients, ConstPlane y, ConstPlane x0, const image::Range &shown,
        const MixedWeights &weights, Engine &engine);

  Number shown(size_t k, Plane shown, Plane slope) override;
  Number small(ConstVector x, Vector gradient) override;
  Number can_gain() const override { return can_gain_; }
  Number rms_error(const Number &) const override { return sqrt(start_error()); }

  // The most that clipping has cut off what a client shows at a point so far, as a share of the
  // squared error of the start; of points whose slope was asked for.
  const Number &clipped() const { return clipped_; }

 private:
  struct Start {
    Number error, lost;
    bool known = false;  // false before the first point
  };
  Number start_error() const;  // mean over the clients

  ConstPlane y_, x0_;
  image::Range shown_range_;
  MixedWeights weights_;
  Engine &engine_;
  std::vector<Start> start_;
  std::unique_ptr<Detail> detail_;
  Number can_gain_, clipped_;
};

}  // namespace hcd::loss
