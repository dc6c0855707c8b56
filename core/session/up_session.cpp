// SPDX-License-Identifier: BSD-2-Clause
#include "session/up_session.h"

#include <utility>

#include "base/random.h"

namespace hcd::session {

UpSession::UpSession(Processor on, std::unique_ptr<client::Client> client, bool stochastic,
                     uint64_t seed, const hcd_format &in, const hcd_format &full,
                     const hcd_format &out)
    : Session(std::move(on.gpu)),
      engine_(std::move(on.engine)),
      client_(std::move(client)),
      stochastic_(stochastic),
      seed_(seed),
      in_(in),
      out_(out),
      full_(full),
      cut_(out),
      x_(engine_->allocate(image::Geometry(in).size())),
      y_(engine_->allocate(full_.size())) {
  if (full.width != out.width || full.height != out.height) {
    cut_memory_ = engine_->allocate(cut_.size());
  }
}

void UpSession::process(const std::list<Sent> &window, const hcd_frame &out, hcd_stats *) {
  const hcd_frame &in = window.front().frame;
  engine_->unpack(in_, in, x_.data());
  const uint64_t key = stochastic_ ? mix(engine_->hash(in_, in, mix(seed_))) : 0;
  client_->show(x_.data(), key, full_.n_planes(), y_.data());
  const float *planes = y_.data();
  if (cut_memory_.size() > 0) {
    for (int c = 0; c < cut_.n_planes(); ++c) {
      const Plane to = cut_.plane(cut_memory_.data(), c);
      engine_->copy(full_.plane(planes, c).crop({0, 0, to.width, to.height}), to);
    }
    planes = cut_memory_.data();
  }
  engine_->pack(out_, planes, {}, out);
}

}  // namespace hcd::session
