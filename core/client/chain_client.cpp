// SPDX-License-Identifier: BSD-2-Clause
#include "client/chain_client.h"

#include <utility>

namespace hcd::client {
namespace {

hcd_format enlarged(hcd_format format, int factor) {
  format.width *= factor;
  format.height *= factor;
  return format;
}

}  // namespace

ChainClient::ChainClient(const std::shared_ptr<Network> &network, int tile,
                         const image::Kernel &resize, std::shared_ptr<LinearClient> chroma,
                         const hcd_format &hr, const hcd_format &lr, Engine &engine)
    : network_(network, tile, nullptr, enlarged(lr, network->info().scale), lr, engine),
      chroma_(std::move(chroma)),
      hr_(hr),
      lr_(lr) {
  const hcd_format middle = enlarged(lr, network->info().scale);
  middle_ = image::Geometry(middle);
  const image::Separable op = image::resize_plane(resize, middle, hr, 0);
  resize_ = engine.prepare(op);
  adjoint_ = engine.prepare(image::transpose(op));
  memory_ = engine.allocate(this->middle().size());
}

void ChainClient::show(const float *x, uint64_t key, int planes, float *y) {
  for (int c = 1; c < planes; ++c) chroma_->enlarge(c).apply(lr_.plane(x, c), hr_.plane(y, c));
  forward(x, key, hr_.plane(y, 0), nullptr);
}

void ChainClient::forward(const float *x, uint64_t key, Plane picture,
                          std::unique_ptr<Tape> *tape) {
  network_.forward(x, key, middle(), tape);
  resize_->apply(middle(), picture);
}

void ChainClient::backward(const float *x, uint64_t key, const Tape *tape, Plane slope,
                           float *gradient) {
  adjoint_->apply(slope, middle());
  network_.backward(x, key, tape, middle(), gradient);
}

}  // namespace hcd::client
