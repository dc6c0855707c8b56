// SPDX-License-Identifier: BSD-2-Clause
// Which chunks survive a change of size, and how those that depend on it are rewritten. Chunks: the
// PNG specification, third edition, and the registered extensions 1.5.0.
#include "tools/png_chunks.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>

namespace hcd::tools {
namespace {

// Colour and text, which hold for any size.
constexpr const char *kKept[] = {"gAMA", "cHRM", "sRGB", "iCCP", "cICP", "mDCV", "mDCv",
                                 "cLLI", "cLLi", "bKGD", "tEXt", "zTXt", "iTXt"};

struct Leaving {
  const char *name, *what;
};
constexpr Leaving kLeft[] = {
    {"tIME", "time of the last change"},
    {"sBIT", "significant bits of the samples"},
    {"PLTE", "suggested palette"},
    {"sPLT", "suggested palette"},
    {"hIST", "histogram of the palette"},
    {"pCAL", "calibration of the samples"},
    {"sCAL", "scale of a pixel"},
    {"sTER", "stereo pair"},
    {"acTL", "animation: the still picture alone was taken"},
    {"fcTL", "animation"},
    {"fdAT", "animation"},
    {"dSIG", "signature"},
    {"vpAg", "virtual canvas"},
    {"caNv", "virtual canvas"},
};

// Whole numbers in a chunk, counted from its byte `base` on.
struct Numbers {
  std::vector<uint8_t> &data;
  size_t base = 0;
  bool little = false;  // the lowest byte comes first

  bool holds(size_t at, size_t n) const {
    return at <= data.size() - base && n <= data.size() - base - at;
  }
  size_t place(size_t at, size_t n, size_t i) const {  // of the byte that counts 256^i
    return base + at + (little ? i : n - 1 - i);
  }
  uint32_t get(size_t at, size_t n) const {
    uint32_t value = 0;
    for (size_t i = 0; i < n; ++i) value |= uint32_t(data[place(at, n, i)]) << (8 * i);
    return value;
  }
  void put(size_t at, size_t n, uint64_t value) {
    for (size_t i = 0; i < n; ++i) data[place(at, n, i)] = uint8_t(value >> (8 * i));
  }
};

// Pixels per metre; without a unit: the shape of a pixel.
bool resize_density(std::vector<uint8_t> &data, Size from, Size to) {
  if (data.size() != 9 || data[8] > 1) return false;
  Numbers numbers{data};
  const double largest = 0x7fffffff;
  double x = double(numbers.get(0, 4)), y = double(numbers.get(4, 4));
  if (data[8] == 1) {
    x = std::round(x * to.width / from.width);
    y = std::round(y * to.height / from.height);
  } else {
    const int64_t wide = int64_t(to.width) * from.height, high = int64_t(to.height) * from.width;
    const int64_t common = std::gcd(wide, high);
    x *= double(wide / common);
    y *= double(high / common);
    const double excess = std::max({x / largest, y / largest, 1.0});
    x = std::round(x / excess);
    y = std::round(y / excess);
  }
  numbers.put(0, 4, uint32_t(std::clamp(x, 1.0, largest)));
  numbers.put(4, 4, uint32_t(std::clamp(y, 1.0, largest)));
  return true;
}

// Place on a page, in pixels or micrometres.
bool resize_offset(std::vector<uint8_t> &data, Size from, Size to) {
  if (data.size() != 9 || data[8] > 1) return false;
  if (data[8] == 1) return true;
  Numbers numbers{data};
  const double x = double(int32_t(numbers.get(0, 4))) * to.width / from.width;
  const double y = double(int32_t(numbers.get(4, 4))) * to.height / from.height;
  const double largest = 0x7fffffff;
  numbers.put(0, 4, uint32_t(int32_t(std::clamp(std::round(x), -largest, largest))));
  numbers.put(4, 4, uint32_t(int32_t(std::clamp(std::round(y), -largest, largest))));
  return true;
}

// EXIF: CIPA DC-008, on TIFF 6.0.
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
      : numbers_{data},
        sides_{{uint64_t(from.width), uint64_t(to.width)},
               {uint64_t(from.height), uint64_t(to.height)}} {}

  bool resize() {
    const std::string_view text(reinterpret_cast<const char *>(numbers_.data.data()),
                                numbers_.data.size());
    // Of JPEG files; some keep it.
    if (text.starts_with(std::string_view("Exif\0\0", 6))) numbers_.base = 6;
    if (!numbers_.holds(0, 8)) return false;
    const std::string_view order = text.substr(numbers_.base, 2);
    if (order != "II" && order != "MM") return false;
    numbers_.little = order == "II";
    if (numbers_.get(2, 2) != 42) return false;
    size_t more = 0, unused = 0;
    if (!resize_folder(numbers_.get(4, 4), more)) return false;
    return more == 0 || resize_folder(more, unused);
  }

 private:
  // `exif`: where the folder of EXIF's own tags begins, if it is named here.
  bool resize_folder(size_t at, size_t &exif) {
    if (!numbers_.holds(at, 2)) return false;
    const size_t n = numbers_.get(at, 2);
    if (!numbers_.holds(at + 2, 12 * n)) return false;
    for (size_t entry = at + 2; entry < at + 2 + 12 * n; entry += 12) {
      if (numbers_.get(entry, 2) == kExifFolder) exif = numbers_.get(entry + 8, 4);
      for (const Rule &rule : kRules) {
        if (rule.tag == numbers_.get(entry, 2)) resize_entry(entry, rule);
      }
    }
    return true;
  }

  void resize_entry(size_t entry, const Rule &rule) {
    const unsigned type = numbers_.get(entry + 2, 2);
    const size_t count = numbers_.get(entry + 4, 4), pointed = numbers_.get(entry + 8, 4);
    const auto [from, to] = sides_[rule.axis];
    if (rule.meaning == Meaning::kPlaces) {
      if (type == kShort && count <= 4) resize_places(count > 2 ? pointed : entry + 8, count);
    } else if (rule.meaning == Meaning::kSide) {
      if (count == 1 && type == kShort) numbers_.put(entry + 8, 2, to);
      if (count == 1 && type == kLong) numbers_.put(entry + 8, 4, to);
    } else if (type == kRational && count == 1 && numbers_.holds(pointed, 8)) {
      uint64_t numerator = numbers_.get(pointed, 4) * to;
      uint64_t denominator = numbers_.get(pointed + 4, 4) * from;
      const uint64_t common = std::gcd(numerator, denominator);
      if (common == 0) return;
      for (numerator /= common, denominator /= common; (numerator | denominator) >> 32;) {
        numerator >>= 1;
        denominator >>= 1;
      }
      numbers_.put(pointed, 4, numerator);
      numbers_.put(pointed + 4, 4, denominator);
    }
  }

  // x, y; x, y, diameter; or x, y, width, height.
  void resize_places(size_t at, size_t count) {
    if (!numbers_.holds(at, 2 * count)) return;
    for (size_t i = 0; i < count; ++i) {
      const auto [from, to] = sides_[i % 2];
      numbers_.put(at + 2 * i, 2,
                   std::min<uint64_t>(numbers_.get(at + 2 * i, 2) * to / from, 0xffff));
    }
  }

  struct Side {
    uint64_t from, to;
  };

  Numbers numbers_;
  Side sides_[2];  // width, height
};

// Makes `chunk` hold for the new size. Returns why it is left out, or nullptr.
const char *resize(files::PngChunk &chunk, Size from, Size to) {
  if (chunk.damaged) return "damaged";
  for (const Leaving &leaving : kLeft) {
    if (chunk.name == leaving.name) return leaving.what;
  }
  if (chunk.name == "pHYs") return resize_density(chunk.data, from, to) ? nullptr : "damaged";
  if (chunk.name == "oFFs") return resize_offset(chunk.data, from, to) ? nullptr : "damaged";
  if (chunk.name == "eXIf") return Tiff(chunk.data, from, to).resize() ? nullptr : "damaged";
  if (std::find(std::begin(kKept), std::end(kKept), chunk.name) != std::end(kKept)) return nullptr;
  const bool safe_to_copy = (chunk.name[3] & 0x20) != 0;
  return safe_to_copy ? nullptr : "unknown, and not safe to copy";
}

}  // namespace

std::vector<files::PngChunk> resize_chunks(const std::vector<files::PngChunk> &chunks, Size from,
                                           Size to, std::string &left_out) {
  std::vector<files::PngChunk> kept;
  std::vector<std::string> left;
  for (files::PngChunk chunk : chunks) {
    if (const char *why = resize(chunk, from, to)) {
      left.push_back(chunk.name + " (" + why + ")");
      if (std::count(left.begin(), left.end(), left.back()) > 1) left.pop_back();
    } else {
      kept.push_back(std::move(chunk));
    }
  }
  left_out.clear();
  for (const std::string &text : left) left_out += (left_out.empty() ? "" : ", ") + text;
  return kept;
}

}  // namespace hcd::tools
