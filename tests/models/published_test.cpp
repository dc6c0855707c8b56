// SPDX-License-Identifier: BSD-2-Clause
// The published configurations: numbers of parameters, names and shapes, so that the authors'
// checkpoints load by name.
#include <fstream>
#include <map>

#include "base/error.h"
#include "models/parity.h"

namespace hcd::models {
namespace {

struct Part {
  const char *title, *prefix;  // of the authors' list; of its names here
};

struct Published {
  const char *label, *kind;
  int scale;
  const char *config;
  int64_t parameters;
  const char *file;  // <file>_params.txt
  std::vector<Part> parts;
};

const Published kPublished[] = {
    {"edsr_x2", "edsr", 2, "{}", 40729627, "edsr", {{"EDSR x2:", ""}}},
    {"edsr_x4", "edsr", 4, "{}", 43089947, "edsr", {{"EDSR x4:", ""}}},
    {"rdn_x2", "rdn", 2, "{}", 22123395, "rdn", {{"RDN x2: config B", ""}}},
    {"rdn_x4", "rdn", 4, "{}", 22271107, "rdn", {{"RDN x4: config B", ""}}},
    {"rdn_x4_a",
     "rdn",
     4,
     R"({"blocks": 20, "layers": 6, "growth": 32})",
     5578787,
     "rdn",
     {{"RDN x4: config A", ""}}},
    {"rcan_x2", "rcan", 2, "{}", 15444667, "rcan", {{"RCAN x2:", ""}}},
    {"rcan_x4", "rcan", 4, "{}", 15592379, "rcan", {{"RCAN x4:", ""}}},
    {"rfanet_x2", "rfanet", 2, "{}", 10945923, "rfanet", {{"RFANet x2:", ""}}},
    {"rfanet_x4", "rfanet", 4, "{}", 11093635, "rfanet", {{"RFANet x4:", ""}}},
    {"rrdb_x4", "rrdb", 4, "{}", 16697987, "rrdb", {{"RRDB x4:", ""}}},
    {"swinir_x2", "swinir", 2, "{}", 11752487, "swinir", {{"SwinIR classical x2", ""}}},
    {"swinir_x4", "swinir", 4, "{}", 11900199, "swinir", {{"SwinIR classical x4", ""}}},
    {"swinir_light_x2",
     "swinir",
     2,
     R"({"light": true})",
     910152,
     "swinir",
     {{"SwinIR lightweight x2", ""}}},
    {"swinir_light_x4",
     "swinir",
     4,
     R"({"light": true})",
     929628,
     "swinir",
     {{"SwinIR lightweight x4", ""}}},
    {"car_x2",
     "car",
     2,
     "{}",
     10645663 + 40729627,
     "car",
     {{"CAR x2 downscaler", "kgn."}, {"CAR x2 upscaler", "usn."}}},
    {"car_x4",
     "car",
     4,
     "{}",
     9896455 + 43089947,
     "car",
     {{"CAR x4 downscaler", "kgn."}, {"CAR x4 upscaler", "usn."}}},
    {"irn_x2", "irn", 2, "{}", 1668000, "irn", {{"IRN x2:", ""}}},
    {"irn_x4", "irn", 4, "{}", 4355376, "irn", {{"IRN x4:", ""}}},
    {"firn_x2", "firn", 2, "{}", 67416, "firn", {{"FIRN x2:", ""}}},
    {"firn_x4", "firn", 4, "{}", 320880, "firn", {{"FIRN x4 and FIRN+ x4:", ""}}},
    {"hcflow_x4", "hcflow", 4, "{}", 4396350, "hcflow", {{"HCFlow rescaling x4", ""}}},
};

using Shapes = std::map<std::string, std::string>;

// Adds the names and shapes of a list's section, and the names of its buffers to `buffers`.
void read_section(const std::string &path, const Part &part, Shapes *shapes, Shapes *buffers) {
  std::ifstream file(path);
  std::string line;
  bool inside = false;
  while (std::getline(file, line)) {
    if (line.starts_with("## ")) {
      if (inside) return;
      inside = line.starts_with(std::string("## ") + part.title);
    }
    if (!inside || line.empty() || line[0] == '#') continue;
    const size_t shape = line.find('\t'), kind = line.find('\t', shape + 1);
    const bool buffer = line.find("buffer", kind) != std::string::npos;
    (*(buffer ? buffers : shapes))[part.prefix + line.substr(0, shape)] =
        line.substr(shape + 1, kind - shape - 1);
  }
}

std::string text(at::IntArrayRef shape) {
  std::string result = "[";
  for (const int64_t n : shape) result += (result.size() > 1 ? ", " : "") + std::to_string(n);
  return result + "]";
}

class PublishedModel : public testing::TestWithParam<Published> {
 protected:
  PublishedModel()
      : model_(make_model(GetParam().kind, GetParam().scale,
                          nlohmann::json::parse(GetParam().config), params_)) {}
  Params params_;
  std::unique_ptr<Model> model_;
};

TEST_P(PublishedModel, HasThatManyParameters) {
  EXPECT_EQ(params_.count(), GetParam().parameters);
  EXPECT_EQ(model_->scale(), GetParam().scale);
}

TEST_P(PublishedModel, HasTheAuthorsNamesAndShapes) {
  const char *shared = std::getenv("HCD_SHARED");
  if (!shared) GTEST_SKIP() << "HCD_SHARED names no folder with the authors' lists";
  const std::string path = std::string(shared) + "/parity/" + GetParam().file + "_params.txt";
  Shapes expected, buffers, found;
  for (const Part &part : GetParam().parts) read_section(path, part, &expected, &buffers);
  for (const Params::Entry &entry : params_.entries())
    found[entry.name] = text(entry.value.sizes());
  EXPECT_FALSE(expected.empty()) << path;
  EXPECT_EQ(found, expected);
  for (const auto &[name, shape] : buffers) EXPECT_TRUE(params_.ignores(name)) << name;
}

INSTANTIATE_TEST_SUITE_P(Models, PublishedModel, testing::ValuesIn(kPublished),
                         [](const auto &info) { return std::string(info.param.label); });

TEST(Registry, RefusesAScaleThatTheModelHasNot) {
  Params params;
  EXPECT_THROW(make_model("rrdb", 2, nlohmann::json::object(), params), Error);
  EXPECT_THROW(make_model("swinir", 4, {{"heads", {7}}, {"depths", {2}}}, params), Error);
}

// A file of a few bytes whose configuration asks for a terabyte.
TEST(Weights, AConfigurationAloneTakesNoMemory) {
  const auto file = files::Safetensors::own(files::encode_safetensors({}, {}), "small");
  Params params;
  params.set_check(check_against(file));
  try {
    make_model("rcan", 2, {{"groups", 64}, {"blocks", 256}, {"features", 1024}}, params);
    ADD_FAILURE();
  } catch (const Error &error) {
    EXPECT_EQ(std::string(error.what()).find("weights 'small': expected a tensor '"), 0U)
        << error.what();
  }
  EXPECT_EQ(params.count(), 0);
}

}  // namespace
}  // namespace hcd::models
