// SPDX-License-Identifier: BSD-2-Clause
// A network between two formats, with the transport on both sides.
#pragma once

#include <memory>
#include <string>

#include "client/downscaler.h"
#include "client/linear/linear_client.h"
#include "client/network.h"
#include "client/pictures.h"

namespace hcd::client {

// The large format is exactly the network's factor larger. Its picture is luma in the frame's code
// values where the network sees luma alone (chroma is enlarged by `chroma` then), else the
// network's.
class NetworkClient : public Client, private ByParts {
 public:
  NetworkClient(std::shared_ptr<Network> network, int tile, std::shared_ptr<LinearClient> chroma,
                const hcd_format &hr, const hcd_format &lr, Engine &engine);

  const std::string &name() const override { return network_->info().name; }
  void show(const float *x, uint64_t key, int planes, float *y) override;
  int n_planes() const override { return lr_.n_planes(); }
  Plane picture() const override { return hr_.view(nullptr); }
  double unit() const override { return converts() ? hr_.unit() : 1; }
  ConstPlane target(const float *y, Buffer &memory) override;
  void forward(const float *x, uint64_t key, Plane picture, std::unique_ptr<Tape> *tape) override;
  void backward(const float *x, uint64_t key, const Tape *tape, Plane slope,
                float *gradient) override;
  void check_results() override { network_->check_results(); }
  bool only_queues() const override { return !network_->tiled(); }
  // A loss of parts is computed by the host's threads.
  ByParts *by_parts() override {
    return network_->tiled() && !converts() && engine_.on_host() ? this : nullptr;
  }

 private:
  double pass(const float *x, uint64_t key, const LocalLoss &loss, float *gradient) override;
  Run run() const { return run_on(engine_, tile_); }
  // Whether luma has other code values in the frame than in the network.
  bool converts() const { return hr_.is_luma() && !hr_.same(); }

  std::shared_ptr<Network> network_;
  int tile_;
  std::shared_ptr<LinearClient> chroma_;
  Engine &engine_;
  Pictures hr_, lr_;
  Buffer lr_memory_, hr_memory_, pulled_;
};

// The network's own g; chroma that it does not see is made small by `chroma`.
class NetworkDownscaler : public Downscaler {
 public:
  NetworkDownscaler(std::shared_ptr<Network> network, int tile, KernelDownscaler &chroma,
                    const hcd_format &hr, const hcd_format &lr, Engine &engine);

  void downscale(const float *y, int planes, float *x) override;
  void backward(const float *y, const float *v, int planes, float *gradient) override;

 private:
  Run run() const { return run_on(engine_, tile_); }

  std::shared_ptr<Network> network_;
  int tile_;
  KernelDownscaler &chroma_;
  Engine &engine_;
  Pictures hr_, lr_;
  Buffer hr_memory_, lr_memory_, pulled_;
};

}  // namespace hcd::client
