// SPDX-License-Identifier: BSD-2-Clause
// A network between formats that are not its factor apart: what it shows is resized by a kernel.
#pragma once

#include <memory>
#include <string>

#include "client/network_client.h"

namespace hcd::client {

// f = resize ∘ network, of luma: the network makes its whole factor of the small plane, and a fixed
// kernel makes the large plane of that, larger or smaller, not rounded between them. Chroma goes
// straight from the small size to the large one by `chroma`. For networks that see luma alone.
class ChainClient : public Client {
 public:
  ChainClient(const std::shared_ptr<Network> &network, int tile, const image::Kernel &resize,
              std::shared_ptr<LinearClient> chroma, const hcd_format &hr, const hcd_format &lr,
              Engine &engine);

  const std::string &name() const override { return network_.name(); }
  void show(const float *x, uint64_t key, int planes, float *y) override;
  int n_planes() const override { return 1; }
  Plane picture() const override { return hr_.plane(static_cast<float *>(nullptr), 0); }
  double unit() const override { return network_.unit(); }
  ConstPlane target(const float *y, Buffer &) override { return hr_.plane(y, 0); }
  void forward(const float *x, uint64_t key, Plane picture, std::unique_ptr<Tape> *tape) override;
  void backward(const float *x, uint64_t key, const Tape *tape, Plane slope,
                float *gradient) override;
  void check_results() override { network_.check_results(); }
  bool only_queues() const override { return network_.only_queues(); }

 private:
  Plane middle() { return middle_.plane(memory_.data(), 0); }

  NetworkClient network_;  // from the small format to the middle one
  std::shared_ptr<LinearClient> chroma_;
  image::Geometry hr_, lr_, middle_;
  std::unique_ptr<Operator> resize_, adjoint_;  // of luma, from the middle to the large format
  Buffer memory_;                               // what the network shows, or its slope
};

}  // namespace hcd::client
