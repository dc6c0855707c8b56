// SPDX-License-Identifier: BSD-2-Clause
#include "files/differences.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/random.h"
#include "files/range_coder.h"

namespace hcd::files {
namespace {

TEST(RangeCoder, GivesBackWhatWasPut) {
  for (const double likely : {0.5, 0.02, 0.98, 0.0, 1.0}) {
    const Random random(static_cast<uint64_t>(likely * 100) + 1);
    RangeEncoder encoder;
    BitModel models[3];
    for (uint64_t i = 0; i < 20000; ++i) encoder.put(models[i % 3], random.uniform(i) < likely);
    const std::vector<uint8_t> bytes = encoder.finish();
    RangeDecoder decoder(bytes);
    BitModel again[3];
    for (uint64_t i = 0; i < 20000; ++i) {
      ASSERT_EQ(decoder.get(again[i % 3]), random.uniform(i) < likely) << likely << " " << i;
    }
    const double entropy = likely > 0 && likely < 1
                               ? -likely * std::log2(likely) - (1 - likely) * std::log2(1 - likely)
                               : 0;
    EXPECT_LT(static_cast<double>(bytes.size()), 2500 * entropy * 1.05 + 120) << likely;
  }
}

class DifferencesTest : public ::testing::Test {
 protected:
  DifferencesTest() : values_(make_values()), start_(file_of(values_, "the start")) {
    for (auto &[name, values] : values_) {
      tuned_[name] = values;
      const Random random(hash_bytes(name.data(), name.size(), 5));
      for (size_t i = 0; i < values.size(); ++i) {
        tuned_[name][i] += static_cast<float>(0.01 * random.normal(i));
      }
    }
    tuned_["same"] = values_["same"];
    tuned_["wide"][7] = 300;  // one value far away: a long code
  }

  static std::map<std::string, std::vector<float>> make_values() {
    std::map<std::string, std::vector<float>> values;
    for (const auto &[name, count] : {std::pair{"wide", 4000}, {"few", 3}, {"same", 16}}) {
      const Random random(static_cast<uint64_t>(count));
      for (int i = 0; i < count; ++i) {
        values[name].push_back(static_cast<float>(random.normal(static_cast<uint64_t>(i))));
      }
    }
    return values;
  }

  static Safetensors file_of(const std::map<std::string, std::vector<float>> &values,
                             const std::string &name) {
    std::map<std::string, TensorView> views;
    for (const auto &[key, list] : values) {
      views[key] = {Dtype::kF32,
                    {static_cast<int64_t>(list.size())},
                    {reinterpret_cast<const uint8_t *>(list.data()), 4 * list.size()}};
    }
    return Safetensors::own(encode_safetensors(views, {{"hcd.model", "lite"}}), name);
  }

  std::vector<uint8_t> coded() const {
    return encode_differences(start_, tuned_, {{"hcd.scale", "2"}});
  }

  static std::string refusal(const std::vector<uint8_t> &bytes, const Safetensors &start) {
    try {
      expand_differences(Safetensors::parse(bytes, "title"), start);
    } catch (const Error &error) {
      EXPECT_EQ(error.status(), HCD_E_FILE);
      return error.what();
    }
    return "";
  }

  std::map<std::string, std::vector<float>> values_, tuned_;
  Safetensors start_;
};

TEST_F(DifferencesTest, AreWithinHalfAStep) {
  const Safetensors file = Safetensors::own(coded(), "title");
  ASSERT_TRUE(holds_differences(file));
  const Safetensors weights = expand_differences(file, start_);
  EXPECT_FALSE(holds_differences(weights));
  EXPECT_EQ(weights.metadata().at("hcd.scale"), "2");
  const std::vector<float> steps = to_floats(file.tensors().at("steps"));
  size_t index = 0;
  for (const auto &[name, view] : start_.tensors()) {
    const std::vector<float> found = to_floats(weights.tensors().at(name));
    ASSERT_EQ(found.size(), tuned_[name].size());
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_NEAR(found[i], tuned_[name][i], 0.501F * steps[index] + 1e-6F) << name << " " << i;
    }
    ++index;
  }
  EXPECT_EQ(to_floats(weights.tensors().at("same")), values_["same"]);
}

TEST_F(DifferencesTest, AreSmall) {
  tuned_["wide"][7] = values_["wide"][7];
  EXPECT_LT(coded().size(), 4019 * 3.3 / 8 + 400);  // about 3 bits each, and the header
}

TEST_F(DifferencesTest, AnotherStartIsRefused) {
  values_["few"][1] += 1;
  const Safetensors other = file_of(values_, "other");
  EXPECT_NE(refusal(coded(), other).find("differences to the weights of other"), std::string::npos);
}

TEST_F(DifferencesTest, DamageIsRefused) {
  const std::vector<uint8_t> whole = coded();
  uint64_t length = 0;
  std::memcpy(&length, whole.data(), 8);
  for (size_t place = 8 + length; place < whole.size(); place += 97) {
    std::vector<uint8_t> damaged = whole;
    damaged[place] ^= 0x10;
    EXPECT_NE(refusal(damaged, start_).find("the file is damaged"), std::string::npos) << place;
  }
}

}  // namespace
}  // namespace hcd::files
