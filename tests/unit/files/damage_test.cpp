// SPDX-License-Identifier: BSD-2-Clause
// Whatever happens to a weight file on its way, it is read or refused with an hcd::Error; the
// address sanitizer sees what is touched outside of it.
#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "files/safetensors.h"
#include "support/bytes.h"

namespace hcd::files {
namespace {

using namespace hcd::test;

std::string sound_file() {
  const std::string data = floats(6);
  const TensorView view{Dtype::kF32, {2, 3}, bytes_of(data)};
  const std::vector<uint8_t> file =
      encode_safetensors({{"a", view}, {"b", view}}, {{"hcd.model", "x"}});
  return {file.begin(), file.end()};
}

// 0 if the file was refused. An own allocation of exactly these bytes, so that one byte beyond is
// seen.
size_t tensors_or_none(const std::string &bytes) {
  const std::vector<uint8_t> exact(bytes.begin(), bytes.end());
  try {
    return Safetensors::parse(exact, "w").tensors().size();
  } catch (const Error &error) {
    EXPECT_EQ(error.status(), HCD_E_FILE);
    EXPECT_EQ(std::string(error.what()).rfind("weights 'w': ", 0), 0U) << error.what();
    return 0;
  }
}

TEST(Damage, TheWholeFileIsRead) { EXPECT_EQ(tensors_or_none(sound_file()), 2U); }

TEST(Damage, EveryTruncationIsRefused) {
  const std::string whole = sound_file();
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(tensors_or_none(whole.substr(0, size)), 0U) << size;
  }
}

TEST(Damage, ChangedBytesAreReadOrRefused) {
  constexpr int kTrials = 2000;
  const std::string whole = sound_file();
  std::mt19937 random(1);
  int refused = 0;
  for (int i = 0; i < kTrials; ++i) {
    std::string bytes = whole;
    bytes[random() % bytes.size()] = static_cast<char>(random());
    refused += tensors_or_none(bytes) == 0;
  }
  EXPECT_GT(refused, kTrials / 4);
}

}  // namespace
}  // namespace hcd::files
