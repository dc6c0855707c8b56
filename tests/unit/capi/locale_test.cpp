// SPDX-License-Identifier: BSD-2-Clause
// A host whose locale writes 0,5: numbers are read and written with a point.
#include <gtest/gtest.h>
#include <hcd/hcd.h>
#include <stdlib.h>

#include <clocale>
#include <cstdio>
#include <locale>
#include <string>

#include "base/error.h"
#include "client/light/spec.h"
#include "support/context.h"
#include "support/light_file.h"
#include "support/temporary.h"

namespace hcd::test {
namespace {

constexpr char kLocale[] = "de_DE.UTF-8";

// The locale of C and C++ for the whole process; the system's, or one made here.
class Locale : public testing::Test {
 protected:
  void SetUp() override {
    if (!setlocale(LC_ALL, kLocale)) {
      const std::string folder = temporary_folder();
      const std::string make = "localedef -i de_DE -f UTF-8 " + folder + kLocale + " >&2";
      const int status = std::system(make.c_str());
      setenv("LOCPATH", folder.c_str(), 1);
      if (status != 0 || !setlocale(LC_ALL, kLocale)) {
        GTEST_SKIP() << kLocale << " is not installed, and localedef cannot make it (Debian: apt "
                     << "install locales)";
      }
    }
    kept_ = std::locale::global(std::locale(kLocale));
    char text[16];
    std::snprintf(text, sizeof(text), "%.1f", 0.5);
    ASSERT_STREQ(text, "0,5");
  }
  void TearDown() override {
    std::locale::global(kept_);
    setlocale(LC_ALL, "C");
  }

 private:
  std::locale kept_;
};

template <typename Params, typename Set>
void set_and_expect(Params &params, Set set, const char *key, const std::string &text,
                    hcd_status expected, const std::string &message = "") {
  char error[300] = "";
  EXPECT_EQ(set(&params, key, text.c_str(), error, sizeof(error)), expected) << key << "=" << text;
  EXPECT_EQ(error, message);
}

// Every option that is a number, from text and back into messages.
TEST_F(Locale, OptionsAreReadWithAPoint) {
  hcd_down_params p;
  hcd_down_params_init(&p);
  const auto number = [&](const char *name, const double &field, double min, double max) {
    const double value = min <= 0.5 && max >= 0.5 ? 0.5 : 1.5;
    set_and_expect(p, hcd_down_params_set, name, value == 0.5 ? "0.5" : "1.5", HCD_OK);
    EXPECT_EQ(field, value) << name;
    set_and_expect(p, hcd_down_params_set, name, value == 0.5 ? "5e-1" : "+15.e-1", HCD_OK);
    EXPECT_EQ(field, value) << name;
    const std::string head = std::string("option ") + name + ": expected auto or a number in [" +
                             std::to_string(static_cast<int>(min)) + ", " +
                             std::to_string(static_cast<int>(max)) + "], found '";
    for (const char *bad :
         {"0,5", "1.000,5", "1e999", "1e-999", "0x1", " 1", "1 ", "+-1", "5000.5"}) {
      set_and_expect(p, hcd_down_params_set, name, bad, HCD_E_OPTION, head + bad + "'");
    }
    EXPECT_EQ(field, value) << name;
  };
#define HCD_OPTIONS_DOWN
#define HCD_AUTO_NUM(name, min, max, runtime, help) number(#name, p.name, min, max);
#include <hcd/options.def>
  hcd_up_params up;
  hcd_up_params_init(&up);
  set_and_expect(up, hcd_up_params_set, "scale", "1.5", HCD_OK);
  EXPECT_EQ(up.scale, 1.5);
  set_and_expect(p, hcd_down_params_set, "seed", "123456789012345", HCD_OK);
  EXPECT_EQ(p.seed, 123456789012345);
  set_and_expect(p, hcd_down_params_set, "steps", "1.000", HCD_E_OPTION,
                 "option steps: expected auto or a whole number in [0, 1000], found '1.000'");
}

TEST_F(Locale, MessagesWriteAPoint) {
  const auto error_of = [](const auto &change) {
    hcd_down_params p;
    hcd_down_params_init(&p);
    change(p);
    return creation_error(p);
  };
  EXPECT_EQ(error_of([](auto &p) { p.budget = 1234.5; }),
            "option budget: expected auto or a number in [0, 255], found '1234.5'");
  EXPECT_EQ(error_of([](auto &p) {
              p.model = "bicubic";
              p.loss = "mse";
              p.detail = 0.25;
            }),
            "option detail: belongs to loss=mixed, found 0.25 with another loss");
  EXPECT_NE(error_of([](auto &p) { p.scale = 4.5; }).find("found 4.5 (linear"), std::string::npos);
}

TEST_F(Locale, RunsAndStatisticsAreTheSame) {
  const hcd_format format = format_of(96, 64);
  Frame in(format);
  in.fill_natural();
  const auto run = [&](Frame &out) {
    Down down({{"proximity", "0.25"}, {"quality_hint", "30.5"}, {"scale", "1.5"}}, format);
    EXPECT_EQ(hcd_set(down.get(), "detail", "0.125"), HCD_OK) << hcd_last_error(down.get());
    return down.run(in, out);
  };
  Frame german(format_of(64, 44)), plain(format_of(64, 44));
  const hcd_stats with = run(german);
  std::locale::global(std::locale::classic());
  setlocale(LC_ALL, "C");
  const hcd_stats without = run(plain);
  EXPECT_EQ(with.psnr, without.psnr);
  EXPECT_TRUE(german.same_samples(plain));
}

// Descriptions of light networks: written and read.
TEST_F(Locale, WeightFilesAreTheSame) {
  const std::string config =
      R"({"layers":[{"activation":"leaky_relu","kernel":3,"out":8,"slope":0.3},)"
      R"({"activation":"leaky_relu","kernel":3,"out":4,"slope":0.1},{"kernel":3,"out":4}]})";
  const client::NetSpec spec = client::parse_spec("lite", 2, config);
  EXPECT_EQ(spec.layers[0].slope, 0.3F);
  const std::string written = client::spec_config(spec);
  EXPECT_NE(written.find(R"("slope":0.3)"), std::string::npos) << written;
  EXPECT_EQ(client::parse_spec("lite", 2, written).layers[0].slope, 0.3F);
  const std::string path =
      write_bytes(temporary_folder() + "locale.safetensors", LightWeights(spec).bytes());
  const hcd_format format = format_of(40, 30);
  Frame in(format), german(format_of(80, 60)), plain(format_of(80, 60));
  in.fill_natural();
  Up(Options{{"model", "lite"}, {"weights", path}}, format).run(in, german);
  std::locale::global(std::locale::classic());
  setlocale(LC_ALL, "C");
  Up(Options{{"model", "lite"}, {"weights", path}}, format).run(in, plain);
  EXPECT_TRUE(german.same_samples(plain));
}

TEST_F(Locale, TextsOfPrintf) {
  EXPECT_EQ(format_text("%g %.2f %'d", 0.5, 1234.5, 1234567), "0.5 1234.50 1234567");
  char text[16];
  std::snprintf(text, sizeof(text), "%.1f", 0.5);
  EXPECT_STREQ(text, "0,5");  // the host's own is back
}

}  // namespace
}  // namespace hcd::test
