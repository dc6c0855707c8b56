// SPDX-License-Identifier: BSD-2-Clause
#include "session/trial.h"

#include <cmath>
#include <utility>
#include <vector>

#include "base/random.h"
#include "descent/learned.h"
#include "loss/mixed.h"
#include "session/clients.h"
#include "session/objectives.h"

namespace hcd::session {
namespace {

constexpr int kSide = 144;

// Discs that cover each other, as many small ones for each large one as natural pictures have (dead
// leaves; Lee, Mumford and Huang, IJCV 2001), softened by 4 x 4 means, with some grain. Luma, 8-bit
// scale.
std::vector<float> make_leaves() {
  constexpr int kFine = 4, kLeaves = 3000;
  const Random random(1);
  uint64_t n = 0;
  std::vector<float> fine(static_cast<size_t>(kFine * kSide) * kFine * kSide, 128);
  const Plane plane(fine.data(), kFine * kSide, kFine * kSide);
  for (int leaf = 0; leaf < kLeaves; ++leaf) {
    const double radius = kFine * 2 / std::sqrt(0.002 + 0.998 * random.uniform(n++));
    const double cx = plane.width * random.uniform(n++), cy = plane.height * random.uniform(n++);
    const double luma = 30 + 195 * random.uniform(n++);
    const Rect around = Rect{static_cast<int>(cx), static_cast<int>(cy), 1, 1}.grown(
        static_cast<int>(radius) + 1, plane.width, plane.height);
    for (int y = around.y; y < around.bottom(); ++y) {
      for (int x = around.x; x < around.right(); ++x) {
        if ((x - cx) * (x - cx) + (y - cy) * (y - cy) > radius * radius) continue;
        plane.row(y)[x] = static_cast<float>(luma);
      }
    }
  }
  std::vector<float> leaves;
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      double sum = 0;
      for (int i = 0; i < kFine * kFine; ++i) {
        sum += plane.row(y * kFine + i / kFine)[x * kFine + i % kFine];
      }
      leaves.push_back(
          static_cast<float>(std::round(sum / (kFine * kFine) + 2 * random.normal(n++))));
    }
  }
  return leaves;
}

}  // namespace

double gain_of_learned(const DownSettings &s, std::shared_ptr<client::Network> network,
                       const hcd_format &like_hr, const hcd_format &like_lr, ThreadPool &pool) {
  hcd_format hr{};
  hr.layout = HCD_LAYOUT_GRAY;
  hr.depth = 8;
  hr.width = hr.height = kSide;
  hcd_format lr = hr;
  const auto small = [](int large, int like) {
    return static_cast<int>(std::lround(static_cast<double>(kSide) * like / large));
  };
  lr.width = small(like_hr.width, like_lr.width);
  lr.height = small(like_hr.height, like_lr.height);
  const auto engine = make_cpu_engine(pool);
  const Clients clients = make_network_clients(
      std::move(network), s.tile, image::find_kernel("lanczos"), s.resize, hr, lr, *engine);
  const std::vector<float> leaves = make_leaves();
  const ConstPlane all(leaves.data(), kSide, kSide);
  Buffer y = engine->allocate(image::Geometry(hr).size());
  Buffer x0 = engine->allocate(image::Geometry(lr).size()), x = engine->allocate(x0.size());
  const Plane large(y.data(), hr.width, hr.height);
  engine->copy(all.crop({0, 0, hr.width, hr.height}), large);
  clients.plain().downscale(y.data(), 1, x0.data());

  const Plan plan = make_plan(s, clients.traits);
  loss::Mixed loss(1, large, {x0.data(), lr.width, lr.height}, image::shown_range(lr),
                   {plan.detail, plan.ringing, plan.proximity}, *engine);
  ShownObjective objective({clients.all[0].get()}, loss, lr, false, 0, *engine);
  engine->copy(x0.span(), x.span());
  const std::span steps(clients.learned);
  descent::learned(objective, x.span(), lr.width, steps.first(static_cast<size_t>(plan.steps_lr)),
                   *engine);
  return (objective.start_value() - objective.value(x.span())).value();
}

}  // namespace hcd::session
