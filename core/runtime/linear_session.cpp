// SPDX-License-Identifier: BSD-2-Clause
// Linear clients in sessions.
#include <algorithm>
#include <optional>
#include <vector>

#include "runtime/compare.h"
#include "runtime/down_model.h"
#include "runtime/linear_model.h"
#include "runtime/session.h"

namespace hcd::runtime {
namespace {

class LinearDownModel : public DownModel {
 public:
  LinearDownModel(const std::vector<const image::Kernel *> &kernels, const hcd_format &hr,
                  const hcd_format &lr, ThreadPool &pool)
      : hr_(hr), lr_(lr), pool_(pool) {
    for (const image::Kernel *kernel : kernels) clients_.emplace_back(*kernel, hr, lr);
  }

  ModelTraits traits() const override {
    return {true, static_cast<int>(clients_.size()), hr_.layout != HCD_LAYOUT_RGB};
  }
  std::string client_name(int k) const override { return clients_[static_cast<size_t>(k)].name(); }

  void downscale(const float *y, float *x) override { clients_[0].downscale(y, x, pool_); }
  void solve_fixed_planes(const float *, float *) override {}
  void solve(const float *y, double proximity, float *x) override {
    if (!solver_ || proximity != solver_proximity_) solver_.emplace(clients_[0], proximity);
    solver_proximity_ = proximity;
    solver_->solve(clients_[0], y, x, pool_);
  }

  std::unique_ptr<descent::Objective> lr_objective(const float *y, const float *x0,
                                                   double proximity, bool rounded,
                                                   uint64_t) override {
    return std::make_unique<LinearObjective>(clients_, y, x0, lr_, proximity, rounded, pool_);
  }
  std::unique_ptr<descent::Objective> hr_objective(descent::Objective &lr) override {
    return std::make_unique<LinearHrObjective>(clients_[0], lr, hr_, clients_[0].n_planes(), pool_);
  }

  double shown_error(int k, const float *x, const float *y, uint64_t) override {
    const LinearClient &client = clients_[static_cast<size_t>(k)];
    const int planes = hr_.layout == HCD_LAYOUT_RGB ? 3 : 1;
    if (shown_.size() == 0) shown_ = image::Buffer(client.hr().size());
    double sum = 0;
    for (int c = 0; c < planes; ++c) {
      image::apply(client.plane(c).up, client.lr().plane(x, c), client.hr().plane(shown_.data(), c),
                   pool_);
      sum += shown_plane_error(hr_, client.hr().plane(shown_.data(), c), client.hr().plane(y, c),
                               hr_.width, hr_.height, pool_);
    }
    return sum / planes;
  }

 private:
  hcd_format hr_, lr_;
  ThreadPool &pool_;
  std::vector<LinearClient> clients_;
  std::optional<LinearSolver> solver_;
  double solver_proximity_ = 0;
  image::Buffer shown_;
};

class LinearUpSession : public Session {
 public:
  LinearUpSession(const image::Kernel &kernel, const hcd_format &in, const hcd_format &out,
                  ThreadPool &pool)
      : client_(kernel, out, in),
        in_(in),
        out_(out),
        pool_(pool),
        lr_(client_.lr().size()),
        hr_(client_.hr().size()) {}

  void process(const hcd_frame &in, const hcd_frame &out, hcd_stats &) override {
    image::unpack(in_, in, lr_.data(), pool_);
    client_.upscale(lr_.data(), hr_.data(), pool_);
    image::pack(out_, hr_.data(), {}, out, pool_);
  }

 private:
  LinearClient client_;
  hcd_format in_, out_;
  ThreadPool &pool_;
  image::Buffer lr_, hr_;
};

}  // namespace

std::unique_ptr<DownModel> make_linear_down_model(const std::string &model, const hcd_format &hr,
                                                  const hcd_format &lr, ThreadPool &pool) {
  return std::make_unique<LinearDownModel>(find_clients(model), hr, lr, pool);
}

std::unique_ptr<Session> make_linear_up_session(const std::string &model, const hcd_format &in,
                                                const hcd_format &out, ThreadPool &pool) {
  return std::make_unique<LinearUpSession>(*find_clients(model)[0], in, out, pool);
}

}  // namespace hcd::runtime
