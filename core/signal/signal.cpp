// SPDX-License-Identifier: BSD-2-Clause
#include "signal/signal.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "base/error.h"
#include "files/crc32.h"

namespace hcd::signal {
namespace {

using Bytes = std::span<const uint8_t>;

constexpr size_t kUuidBytes = 16;
constexpr std::array<uint8_t, kUuidBytes> kOurs = {0x5e, 0x1d, 0x0c, 0x6b, 0x7a, 0x43, 0x4f, 0x0e,
                                                   0x9b, 0x52, 0x68, 0x63, 0x64, 0x73, 0x69, 0x67};
constexpr std::array<uint8_t, kUuidBytes> kOfX265 = {
    0x2c, 0xa2, 0xde, 0x09, 0xb5, 0x17, 0x47, 0xdb, 0xbb, 0x55, 0xa4, 0xfe, 0x7f, 0xc2, 0xfc, 0x4e};

// Places of the fields behind the UUID. The sizes keep theirs in every version.
enum Place : size_t {
  kVersion = 0,
  kFieldBytes = 1,
  kSmallWidth = 2,
  kSmallHeight = 4,
  kFullWidth = 6,
  kFullHeight = 8,
  kFlags = 10,
  kFactor = 11,
  kSiting = 12,
  kResize = 13,
  kQuality = 14,
  kReserved = 15,
  kModel = 16,
  kModelBytes = 16,
  kKey = 32,
  kCrc = 40,
  kEnd = 44,
};
static_assert(kUuidBytes + kEnd == HCD_SIGNAL_BYTES);

constexpr uint8_t kThisVersion = 1, kWeightsFollow = 1, kNoQuality = 255;
constexpr int kMaxSide = 32768, kMaxQuality = 63, kMaxFactor = 16;
// The kernel behind a network, by number: new ones go to the end.
constexpr std::array<std::string_view, 8> kKernels = {
    "", "bilinear", "bicubic", "catmull_rom", "mitchell", "spline36", "lanczos2", "lanczos"};

uint64_t get(Bytes from, size_t place, size_t n_bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < n_bytes; ++i) value = value << 8 | from[place + i];
  return value;
}

void put(std::span<uint8_t> to, size_t place, size_t n_bytes, uint64_t value) {
  for (size_t i = n_bytes; i-- > 0; value >>= 8) to[place + i] = static_cast<uint8_t>(value);
}

// A text in an array of characters that may have no end.
template <size_t N>
std::string_view text_of(const char (&characters)[N]) {
  return {characters, strnlen(characters, N)};
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

void check_sizes(const hcd_signal &s, hcd_status status) {
  const auto fits = [](int small, int full) {
    return small >= 1 && small <= full && full <= kMaxSide && full <= kMaxFactor * small;
  };
  HCD_CHECK(fits(s.small_width, s.full_width) && fits(s.small_height, s.full_height), status,
            "signal: expected a full size of 1 to %d times the small one, at most %d a side, found "
            "%dx%d of %dx%d",
            kMaxFactor, kMaxSide, s.full_width, s.full_height, s.small_width, s.small_height);
}

// What a message may say; throws `status`.
void check(const hcd_signal &s, hcd_status status) {
  check_sizes(s, status);
  const std::string model(text_of(s.model));
  HCD_CHECK(is_name(model) && model.size() <= kModelBytes, status,
            "signal: expected a model's name of at most %zu letters, found '%s'",
            size_t{kModelBytes}, is_name(model) ? model.c_str() : "");
  HCD_CHECK(s.factor >= 0 && s.factor <= kMaxFactor, status,
            "signal: expected a network's factor [0, %d], found %d", kMaxFactor, s.factor);
  HCD_CHECK(s.siting >= HCD_SITING_UNSPECIFIED && s.siting <= HCD_SITING_BOTTOM, status,
            "signal: expected a siting [0, %d], found %d", HCD_SITING_BOTTOM, s.siting);
  const std::string resize(text_of(s.resize));
  HCD_CHECK(std::find(kKernels.begin(), kKernels.end(), resize) != kKernels.end(), status,
            "signal: expected a kernel's name, found '%s'", is_name(resize) ? resize.c_str() : "");
  HCD_CHECK(s.quality_hint == HCD_AUTO || (s.quality_hint >= 0 && s.quality_hint <= kMaxQuality),
            status, "signal: expected a quality [0, %d], found %d", kMaxQuality, s.quality_hint);
  HCD_CHECK(s.weights_size <= kMostWeights && (s.weights || s.weights_size == 0), status,
            "signal: expected at most %zu bytes of weights, found %zu%s", kMostWeights,
            s.weights_size, s.weights ? "" : " at NULL");
  HCD_CHECK(s.weights_size == 0 || key_of({s.weights, s.weights_size}) == s.weights_key, status,
            "signal: expected weights of the key %016llx, found those of %016llx",
            static_cast<unsigned long long>(s.weights_key),
            static_cast<unsigned long long>(key_of({s.weights, s.weights_size})));
}

bool starts_with(Bytes message, const std::array<uint8_t, kUuidBytes> &uuid) {
  return message.size() >= uuid.size() && std::equal(uuid.begin(), uuid.end(), message.begin());
}

// From our UUID on; empty: of somebody else.
Bytes ours(Bytes message) {
  if (starts_with(message, kOfX265)) message = message.subspan(kUuidBytes);
  return starts_with(message, kOurs) ? message.subspan(kUuidBytes) : Bytes();
}

}  // namespace

uint64_t key_of(Bytes weights) {
  if (weights.empty()) return 0;
  return uint64_t{files::crc32(weights)} << 32 | (weights.size() & 0xffffffffU);
}

std::vector<uint8_t> write(const hcd_signal &s) {
  check(s, HCD_E_OPTION);
  std::vector<uint8_t> message(HCD_SIGNAL_BYTES + s.weights_size);
  std::copy(kOurs.begin(), kOurs.end(), message.begin());
  const std::span<uint8_t> to = std::span(message).subspan(kUuidBytes);
  to[kVersion] = kThisVersion;
  to[kFieldBytes] = kEnd;
  put(to, kSmallWidth, 2, static_cast<uint64_t>(s.small_width));
  put(to, kSmallHeight, 2, static_cast<uint64_t>(s.small_height));
  put(to, kFullWidth, 2, static_cast<uint64_t>(s.full_width));
  put(to, kFullHeight, 2, static_cast<uint64_t>(s.full_height));
  to[kFlags] = s.weights_size > 0 ? kWeightsFollow : 0;
  to[kFactor] = static_cast<uint8_t>(s.factor);
  to[kSiting] = static_cast<uint8_t>(s.siting);
  to[kResize] = static_cast<uint8_t>(
      std::find(kKernels.begin(), kKernels.end(), text_of(s.resize)) - kKernels.begin());
  to[kQuality] = s.quality_hint == HCD_AUTO ? kNoQuality : static_cast<uint8_t>(s.quality_hint);
  const std::string_view model = text_of(s.model);
  std::copy(model.begin(), model.end(), to.begin() + kModel);
  put(to, kKey, 8, s.weights_key);
  put(to, kCrc, 4, files::crc32(to.first(kCrc)));
  if (s.weights_size > 0) std::copy_n(s.weights, s.weights_size, to.begin() + kEnd);
  return message;
}

bool is_ours(Bytes message) { return !ours(message).empty(); }

void read(Bytes message, hcd_signal *signal) {
  const Bytes from = ours(message);
  hcd_signal s{};
  s.struct_size = signal->struct_size;
  *signal = s;
  HCD_CHECK(from.size() >= kFlags && from[kVersion] >= kThisVersion, HCD_E_FILE,
            "signal: expected %zu bytes of version %d, found %zu", size_t{kEnd}, kThisVersion,
            from.size());
  s.small_width = static_cast<int>(get(from, kSmallWidth, 2));
  s.small_height = static_cast<int>(get(from, kSmallHeight, 2));
  s.full_width = static_cast<int>(get(from, kFullWidth, 2));
  s.full_height = static_cast<int>(get(from, kFullHeight, 2));
  if (from[kVersion] > kThisVersion) {
    check_sizes(s, HCD_E_FILE);
    *signal = s;
    throw Error(HCD_E_FORMAT,
                format_text("signal: expected version %d, found %d, of a later libhcd",
                            kThisVersion, from[kVersion]));
  }
  HCD_CHECK(from.size() >= kEnd && from[kFieldBytes] == kEnd, HCD_E_FILE,
            "signal: expected %zu bytes, found %zu", size_t{kEnd}, from.size());
  HCD_CHECK(get(from, kCrc, 4) == files::crc32(from.first(kCrc)), HCD_E_FILE,
            "signal: expected the check sum %08llx, found %08llx: it is damaged",
            static_cast<unsigned long long>(get(from, kCrc, 4)),
            static_cast<unsigned long long>(files::crc32(from.first(kCrc))));
  HCD_CHECK((from[kFlags] & ~kWeightsFollow) == 0 && from[kReserved] == 0 &&
                from[kResize] < kKernels.size(),
            HCD_E_FILE, "signal: expected flags [0, 1], 0 and a kernel below %zu, found %d, %d, %d",
            kKernels.size(), from[kFlags], from[kReserved], from[kResize]);
  s.factor = from[kFactor];
  // Checked as the number it is before it is one of the words.
  HCD_CHECK(from[kSiting] <= HCD_SITING_BOTTOM, HCD_E_FILE,
            "signal: expected a siting [0, %d], found %d", HCD_SITING_BOTTOM, from[kSiting]);
  s.siting = static_cast<hcd_siting>(from[kSiting]);
  const std::string_view resize = kKernels[from[kResize]];
  std::copy(resize.begin(), resize.end(), s.resize);
  s.quality_hint = from[kQuality] == kNoQuality ? HCD_AUTO : from[kQuality];
  std::copy_n(from.begin() + kModel, size_t{kModelBytes}, s.model);
  s.weights_key = get(from, kKey, 8);
  if (from[kFlags] & kWeightsFollow) {
    s.weights = from.data() + kEnd;
    s.weights_size = from.size() - kEnd;
    HCD_CHECK(s.weights_size == (s.weights_key & 0xffffffffU), HCD_E_FILE,
              "signal: expected %llu bytes of weights, found %zu",
              static_cast<unsigned long long>(s.weights_key & 0xffffffffU), s.weights_size);
  } else {
    HCD_CHECK(from.size() == kEnd, HCD_E_FILE, "signal: expected %zu bytes, found %zu",
              size_t{kEnd}, from.size());
  }
  check(s, HCD_E_FILE);
  *signal = s;
}

}  // namespace hcd::signal
