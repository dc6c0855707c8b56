// SPDX-License-Identifier: BSD-2-Clause
// Algorithm 1 on frames, for any client.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "image/format.h"
#include "session/down_model.h"
#include "session/session.h"

namespace hcd::session {

class DownSession : public Session {
 public:
  // `model_hr`: the format of the planes the model works on: `in`, extended at the right and the
  // bottom where a network's factor asks for it.
  DownSession(std::unique_ptr<DownModel> model, const DownSettings &settings, const hcd_format &in,
              const hcd_format &model_hr, const hcd_format &out, ThreadPool &pool);

  void process(const hcd_frame &in, const hcd_frame &out, hcd_stats &stats) override;
  void update(const DownSettings &settings) override;

 private:
  void load(const hcd_frame &in);
  int descend(const hcd_frame &in);
  std::unique_ptr<descent::Objective> lr_objective(uint64_t key);
  // Puts plain planes back where clipping has left the descended ones no better.
  void judge_clipped(MixedObjective &objective);
  void judge_clipped_chroma(int c, const float *plain);
  int run_rule(descent::Objective &objective, descent::Result x, int steps, uint64_t seed);
  uint64_t frame_key(const hcd_frame &in) const;
  void measure(const hcd_frame &in, hcd_stats &stats);

  std::unique_ptr<DownModel> model_;
  std::vector<std::string> names_;  // of the clients
  ModelTraits traits_;
  Plan plan_;
  uint64_t seed_;
  hcd_format in_, hr_, lr_;
  ThreadPool &pool_;
  image::Geometry hr_geometry_, lr_geometry_;
  Buffer y_, x0_, x_;  // source, plain small frame, small frame
  image::Ranges ranges_;      // of x_
  bool kept_plain_ = false;   // of this frame: see hcd_stats
};

}  // namespace hcd::session
