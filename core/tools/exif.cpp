// SPDX-License-Identifier: BSD-2-Clause
// Rewrites the tags of an EXIF block that depend on the size of the picture. Tags: CIPA DC-008,
// TIFF 6.0.
#include "tools/png_chunks.h"

#include <cstddef>
#include <numeric>

namespace hcd::tools {
namespace {

constexpr unsigned kShort = 3, kLong = 4, kRational = 5;
constexpr unsigned kExifFolder = 0x8769;

// What a tag's value is, and along which axis; places have both.
enum class Meaning { kSide, kDensity, kPlaces };
struct Rule {
  unsigned tag;
  Meaning meaning;
  size_t axis;
};
constexpr Rule kRules[] = {
    {0x0100, Meaning::kSide, 0},    {0x0101, Meaning::kSide, 1},     // ImageWidth, ImageLength
    {0xA002, Meaning::kSide, 0},    {0xA003, Meaning::kSide, 1},     // PixelX/YDimension
    {0x011A, Meaning::kDensity, 0}, {0x011B, Meaning::kDensity, 1},  // X/YResolution
    {0xA20E, Meaning::kDensity, 0}, {0xA20F, Meaning::kDensity, 1},  // FocalPlaneX/YResolution
    {0x9214, Meaning::kPlaces, 0},  {0xA214, Meaning::kPlaces, 0},   // SubjectArea, SubjectLocation
};

// A TIFF structure: folders of entries, offsets from its first byte.
class Tiff {
 public:
  Tiff(std::vector<uint8_t> &data, Size from, Size to)
      : data_(data),
        sides_{{uint64_t(from.width), uint64_t(to.width)},
               {uint64_t(from.height), uint64_t(to.height)}} {}

  bool resize() {
    const uint8_t prefix[] = {'E', 'x', 'i', 'f', 0, 0};  // of JPEG files; some keep it
    if (std::equal(std::begin(prefix), std::end(prefix), data_.begin(),
                   data_.begin() + ptrdiff_t(std::min<size_t>(6, data_.size())))) {
      base_ = 6;
    }
    if (!holds(0, 8)) return false;
    const uint8_t *order = data_.data() + base_;
    if (order[0] != order[1] || (order[0] != 'I' && order[0] != 'M')) return false;
    little_ = order[0] == 'I';
    if (get(2, 2) != 42) return false;
    size_t more = 0, unused = 0;
    if (!resize_folder(get(4, 4), more)) return false;
    return more == 0 || resize_folder(more, unused);
  }

 private:
  bool holds(size_t at, size_t n) const {
    return at <= data_.size() - base_ && n <= data_.size() - base_ - at;
  }
  size_t place(size_t at, size_t n, size_t i) const {  // of the byte that counts 256^i
    return base_ + at + (little_ ? i : n - 1 - i);
  }
  uint32_t get(size_t at, size_t n) const {
    uint32_t value = 0;
    for (size_t i = 0; i < n; ++i) value |= uint32_t(data_[place(at, n, i)]) << (8 * i);
    return value;
  }
  void put(size_t at, size_t n, uint64_t value) {
    for (size_t i = 0; i < n; ++i) data_[place(at, n, i)] = uint8_t(value >> (8 * i));
  }

  // `exif`: where the folder of EXIF's own tags begins, if it is named here.
  bool resize_folder(size_t at, size_t &exif) {
    if (!holds(at, 2)) return false;
    const size_t n = get(at, 2);
    if (!holds(at + 2, 12 * n)) return false;
    for (size_t entry = at + 2; entry < at + 2 + 12 * n; entry += 12) {
      if (get(entry, 2) == kExifFolder) exif = get(entry + 8, 4);
      for (const Rule &rule : kRules) {
        if (rule.tag == get(entry, 2)) resize_entry(entry, rule);
      }
    }
    return true;
  }

  void resize_entry(size_t entry, const Rule &rule) {
    const unsigned type = get(entry + 2, 2);
    const size_t count = get(entry + 4, 4), pointed = get(entry + 8, 4);
    const auto [from, to] = sides_[rule.axis];
    if (rule.meaning == Meaning::kPlaces) {
      if (type == kShort && count <= 4) resize_places(count > 2 ? pointed : entry + 8, count);
    } else if (rule.meaning == Meaning::kSide) {
      if (count == 1 && type == kShort) put(entry + 8, 2, to);
      if (count == 1 && type == kLong) put(entry + 8, 4, to);
    } else if (type == kRational && count == 1 && holds(pointed, 8)) {
      uint64_t numerator = get(pointed, 4) * to, denominator = get(pointed + 4, 4) * from;
      const uint64_t common = std::gcd(numerator, denominator);
      if (common == 0) return;
      for (numerator /= common, denominator /= common; (numerator | denominator) >> 32;) {
        numerator >>= 1;
        denominator >>= 1;
      }
      put(pointed, 4, numerator);
      put(pointed + 4, 4, denominator);
    }
  }

  // x, y; x, y, diameter; or x, y, width, height.
  void resize_places(size_t at, size_t count) {
    if (!holds(at, 2 * count)) return;
    for (size_t i = 0; i < count; ++i) {
      const auto [from, to] = sides_[i % 2];
      put(at + 2 * i, 2, std::min<uint64_t>(get(at + 2 * i, 2) * to / from, 0xffff));
    }
  }

  std::vector<uint8_t> &data_;
  struct Side {
    uint64_t from, to;
  };
  Side sides_[2];  // width, height
  size_t base_ = 0;
  bool little_ = true;
};

}  // namespace

bool resize_exif(std::vector<uint8_t> &data, Size from, Size to) {
  return Tiff(data, from, to).resize();
}

}  // namespace hcd::tools
