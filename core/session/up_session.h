// SPDX-License-Identifier: BSD-2-Clause
// Enlarging frames by one client.
#pragma once

#include <memory>

#include "session/clients.h"
#include "session/processor.h"
#include "session/session.h"

namespace hcd::session {

class UpSession : public Session {
 public:
  // `full`: the format that the client makes; `out` may be smaller: frames are cut at the right and
  // the bottom. `seed` and the frame decide a latent.
  UpSession(Processor on, std::unique_ptr<client::Client> client, bool stochastic, uint64_t seed,
            const hcd_format &in, const hcd_format &full, const hcd_format &out);
  void drain() override;

 protected:
  void begin(const Sent &sent) override;
  void emit(const Sent &sent, const hcd_frame &out) override;
  bool settle(const Sent &sent, const hcd_frame &out, bool stats) override;
  void finish(const Sent &, const hcd_frame &, hcd_stats *) override {}

 private:
  void show(uint64_t key);

  std::unique_ptr<client::Client> client_;
  bool stochastic_;
  uint64_t seed_;
  hcd_format in_, out_;
  image::Geometry full_, cut_;
  Buffer x_, y_, cut_memory_;
  bool prepared_ = false;                 // a frame has made the client prepare its operators
  std::unique_ptr<Recording> recording_;  // of show()
};

}  // namespace hcd::session
