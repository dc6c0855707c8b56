// SPDX-License-Identifier: BSD-2-Clause
// Algorithm 1 on one frame, for any client.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "image/format.h"
#include "loss/mixed.h"
#include "session/clients.h"
#include "session/objectives.h"

namespace hcd::session {

struct DownFormats {
  hcd_format in;  // of the frames that come
  hcd_format hr;  // of the planes that clients work on: `in`, extended at the right and the bottom
                  // where a network's factor asks for it
  hcd_format lr;
};

// A frame on its way: planes, and what has been decided about them. Used again for the next one.
class DownFrame {
 public:
  // References are kept.
  DownFrame(const Clients &clients, const DownFormats &formats, Engine &engine);

  // The descent. `key` decides all that is random. Waits for nothing where the engine queues.
  void begin(const hcd_frame &in, const std::shared_ptr<const Plan> &plan, uint64_t key);
  // The small frame as begin() has made it, or decide() after it.
  void pack(const hcd_frame &out) const;
  // Whether what has been packed may have to be taken back.
  bool is_doubtful();
  // Puts plain planes back where clipping has left the descended ones no better; false: nowhere.
  bool take_back();
  // After the two: frees what they need, unless it is a recording's.
  void forget_descent();

  int steps();                                     // of the descent, both stages
  bool plain() const { return plain_; }            // resized plainly: nothing was to be done
  bool kept_plain() const { return kept_plain_; }  // see hcd_stats
  // Source, plain small frame, and the small frame; the last two are the caller's after pack().
  const float *y() const { return y_.data(); }
  Buffer &x0() { return x0_; }
  Buffer &x() { return x_; }

 private:
  // What the rules walk on: an LR stage, and what it was made of.
  struct Stage {
    std::unique_ptr<loss::Loss> loss;
    std::unique_ptr<descent::Objective> lr;
    ShownObjective *mixed = nullptr;          // lr, where the loss is mixed
    descent::Quadratic *quadratic = nullptr;  // lr, where it is one
  };
  // What clipping has done, as far as it can be known where the numbers are only queued.
  struct Clipping {
    double of_move = 0;   // cut off the small luma, as a share of its squared move
    double of_shown = 0;  // off what is shown, as a share of the squared error
    double start = 0;     // the objective's value where it started
    struct Chroma {
      bool clipped = false;
      double error = 0;
    };
    std::array<Chroma, 3> chroma;  // by plane
  };

  void load(const hcd_frame &in);
  std::vector<Number> descend(uint64_t key);
  Stage make_stage(uint64_t key);
  std::unique_ptr<ShownObjective> make_shown(loss::Loss &loss, uint64_t key);
  Number run_rule(descent::Objective &objective, Vector x, int steps, uint64_t seed);
  void solve(double proximity, int first);
  void ask_of_clipping(std::vector<Number> &asked);
  // The error of what is shown of chroma plane `c` of the small frame `x`; adds to `cut` what is
  // clipped off it.
  Number chroma_error(int c, const float *x, Number &cut);
  bool is_worse();  // the descended luma than the plain one, after coding
  bool is_worse_chroma(int plane);
  void wait();

  const Clients &clients_;
  DownFormats formats_;
  Engine &engine_;
  image::Geometry hr_, lr_;
  Buffer y_, x0_, x_;  // source, plain small frame, small frame
  Buffer targets_;     // of a network's picture
  std::optional<LinearSolver> solver_;
  double solver_proximity_ = 0;

  std::shared_ptr<const Plan> plan_;      // of this frame
  std::shared_ptr<const Plan> prepared_;  // for which a descent has prepared its operators
  Stage stage_;
  image::Ranges ranges_;  // of x_
  bool plain_ = false, kept_plain_ = false;
  std::unique_ptr<Answer> answer_;  // of descend(), until wait()
  int steps_ = 0;
  Clipping clipping_;
  std::unique_ptr<Recording> recording_;  // of descend() with this plan
};

}  // namespace hcd::session
