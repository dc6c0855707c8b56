// SPDX-License-Identifier: BSD-2-Clause
// A session: one model between two formats, frame after frame.
#pragma once

#include <hcd/hcd.h>

#include <memory>

#include "engine/cpu/compare.h"
#include "base/log.h"
#include "base/parallel.h"
#include "session/settings.h"

namespace hcd::client {}
namespace hcd::session {
using namespace client;
using namespace cpu;

class Session {
 public:
  virtual ~Session() = default;

  // Makes `out` from `in` and fills in what `stats` says of it (time_ms is the caller's).
  virtual void process(const hcd_frame &in, const hcd_frame &out, hcd_stats &stats) = 0;

  // Takes over options that changed while frames flow.
  virtual void update(const DownSettings &) {}
};

// The format of the frames that come out; out->width and height as in hcd_configure(). Loads the
// model's description if it is a network. Throws hcd::Error.
// `settings.seed` and the frame decide all random numbers.
std::unique_ptr<Session> make_down_session(const DownSettings &settings, const hcd_format &in,
                                           hcd_format *out, ThreadPool &pool, const Log &log);
std::unique_ptr<Session> make_up_session(const UpSettings &settings, const hcd_format &in,
                                         hcd_format *out, ThreadPool &pool, const Log &log);

// Throws HCD_E_OPTION unless the model exists and the options agree, as far as that can be said
// without loading anything.
void check_settings(const DownSettings &settings);
void check_settings(const UpSettings &settings);

// Of linear_session.cpp.
std::unique_ptr<Session> make_linear_up_session(const std::string &model, const hcd_format &in,
                                                const hcd_format &out, ThreadPool &pool);

}  // namespace hcd::session
