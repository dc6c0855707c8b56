// SPDX-License-Identifier: BSD-2-Clause
#include "session/objectives.h"

#include <algorithm>
#include <utility>

#include "base/random.h"

namespace hcd::session {
namespace {

// Rounds the first `planes` planes to legal code values.
void round_planes(const hcd_format &format, int planes, float *values, Engine &engine) {
  const image::Geometry geometry(format);
  for (int c = 0; c < planes; ++c) {
    engine.quantise(format.depth, image::component_range(format, c), geometry.plane(values, c));
  }
}

Plane with_data(Plane plane, Buffer &memory) {
  plane.data = memory.data();
  return plane;
}

}  // namespace

Number clip_planes(const hcd_format &format, int planes, float *values, Engine &engine) {
  const image::Geometry geometry(format);
  Number clipped;
  for (int c = 0; c < planes; ++c) {
    clipped = clipped + engine.clip(image::component_range(format, c), geometry.plane(values, c));
  }
  return clipped;
}

// ---- step by step ----

ShownObjective::ShownObjective(std::vector<client::Client *> clients, loss::Loss &loss,
                               const hcd_format &lr, bool rounded, uint64_t key, Engine &engine)
    : clients_(std::move(clients)),
      loss_(loss),
      lr_(lr),
      planes_(clients_[0]->n_planes()),
      n_(image::Geometry(lr).offset(planes_)),
      rounded_(rounded),
      key_(key),
      engine_(engine),
      tapes_(clients_.size()) {
  const Plane picture = clients_[0]->picture();
  const size_t size = picture.size() * static_cast<size_t>(picture.channels);
  if (!(loss.local(0) && clients_[0]->by_parts())) {
    shown_ = engine.allocate(size);
    slope_ = engine.allocate(size);
  }
  if (clients_.size() > 1) pulled_ = engine.allocate(n_);
  if (rounded) rounded_values_ = engine.allocate(n_);
}

ConstVector ShownObjective::transported(ConstVector x) {
  if (!rounded_) return x;
  engine_.copy(x, rounded_values_.span());
  round_planes(lr_, planes_, rounded_values_.data(), engine_);
  return rounded_values_.span();
}

Number ShownObjective::shown(size_t k, ConstVector x, float *gradient) {
  client::Client &client = *clients_[k];
  const LocalLoss local = loss_.local(k);
  if (gradient && local && client.by_parts()) {
    return client.by_parts()->pass(x.data(), key_, local, gradient);
  }
  const Plane shown = with_data(client.picture(), shown_);
  const Plane slope = gradient ? with_data(client.picture(), slope_) : Plane();
  client.forward(x.data(), key_, shown, gradient ? &tapes_[k] : nullptr);
  const Number value = loss_.shown(k, shown, slope);
  if (gradient) client.backward(x.data(), key_, tapes_[k].get(), slope, gradient);
  return value;
}

Number ShownObjective::value_and_gradient(ConstVector at, Vector gradient) {
  const ConstVector x = transported(at);
  const double share = 1 / static_cast<double>(clients_.size());
  Number value;
  for (size_t k = 0; k < clients_.size(); ++k) {
    value = value + share * shown(k, x, k == 0 ? gradient.data() : pulled_.data());
    if (k > 0) engine_.axpy(share, pulled_.span(), gradient);
    if (k == 0 && clients_.size() > 1) engine_.scale(share, gradient);
  }
  key_ = mix(key_);
  if (!start_value_) start_value_ = value;
  const Number cost = loss_.small(x, gradient);
  const Number can_gain = loss_.can_gain();
  // 0 for a flat frame, say: rounding errors are no direction.
  if (can_gain.queued() || can_gain.known_zero()) engine_.scale(can_gain, gradient);
  return value + cost;
}

Number ShownObjective::value(ConstVector x) {
  Number value;
  for (size_t k = 0; k < clients_.size(); ++k) {
    value = value + shown(k, x, nullptr) / static_cast<double>(clients_.size());
  }
  Buffer unused = engine_.allocate(n_);
  engine_.clear(unused.span());
  return value + loss_.small(x, unused.span());
}

void ShownObjective::clip(Vector x) {
  clipped_ = max(clipped_, clip_planes(lr_, planes_, x.data(), engine_));
}

// ---- linear clients at once ----

LinearObjective::LinearObjective(std::vector<client::LinearClient *> clients, const float *y,
                                 const float *x0, const hcd_format &lr, double proximity,
                                 bool rounded, Engine &engine)
    : clients_(std::move(clients)),
      x0_(x0, clients_[0]->lr().size()),
      lr_(lr),
      rounded_(rounded),
      engine_(engine),
      n_hr_(clients_[0]->hr().size()),
      rhs_(engine.allocate(x0_.size())),
      move_(engine.allocate(x0_.size())),
      part_(engine.allocate(x0_.size())) {
  proximity_ = proximity * static_cast<double>(n_hr_) / static_cast<double>(x0_.size());
  const double weight = 1.0 / static_cast<double>(clients_.size());
  engine.clear(rhs_.span());
  Buffer error = engine.allocate(n_hr_);
  for (client::LinearClient *client : clients_) {
    client->show(x0, 0, client->hr().n_planes(), error.data());
    engine.subtract({y, n_hr_}, error.span(), error.span());
    error_ = error_ + weight * engine.dot(error.span(), error.span());
    for (int c = 0; c < client->lr().n_planes(); ++c) {
      client->adjoint(c).apply(client->hr().plane(std::as_const(error).data(), c),
                               client->lr().plane(part_.data(), c));
    }
    engine.axpy(weight, part_.span(), rhs_.span());
  }
}

std::vector<size_t> LinearObjective::group_ends() const {
  std::vector<size_t> ends;
  const image::Geometry &lr = clients_[0]->lr();
  for (int c = 1; c <= lr.n_planes(); ++c) ends.push_back(lr.offset(c));
  return ends;
}

void LinearObjective::normal(const float *p, Vector hp) {
  const double weight = 1.0 / static_cast<double>(clients_.size());
  for (client::LinearClient *client : clients_) {
    const bool first = client == clients_[0];
    for (int c = 0; c < client->lr().n_planes(); ++c) {
      client->gram(c).apply(client->lr().plane(p, c),
                            client->lr().plane(first ? hp.data() : part_.data(), c));
    }
    if (!first) engine_.axpy(weight, part_.span(), hp);
    if (first && clients_.size() > 1) engine_.scale(weight, hp);
  }
}

Number LinearObjective::value_and_gradient(ConstVector x, Vector gradient) {
  const Vector move = move_.span();
  engine_.copy(x, move);
  if (rounded_) round_planes(lr_, clients_[0]->lr().n_planes(), move.data(), engine_);
  engine_.subtract(move, x0_, move);
  normal(move.data(), gradient);
  const Number quadratic = engine_.dot(move, gradient);
  const Number linear = engine_.dot(move, rhs_.span());
  const Number move_square = proximity_ > 0 ? engine_.dot(move, move) : 0;
  engine_.axpy(-1, rhs_.span(), gradient);
  if (proximity_ > 0) engine_.axpy(proximity_, move, gradient);
  engine_.scale(2.0 / static_cast<double>(n_hr_), gradient);
  return (quadratic - 2 * linear + error_ + proximity_ * move_square) / static_cast<double>(n_hr_);
}

void LinearObjective::hessian(ConstVector p, Vector hp) {
  normal(p.data(), hp);
  if (proximity_ > 0) engine_.axpy(proximity_, p, hp);
  engine_.scale(2.0 / static_cast<double>(n_hr_), hp);
}

void LinearObjective::clip(Vector x) {
  clip_planes(lr_, clients_[0]->lr().n_planes(), x.data(), engine_);
}

// ---- the HR stage ----

HrObjective::HrObjective(client::Downscaler &g, descent::Objective &lr, const hcd_format &hr,
                         int planes, Engine &engine)
    : g_(g),
      lr_(lr),
      hr_(hr),
      planes_(planes),
      engine_(engine),
      x_(engine.allocate(lr.size())),
      x_gradient_(engine.allocate(lr.size())) {}

Number HrObjective::value_and_gradient(ConstVector y, Vector gradient) {
  g_.downscale(y.data(), planes_, x_.data());
  const Number value = lr_.value_and_gradient(x_.span(), x_gradient_.span());
  g_.backward(y.data(), x_gradient_.data(), planes_, gradient.data());
  return value;
}

void HrObjective::clip(Vector y) { clip_planes(hr_, planes_, y.data(), engine_); }

}  // namespace hcd::session
