// SPDX-License-Identifier: BSD-2-Clause
// Which chunks survive a change of size, and how those that depend on it are rewritten. Chunks: the
// PNG specification, third edition, and the registered extensions 1.5.0.
#include "tools/png_chunks.h"

#include <algorithm>
#include <cmath>
#include <numeric>

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

uint32_t get32(const std::vector<uint8_t> &data, size_t at) {
  return uint32_t(data[at]) << 24 | uint32_t(data[at + 1]) << 16 | uint32_t(data[at + 2]) << 8 |
         uint32_t(data[at + 3]);
}
void put32(std::vector<uint8_t> &data, size_t at, uint32_t value) {
  for (size_t i = 0; i < 4; ++i) data[at + i] = uint8_t(value >> (24 - 8 * i));
}

// Pixels per metre; without a unit: the shape of a pixel.
bool resize_density(std::vector<uint8_t> &data, Size from, Size to) {
  if (data.size() != 9 || data[8] > 1) return false;
  const double largest = 0x7fffffff;
  double x = double(get32(data, 0)), y = double(get32(data, 4));
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
  put32(data, 0, uint32_t(std::clamp(x, 1.0, largest)));
  put32(data, 4, uint32_t(std::clamp(y, 1.0, largest)));
  return true;
}

// Place on a page, in pixels or micrometres.
bool resize_offset(std::vector<uint8_t> &data, Size from, Size to) {
  if (data.size() != 9 || data[8] > 1) return false;
  if (data[8] == 1) return true;
  const double x = double(int32_t(get32(data, 0))) * to.width / from.width;
  const double y = double(int32_t(get32(data, 4))) * to.height / from.height;
  const double largest = 0x7fffffff;
  put32(data, 0, uint32_t(int32_t(std::clamp(std::round(x), -largest, largest))));
  put32(data, 4, uint32_t(int32_t(std::clamp(std::round(y), -largest, largest))));
  return true;
}

// Makes `chunk` hold for the new size. Returns why it is left out, or nullptr.
const char *resize(files::PngChunk &chunk, Size from, Size to) {
  if (chunk.damaged) return "damaged";
  for (const Leaving &leaving : kLeft) {
    if (chunk.name == leaving.name) return leaving.what;
  }
  if (chunk.name == "pHYs") return resize_density(chunk.data, from, to) ? nullptr : "damaged";
  if (chunk.name == "oFFs") return resize_offset(chunk.data, from, to) ? nullptr : "damaged";
  if (chunk.name == "eXIf") return resize_exif(chunk.data, from, to) ? nullptr : "damaged";
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
