// SPDX-License-Identifier: BSD-2-Clause
// Whatever happens to a weight file on its way, it is read or refused with an hcd::Error; the
// address sanitizer sees what is touched outside of it.
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "base/error.h"
#include "files/checkpoint.h"
#include "support/torch_files.h"

namespace hcd::files {
namespace {

using namespace hcd::test;

// 0 if the file was refused.
using Read = std::function<size_t(std::span<const uint8_t>)>;

size_t read_torch(std::span<const uint8_t> bytes) {
  return Checkpoint::parse(bytes, "w").tensors().size();
}

size_t read_safetensors(std::span<const uint8_t> bytes) {
  return Safetensors::parse(bytes, "w").tensors().size();
}

struct Case {
  const char *name;
  std::string bytes;
  size_t (*read)(std::span<const uint8_t>);
};

std::vector<Case> cases() {
  const std::string nested = dict_value(
      {{"epoch", "K\3"},
       {"state_dict", dict_value({{"module.a", tensor_value({})},
                                  {"b", tensor_value({.shape = {3, 2}, .strides = {1, 3}})}})}});
  const std::string data = floats(6);
  const TensorView view{Dtype::kF32, {2, 3}, bytes_of(data)};
  const std::vector<uint8_t> safe =
      encode_safetensors({{"a", view}, {"b", view}}, {{"hcd.model", "x"}});
  // Pickles inside a zip are protected by its checksums: damage them bare, too.
  return {{"zip", torch_file(nested, {{"0", data}}), read_torch},
          {"legacy", legacy_file(nested, {{"0", number(6, 8) + data}}), read_torch},
          {"safetensors", {safe.begin(), safe.end()}, read_safetensors}};
}

// An own allocation of exactly these bytes, so that one byte beyond is seen.
size_t tensors_or_none(const Case &file, const std::string &bytes) {
  const std::vector<uint8_t> exact(bytes.begin(), bytes.end());
  try {
    return file.read(exact);
  } catch (const Error &error) {
    EXPECT_EQ(error.status(), HCD_E_FILE);
    EXPECT_EQ(std::string(error.what()).rfind("weights 'w': ", 0), 0U) << error.what();
    return 0;
  }
}

TEST(Damage, TheWholeFilesAreRead) {
  for (const Case &file : cases()) EXPECT_EQ(tensors_or_none(file, file.bytes), 2U) << file.name;
}

TEST(Damage, EveryTruncationIsRefused) {
  for (const Case &file : cases()) {
    for (size_t size = 0; size < file.bytes.size(); ++size) {
      EXPECT_EQ(tensors_or_none(file, file.bytes.substr(0, size)), 0U) << file.name << ' ' << size;
    }
  }
}

TEST(Damage, ChangedBytesAreReadOrRefused) {
  constexpr int kTrials = 2000;
  for (const Case &file : cases()) {
    std::mt19937 random(1);
    int refused = 0;
    for (int i = 0; i < kTrials; ++i) {
      std::string bytes = file.bytes;
      bytes[random() % bytes.size()] = static_cast<char>(random());
      refused += tensors_or_none(file, bytes) == 0;
    }
    EXPECT_GT(refused, kTrials / 4) << file.name;
  }
}

}  // namespace
}  // namespace hcd::files
