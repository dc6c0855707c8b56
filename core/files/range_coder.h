// SPDX-License-Identifier: BSD-2-Clause
// Adaptive binary range coder (Martin, "Range encoding", 1979; with carries as in LZMA).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace hcd::files {

// How likely a bit is to be 0, learnt from those before it. Both sides keep the same ones.
class BitModel {
 public:
  static constexpr int kBits = 12;

  uint32_t zero() const { return zero_; }  // of 2^kBits
  void learn(bool bit) {
    constexpr int kRate = 5;
    if (bit) {
      zero_ -= zero_ >> kRate;
    } else {
      zero_ += ((1U << kBits) - zero_) >> kRate;
    }
  }

 private:
  uint32_t zero_ = 1U << (kBits - 1);
};

class RangeEncoder {
 public:
  void put(BitModel &model, bool bit);
  // Everything so far; nothing may be put afterwards.
  std::vector<uint8_t> finish();

 private:
  void shift();

  std::vector<uint8_t> bytes_;
  uint64_t low_ = 0;
  uint32_t range_ = 0xffffffff;
  uint8_t last_ = 0;      // not written yet: a carry may come
  uint64_t waiting_ = 0;  // bytes of 255 behind it
  bool first_ = true;
};

// Reads zeros behind the end: whoever decodes has to know how much there is, and to check it.
class RangeDecoder {
 public:
  explicit RangeDecoder(std::span<const uint8_t> bytes);
  bool get(BitModel &model);

 private:
  uint8_t next() { return position_ < bytes_.size() ? bytes_[position_++] : 0; }

  std::span<const uint8_t> bytes_;
  size_t position_ = 0;
  uint32_t range_ = 0xffffffff, code_ = 0;
};

}  // namespace hcd::files
