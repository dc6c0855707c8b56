// SPDX-License-Identifier: BSD-2-Clause
#include "files/range_coder.h"

namespace hcd::files {
namespace {

constexpr uint32_t kLeastRange = 1U << 24;

}  // namespace

void RangeEncoder::put(BitModel &model, bool bit) {
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

// Moves the highest byte out once no carry can change it.
void RangeEncoder::shift() {
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

std::vector<uint8_t> RangeEncoder::finish() {
  for (int i = 0; i < 5; ++i) shift();
  while (!bytes_.empty() && bytes_.back() == 0) bytes_.pop_back();  // read as zeros anyway
  return std::move(bytes_);
}

RangeDecoder::RangeDecoder(std::span<const uint8_t> bytes) : bytes_(bytes) {
  for (int i = 0; i < 4; ++i) code_ = (code_ << 8) | next();
}

bool RangeDecoder::get(BitModel &model) {
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

}  // namespace hcd::files
