// SPDX-License-Identifier: BSD-2-Clause
#include "client/linear/linear_client.h"

#include <algorithm>

namespace hcd::client {

std::vector<const image::Kernel *> find_kernels(const std::string &model) {
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

LinearClient::LinearClient(const image::Kernel &kernel, const hcd_format &hr, const hcd_format &lr,
                           Engine &engine)
    : name_(kernel.name), engine_(engine), hr_(hr), lr_(lr) {
  for (int c = 0; c < image::n_operators(hr); ++c) {
    image::Separable u = image::resize_plane(kernel, lr, hr, c);
    auto up = engine.prepare(u);
    planes_.push_back({std::move(u), std::move(up), nullptr, nullptr});
  }
}

const Operator &LinearClient::prepared(std::unique_ptr<Operator> &op, int c, bool gram) {
  if (!op) op = engine_.prepare(gram ? image::gram(up(c)) : image::transpose(up(c)));
  return *op;
}

void LinearClient::show(const float *x, uint64_t, int planes, float *y) {
  for (int c = 0; c < planes; ++c) enlarge(c).apply(lr_.plane(x, c), hr_.plane(y, c));
}

void LinearClient::forward(const float *x, uint64_t, Plane picture, std::unique_ptr<Tape> *) {
  enlarge(0).apply(lr_.plane(x, 0), picture);
}

void LinearClient::backward(const float *, uint64_t, const Tape *, Plane slope, float *gradient) {
  adjoint(0).apply(slope, lr_.plane(gradient, 0));
}

}  // namespace hcd::client
