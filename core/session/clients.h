// SPDX-License-Identifier: BSD-2-Clause
// What a session's model option comes to, between two formats.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "client/client.h"
#include "client/downscaler.h"
#include "client/linear/linear_client.h"
#include "client/network.h"
#include "descent/learned.h"
#include "session/settings.h"

namespace hcd::session {

struct Clients {
  std::vector<std::unique_ptr<client::Client>> all;
  std::vector<client::LinearClient *> linear;  // the same ones, where all are linear; else none
  // Enlarges the chroma that the clients' pictures do not hold.
  std::shared_ptr<client::LinearClient> chroma;
  std::unique_ptr<client::KernelDownscaler> kernel;  // D
  std::unique_ptr<client::Downscaler> own;           // a network's own g
  std::vector<descent::LearnedStep> learned;  // of the client at this ratio, where there are some
  ModelTraits traits;
  int factor = 0;           // of the network
  const char *resize = "";  // the kernel behind it, where the ratio is another

  // What makes the plain small frame, where the descent starts.
  client::Downscaler &plain() const {
    return own ? *own : static_cast<client::Downscaler &>(*kernel);
  }
  // Whom chroma is solved for, where luma alone is the objective's.
  client::LinearClient &for_chroma() const { return linear.empty() ? *chroma : *linear[0]; }
};

// What a plan depends on.
ModelTraits linear_traits(const std::string &model, const hcd_format &hr, const hcd_format &lr);
ModelTraits network_traits(const client::NetworkInfo &info, const hcd_format &hr,
                           const hcd_format &lr);

// `start`: the kernel that makes the plain small frame; nullptr: the (first) client's own. Without
// meaning for a network that brings its own g. Where `hr` is not exactly a network's factor larger
// than `lr`, `resize`, a word of that option, makes it of what the network shows, which has to see
// luma alone then.
Clients make_linear_clients(const std::string &model, const image::Kernel *start,
                            const hcd_format &hr, const hcd_format &lr, Engine &engine);
Clients make_network_clients(std::shared_ptr<client::Network> network, int tile,
                             const image::Kernel *start, const std::string &resize,
                             const hcd_format &hr, const hcd_format &lr, Engine &engine);

// The rule exact: the small frame that one linear client enlarges best, see image::Inverse.
class LinearSolver {
 public:
  // `down`: D, to which `proximity` pulls.
  LinearSolver(const client::LinearClient &client, const client::KernelDownscaler &down,
               double proximity, Engine &engine);
  // Planes of a frame, from `first` on.
  void solve(const float *y, int first, float *x) const;

 private:
  const client::LinearClient &client_;
  std::vector<std::unique_ptr<Operator>> inverses_;  // as the client's operators
};

}  // namespace hcd::session
