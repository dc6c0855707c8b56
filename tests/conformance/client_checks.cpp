// SPDX-License-Identifier: BSD-2-Clause
// Linear clients on an engine. Networks are held against each other in tests/models/light_test.cpp.
#include "client/linear/linear_client.h"
#include "conformance/checks.h"
#include "conformance/on_engine.h"
#include "conformance/reference.h"
#include "support/formats.h"
#include "support/random_values.h"

namespace hcd::conformance {
namespace {

using reference::Grid;

constexpr double kTolerance = 1e-3;  // see operator_checks.cpp

Grid plane(const image::Geometry &geometry, const std::vector<float> &planes, int c) {
  const ConstPlane view = geometry.plane(planes.data(), c);
  Grid grid(view.height, view.width);
  std::copy_n(view.data, view.size(), grid.values.begin());
  return grid;
}

void expect_near(const Grid &found, const Grid &expected) {
  ASSERT_EQ(found.values.size(), expected.values.size());
  for (size_t i = 0; i < found.values.size(); ++i) {
    ASSERT_NEAR(found.values[i], expected.values[i], kTolerance) << i;
  }
}

void check_linear_client(Engine &engine) {
  for (const hcd_layout layout :
       {HCD_LAYOUT_GRAY, HCD_LAYOUT_YUV420, HCD_LAYOUT_YUV422, HCD_LAYOUT_NV12, HCD_LAYOUT_RGB}) {
    for (const char *kernel : {"bilinear", "lanczos"}) {
      const hcd_format hr = test::format_of(61, 45, layout), lr = test::format_of(30, 23, layout);
      client::LinearClient client(*image::find_kernel(kernel), hr, lr, engine);
      const image::Geometry &large = client.hr(), &small = client.lr();
      const auto x = test::random_values(small.size(), 1), v = test::random_values(large.size(), 2);
      VectorOnEngine given(engine, x), shown(engine, v), pulled(engine, x);

      client.show(given.read().data(), 0, large.n_planes(), shown.span().data());
      const auto planes = shown.result();
      for (int c = 0; c < large.n_planes(); ++c) {
        expect_near(plane(large, planes, c), reference::apply(client.up(c), plane(small, x, c)));
      }

      VectorOnEngine picture(engine, std::vector<float>(client.picture().size(), NAN));
      Plane seen = client.picture();
      seen.data = picture.span().data();
      client.forward(given.read().data(), 0, seen, nullptr);
      expect_near(plane(large, picture.result(), 0), plane(large, planes, 0));

      VectorOnEngine slope(engine, v);
      client.backward(given.read().data(), 0, nullptr, large.plane(slope.span().data(), 0),
                      pulled.span().data());
      expect_near(plane(small, pulled.result(), 0),
                  reference::apply(image::transpose(client.up(0)), plane(large, v, 0)));
    }
  }
}

}  // namespace

std::vector<Check> client_checks() { return {{"LinearClient", "separable", check_linear_client}}; }

}  // namespace hcd::conformance
