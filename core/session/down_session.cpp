// SPDX-License-Identifier: BSD-2-Clause
#include "session/down_session.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/psnr.h"
#include "base/random.h"

namespace hcd::session {

DownSession::DownSession(Processor on, Clients clients, const DownSettings &settings,
                         const DownFormats &formats)
    : Session(std::move(on)),
      clients_(std::move(clients)),
      seed_(static_cast<uint64_t>(settings.seed)),
      formats_(formats),
      hr_(formats.hr),
      lr_(formats.lr),
      frames_(static_cast<size_t>(engine_->frames_in_flight())) {
  frames_[0] = std::make_unique<DownFrame>(clients_, formats_, *engine_);
  update(settings);
}

void DownSession::update(const DownSettings &settings) {
  plan_ = std::make_shared<const Plan>(make_plan(settings, clients_.traits));
}

void DownSession::begin(const Sent &sent) {
  auto &place = frames_[static_cast<size_t>(sent.turn)];
  if (!place) place = std::make_unique<DownFrame>(clients_, formats_, *engine_);
  const bool random = sent.plan->paper || clients_.traits.stochastic;
  place->begin(sent.frame, sent.plan, random ? frame_key(sent.frame) : 0);
}

void DownSession::emit(const Sent &sent, const hcd_frame &out) { frame(sent).pack(out); }

bool DownSession::settle(const Sent &sent, const hcd_frame &, bool stats) {
  const bool doubtful = frame(sent).is_doubtful();
  engine_->finish_pack();
  for (const auto &client : clients_.all) client->check_results();
  if (!doubtful) frame(sent).forget_descent();
  return doubtful || (stats && !(sent.frame.flags & HCD_FRAME_PLAIN));
}

void DownSession::finish(const Sent &sent, const hcd_frame &out, hcd_stats *stats) {
  if (frame(sent).is_doubtful() && frame(sent).take_back()) {
    frame(sent).pack(out);
    engine_->finish_pack();
  }
  frame(sent).forget_descent();
  if (stats && !(sent.frame.flags & HCD_FRAME_PLAIN)) measure(sent, out, *stats);
}

uint64_t DownSession::frame_key(const hcd_frame &in) {
  return mix(engine_->hash(formats_.in, in, mix(seed_)));
}

// Mean squared error, in 8-bit code values, of what a client shows of the luma of `x` (of all
// planes for RGB), rounded to code values, against `y`.
double DownSession::shown_error(client::Client &client, const float *y, const float *x,
                                uint64_t key) {
  const int planes = formats_.hr.layout == HCD_LAYOUT_RGB ? 3 : 1;
  Buffer shown = engine_->allocate(hr_.size());
  client.show(x, key, planes, shown.data());
  double sum = 0;
  for (int c = 0; c < planes; ++c) {
    sum += engine_
               ->shown_error(formats_.hr.depth, hr_.plane(std::as_const(shown).data(), c),
                             hr_.plane(y, c))
               .value();
  }
  return sum / planes;
}

void DownSession::measure(const Sent &sent, const hcd_frame &out, hcd_stats &stats) {
  DownFrame &made = frame(sent);
  const bool plain = made.plain() || made.kept_plain();
  Buffer &x = made.x(), &x0 = made.x0();
  stats.steps = made.steps();
  stats.kept_plain = made.kept_plain() ? 1 : 0;
  // Another latent than any that the descent has seen.
  const uint64_t key = clients_.traits.stochastic ? mix(frame_key(sent.frame) + 3) : 0;
  const double peak = static_cast<double>(image::shown_range(formats_.in).high);
  engine_->unpack(formats_.lr, out, x.data());
  for (int c = 0; c < lr_.n_planes() && !plain; ++c) {
    engine_->quantise(formats_.lr.depth, {}, lr_.plane(x0.data(), c));
  }
  stats.n_clients = std::min(clients_.traits.clients, HCD_MAX_CLIENTS);
  double plain_sum = 0, sum = 0;
  for (int k = 0; k < stats.n_clients; ++k) {
    auto &measured = stats.client[k];
    client::Client &client = *clients_.all[static_cast<size_t>(k)];
    measured.name = client.name().c_str();
    measured.psnr = psnr(shown_error(client, made.y(), x.data(), key), peak);
    measured.psnr_plain =
        plain ? measured.psnr : psnr(shown_error(client, made.y(), x0.data(), key), peak);
    plain_sum += measured.psnr_plain;
    sum += measured.psnr;
  }
  stats.psnr_plain = plain_sum / stats.n_clients;
  stats.psnr = sum / stats.n_clients;
  if (plain) return;
  engine_->subtract(x.span(), x0.span(), x0.span());
  stats.move_rms =
      std::sqrt(engine_->dot(x0.span(), x0.span()).value() / static_cast<double>(x0.size()));
}

}  // namespace hcd::session
