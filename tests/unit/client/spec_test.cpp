// SPDX-License-Identifier: BSD-2-Clause
// Light networks as data: what is read, what is refused.
#include "client/light/spec.h"

#include <gtest/gtest.h>

#include "client/models.h"
#include "support/errors.h"
#include "support/light_file.h"
#include "support/temporary.h"

namespace hcd::client {
namespace {

TEST(Spec, Architectures) {
  const NetSpec lite = parse_spec("lite", 2, "{}");
  EXPECT_EQ(lite.skip, "bilinear");
  ASSERT_EQ(lite.layers.size(), 6U);
  EXPECT_EQ(lite.layers[0], (ConvSpec{3, 1, 16, 0.1F}));
  EXPECT_EQ(lite.layers[3], (ConvSpec{3, 16, 16, 0.1F}));
  EXPECT_EQ(lite.layers[5], (ConvSpec{3, 16, 4, 1}));
  EXPECT_EQ(lite.parameters(), 10020);
  EXPECT_EQ(lite.macs(), 9936);
  EXPECT_EQ(lite.receptive_field(), 6);
  EXPECT_EQ(parse_spec("base", 2, "{}").parameters(), 47716);
  EXPECT_EQ(parse_spec("base", 4, "{}").parameters(), 51184);
  EXPECT_TRUE(is_light("base"));
  EXPECT_FALSE(is_light("srcnn"));
}

TEST(Spec, ReadsLayersAndWritesThemBack) {
  const NetSpec spec = parse_spec("lite", 3, R"({"skip": "lanczos", "layers": [
      {"out": 5, "kernel": 5, "activation": "relu"}, {"out": 12, "activation": "leaky_relu"},
      {"out": 7, "kernel": 1, "activation": "leaky_relu", "slope": 0.3}, {"out": 9}]})");
  EXPECT_EQ(spec.skip, "lanczos");
  const std::vector<ConvSpec> expected = {
      {5, 1, 5, 0}, {3, 5, 12, 0.1F}, {1, 12, 7, 0.3F}, {3, 7, 9, 1}};
  EXPECT_EQ(spec.layers, expected);
  EXPECT_EQ(spec.receptive_field(), 4);
  EXPECT_EQ(parse_spec("lite", 3, spec_config(spec)), spec);
  EXPECT_NE(spec_config(spec).find("\"slope\":0.3}"), std::string::npos) << spec_config(spec);
}

void expect_refused(const std::string &config, const std::string &what) {
  test::expect_file_error([&] { parse_spec("lite", 2, config); }, "configuration of lite: " + what);
}

// With `layer` as the first of two.
void expect_layer_refused(const std::string &layer, const std::string &what) {
  expect_refused(R"({"layers": [)" + layer + R"(, {"out": 4}]})", what);
}

TEST(Spec, NamesWhatIsWrong) {
  expect_refused("", "expected a JSON object, found ''");
  expect_refused("[]", "expected a JSON object, found '[]'");
  expect_refused(R"({"layer": []})", "expected one of skip, layers, found 'layer'");
  expect_refused(R"({"skip": "nearest"})",
                 "skip: expected one of bilinear, bicubic, catmull_rom, mitchell, spline36, "
                 "lanczos2, lanczos, found \"nearest\"");
  expect_refused(R"({"layers": {}})", "layers: expected a list of 1 to 32, found object");
  expect_refused(R"({"layers": []})", "layers: expected a list of 1 to 32, found 0");
  expect_refused(R"({"layers": [{"out": 8}]})",
                 "layers[0].out: expected 4, the square of the scale, found 8");
  expect_layer_refused("3", "layers[0]: expected an object, found number");
  expect_layer_refused("{}", "layers[0].out: expected a whole number in [1, 128], found null");
  expect_layer_refused(R"({"out": 4000000000})",
                       "layers[0].out: expected a whole number in [1, 128], found 4000000000");
  expect_layer_refused(R"({"out": 4.5})",
                       "layers[0].out: expected a whole number in [1, 128], found 4.5");
  expect_layer_refused(R"({"out": 4, "kernel": 4})",
                       "layers[0].kernel: expected 1, 3 or 5, found 4");
  expect_layer_refused(R"({"out": 4, "kernel": 7})",
                       "layers[0].kernel: expected a whole number in [1, 5], found 7");
  expect_layer_refused(R"({"out": 4, "in": 1})",
                       "layers[0]: expected one of kernel, out, activation, slope, found 'in'");
  expect_layer_refused(R"({"out": 4, "activation": "gelu"})",
                       "layers[0].activation: expected none, relu or leaky_relu, found \"gelu\"");
  expect_layer_refused(R"({"out": 4, "slope": 0.2})",
                       "layers[0].slope: expected only with leaky_relu");
  expect_layer_refused(R"({"out": 4, "activation": "leaky_relu", "slope": 1})",
                       "layers[0].slope: expected a number in (0, 1), found 1");
}

TEST(Spec, RefusesWhatIsHuge) {
  std::string layers = R"({"out": 4})";
  for (int i = 0; i < 32; ++i) layers += R"(, {"out": 4})";
  expect_refused(R"({"layers": [)" + layers + "]}", "layers: expected a list of 1 to 32, found 33");
  expect_refused(std::string(10000, ' '), "expected at most 8192 bytes, found 10000");
  const std::string deep = std::string(4000, '[') + std::string(4000, ']');
  expect_refused(R"({"layers": [{"out": )" + deep + "}]}",
                 "expected at most 8 levels of lists and objects, found more");
  expect_refused(R"({"skip": "[[[[[[[[[[\"[["})",
                 "skip: expected one of bilinear, bicubic, catmull_rom, mitchell, spline36, "
                 "lanczos2, lanczos, found \"[[[[[[[[[[\\\"[[\"");
}

TEST(Spec, NamesTheScales) {
  const auto expect = [](const char *kind, int scale, const char *config, const char *text) {
    try {
      parse_spec(kind, scale, config);
      ADD_FAILURE() << text;
    } catch (const Error &error) {
      EXPECT_STREQ(error.what(), text);
      EXPECT_EQ(error.status(), HCD_E_OPTION);
    }
  };
  expect("lite", 4, "{}", "scale: expected 2 for lite, found 4");
  expect("base", 3, "{}", "scale: expected 2 or 4 for base, found 3");
  expect("lite", 5, R"({"layers": [{"out": 25}]})", "scale: expected 2 to 4 for lite, found 5");
}

// Of base, at a ratio: up to a quarter more than a factor is that factor's.
TEST(Factor, ServesARatio) {
  for (const auto &[ratio, factor] :
       {std::pair(0.0, 0), {1.0, 2}, {1.5, 2}, {2.0, 2}, {2.5, 2}, {2.51, 4}, {4.0, 4}}) {
    EXPECT_EQ(factor_for("base", "", ratio), factor) << ratio;
  }
  EXPECT_EQ(factor_for("lite", "", 4), 2);
  for (const int scale : {2, 4}) {
    const test::LightWeights weights(parse_spec("base", scale, "{}"), "base");
    const std::string path =
        test::write_bytes(test::temporary_folder() + "factor.safetensors", weights.bytes());
    for (const double ratio : {1.5, 4.0}) EXPECT_EQ(factor_for("base", path, ratio), scale);
  }
  EXPECT_THROW(factor_for("base", "/nowhere/w.safetensors", 3), Error);
}

}  // namespace
}  // namespace hcd::client
