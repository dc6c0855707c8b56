// SPDX-License-Identifier: BSD-2-Clause
// What loading gives and what it refuses, with the exact texts.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/error.h"
#include "picture.h"

namespace hcd::net {
namespace {

const std::string kFolder = HCD_TORCHSCRIPT_FILES;

void log_line(void *lines, hcd_log_level level, const char *text) {
  static_cast<std::vector<std::string> *>(lines)->push_back(std::to_string(level) + " " + text);
}

// Loading must fail with `status` and `text`, in which % stands for the file.
void expect_refused(const std::string &path, hcd_status status, std::string text) {
  const size_t mark = text.find('%');
  if (mark != std::string::npos) text.replace(mark, 1, path);
  try {
    load_torchscript(path, "cpu", Log());
    ADD_FAILURE() << path << " was loaded";
  } catch (const Error &error) {
    EXPECT_EQ(error.what(), text);
    EXPECT_EQ(error.status(), status) << path;
  }
}

TEST(Load, GivesTheProperties) {
  const NetworkInfo luma = load_torchscript(kFolder + "luma_x2.pt", "cpu", Log())->info();
  EXPECT_EQ(luma.name, "luma_x2");
  EXPECT_EQ(luma.scale, 2);
  EXPECT_EQ(luma.colour, Colour::kLuma);
  EXPECT_EQ(luma.receptive_field, 3);
  EXPECT_FALSE(luma.has_downscale);
  const NetworkInfo rgb = load_torchscript(kFolder + "rgb_x2.pt", "cpu", Log())->info();
  EXPECT_EQ(rgb.name, "little rgb");
  EXPECT_EQ(rgb.colour, Colour::kRgb);
  EXPECT_EQ(rgb.receptive_field, 4);
  EXPECT_TRUE(rgb.has_downscale);
  const NetworkInfo ycbcr = load_torchscript(kFolder + "ycbcr_x3.pt", "cpu", Log())->info();
  EXPECT_EQ(ycbcr.scale, 3);
  EXPECT_EQ(ycbcr.colour, Colour::kYcbcr);
}

TEST(Load, WarnsOfASmallReceptiveField) {
  std::vector<std::string> lines;
  const std::string path = kFolder + "receptive_field_small.pt";
  load_torchscript(path, "cpu", Log(log_line, &lines));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], "1 weights '" + path +
                          "': attribute 'receptive_field' is 3, but pixels 5 apart act on each other: "
                          "tiles will not join exactly");
  lines.clear();
  load_torchscript(kFolder + "luma_x2.pt", "cpu", Log(log_line, &lines));
  EXPECT_EQ(lines.size(), 1U);
}

TEST(Load, AutoSaysWhatItChose) {
  std::vector<std::string> lines;
  load_torchscript(kFolder + "luma_x2.pt", "auto", Log(log_line, &lines));
  ASSERT_FALSE(lines.empty());
  EXPECT_TRUE(lines[0].starts_with("2 device=auto: networks run on ")) << lines[0];
}

struct Refusal {
  const char *file;
  hcd_status status;
  const char *text;
};

const Refusal kRefusals[] = {
    {"state_dict", HCD_E_FILE, ""},
    {"no_scale", HCD_E_FILE, ""},
    {"scale_float", HCD_E_FILE, ""},
    {"scale_99", HCD_E_FILE, ""},
    {"no_colour", HCD_E_FILE, ""},
    {"colour_int", HCD_E_FILE, ""},
    {"colour_cmyk", HCD_E_FILE, ""},
    {"no_receptive_field", HCD_E_FILE, ""},
    {"receptive_field_negative", HCD_E_FILE, ""},
    {"name_int", HCD_E_FILE, ""},
    {"no_method", HCD_E_FILE, ""},
    {"two_arguments", HCD_E_FILE, ""},
    {"tuple", HCD_E_FILE, ""},
    {"wrong_scale", HCD_E_FILE, ""},
    {"wrong_channels", HCD_E_FILE, ""},
    {"double", HCD_E_FILE, ""},
    {"detached", HCD_E_FILE, ""},
    {"nan", HCD_E_FILE, ""},
    {"raises", HCD_E_FILE, ""},
    {"shapes", HCD_E_FILE, ""},
    {"memory", HCD_E_MEMORY, ""},
};

TEST(Load, RefusesWithTheseTexts) {
  for (const Refusal &refusal : kRefusals) {
    expect_refused(kFolder + refusal.file + ".pt", refusal.status, refusal.text);
  }
}

// A file whose archive is whole but whose content is not.
TEST(Load, RefusesDamagedContent) {
  std::ifstream file(kFolder + "luma_x2.pt", std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const std::string damaged = kFolder + "damaged.pt";
  bytes.replace(bytes.size() / 3, 200, std::string(200, 'x'));
  std::ofstream(damaged, std::ios::binary) << bytes;
  expect_refused(damaged, HCD_E_FILE, "");
}

TEST(Call, NamesWhatFailed) {
  const auto network = load_torchscript(kFolder + "even_only.pt", "cpu", Log());
  const Picture x = Picture::noise(1, 17, 20, 1);
  Picture enlarged(1, 34, 40);
  try {
    network->upscale(view(x), enlarged.view());
    ADD_FAILURE() << "no error";
  } catch (const Error &error) {
    EXPECT_STREQ(error.what(), "");
  }
}

TEST(Call, RefusesNan) {
  const auto network = load_torchscript(kFolder + "nan_below_0.2.pt", "cpu", Log());
  Picture x = Picture::noise(1, 16, 20, 1), enlarged(1, 32, 40), gradient(1, 16, 20);
  network->upscale(view(x), enlarged.view());
  x.at(0, 5, 5) = 0.0F;
  const std::string text = "weights '" + kFolder +
                           "nan_below_0.2.pt': upscale: expected finite values, found NaN or infinity";
  for (int i = 0; i < 2; ++i) {
    try {
      if (i == 0) network->upscale(view(x), enlarged.view());
      if (i == 1) {
        network->error_and_gradient(view(x), view(enlarged), enlarged.all(), gradient.view());
      }
      ADD_FAILURE() << "no error";
    } catch (const Error &error) {
      EXPECT_EQ(error.what(), text);
      EXPECT_EQ(error.status(), HCD_E_FILE);
    }
  }
}

}  // namespace
}  // namespace hcd::net
