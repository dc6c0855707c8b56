// SPDX-License-Identifier: BSD-2-Clause
// What a network is to the rest of the library: pictures in, pictures and gradients out. Whoever
// executes it implements this: the native executor of light networks (client/light), LibTorch
// (engine/aten, tile by tile: client/tiles.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/parallel.h"
#include "base/view.h"
#include "client/client.h"
#include "image/colour.h"

namespace hcd::client {

using image::Colour;
class TiledNetwork;
struct LightWeights;

struct NetworkInfo {
  std::string name;
  int scale = 0;  // enlarging factor, the same in both directions
  Colour colour = Colour::kRgb;
  int receptive_field = 0;     // LR pixels on each side that an output pixel depends on (f and g)
  bool has_downscale = false;  // brings its own g
  int alignment = 1;           // tiles begin at multiples of this many LR pixels
  bool stochastic = false;     // f draws a latent: its result depends on the key
  std::string downscaler = "bicubic";  // the kernel that stands in for a g that is missing
};

// Channels of the pictures of a colour space.
inline int channels(Colour colour) { return colour == Colour::kLuma ? 1 : 3; }

// How a call is run. `pool` and `tile` do not change a result.
struct Run {
  ThreadPool &pool;
  int tile = 0;              // side in LR pixels; 0: the default
  Engine *engine = nullptr;  // in whose memory the pictures are; nullptr: in the host's
};
// For pictures of `engine`.
inline Run run_on(Engine &engine, int tile) {
  return {engine.pool(), tile, engine.on_host() ? nullptr : &engine};
}

// A fixed pair (g, f) on pictures of any size on the 8-bit scale. Pure: no state between calls,
// which may come from several threads at once. `key`: of the latent. They throw hcd::Error.
class Network {
 public:
  virtual ~Network() = default;
  virtual const NetworkInfo &info() const = 0;

  // f. `lr`: [channels, h, w]; `hr`: receives [channels, h * scale, w * scale]. `tape`: see Client.
  virtual void forward(const Run &run, ConstPlane lr, uint64_t key, Plane hr,
                       std::unique_ptr<Tape> *tape) = 0;
  // gradient = J^T slope, J the derivative of f at `lr`.
  virtual void backward(const Run &run, ConstPlane lr, uint64_t key, const Tape *tape,
                        ConstPlane slope, Plane gradient) = 0;
  // This network where it is run tile by tile, else nullptr.
  virtual TiledNetwork *tiled() { return nullptr; }
  // The number of the CUDA device where LibTorch runs it; -1: it does not.
  virtual int cuda_device() const { return -1; }
  // What a light network computes with (client/light/light_weights.h), for an engine that executes
  // it by itself; nullptr: this is none. It lives as long as the network.
  virtual const LightWeights *light() const { return nullptr; }

  // g, where info().has_downscale, and gradient = J^T v, J its derivative at `hr`.
  virtual void downscale(const Run &run, ConstPlane hr, Plane lr) = 0;
  virtual void downscale_backward(const Run &run, ConstPlane hr, ConstPlane v, Plane gradient) = 0;

  // Where results are only queued (engine/cuda): throws what those that are done by now would have
  // thrown. Elsewhere a call has thrown it itself.
  virtual void check_results() {}
};

// What latent f gets: z = 0, one draw of N(0, 1), or the mean of the pictures of kMeanDraws draws.
enum class Latent { kDefault, kZero, kSample, kMean };
inline constexpr int kMeanDraws = 8;

// In what f is computed: whole numbers of 16 bits where the network loses nothing by it, always, or
// float32.
enum class Precision { kAuto, kInt16, kFp32 };

// What is to be opened. Empty: torchscript has no default.
struct NetworkRequest {
  std::string model;           // a name of client/catalogue.h
  std::string weights;         // path; "": those below, or the built-in ones
  std::string device = "cpu";  // of LibTorch's networks: auto, cpu, cuda or cuda:N
  int scale = 0;               // 0: as the weights say
  Latent latent = Latent::kDefault;
  Precision precision = Precision::kAuto;
  std::shared_ptr<const std::vector<uint8_t>> sent;  // a light network's file, in a stream
};

// Opens a network in the back end that runs it: a light one on the host (client::Gpu puts it on a
// GPU). Throws hcd::Error.
std::unique_ptr<Network> load_network(const NetworkRequest &request, const Log &log);

}  // namespace hcd::client
