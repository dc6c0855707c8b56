// SPDX-License-Identifier: BSD-2-Clause
// Networks that enlarge only, against their authors' code: outputs and gradients.
#include "models/parity.h"
#include "models/rfanet.h"

namespace hcd::models {
namespace {

struct Case {
  const char *vectors, *kind;
  int scale;
  const char *config;
  double range;  // of the values in the file
};

constexpr const char *kRdn = R"({"blocks": 3, "layers": 2, "growth": 4, "features": 8})";
constexpr const char *kRcan = R"({"groups": 2, "blocks": 2, "features": 8, "reduction": 2})";
constexpr const char *kRfanet = R"({"modules": 2, "features": 12})";
constexpr const char *kRrdb = R"({"blocks": 2, "features": 8, "growth": 4})";
constexpr const char *kSwinir = R"({"depths": [2, 2], "heads": [2, 3], "features": 12,
                                    "window": 4, "upsample_features": 8})";
constexpr const char *kSwinirLight = R"({"light": true, "depths": [2, 2], "heads": [2, 3],
                                         "features": 12, "window": 4})";

const Case kCases[] = {
    {"edsr_x2_24x40", "edsr", 2, R"({"blocks": 2, "features": 8})", 255},
    {"edsr_x4_24x40", "edsr", 4, R"({"blocks": 2, "features": 8})", 255},
    {"edsr_x4_32x32", "edsr", 4, R"({"blocks": 2, "features": 8})", 255},
    {"rdn_x2_24x40", "rdn", 2, kRdn, 255},
    {"rdn_x4_24x40", "rdn", 4, kRdn, 255},
    {"rdn_x4_32x32", "rdn", 4, kRdn, 255},
    {"rcan_x2_24x40", "rcan", 2, kRcan, 255},
    {"rcan_x4_24x40", "rcan", 4, kRcan, 255},
    {"rcan_x4_32x32", "rcan", 4, kRcan, 255},
    {"rfanet_x2_48x60", "rfanet", 2, kRfanet, 1},
    {"rfanet_x4_64x64", "rfanet", 4, kRfanet, 1},
    {"rrdb_x4_24x40", "rrdb", 4, kRrdb, 1},
    {"rrdb_x4_32x32", "rrdb", 4, kRrdb, 1},
    {"swinir_classical_x2_24x40", "swinir", 2, kSwinir, 1},
    {"swinir_classical_x4_24x40", "swinir", 4, kSwinir, 1},
    {"swinir_classical_x4_32x32", "swinir", 4, kSwinir, 1},
    {"swinir_light_x4_24x40", "swinir", 4, kSwinirLight, 1},
    {"srcnn_x4_24x40", "srcnn", 1, "{}", 1},  // SRCNN's input is the enlarged picture already
    {"srcnn_x4_32x32", "srcnn", 1, "{}", 1},
};

class OneWay : public testing::TestWithParam<std::tuple<Case, at::ScalarType>> {};

TEST_P(OneWay, EqualsTheAuthorsCode) {
  const auto &[c, dtype] = GetParam();
  HCD_FIND_VECTORS(vectors, c.vectors);
  const LoadedModel loaded(vectors, c.kind, c.scale, c.config, dtype);
  const Tensor x = vectors.input("io.lr", dtype).requires_grad_(true);
  const Tensor sr = loaded.model->upscale(x / c.range, {}) * c.range;
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
  const Tensor sr = loaded.model->upscale(vectors.input("io.lr", dtype) / c.range, {}) * c.range;
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

// RFANet's attention block alone, the only part that its authors published.
class EsaBlock : public testing::TestWithParam<std::tuple<const char *, at::ScalarType>> {};

TEST_P(EsaBlock, EqualsTheAuthorsCode) {
  const auto &[name, dtype] = GetParam();
  HCD_FIND_VECTORS(vectors, name);
  Params params(dtype);
  const Esa esa(Scope(params), 12, 3);
  load_weights(params, vectors.file(), "weights.");
  const Tensor x = vectors.input("io.x", dtype).requires_grad_(true);
  const Tensor f = vectors.input("io.f", dtype).requires_grad_(true);
  const auto [output, slope] = tolerance(dtype);

  const Tensor single = esa(x, x), two = esa(x, f);
  expect_close(single.detach(), vectors.expected("io.y_single"), output, "y_single");
  expect_close(two.detach(), vectors.expected("io.y_two"), output, "y_two");
  expect_close(gradient(single.square().mean(), x), vectors.expected("grad.x_single"), slope,
               "x_single");
  expect_close(gradient(two.square().mean(), f), vectors.expected("grad.f_two"), slope, "f_two");
  expect_close(gradient(esa(x, f).square().mean(), x), vectors.expected("grad.x_two"), slope,
               "x_two");
}

INSTANTIATE_TEST_SUITE_P(Models, EsaBlock,
                         testing::Combine(testing::Values("esa_block_16x16", "esa_block_25x29"),
                                          testing::Values(at::kDouble, at::kFloat)));

}  // namespace
}  // namespace hcd::models
