// SPDX-License-Identifier: BSD-2-Clause
// What loading gives and what it refuses, with the exact texts.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>

#include "base/error.h"
#include "support/network_error.h"
#include "support/picture.h"

// Read by the address sanitizer: one file asks for more memory than there is, which is to be an
// error and not an abort.
extern "C" HCD_API const char *__asan_default_options();
const char *__asan_default_options() { return "allocator_may_return_null=1"; }

namespace hcd::client {
namespace {

using test::Picture;

const std::string kFolder = HCD_TORCHSCRIPT_FILES;

void log_line(void *lines, hcd_log_level level, const char *text) {
  static_cast<std::vector<std::string> *>(lines)->push_back(std::to_string(level) + " " + text);
}

// Loading must fail with `status` and `text`, in which % stands for the file.
void expect_refused(const std::string &path, hcd_status status, std::string text) {
  const size_t mark = text.find('%');
  if (mark != std::string::npos) text.replace(mark, 1, path);
  try {
    load_network({"torchscript", path, "cpu"}, Log());
    ADD_FAILURE() << path << " was loaded";
  } catch (const Error &error) {
    EXPECT_EQ(error.what(), text);
    EXPECT_EQ(error.status(), status) << path;
  }
}

TEST(Load, GivesTheProperties) {
  const NetworkInfo luma =
      load_network({"torchscript", kFolder + "luma_x2.pt", "cpu"}, Log())->info();
  EXPECT_EQ(luma.name, "luma_x2");
  EXPECT_EQ(luma.scale, 2);
  EXPECT_EQ(luma.colour, Colour::kLuma);
  EXPECT_EQ(luma.receptive_field, 3);
  EXPECT_FALSE(luma.has_downscale);
  const NetworkInfo rgb =
      load_network({"torchscript", kFolder + "rgb_x2.pt", "cpu"}, Log())->info();
  EXPECT_EQ(rgb.name, "little rgb");
  EXPECT_EQ(rgb.colour, Colour::kRgb);
  EXPECT_EQ(rgb.receptive_field, 4);
  EXPECT_TRUE(rgb.has_downscale);
  const NetworkInfo ycbcr =
      load_network({"torchscript", kFolder + "ycbcr_x3.pt", "cpu"}, Log())->info();
  EXPECT_EQ(ycbcr.scale, 3);
  EXPECT_EQ(ycbcr.colour, Colour::kYcbcr);
}

TEST(Load, WarnsOfASmallReceptiveField) {
  std::vector<std::string> lines;
  const std::string path = kFolder + "receptive_field_small.pt";
  load_network({"torchscript", path, "cpu"}, Log(log_line, &lines));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0],
            "1 weights '" + path +
                "': attribute 'receptive_field' is 3, but pixels 5 apart act on each other: "
                "tiles will not join exactly");
  lines.clear();
  load_network({"torchscript", kFolder + "luma_x2.pt", "cpu"}, Log(log_line, &lines));
  EXPECT_EQ(lines.size(), 1U);
}

TEST(Load, AutoSaysWhatItChose) {
  std::vector<std::string> lines;
  load_network({"torchscript", kFolder + "luma_x2.pt", "auto"}, Log(log_line, &lines));
  ASSERT_FALSE(lines.empty());
  EXPECT_TRUE(lines[0].starts_with("2 device=auto: networks run on ")) << lines[0];
}

struct Refusal {
  const char *file;
  hcd_status status;
  const char *text;
};

const Refusal kRefusals[] = {
    {"state_dict", HCD_E_FILE,
     "weights '%': expected a TorchScript file (torch.jit.save), found a zip archive without "
     "a program (torch.save?)"},
    {"no_scale", HCD_E_FILE,
     "weights '%': expected attribute 'scale' (int from 1 to 16), found none"},
    {"scale_float", HCD_E_FILE,
     "weights '%': expected attribute 'scale' (int from 1 to 16), found a value of type float"},
    {"scale_99", HCD_E_FILE,
     "weights '%': expected attribute 'scale' (int from 1 to 16), found 99"},
    {"no_colour", HCD_E_FILE,
     "weights '%': expected attribute 'colour' (luma, ycbcr or rgb), found none"},
    {"colour_int", HCD_E_FILE,
     "weights '%': expected attribute 'colour' (luma, ycbcr or rgb), found a value of type int"},
    {"colour_cmyk", HCD_E_FILE,
     "weights '%': expected attribute 'colour' (luma, ycbcr or rgb), found 'cmyk'"},
    {"no_receptive_field", HCD_E_FILE,
     "weights '%': expected attribute 'receptive_field' (int from 0 to 512), found none"},
    {"receptive_field_negative", HCD_E_FILE,
     "weights '%': expected attribute 'receptive_field' (int from 0 to 512), found -1"},
    {"name_int", HCD_E_FILE,
     "weights '%': expected attribute 'name' (str), found a value of type int"},
    {"no_method", HCD_E_FILE,
     "weights '%': expected method 'upscale' or 'forward', found 'enlarge'"},
    {"two_arguments", HCD_E_FILE,
     "weights '%': expected method 'forward' from one Tensor to one Tensor, found "
     "forward(__torch__.Pair self, Tensor x, Tensor y) -> Tensor"},
    {"tuple", HCD_E_FILE,
     "weights '%': expected method 'forward' from one Tensor to one Tensor, found "
     "forward(__torch__.Pair self, Tensor x) -> ((Tensor, Tensor))"},
    {"wrong_scale", HCD_E_FILE,
     "weights '%': method 'forward' of 1x1x16x24: expected a result of 1x1x48x72, found "
     "1x1x32x48"},
    {"wrong_channels", HCD_E_FILE,
     "weights '%': method 'downscale' of 1x1x32x48: expected a result of 1x1x16x24, found "
     "1x2x32x48"},
    {"double", HCD_E_FILE,
     "weights '%': method 'forward' of 1x1x16x24: expected float32, found Double"},
    {"detached", HCD_E_FILE,
     "weights '%': derivative for 1x1x16x24: expected a differentiable function, found one "
     "that does not pass gradients on"},
    {"nan", HCD_E_FILE,
     "weights '%': method 'forward': expected finite values, found NaN or infinity"},
    {"random", HCD_E_FILE,
     "weights '%': method 'forward': expected the same result for the same picture, found another"},
    {"raises", HCD_E_FILE, "weights '%': method 'forward' of 1x1x16x24: AssertionError: not today"},
    {"shapes", HCD_E_FILE,
     "weights '%': method 'forward' of 1x1x16x24: The size of tensor a (24) must match the "
     "size of tensor b (5) at non-singleton dimension 3"},
    {"memory", HCD_E_MEMORY, "weights '%': method 'forward' of 1x1x16x24: out of memory"},
};

TEST(Load, RefusesWithTheseTexts) {
  for (const Refusal &refusal : kRefusals) {
    expect_refused(kFolder + refusal.file + ".pt", refusal.status, refusal.text);
  }
}

// LibTorch itself would load this one, with other weights than were saved.
TEST(Load, RefusesDamagedContent) {
  std::ifstream file(kFolder + "luma_x2.pt", std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const std::string damaged = kFolder + "damaged.pt";
  bytes.replace(bytes.size() / 3, 200, std::string(200, 'x'));
  std::ofstream(damaged, std::ios::binary) << bytes;
  expect_refused(
      damaged, HCD_E_FILE,
      "weights '%': expected a TorchScript file (torch.jit.save), found a damaged one (a "
      "checksum does not fit)");
}

TEST(Call, NamesWhatFailed) {
  const auto network = load_network({"torchscript", kFolder + "even_only.pt", "cpu"}, Log());
  const Picture x = Picture::noise(1, 17, 20, 1);
  Picture enlarged(1, 34, 40);
  ThreadPool pool(1);
  try {
    network->forward({pool}, x.view(), 0, enlarged.view(), nullptr);
    ADD_FAILURE() << "no error";
  } catch (const Error &error) {
    EXPECT_EQ(error.what(),
              "weights '" + kFolder +
                  "even_only.pt': method 'forward' of 1x1x17x20: shape '[1, 1, 8, 2, 20]' "
                  "is invalid for input of size 340");
  }
}

TEST(Call, RefusesNan) {
  const auto network = load_network({"torchscript", kFolder + "nan_below_0.2.pt", "cpu"}, Log());
  Picture x = Picture::noise(1, 16, 20, 1), enlarged(1, 32, 40), gradient(1, 16, 20);
  ThreadPool pool(1);
  network->forward({pool}, x.view(), 0, enlarged.view(), nullptr);
  x.at(0, 5, 5) =
      std::nextafter(51.0F, 0.0F);  // 0.2 to the network; the root's derivative there is infinite
  try {
    test::error_and_gradient(*network, {pool}, x, enlarged, gradient);
    ADD_FAILURE() << "no error";
  } catch (const Error &error) {
    EXPECT_EQ(error.what(), "weights '" + kFolder +
                                "nan_below_0.2.pt': derivative of upscale: expected finite values, "
                                "found NaN or infinity");
  }
  x.at(0, 5, 5) = 0.0F;
  const std::string text =
      "weights '" + kFolder +
      "nan_below_0.2.pt': upscale: expected finite values, found NaN or infinity";
  for (int i = 0; i < 2; ++i) {
    try {
      if (i == 0) network->forward({pool}, x.view(), 0, enlarged.view(), nullptr);
      if (i == 1) test::error_and_gradient(*network, {pool}, x, enlarged, gradient);
      ADD_FAILURE() << "no error";
    } catch (const Error &error) {
      EXPECT_EQ(error.what(), text);
      EXPECT_EQ(error.status(), HCD_E_FILE);
    }
  }
}

}  // namespace
}  // namespace hcd::client
