// SPDX-License-Identifier: BSD-2-Clause
// Algorithm 1 on frames, for any client.
#pragma once

#include <memory>
#include <optional>

#include "image/format.h"
#include "loss/mixed.h"
#include "session/clients.h"
#include "session/objectives.h"
#include "session/processor.h"
#include "session/session.h"

namespace hcd::session {

class DownSession : public Session {
 public:
  // `model_hr`: the format of the planes the clients work on: `in`, extended at the right and the
  // bottom where a network's factor asks for it.
  DownSession(Processor on, Clients clients, const DownSettings &settings, const hcd_format &in,
              const hcd_format &model_hr, const hcd_format &out);

  int factor() const override { return clients_.factor; }
  const char *resize() const override { return clients_.resize; }
  void update(const DownSettings &settings) override;

 protected:
  void process(const std::list<Sent> &window, const hcd_frame &out, hcd_stats *stats) override;

 private:
  // What the rules walk on: an LR stage, and what it was made of.
  struct Stage {
    std::unique_ptr<loss::Loss> loss;
    std::unique_ptr<descent::Objective> lr;
    ShownObjective *mixed = nullptr;          // lr, where the loss is mixed
    descent::Quadratic *quadratic = nullptr;  // lr, where it is one
  };

  void load(const hcd_frame &in);
  int descend(const Plan &plan, const hcd_frame &in);
  Stage make_stage(const Plan &plan, uint64_t key);
  std::unique_ptr<ShownObjective> make_shown(loss::Loss &loss, const Plan &plan, uint64_t key);
  int run_rule(const Plan &plan, const Stage &stage, descent::Objective &objective, Vector x,
               int steps, uint64_t seed);
  void solve(const Plan &plan, double proximity, int first);
  // Puts plain planes back where clipping has left the descended ones no better.
  void judge_clipped(ShownObjective &objective, const loss::Mixed &loss);
  void judge_clipped_chroma(int c);
  uint64_t frame_key(const hcd_frame &in);
  double shown_error(client::Client &client, const float *x, uint64_t key);
  void measure(const hcd_frame &in, const hcd_frame &out, bool plain, hcd_stats &stats);

  std::unique_ptr<Engine> engine_;
  Clients clients_;
  uint64_t seed_;
  hcd_format in_, hr_, lr_;
  image::Geometry hr_geometry_, lr_geometry_;
  Buffer y_, x0_, x_;  // source, plain small frame, small frame
  Buffer targets_;     // of a network's picture
  std::optional<LinearSolver> solver_;
  double solver_proximity_ = 0;
  image::Ranges ranges_;     // of x_
  bool kept_plain_ = false;  // of this frame: see hcd_stats
};

}  // namespace hcd::session
