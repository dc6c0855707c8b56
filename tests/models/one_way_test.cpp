// SPDX-License-Identifier: BSD-2-Clause
// Networks that enlarge only, against their authors' code: outputs and gradients.
#include "models/parity.h"
#include "models/srcnn.h"

namespace hcd::models {
namespace {

struct Case {
  const char *vectors, *kind;
  int scale;
  const char *config;
  double range;  // of the values in the file
};

const Case kCases[] = {
    {"edsr_x2_24x40", "edsr", 2, R"({"blocks": 2, "features": 8})", 255},
    {"edsr_x4_24x40", "edsr", 4, R"({"blocks": 2, "features": 8})", 255},
    {"edsr_x4_32x32", "edsr", 4, R"({"blocks": 2, "features": 8})", 255},
    {"srcnn_x4_24x40", "srcnn", 4, "{}", 1},
    {"srcnn_x4_32x32", "srcnn", 4, "{}", 1},
};

// f of the vectors' input. SRCNN's is the enlarged picture already.
Tensor run(const Model &model, const Tensor &x) {
  const auto *srcnn = dynamic_cast<const Srcnn *>(&model);
  return srcnn ? srcnn->refine(x) : model.upscale(x, {});
}

class OneWay : public testing::TestWithParam<std::tuple<Case, at::ScalarType>> {};

TEST_P(OneWay, EqualsTheAuthorsCode) {
  const auto &[c, dtype] = GetParam();
  HCD_FIND_VECTORS(vectors, c.vectors);
  const LoadedModel loaded(vectors, c.kind, c.scale, c.config, dtype);
  const Tensor x = vectors.input("io.lr", dtype).requires_grad_(true);
  const Tensor sr = run(*loaded.model, x / c.range) * c.range;
  expect_close(sr.detach(), vectors.expected("io.sr"), tolerance(dtype).output, "output");
  const Tensor loss = (sr - vectors.input("io.hr", dtype)).square().mean();
  expect_close(loss.detach().view({1}), vectors.expected("loss.lr"), 10 * tolerance(dtype).output,
               "loss");
  expect_close(gradient(loss, x), vectors.expected("grad.lr"), tolerance(dtype).gradient,
               "gradient");
}

// The comparison itself must be able to fail.
TEST_P(OneWay, SeesAWeightThatIsOff) {
  const auto &[c, dtype] = GetParam();
  HCD_FIND_VECTORS(vectors, c.vectors);
  const LoadedModel loaded(vectors, c.kind, c.scale, c.config, dtype);
  loaded.params.entries().back().value.add_(1e-2);
  const Tensor sr = run(*loaded.model, vectors.input("io.lr", dtype) / c.range) * c.range;
  const Tensor expected = vectors.expected("io.sr");
  EXPECT_GT((sr.to(at::kDouble) - expected).abs().max().item<double>(),
            tolerance(dtype).output * expected.abs().max().item<double>());
}

std::string case_name(const testing::TestParamInfo<OneWay::ParamType> &info) {
  const auto &[c, dtype] = info.param;
  return std::string(c.vectors) + (dtype == at::kDouble ? "_f64" : "_f32");
}
INSTANTIATE_TEST_SUITE_P(Models, OneWay,
                         testing::Combine(testing::ValuesIn(kCases),
                                          testing::Values(at::kDouble, at::kFloat)),
                         case_name);

}  // namespace
}  // namespace hcd::models
