// SPDX-License-Identifier: BSD-2-Clause
#include "client/network_client.h"

#include <utility>

#include "client/tiles.h"

namespace hcd::client {

NetworkClient::NetworkClient(std::shared_ptr<Network> network, int tile,
                             std::shared_ptr<LinearClient> chroma, const hcd_format &hr,
                             const hcd_format &lr, Engine &engine)
    : network_(std::move(network)),
      tile_(tile),
      chroma_(std::move(chroma)),
      engine_(engine),
      hr_(hr, network_->info().colour, engine),
      lr_(lr, network_->info().colour, engine) {}

void NetworkClient::show(const float *x, uint64_t key, int planes, float *y) {
  const image::Geometry &hr = hr_.geometry(), &lr = lr_.geometry();
  for (int c = n_planes(); c < planes; ++c)
    chroma_->enlarge(c).apply(lr.plane(x, c), hr.plane(y, c));
  const Plane shown = hr_.picture_for(y, hr_memory_);
  network_->forward(run(), lr_.to_picture(x, lr_memory_), key, shown, nullptr);
  hr_.from_picture(shown, y);
}

ConstPlane NetworkClient::target(const float *y, Buffer &memory) {
  return converts() ? hr_.geometry().plane(y, 0) : hr_.to_picture(y, memory);
}

void NetworkClient::forward(const float *x, uint64_t key, Plane picture,
                            std::unique_ptr<Tape> *tape) {
  network_->forward(run(), lr_.to_picture(x, lr_memory_), key, picture, tape);
  if (converts()) hr_.from_picture(picture, picture.data);
}

void NetworkClient::backward(const float *x, uint64_t key, const Tape *tape, Plane slope,
                             float *gradient) {
  const Plane pulled = lr_.picture_for(gradient, pulled_);
  const ConstPlane v = converts() ? hr_.from_picture_adjoint(slope.data, hr_memory_) : slope;
  network_->backward(run(), lr_.to_picture(x, lr_memory_), key, tape, v, pulled);
  lr_.to_picture_adjoint(pulled, gradient);
}

double NetworkClient::pass(const float *x, uint64_t key, const LocalLoss &loss, float *gradient) {
  const Plane pulled = lr_.picture_for(gradient, pulled_);
  const double value =
      network_->tiled()->pass(run(), lr_.to_picture(x, lr_memory_), key, loss, pulled);
  lr_.to_picture_adjoint(pulled, gradient);
  return value;
}

NetworkDownscaler::NetworkDownscaler(std::shared_ptr<Network> network, int tile,
                                     KernelDownscaler &chroma, const hcd_format &hr,
                                     const hcd_format &lr, Engine &engine)
    : network_(std::move(network)),
      tile_(tile),
      chroma_(chroma),
      engine_(engine),
      hr_(hr, network_->info().colour, engine),
      lr_(lr, network_->info().colour, engine) {}

void NetworkDownscaler::downscale(const float *y, int planes, float *x) {
  if (lr_.n_planes() < planes) chroma_.downscale(y, planes, x);
  const Plane small = lr_.picture_for(x, lr_memory_);
  network_->downscale(run(), hr_.to_picture(y, hr_memory_), small);
  lr_.from_picture(small, x);
}

void NetworkDownscaler::backward(const float *y, const float *v, int, float *gradient) {
  const Plane pulled = hr_.picture_for(gradient, pulled_);
  network_->downscale_backward(run(), hr_.to_picture(y, hr_memory_),
                               lr_.from_picture_adjoint(v, lr_memory_), pulled);
  hr_.to_picture_adjoint(pulled, gradient);
}

}  // namespace hcd::client
