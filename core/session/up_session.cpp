// SPDX-License-Identifier: BSD-2-Clause
#include "session/up_session.h"

#include <utility>
#include <vector>

#include "base/random.h"

namespace hcd::session {

UpSession::UpSession(Processor on, std::unique_ptr<client::Client> client, bool stochastic,
                     uint64_t seed, const hcd_format &in, const hcd_format &full,
                     const hcd_format &out)
    : Session(std::move(on)),
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

void UpSession::begin(const Sent &sent) {
  engine_->unpack(in_, sent.frame, x_.data());
  const uint64_t key = stochastic_ ? mix(engine_->hash(in_, sent.frame, mix(seed_))) : 0;
  const auto work = [&]() -> std::vector<Number> {
    show(key);
    return {};
  };
  engine_->queue(work, prepared_ && !stochastic_ && client_->only_queues() ? &recording_ : nullptr);
  prepared_ = true;
}

void UpSession::show(uint64_t key) {
  client_->show(x_.data(), key, full_.n_planes(), y_.data());
  if (cut_memory_.size() == 0) return;
  for (int c = 0; c < cut_.n_planes(); ++c) {
    const Plane to = cut_.plane(cut_memory_.data(), c);
    const ConstPlane whole = full_.plane(std::as_const(y_).data(), c);
    engine_->copy(whole.crop({0, 0, to.width, to.height}), to);
  }
}

void UpSession::emit(const Sent &, const hcd_frame &out) {
  engine_->pack(out_, cut_memory_.size() > 0 ? cut_memory_.data() : y_.data(), {}, out);
}

bool UpSession::settle(const Sent &, const hcd_frame &, bool) {
  engine_->finish_pack();
  client_->check_results();
  return false;
}

void UpSession::drain() {
  engine_->finish();
  client_->check_results();
}

}  // namespace hcd::session
