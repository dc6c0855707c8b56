// SPDX-License-Identifier: BSD-2-Clause
#include "session/clients.h"

#include <utility>

#include "client/network_client.h"
#include "session/learned_steps.h"

namespace hcd::session {

using client::KernelDownscaler;
using client::LinearClient;

ModelTraits linear_traits(size_t clients, const hcd_format &format) {
  const bool video = format.layout != HCD_LAYOUT_RGB;
  return {true, static_cast<int>(clients), video, false, video};
}

ModelTraits network_traits(const client::NetworkInfo &info, const hcd_format &format) {
  return {false, 1, format.layout != HCD_LAYOUT_RGB, info.stochastic,
          info.colour == client::Colour::kLuma};
}

namespace {

// The steps that were fitted for the client, where `lr` is what a whole factor makes of `hr`.
void learn(const std::string &name, const hcd_format &hr, const hcd_format &lr, Clients &clients) {
  const int scale = (hr.width + lr.width - 1) / lr.width;
  const bool whole = hr.width > (lr.width - 2) * scale && hr.height > (lr.height - 2) * scale &&
                     hr.height <= lr.height * scale;
  if (whole && clients.traits.luma) clients.learned = learned_steps(name, scale);
  clients.traits.learned = static_cast<int>(clients.learned.size());
}

}  // namespace

Clients make_linear_clients(const std::string &model, const image::Kernel *start,
                            const hcd_format &hr, const hcd_format &lr, Engine &engine) {
  Clients clients;
  const auto kernels = client::find_kernels(model);
  for (const image::Kernel *kernel : kernels) {
    auto made = std::make_unique<LinearClient>(*kernel, hr, lr, engine);
    clients.linear.push_back(made.get());
    clients.all.push_back(std::move(made));
  }
  clients.kernel = std::make_unique<KernelDownscaler>(start ? *start : *kernels[0], hr, lr, engine);
  clients.traits = linear_traits(kernels.size(), hr);
  if (kernels.size() == 1) learn(model, hr, lr, clients);
  return clients;
}

Clients make_network_clients(std::shared_ptr<client::Network> network, int tile,
                             const image::Kernel *start, const hcd_format &hr, const hcd_format &lr,
                             Engine &engine) {
  Clients clients;
  const client::NetworkInfo &info = network->info();
  const image::Kernel &kernel = *image::find_kernel(info.downscaler);
  clients.chroma = std::make_shared<LinearClient>(kernel, hr, lr, engine);
  clients.kernel = std::make_unique<KernelDownscaler>(start ? *start : kernel, hr, lr, engine);
  clients.traits = network_traits(info, hr);
  learn(info.name, hr, lr, clients);
  if (info.has_downscale) {
    clients.own =
        std::make_unique<client::NetworkDownscaler>(network, tile, *clients.kernel, hr, lr, engine);
  }
  clients.all.push_back(std::make_unique<client::NetworkClient>(std::move(network), tile,
                                                                clients.chroma, hr, lr, engine));
  return clients;
}

LinearSolver::LinearSolver(const LinearClient &client, const KernelDownscaler &down,
                           double proximity, Engine &engine)
    : client_(client) {
  for (size_t i = 0; i < client.n_operators(); ++i) {
    const int c = static_cast<int>(i);
    inverses_.push_back(engine.prepare(image::Inverse(client.up(c), down.down(c), proximity)));
  }
}

void LinearSolver::solve(const float *y, int first, float *x) const {
  for (int c = first; c < client_.lr().n_planes(); ++c) {
    inverses_[client_.operators_of(c)]->apply(client_.hr().plane(y, c), client_.lr().plane(x, c));
  }
}

}  // namespace hcd::session
