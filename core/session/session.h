// SPDX-License-Identifier: BSD-2-Clause
// A session: one model between two formats, frame after frame.
#pragma once

#include <hcd/hcd.h>

#include <exception>
#include <list>
#include <memory>
#include <utility>

#include "base/log.h"
#include "base/parallel.h"
#include "client/backend.h"
#include "session/processor.h"
#include "session/settings.h"

namespace hcd::session {

// Frames go in by send() and come out by receive(), in order. Where the engine only queues its work
// the next frame, if it has been sent, is begun before the oldest one is waited for.
class Session {
 public:
  // `gpu`: where it computes; nullptr: on the CPU.
  explicit Session(Processor on);
  virtual ~Session() = default;

  void send(const hcd_frame &frame);
  bool empty() const { return window_.empty(); }
  // Whether it is time to receive(): where frames may be under way beside each other, not before
  // the next one has been sent, if there will be one.
  bool ready(bool drained) const {
    return !empty() && (drained || window_.size() >= static_cast<size_t>(at_once_));
  }
  void clear() { window_.clear(); }
  // Makes `out` of the oldest frame, which leaves whatever happens, and gives it back. `stats`:
  // nullptr where nobody asks (time_ms is the caller's).
  hcd_frame receive(const hcd_frame &out, hcd_stats *stats);
  // After the last frame: throws what has come to light of it since.
  virtual void drain() {}

  // Of the network; 0: linear clients.
  virtual int factor() const { return 0; }
  // The kernel behind it; "": none.
  virtual const char *resize() const { return ""; }

  // Takes over options that changed while frames flow, from the next frame sent on.
  virtual void update(const DownSettings &) {}

 protected:
  struct Sent {
    hcd_frame frame;
    std::shared_ptr<const Plan> plan;  // of a downscaling session
    int turn = 0;                      // of those that are under way at once, which one
  };
  // A frame's way, in this order; the next one may begin() between emit() and settle(). Those two
  // wait for nothing that is queued.
  virtual void begin(const Sent &sent) = 0;
  virtual void emit(const Sent &sent, const hcd_frame &out) = 0;
  // Waits for what decides about the frame, and until `out` is there if it is of the host. True:
  // finish() has to follow.
  virtual bool settle(const Sent &sent, const hcd_frame &out, bool stats) = 0;
  virtual void finish(const Sent &sent, const hcd_frame &out, hcd_stats *stats) = 0;
  // Frees what the frame of a turn uses.
  virtual void release(int turn) { (void)turn; }

  std::shared_ptr<client::Gpu> gpu_;
  std::unique_ptr<Engine> engine_;
  std::shared_ptr<const Plan> plan_;  // of the next frame sent

 private:
  struct Waiting : Sent {
    bool begun = false;
    std::exception_ptr failure;  // of begin()
  };
  // Begins the second frame, if it has been sent. An error is kept for when it is the first.
  void begin_next();
  void go_on_one_by_one();
  template <typename Work>
  void within_memory(const Work &work);
  template <typename Work>
  void on_streams(const hcd_frame &in, const hcd_frame &out, const Work &work);

  std::list<Waiting> window_;
  int turn_ = 0;  // of the next frame sent
  int at_once_;   // frames that are under way beside each other
  Log log_;
};

// The format of the frames that come out; out->width and height as in hcd_configure(). Loads the
// model's description if it is a network. Throws hcd::Error.
// `settings.seed` and the frame decide all random numbers.
std::unique_ptr<Session> make_down_session(const DownSettings &settings, const hcd_format &in,
                                           hcd_format *out, ThreadPool &pool, const Log &log);
std::unique_ptr<Session> make_up_session(const UpSettings &settings, const hcd_format &in,
                                         hcd_format *out, ThreadPool &pool, const Log &log);

// What hcd_up does with a stream that says how to be enlarged: what the options leave open is taken
// from there. Throws HCD_E_FILE where the weights are neither sent nor given.
UpSettings follow(const UpSettings &asked, const hcd_signal &signal);

// Throws HCD_E_OPTION unless the model exists and the options agree, as far as that can be said
// without loading anything.
void check_settings(const DownSettings &settings);
void check_settings(const UpSettings &settings);

}  // namespace hcd::session
