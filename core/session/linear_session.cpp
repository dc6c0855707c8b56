// SPDX-License-Identifier: BSD-2-Clause
// Linear clients in sessions.
#include <algorithm>
#include <optional>
#include <vector>

#include "engine/cpu/samples.h"
#include "engine/cpu/resample.h"
#include "engine/cpu/compare.h"
#include "session/down_model.h"
#include "session/linear_model.h"
#include "session/session.h"

namespace hcd::session {
namespace {


class LinearDownModel : public DownModel {
 public:
  LinearDownModel(const std::vector<const image::Kernel *> &kernels, const hcd_format &hr,
                  const hcd_format &lr, const image::Kernel *start, ThreadPool &pool)
      : hr_(hr), lr_(lr), pool_(pool) {
    for (const image::Kernel *kernel : kernels) clients_.emplace_back(*kernel, start, hr, lr);
  }

  ModelTraits traits() const override { return linear_traits(clients_.size(), hr_); }
  std::string client_name(int k) const override { return clients_[static_cast<size_t>(k)].name(); }

  void downscale(const float *y, float *x) override { clients_[0].downscale(y, x, pool_); }
  void solve_chroma(const float *y, float *x) override {
    if (clients_[0].n_planes() == 1) return;
    std::vector<float> solved(clients_[0].lr().size());
    solve(y, kVideoProximity, solved.data());
    const auto luma = static_cast<ptrdiff_t>(clients_[0].lr().offset(1));
    std::copy(solved.begin() + luma, solved.end(), x + luma);
  }
  const LinearClient &chroma_client() const override { return clients_[0]; }
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
    const bool luma_alone = lr.size() < clients_[0].lr().size();
    return std::make_unique<LinearHrObjective>(clients_[0], lr, hr_,
                                               luma_alone ? 1 : clients_[0].n_planes(), pool_);
  }
  std::vector<std::unique_ptr<LumaClient>> luma_clients() override {
    std::vector<std::unique_ptr<LumaClient>> result;
    for (const LinearClient &client : clients_) {
      result.push_back(std::make_unique<LinearLuma>(client, pool_));
    }
    return result;
  }

  double shown_error(int k, const float *x, const float *y, uint64_t) override {
    const LinearClient &client = clients_[static_cast<size_t>(k)];
    const int planes = hr_.layout == HCD_LAYOUT_RGB ? 3 : 1;
    Buffer shown(client.hr().offset(planes));
    double sum = 0;
    for (int c = 0; c < planes; ++c) {
      cpu::apply(client.plane(c).up, client.lr().plane(x, c), client.hr().plane(shown.data(), c),
                   pool_);
      sum += shown_plane_error(hr_, client.hr().plane(shown.data(), c), client.hr().plane(y, c),
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
};

class LinearUpSession : public Session {
 public:
  LinearUpSession(const image::Kernel &kernel, const hcd_format &in, const hcd_format &out,
                  ThreadPool &pool)
      : client_(kernel, nullptr, out, in),
        in_(in),
        out_(out),
        pool_(pool),
        lr_(client_.lr().size()),
        hr_(client_.hr().size()) {}

  void process(const hcd_frame &in, const hcd_frame &out, hcd_stats &) override {
    cpu::unpack(in_, in, lr_.data(), pool_);
    client_.upscale(lr_.data(), hr_.data(), pool_);
    cpu::pack(out_, hr_.data(), {}, out, pool_);
  }

 private:
  LinearClient client_;
  hcd_format in_, out_;
  ThreadPool &pool_;
  Buffer lr_, hr_;
};

}  // namespace

ModelTraits linear_traits(size_t clients, const hcd_format &format) {
  const bool video = format.layout != HCD_LAYOUT_RGB;
  return {true, static_cast<int>(clients), video, false, video};
}

std::unique_ptr<DownModel> make_linear_down_model(const std::string &model,
                                                  const image::Kernel *start, const hcd_format &hr,
                                                  const hcd_format &lr, ThreadPool &pool) {
  return std::make_unique<LinearDownModel>(find_clients(model), hr, lr, start, pool);
}

std::unique_ptr<Session> make_linear_up_session(const std::string &model, const hcd_format &in,
                                                const hcd_format &out, ThreadPool &pool) {
  return std::make_unique<LinearUpSession>(*find_clients(model)[0], in, out, pool);
}

}  // namespace hcd::session
