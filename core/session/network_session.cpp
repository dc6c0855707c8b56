// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cpu/samples.h"
#include "session/network_session.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "image/format.h"
#include "engine/cpu/compare.h"
#include "session/linear_model.h"
#include "client/tiles.h"
#include "client/pictures.h"

namespace hcd::session {
namespace {


using descent::Result;
using descent::Variables;

using client::Pictures;

// A network between two formats, with the transport on both sides. A bicubic client stands in for
// what the network does not do: g where it has none, and chroma where it sees luma only.
struct Chain {
  Chain(std::shared_ptr<client::Network> shared, int tile, const image::Kernel *start,
        const hcd_format &hr_format, const hcd_format &lr_format, ThreadPool &threads)
      : network(std::move(shared)),
        tiles(*network, tile, threads),
        hr(hr_format),
        lr(lr_format),
        pool(threads),
        hr_pictures(hr, network->info().colour),
        lr_pictures(lr, network->info().colour),
        bicubic(*image::find_kernel(network->info().downscaler), start, hr, lr) {}

  // Planes that the network sees; their samples are the variables.
  int n_planes() const { return lr_pictures.channels() == 1 ? 1 : image::n_components(lr); }
  size_t hr_size() const { return bicubic.hr().size(); }
  size_t lr_size() const { return bicubic.lr().size(); }
  size_t n_variables() const { return bicubic.lr().offset(n_planes()); }

  std::shared_ptr<client::Network> network;
  TiledNetwork tiles;
  hcd_format hr, lr;
  ThreadPool &pool;
  Pictures hr_pictures, lr_pictures;
  LinearClient bicubic;
};

ConstPlane view(const Pictures &pictures, const Buffer &buffer) {
  return pictures.view(buffer.data());
}
Plane view(const Pictures &pictures, Buffer &buffer) { return pictures.view(buffer.data()); }

// g through the transport: planes of the source to planes of the small frame that the network sees.
void own_downscale(Chain &chain, const float *y, Buffer &hr_picture, Buffer &lr_picture, float *x) {
  chain.hr_pictures.to_picture(y, hr_picture.data(), chain.pool);
  chain.tiles.downscale(view(chain.hr_pictures, std::as_const(hr_picture)),
                        view(chain.lr_pictures, lr_picture));
  chain.lr_pictures.from_picture(lr_picture.data(), x, chain.pool);
}

// f seen from the transmitted planes: |f(T(x)) - T(y)|^2 per HR value in 8-bit codes, and
// proximity.
class NetworkLrObjective : public descent::Objective {
 public:
  NetworkLrObjective(Chain &chain, const float *y, const float *x0, double proximity, bool rounded,
                     uint64_t key)
      : chain_(chain),
        x0_(x0),
        proximity_(proximity),
        rounded_(rounded),
        key_(key),
        target_(chain.hr_pictures.size()),
        picture_(chain.lr_pictures.size()),
        picture_gradient_(chain.lr_pictures.size()),
        planes_(chain.lr_size()),
        gradient_(chain.lr_size()) {
    chain_.hr_pictures.to_picture(y, target_.data(), chain_.pool);
    std::copy_n(x0, planes_.size(), planes_.data());
  }

  size_t size() const override { return chain_.n_variables(); }

  double value_and_gradient(Variables x, Result gradient) override {
    std::copy(x.begin(), x.end(), planes_.data());
    if (rounded_)
      cpu::quantise(chain_.lr, planes_.data(), image::legal_ranges(chain_.lr), chain_.pool);
    chain_.lr_pictures.to_picture(planes_.data(), picture_.data(), chain_.pool);
    const double error =
        chain_.tiles.error_and_gradient(view(chain_.lr_pictures, std::as_const(picture_)),
                                        view(chain_.hr_pictures, std::as_const(target_)),
                                        view(chain_.lr_pictures, picture_gradient_), key_);
    key_ = mix(key_);
    chain_.lr_pictures.to_picture_adjoint(picture_gradient_.data(), gradient_.data(), chain_.pool);
    const double weight = 255.0 * 255.0 / static_cast<double>(target_.size());
    const double pull = proximity_ / static_cast<double>(x.size());
    double move_square = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const double move = static_cast<double>(planes_.data()[i]) - static_cast<double>(x0_[i]);
      move_square += move * move;
      const double slope = weight * static_cast<double>(gradient_.data()[i]) + 2 * pull * move;
      gradient[i] = static_cast<float>(slope);
    }
    return weight * error + pull * move_square;
  }

  void clip(Result x) const override {
    clip_to_range(chain_.lr, chain_.n_planes(), x.data(), chain_.pool);
  }

 private:
  Chain &chain_;
  const float *x0_;
  double proximity_;
  bool rounded_;
  uint64_t key_;  // of the next evaluation's latent
  Buffer target_, picture_, picture_gradient_, planes_, gradient_;
};

// The HR stage through the network's own g: source planes -> g -> small planes -> LR objective.
class NetworkHrObjective : public descent::Objective {
 public:
  NetworkHrObjective(Chain &chain, descent::Objective &lr)
      : chain_(chain),
        lr_(lr),
        y_gradient_(chain.hr_size()),
        x_(chain.lr_size()),
        x_gradient_(chain.lr_size()),
        hr_(chain.hr_pictures.size()),
        hr_gradient_(chain.hr_pictures.size()),
        small_(chain.lr_pictures.size()),
        small_gradient_(chain.lr_pictures.size()) {}

  size_t size() const override { return chain_.bicubic.hr().offset(chain_.n_planes()); }

  double value_and_gradient(Variables y, Result gradient) override {
    own_downscale(chain_, y.data(), hr_, small_, x_.data());
    const double value =
        lr_.value_and_gradient({x_.data(), lr_.size()}, {x_gradient_.data(), lr_.size()});
    chain_.lr_pictures.from_picture_adjoint(x_gradient_.data(), small_gradient_.data(),
                                            chain_.pool);
    chain_.tiles.downscale_vjp(view(chain_.hr_pictures, std::as_const(hr_)),
                               view(chain_.lr_pictures, std::as_const(small_gradient_)),
                               view(chain_.hr_pictures, hr_gradient_));
    chain_.hr_pictures.to_picture_adjoint(hr_gradient_.data(), y_gradient_.data(), chain_.pool);
    std::copy_n(y_gradient_.data(), gradient.size(), gradient.data());
    return value;
  }

  double rms_error(double value) const override { return lr_.rms_error(value); }

  void clip(Result y) const override {
    clip_to_range(chain_.hr, chain_.n_planes(), y.data(), chain_.pool);
  }

 private:
  Chain &chain_;
  descent::Objective &lr_;
  Buffer y_gradient_, x_, x_gradient_, hr_, hr_gradient_, small_, small_gradient_;
};

// f through the transport; planes the network does not see are enlarged by the bicubic client.
void own_upscale(Chain &chain, const float *x, uint64_t key, Buffer &lr_picture, Buffer &hr_picture,
                 float *y) {
  if (chain.n_planes() < image::n_components(chain.lr)) chain.bicubic.upscale(x, y, chain.pool);
  chain.lr_pictures.to_picture(x, lr_picture.data(), chain.pool);
  chain.tiles.upscale(view(chain.lr_pictures, std::as_const(lr_picture)),
                      view(chain.hr_pictures, hr_picture), key);
  chain.hr_pictures.from_picture(hr_picture.data(), y, chain.pool);
}

// Luma through a network that sees nothing else.
class NetworkLuma : public LumaClient {
 public:
  explicit NetworkLuma(Chain &chain)
      : chain_(chain),
        lr_(chain.lr_pictures.size()),
        hr_(chain.hr_pictures.size()),
        slope_(hr_.size()),
        pulled_(lr_.size()),
        planes_(chain.lr_size()) {}

  void show(const float *x, float *shown) override {
    chain_.lr_pictures.to_picture(x, lr_.data(), chain_.pool);
    chain_.tiles.upscale(view(chain_.lr_pictures, std::as_const(lr_)),
                         view(chain_.hr_pictures, hr_), 0);
    chain_.hr_pictures.from_picture(hr_.data(), shown, chain_.pool);
  }

  void pull(const float *v, float *gradient) override {
    chain_.hr_pictures.from_picture_adjoint(v, slope_.data(), chain_.pool);
    chain_.tiles.upscale_vjp(view(chain_.lr_pictures, std::as_const(lr_)),
                             view(chain_.hr_pictures, std::as_const(hr_)),
                             view(chain_.hr_pictures, slope_), view(chain_.lr_pictures, pulled_));
    chain_.lr_pictures.to_picture_adjoint(pulled_.data(), planes_.data(), chain_.pool);
    std::copy_n(planes_.data(), chain_.n_variables(), gradient);
  }

 private:
  Chain &chain_;
  Buffer lr_, hr_, slope_, pulled_, planes_;
};

class NetworkDownModel : public DownModel {
 public:
  NetworkDownModel(std::shared_ptr<client::Network> network, int tile, const image::Kernel *start,
                   const hcd_format &hr, const hcd_format &lr, ThreadPool &pool)
      : chain_(std::move(network), tile, start, hr, lr, pool) {}

  ModelTraits traits() const override { return network_traits(chain_.tiles.info(), chain_.hr); }
  std::string client_name(int) const override { return chain_.tiles.info().name; }

  void downscale(const float *y, float *x) override {
    if (!has_downscale() || sees_luma_only()) chain_.bicubic.downscale(y, x, chain_.pool);
    if (!has_downscale()) return;
    Buffer hr(chain_.hr_pictures.size()), lr(chain_.lr_pictures.size());
    own_downscale(chain_, y, hr, lr, x);
  }

  void solve_chroma(const float *y, float *x) override {
    if (!sees_luma_only()) return;
    std::vector<float> solved(chain_.lr_size());
    if (!chroma_solver_) chroma_solver_.emplace(chain_.bicubic, kVideoProximity);
    chroma_solver_->solve(chain_.bicubic, y, solved.data(), chain_.pool);
    std::copy(solved.begin() + static_cast<ptrdiff_t>(chain_.n_variables()), solved.end(),
              x + chain_.n_variables());
  }

  const LinearClient &chroma_client() const override { return chain_.bicubic; }

  void solve(const float *, double, float *) override {
    throw Error(HCD_E_INTERNAL, "a network has no exact solution");
  }

  std::unique_ptr<descent::Objective> lr_objective(const float *y, const float *x0,
                                                   double proximity, bool rounded,
                                                   uint64_t key) override {
    return std::make_unique<NetworkLrObjective>(chain_, y, x0, proximity, rounded, key);
  }
  std::unique_ptr<descent::Objective> hr_objective(descent::Objective &lr) override {
    if (has_downscale()) return std::make_unique<NetworkHrObjective>(chain_, lr);
    return std::make_unique<LinearHrObjective>(chain_.bicubic, lr, chain_.hr, chain_.n_planes(),
                                               chain_.pool);
  }

  std::vector<std::unique_ptr<LumaClient>> luma_clients() override {
    std::vector<std::unique_ptr<LumaClient>> result;
    result.push_back(std::make_unique<NetworkLuma>(chain_));
    return result;
  }

  double shown_error(int, const float *x, const float *y, uint64_t key) override {
    Buffer lr(chain_.lr_pictures.size()), hr(chain_.hr_pictures.size()), shown(chain_.hr_size());
    own_upscale(chain_, x, key, lr, hr, shown.data());
    const int planes = chain_.hr.layout == HCD_LAYOUT_RGB ? 3 : 1;
    double sum = 0;
    for (int c = 0; c < planes; ++c) {
      const image::Geometry &geometry = chain_.bicubic.hr();
      sum +=
          shown_plane_error(chain_.hr, geometry.plane(std::as_const(shown).data(), c),
                            geometry.plane(y, c), chain_.hr.width, chain_.hr.height, chain_.pool);
    }
    return sum / planes;
  }

 private:
  bool has_downscale() const { return chain_.tiles.info().has_downscale; }
  bool sees_luma_only() const { return chain_.n_planes() < image::n_components(chain_.lr); }

  Chain chain_;
  std::optional<LinearSolver> chroma_solver_;
};

class NetworkUpSession : public Session {
 public:
  NetworkUpSession(std::shared_ptr<client::Network> network, int tile, uint64_t seed,
                   const hcd_format &in, const hcd_format &full, const hcd_format &out,
                   ThreadPool &pool)
      : chain_(std::move(network), tile, nullptr, full, in, pool),
        seed_(seed),
        out_(out),
        geometry_(out),
        x_(chain_.lr_size()),
        lr_(chain_.lr_pictures.size()),
        hr_(chain_.hr_pictures.size()),
        y_(chain_.hr_size()) {}

  void process(const hcd_frame &in, const hcd_frame &out, hcd_stats &) override {
    cpu::unpack(chain_.lr, in, x_.data(), chain_.pool);
    const bool stochastic = chain_.tiles.info().stochastic;
    const uint64_t key = stochastic ? mix(cpu::hash_frame(chain_.lr, in, mix(seed_))) : 0;
    own_upscale(chain_, x_.data(), key, lr_, hr_, y_.data());
    // In place: every plane of `out` is at most as large, and starts no later.
    for (int c = 0; c < geometry_.n_planes(); ++c) {
      const ConstPlane from = chain_.bicubic.hr().plane(std::as_const(y_).data(), c);
      const Plane to = geometry_.plane(y_.data(), c);
      for (int row = 0; row < to.height; ++row) std::copy_n(from.row(row), to.width, to.row(row));
    }
    cpu::pack(out_, y_.data(), {}, out, chain_.pool);
  }

 private:
  Chain chain_;
  uint64_t seed_;
  hcd_format out_;
  image::Geometry geometry_;
  Buffer x_, lr_, hr_, y_;
};

}  // namespace

ModelTraits network_traits(const client::NetworkInfo &info, const hcd_format &format) {
  return {false, 1, format.layout != HCD_LAYOUT_RGB, info.stochastic,
          info.colour == client::Colour::kLuma};
}

std::unique_ptr<DownModel> make_network_down_model(std::shared_ptr<client::Network> network, int tile,
                                                   const image::Kernel *start, const hcd_format &hr,
                                                   const hcd_format &lr, ThreadPool &pool) {
  return std::make_unique<NetworkDownModel>(std::move(network), tile, start, hr, lr, pool);
}

std::unique_ptr<Session> make_network_up_session(std::shared_ptr<client::Network> network, int tile,
                                                 uint64_t seed, const hcd_format &in,
                                                 const hcd_format &out, ThreadPool &pool) {
  hcd_format full = out;
  full.width = in.width * network->info().scale;
  full.height = in.height * network->info().scale;
  return std::make_unique<NetworkUpSession>(std::move(network), tile, seed, in, full, out, pool);
}

}  // namespace hcd::session
