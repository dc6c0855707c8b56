// SPDX-License-Identifier: BSD-2-Clause
// Adaptive binary range coder (Martin, "Range encoding", 1979; with carries as in LZMA).
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace hcd::files {

constexpr uint32_t kLeastRange = 1U << 24;  // of an interval; below it a byte is moved

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
  void put(BitModel &model, bool bit) {
    const uint32_t bound = (range_ >> BitModel::kBits) * model.zero();
    if (bit) {
      low_ += bound;
      range_ -= bound;
    } else {
      range_ = bound;
    }
    model.learn(bit);
    for (; range_ < kLeastRange; range_ <<= 8) shift();
  }

  // Everything so far; nothing may be put afterwards.
  std::vector<uint8_t> finish() {
    for (int i = 0; i < 5; ++i) shift();
    while (!bytes_.empty() && bytes_.back() == 0) bytes_.pop_back();  // read as zeros anyway
    return std::move(bytes_);
  }

 private:
  // Moves the highest byte out once no carry can change it.
  void shift() {
    const bool carry = (low_ >> 32) != 0;
    const auto top = static_cast<uint8_t>(low_ >> 24);
    if (carry || top != 0xff) {
      if (!first_) bytes_.push_back(static_cast<uint8_t>(last_ + carry));
      for (; waiting_ > 0; --waiting_) bytes_.push_back(static_cast<uint8_t>(0xff + carry));
      last_ = top;
      first_ = false;
    } else {
      ++waiting_;
    }
    low_ = (low_ << 8) & 0xffffffff;
  }

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
  explicit RangeDecoder(std::span<const uint8_t> bytes) : bytes_(bytes) {
    for (int i = 0; i < 4; ++i) code_ = (code_ << 8) | next();
  }

  bool get(BitModel &model) {
    const uint32_t bound = (range_ >> BitModel::kBits) * model.zero();
    const bool bit = code_ >= bound;
    if (bit) {
      code_ -= bound;
      range_ -= bound;
    } else {
      range_ = bound;
    }
    model.learn(bit);
    for (; range_ < kLeastRange; range_ <<= 8) code_ = (code_ << 8) | next();
    return bit;
  }

 private:
  uint8_t next() { return position_ < bytes_.size() ? bytes_[position_++] : 0; }

  std::span<const uint8_t> bytes_;
  size_t position_ = 0;
  uint32_t range_ = 0xffffffff, code_ = 0;
};

}  // namespace hcd::files
