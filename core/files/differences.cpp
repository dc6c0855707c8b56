// SPDX-License-Identifier: BSD-2-Clause
#include "files/differences.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/random.h"
#include "files/range_coder.h"
#include "files/weights_error.h"

namespace hcd::files {
namespace {

constexpr const char *kStart = "hcd.start", *kCheck = "hcd.check";
constexpr const char *kSteps = "steps", *kNumbers = "differences";

// Of the standard deviation of a tensor's differences. Quantising then adds a fiftieth of their
// energy, for three bits a weight.
constexpr float kStep = 0.5F;

std::string hexadecimal(uint64_t hash) {
  return format_text("%016llx", static_cast<unsigned long long>(hash));
}

std::string check_of(const std::vector<float> &steps, const std::vector<int> &numbers) {
  const uint64_t hash = hash_bytes(steps.data(), steps.size() * sizeof(float), 0);
  return hexadecimal(hash_bytes(numbers.data(), numbers.size() * sizeof(int), hash));
}

// Signed whole numbers, small ones likely: whether 0, the sign, then the size in unary up to
// kUnary and behind it as an exponential Golomb code.
class Models {
 public:
  void put(RangeEncoder &encoder, int number) {
    encoder.put(zero_, number != 0);
    if (number == 0) return;
    encoder.put(sign_, number < 0);
    const int size = std::abs(number) - 1;
    for (int i = 0; i < kUnary; ++i) {
      encoder.put(unary_[static_cast<size_t>(i)], size > i);
      if (size <= i) return;
    }
    const auto rest = static_cast<uint32_t>(size - kUnary + 1);
    int bits = 0;
    while (rest >> (bits + 1)) ++bits;
    for (int i = 0; i < bits; ++i) encoder.put(length_[static_cast<size_t>(i)], true);
    if (bits < kMaxBits) encoder.put(length_[static_cast<size_t>(bits)], false);
    for (int i = bits; i-- > 0;) encoder.put(low_, ((rest >> i) & 1) != 0);
  }

  int get(RangeDecoder &decoder) {
    if (!decoder.get(zero_)) return 0;
    const bool negative = decoder.get(sign_);
    int size = 0;
    while (size < kUnary && decoder.get(unary_[static_cast<size_t>(size)])) ++size;
    if (size == kUnary) {
      int bits = 0;
      while (bits < kMaxBits && decoder.get(length_[static_cast<size_t>(bits)])) ++bits;
      uint32_t rest = 1;
      for (int i = 0; i < bits; ++i) rest = rest << 1 | static_cast<uint32_t>(decoder.get(low_));
      size += static_cast<int>(rest) - 1;
    }
    return negative ? -size - 1 : size + 1;
  }

  static constexpr int kUnary = 14, kMaxBits = 16;
  static constexpr int kMost = 1 << kMaxBits;  // of a number's size

 private:
  BitModel zero_, sign_, low_;
  std::array<BitModel, kUnary> unary_;
  std::array<BitModel, kMaxBits> length_;
};

float deviation(const std::vector<float> &from, const std::vector<float> &to) {
  double sum = 0;
  for (size_t i = 0; i < from.size(); ++i) {
    const auto difference = static_cast<double>(to[i]) - static_cast<double>(from[i]);
    sum += difference * difference;
  }
  return static_cast<float>(std::sqrt(sum / static_cast<double>(std::max<size_t>(1, from.size()))));
}

std::span<const uint8_t> bytes_of(const std::vector<float> &values) {
  return {reinterpret_cast<const uint8_t *>(values.data()), values.size() * sizeof(float)};
}

const TensorView &find_tensor(const Safetensors &file, const char *name, Dtype dtype) {
  const auto found = file.tensors().find(name);
  if (found == file.tensors().end() || found->second.dtype != dtype ||
      found->second.shape.size() != 1) {
    throw weights_error(
        file.name(),
        format_text("expected a tensor '%s' of one dimension, %s, found %s", name,
                    dtype_name(dtype),
                    found == file.tensors().end() ? "none" : describe(found->second).c_str()));
  }
  return found->second;
}

}  // namespace

uint64_t hash_tensors(const Safetensors &file) {
  uint64_t hash = 0;
  for (const auto &[name, view] : file.tensors()) {
    const std::string head = name + " " + describe(view);
    hash = hash_bytes(head.data(), head.size(), hash);
    hash = hash_bytes(view.data.data(), view.data.size(), hash);
  }
  return hash;
}

std::vector<uint8_t> encode_differences(const Safetensors &start,
                                        const std::map<std::string, std::vector<float>> &tuned,
                                        std::map<std::string, std::string> metadata) {
  std::vector<float> steps;
  std::vector<int> numbers;
  for (const auto &[name, view] : start.tensors()) {
    const std::vector<float> from = to_floats(view), &to = tuned.at(name);
    // No number is too large: at most sqrt(n) times the deviation, and a tensor has fewer than
    // (kMost / 2)^2 values.
    const float step = kStep * deviation(from, to);
    steps.push_back(step);
    for (size_t i = 0; i < from.size(); ++i) {
      numbers.push_back(step > 0 ? static_cast<int>(std::lround((to[i] - from[i]) / step)) : 0);
    }
  }
  RangeEncoder encoder;
  Models models;
  for (const int number : numbers) {
    HCD_CHECK(std::abs(number) <= Models::kMost, HCD_E_INTERNAL, "a difference of %d steps",
              number);
    models.put(encoder, number);
  }
  const std::vector<uint8_t> coded = encoder.finish();
  metadata[kStart] = hexadecimal(hash_tensors(start));
  metadata[kCheck] = check_of(steps, numbers);
  return encode_safetensors(
      {{kSteps, {Dtype::kF32, {static_cast<int64_t>(steps.size())}, bytes_of(steps)}},
       {kNumbers, {Dtype::kU8, {static_cast<int64_t>(coded.size())}, coded}}},
      metadata);
}

bool holds_differences(const Safetensors &file) { return file.metadata().count(kStart) > 0; }

Safetensors expand_differences(const Safetensors &file, const Safetensors &start) {
  const std::string expected = hexadecimal(hash_tensors(start)), found = file.metadata().at(kStart);
  if (found != expected) {
    throw weights_error(file.name(), "expected differences to the weights of " + start.name() +
                                         " (" + expected + "), found some to others (" +
                                         printable(found) + "), of another version perhaps");
  }
  const std::vector<float> steps = to_floats(find_tensor(file, kSteps, Dtype::kF32));
  if (steps.size() != start.tensors().size() || file.tensors().size() != 2) {
    throw weights_error(file.name(), format_text("expected %zu steps and nothing beside, found %zu",
                                                 start.tensors().size(), steps.size()));
  }
  RangeDecoder decoder(find_tensor(file, kNumbers, Dtype::kU8).data);
  Models models;
  std::vector<int> numbers;
  std::vector<std::vector<float>> values;
  for (const auto &[name, view] : start.tensors()) {
    std::vector<float> &tensor = values.emplace_back(to_floats(view));
    const float step = steps[values.size() - 1];
    for (float &value : tensor) {
      numbers.push_back(models.get(decoder));
      value += static_cast<float>(numbers.back()) * step;
    }
  }
  const auto check = file.metadata().find(kCheck);
  if (check == file.metadata().end() || check->second != check_of(steps, numbers)) {
    throw weights_error(
        file.name(), "expected differences with the checksum " +
                         (check == file.metadata().end()
                              ? std::string("of metadata hcd.check, found none")
                              : printable(check->second) + ", found " + check_of(steps, numbers) +
                                    ": the file is damaged"));
  }
  std::map<std::string, TensorView> tensors;
  size_t index = 0;
  for (const auto &[name, view] : start.tensors()) {
    tensors[name] = {Dtype::kF32, view.shape, bytes_of(values[index++])};
  }
  std::map<std::string, std::string> metadata = file.metadata();
  metadata.erase(kStart);
  metadata.erase(kCheck);
  return Safetensors::own(encode_safetensors(tensors, metadata), file.name());
}

}  // namespace hcd::files
