// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/samples.h"
#include "engine/cpu/resample.h"
#include "session/linear_model.h"

#include <algorithm>

#include "engine/cpu/vector_ops.h"
#include "engine/cpu/compare.h"

namespace hcd::session {
namespace {


PlaneClient make_plane_client(const image::Kernel &kernel, const image::Kernel &start,
                              const hcd_format &hr, const hcd_format &lr, int c) {
  const image::Position position = image::component_position(lr, c);
  const int hr_width = image::component_width(hr, c), hr_height = image::component_height(hr, c);
  const int lr_width = image::component_width(lr, c), lr_height = image::component_height(lr, c);
  PlaneClient plane;
  plane.down = image::resize(start, hr_width, hr_height, lr_width, lr_height, position);
  plane.up = image::resize(kernel, lr_width, lr_height, hr_width, hr_height, position);
  plane.adjoint = image::transpose(plane.up);
  plane.gram = image::gram(plane.up);
  return plane;
}

}  // namespace

std::vector<const image::Kernel *> find_clients(const std::string &model) {
  std::vector<const image::Kernel *> found;
  for (size_t first = 0; first <= model.size();) {
    const size_t end = std::min(model.find('+', first), model.size());
    const image::Kernel *kernel = image::find_kernel(model.substr(first, end - first));
    if (!kernel) return {};
    found.push_back(kernel);
    first = end + 1;
  }
  return found;
}

LinearClient::LinearClient(const image::Kernel &kernel, const image::Kernel *start,
                           const hcd_format &hr, const hcd_format &lr)
    : name_(kernel.name), n_planes_(image::n_components(hr)), hr_(hr), lr_(lr) {
  const image::Kernel &down = start ? *start : kernel;
  planes_.push_back(make_plane_client(kernel, down, hr, lr, 0));
  if (n_planes_ > 1 && hr.layout != HCD_LAYOUT_RGB && hr.layout != HCD_LAYOUT_YUV444) {
    planes_.push_back(make_plane_client(kernel, down, hr, lr, 1));
  }
}

void LinearClient::downscale(const float *hr, float *lr, ThreadPool &pool) const {
  for (int c = 0; c < n_planes_; ++c) {
    cpu::apply(plane(c).down, hr_.plane(hr, c), lr_.plane(lr, c), pool);
  }
}

void LinearClient::upscale(const float *lr, float *hr, ThreadPool &pool) const {
  for (int c = 0; c < n_planes_; ++c) {
    cpu::apply(plane(c).up, lr_.plane(lr, c), hr_.plane(hr, c), pool);
  }
}

double LinearClient::shown_error(int c, const float *lr, const float *hr, const hcd_format &format,
                                 bool &clipped, ThreadPool &pool) const {
  const ConstPlane truth = hr_.plane(hr, c);
  Buffer memory(truth.size());
  const Plane shown{memory.data(), truth.width, truth.height};
  cpu::apply(plane(c).up, lr_.plane(lr, c), shown, pool);
  if (cpu::clip(shown, image::shown_range(format), pool)) clipped = true;
  return shown_plane_error(format, shown, truth, truth.width, truth.height, pool);
}

LinearSolver::LinearSolver(const LinearClient &client, double proximity) {
  for (size_t i = 0; i < client.n_operators(); ++i) {
    const PlaneClient &plane = client.plane(static_cast<int>(i));
    inverses_.emplace_back(plane.up, plane.down, proximity);
  }
}

void LinearSolver::solve(const LinearClient &client, const float *hr, float *lr,
                         ThreadPool &pool) const {
  for (int c = 0; c < client.n_planes(); ++c) {
    cpu::apply(inverses_[client.operators_of(c)], client.hr().plane(hr, c),
                 client.lr().plane(lr, c), pool);
  }
}

void LinearLuma::show(const float *x, float *shown) {
  cpu::apply(client_.plane(0).up, client_.lr().plane(x, 0), client_.hr().plane(shown, 0), pool_);
}

void LinearLuma::pull(const float *v, float *gradient) {
  cpu::apply(client_.plane(0).adjoint, client_.hr().plane(v, 0), client_.lr().plane(gradient, 0),
               pool_);
}

LinearObjective::LinearObjective(const std::vector<LinearClient> &clients, const float *y,
                                 const float *x0, const hcd_format &lr_format, double proximity,
                                 bool rounded, ThreadPool &pool)
    : clients_(clients),
      x0_(x0, clients[0].lr().size()),
      lr_format_(lr_format),
      rounded_(rounded),
      pool_(pool),
      n_hr_(clients[0].hr().size()),
      rhs_(x0_.size(), 0.0F) {
  proximity_ = proximity * static_cast<double>(n_hr_) / static_cast<double>(x0_.size());
  const double weight = 1.0 / static_cast<double>(clients_.size());
  Buffer error(n_hr_), pulled(x0_.size());
  for (const LinearClient &client : clients_) {
    client.upscale(x0, error.data(), pool_);
    cpu::subtract({y, n_hr_}, {error.data(), n_hr_}, {error.data(), n_hr_}, pool_);
    error_ += weight * cpu::dot({error.data(), n_hr_}, {error.data(), n_hr_}, pool_);
    for (int c = 0; c < client.n_planes(); ++c) {
      cpu::apply(client.plane(c).adjoint, client.hr().plane(error.data(), c),
                   client.lr().plane(pulled.data(), c), pool_);
    }
    cpu::axpy(static_cast<float>(weight), {pulled.data(), x0_.size()}, rhs_, pool_);
  }
}

std::vector<size_t> LinearObjective::group_ends() const {
  std::vector<size_t> ends;
  const image::Geometry &lr = clients_[0].lr();
  for (int c = 1; c <= lr.n_planes(); ++c) ends.push_back(lr.offset(c));
  return ends;
}

void LinearObjective::normal(const float *p, float *hp) {
  const size_t n = x0_.size();
  Buffer part(clients_.size() > 1 ? n : 0);
  const auto weight = static_cast<float>(1.0 / static_cast<double>(clients_.size()));
  for (size_t k = 0; k < clients_.size(); ++k) {
    const LinearClient &client = clients_[k];
    float *out = k == 0 ? hp : part.data();
    for (int c = 0; c < client.n_planes(); ++c) {
      cpu::apply(client.plane(c).gram, client.lr().plane(p, c), client.lr().plane(out, c), pool_);
    }
    if (clients_.size() == 1) continue;
    if (k == 0) {
      cpu::scale(weight, {hp, n}, pool_);
    } else {
      cpu::axpy(weight, {out, n}, {hp, n}, pool_);
    }
  }
}

double LinearObjective::value_and_gradient(descent::Variables x, descent::Result gradient) {
  const size_t n = x.size();
  Buffer buffer(n);
  const descent::Result move(buffer.data(), n);
  std::copy(x.begin(), x.end(), move.begin());
  if (rounded_) {
    cpu::quantise(lr_format_, move.data(), image::legal_ranges(lr_format_), pool_);
  }
  cpu::subtract(move, x0_, move, pool_);
  normal(move.data(), gradient.data());
  const double quadratic = cpu::dot(move, gradient, pool_);
  const double linear = cpu::dot(move, rhs_, pool_);
  const double move_square = proximity_ > 0 ? cpu::dot(move, move, pool_) : 0;
  cpu::axpy(-1, rhs_, gradient, pool_);
  if (proximity_ > 0) cpu::axpy(static_cast<float>(proximity_), move, gradient, pool_);
  cpu::scale(static_cast<float>(2.0 / static_cast<double>(n_hr_)), gradient, pool_);
  return (quadratic - 2 * linear + error_ + proximity_ * move_square) / static_cast<double>(n_hr_);
}

void LinearObjective::hessian(descent::Variables p, descent::Result hp) {
  normal(p.data(), hp.data());
  if (proximity_ > 0) cpu::axpy(static_cast<float>(proximity_), p, hp, pool_);
  cpu::scale(static_cast<float>(2.0 / static_cast<double>(n_hr_)), hp, pool_);
}

void LinearObjective::clip(descent::Result x) const {
  clip_to_range(lr_format_, clients_[0].n_planes(), x.data(), pool_);
}

LinearHrObjective::LinearHrObjective(const LinearClient &client, descent::Objective &lr,
                                     const hcd_format &hr_format, int n_planes, ThreadPool &pool)
    : client_(client),
      lr_(lr),
      hr_format_(hr_format),
      n_planes_(n_planes),
      pool_(pool),
      x_(client.lr().offset(n_planes)),
      x_gradient_(x_.size()) {
  for (int c = 0; c < n_planes_; ++c) adjoints_.push_back(image::transpose(client_.plane(c).down));
}

double LinearHrObjective::value_and_gradient(descent::Variables y, descent::Result gradient) {
  const image::Geometry &hr = client_.hr(), &lr = client_.lr();
  for (int c = 0; c < n_planes_; ++c) {
    cpu::apply(client_.plane(c).down, hr.plane(y.data(), c), lr.plane(x_.data(), c), pool_);
  }
  const double value = lr_.value_and_gradient(x_, x_gradient_);
  for (int c = 0; c < n_planes_; ++c) {
    cpu::apply(adjoints_[static_cast<size_t>(c)], lr.plane(x_gradient_.data(), c),
                 hr.plane(gradient.data(), c), pool_);
  }
  return value;
}

void LinearHrObjective::clip(descent::Result y) const {
  clip_to_range(hr_format_, n_planes_, y.data(), pool_);
}

bool clip_to_range(const hcd_format &format, int n_planes, float *values, ThreadPool &pool) {
  const image::Geometry geometry(format);
  bool clipped = false;
  for (int c = 0; c < n_planes; ++c) {
    const bool outside =
        cpu::clip(geometry.plane(values, c), image::component_range(format, c), pool);
    clipped = clipped || outside;
  }
  return clipped;
}

}  // namespace hcd::session
