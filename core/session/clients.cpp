// SPDX-License-Identifier: BSD-2-Clause
#include "session/clients.h"

#include <utility>

#include "client/chain_client.h"
#include "client/network_client.h"
#include "session/learned_steps.h"

namespace hcd::session {

using client::KernelDownscaler;
using client::LinearClient;

namespace {

// Chosen by measuring: docs/algorithm.md, "Any ratio".
constexpr const char *kResize = "bicubic";

void set_learned(const std::string &client, const hcd_format &hr, const hcd_format &lr,
                 ModelTraits *traits) {
  const FittedAt at = fitted_at(client, hr, lr);
  traits->learned = static_cast<int>(learned_steps(client, at).size());
  traits->learned_at = at.text;
}

}  // namespace

ModelTraits linear_traits(const std::string &model, const hcd_format &hr, const hcd_format &lr) {
  const bool video = hr.layout != HCD_LAYOUT_RGB;
  ModelTraits traits{true, static_cast<int>(client::find_kernels(model).size()), video, false,
                     video};
  set_learned(model, hr, lr, &traits);
  return traits;
}

ModelTraits network_traits(const client::NetworkInfo &info, const hcd_format &hr,
                           const hcd_format &lr) {
  ModelTraits traits{false, 1, hr.layout != HCD_LAYOUT_RGB, info.stochastic,
                     info.colour == client::Colour::kLuma};
  set_learned(info.name, hr, lr, &traits);
  return traits;
}

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
  clients.learned = learned_steps(model, fitted_at(model, hr, lr));
  clients.traits = linear_traits(model, hr, lr);
  return clients;
}

Clients make_network_clients(std::shared_ptr<client::Network> network, int tile,
                             const image::Kernel *start, const std::string &resize,
                             const hcd_format &hr, const hcd_format &lr, Engine &engine) {
  Clients clients;
  const client::NetworkInfo &info = network->info();
  const image::Kernel &kernel = *image::find_kernel(info.downscaler);
  clients.chroma = std::make_shared<LinearClient>(kernel, hr, lr, engine);
  clients.kernel = std::make_unique<KernelDownscaler>(start ? *start : kernel, hr, lr, engine);
  clients.learned = learned_steps(info.name, fitted_at(info.name, hr, lr));
  clients.traits = network_traits(info, hr, lr);
  clients.factor = info.scale;
  if (info.has_downscale) {
    clients.own =
        std::make_unique<client::NetworkDownscaler>(network, tile, *clients.kernel, hr, lr, engine);
  }
  const bool whole = hr.width == lr.width * info.scale && hr.height == lr.height * info.scale;
  if (whole) {
    clients.all.push_back(std::make_unique<client::NetworkClient>(std::move(network), tile,
                                                                  clients.chroma, hr, lr, engine));
  } else {
    const image::Kernel &behind = *image::find_kernel(resize == "auto" ? kResize : resize);
    clients.resize = behind.name;
    clients.all.push_back(std::make_unique<client::ChainClient>(network, tile, behind,
                                                                clients.chroma, hr, lr, engine));
  }
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
