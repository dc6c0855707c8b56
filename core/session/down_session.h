// SPDX-License-Identifier: BSD-2-Clause
// Downscaling frames: one DownFrame for each that is under way.
#pragma once

#include <memory>
#include <vector>

#include "session/clients.h"
#include "session/down_frame.h"
#include "session/processor.h"
#include "session/session.h"

namespace hcd::session {

class DownSession : public Session {
 public:
  DownSession(Processor on, Clients clients, const DownSettings &settings,
              const DownFormats &formats);

  int factor() const override { return clients_.factor; }
  const char *resize() const override { return clients_.resize; }
  void update(const DownSettings &settings) override;

 protected:
  void begin(const Sent &sent) override;
  void emit(const Sent &sent, const hcd_frame &out) override;
  bool settle(const Sent &sent, const hcd_frame &out, bool stats) override;
  void finish(const Sent &sent, const hcd_frame &out, hcd_stats *stats) override;
  void release(int turn) override { frames_[static_cast<size_t>(turn)].reset(); }

 private:
  DownFrame &frame(const Sent &sent) { return *frames_[static_cast<size_t>(sent.turn)]; }
  uint64_t frame_key(const hcd_frame &in);
  double shown_error(client::Client &client, const float *y, const float *x, uint64_t key);
  void measure(const Sent &sent, const hcd_frame &out, hcd_stats &stats);

  Clients clients_;
  uint64_t seed_;
  DownFormats formats_;
  image::Geometry hr_, lr_;
  std::vector<std::unique_ptr<DownFrame>> frames_;  // by turn; made when they are first needed
};

}  // namespace hcd::session
