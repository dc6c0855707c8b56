// SPDX-License-Identifier: BSD-2-Clause
// Pictures from PNG files: see png.h.
#include "tools/error.h"
#include "tools/png.h"
#include "tools/png_guard.h"

#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace hcd::tools {
namespace {

constexpr unsigned kMaxSize = 32768;  // of hcd_format

std::vector<uint8_t> read_file(const std::string &path) {
  const std::unique_ptr<FILE, int (*)(FILE *)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) throw file_error(path, "cannot open", errno);
  std::vector<uint8_t> bytes;
  size_t used = 0;
  do {
    bytes.resize(bytes.size() + bytes.size() / 2 + 65536);
    used += std::fread(bytes.data() + used, 1, bytes.size() - used, file.get());
  } while (used == bytes.size());
  if (std::ferror(file.get())) throw file_error(path, "cannot read", errno);
  bytes.resize(used);
  return bytes;
}

// libpng's state while one file is read.
class Reader {
 public:
  Reader(const std::string &path, const std::vector<uint8_t> &bytes) : path_(path), bytes_(bytes) {
    png_ =
        png_create_read_struct(PNG_LIBPNG_VER_STRING, &error_, keep_png_error, ignore_png_warning);
    info_ = png_ ? png_create_info_struct(png_) : nullptr;
    if (!info_) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      throw std::bad_alloc();
    }
    png_set_read_fn(png_, this, read_bytes);
  }
  ~Reader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Reader(const Reader &) = delete;
  Reader &operator=(const Reader &) = delete;

  Picture read() {
    guarded([this] { png_read_info(png_, info_); });
    check_header();
    guarded([this] { set_transforms(); });
    Picture picture(int(png_get_image_width(png_, info_)), int(png_get_image_height(png_, info_)),
                    png_get_channels(png_, info_), png_get_bit_depth(png_, info_));
    picture.tags = read_tags();
    read_samples(picture);
    return picture;
  }

 private:
  static void read_bytes(png_structp png, png_bytep to, size_t count) {
    auto *reader = static_cast<Reader *>(png_get_io_ptr(png));
    const size_t left = reader->bytes_.size() - reader->position_;
    if (count > left) png_error(png, "the file ends too early");
    std::memcpy(to, reader->bytes_.data() + reader->position_, count);
    reader->position_ += count;
  }

  template <typename Body>
  void guarded(const Body &body) {
    if (!run_guarded(png_, body)) throw ToolError(path_ + ": damaged PNG file: " + error_.text);
  }

  void check_header() {
    const unsigned width = png_get_image_width(png_, info_);
    const unsigned height = png_get_image_height(png_, info_);
    if (width > kMaxSize || height > kMaxSize) {
      throw ToolError(path_ + ": expected at most 32768x32768 pixels, found " +
                      std::to_string(width) + "x" + std::to_string(height));
    }
    if ((png_get_color_type(png_, info_) & PNG_COLOR_MASK_ALPHA) ||
        png_get_valid(png_, info_, PNG_INFO_tRNS)) {
      throw ToolError(path_ +
                      ": expected gray or RGB, found a picture with an alpha channel; "
                      "remove the alpha channel first");
    }
  }

  void set_transforms() {
    set_expansion();
    if (std::endian::native == std::endian::little) png_set_swap(png_);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
  }

  void set_expansion() {
    const int type = png_get_color_type(png_, info_);
    if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png_);
    if (type == PNG_COLOR_TYPE_GRAY && png_get_bit_depth(png_, info_) < 8) {
      png_set_expand_gray_1_2_4_to_8(png_);
    }
  }

  ColourTags read_tags() {
    ColourTags tags;
    char *name = nullptr;
    png_bytep profile = nullptr;
    png_uint_32 length = 0;
    int compression = 0, intent = 0;
    double gamma = 0;
    if (png_get_iCCP(png_, info_, &name, &compression, &profile, &length)) {
      tags.icc_name = name;
      tags.icc_profile.assign(profile, profile + length);
    }
    if (png_get_sRGB(png_, info_, &intent)) tags.srgb_intent = intent;
    if (png_get_gAMA(png_, info_, &gamma)) tags.gamma = gamma;
    std::array<double, 8> c = {};
    if (png_get_cHRM(png_, info_, &c[0], &c[1], &c[2], &c[3], &c[4], &c[5], &c[6], &c[7])) {
      tags.chromaticities = c;
    }
    return tags;
  }

  void read_samples(Picture &picture) {
    const size_t row_bytes = png_get_rowbytes(png_, info_);
    std::vector<uint8_t> samples(row_bytes * size_t(picture.height));
    std::vector<png_bytep> rows;
    rows.reserve(size_t(picture.height));
    for (int y = 0; y < picture.height; ++y) rows.push_back(samples.data() + size_t(y) * row_bytes);
    guarded([&] {
      png_read_image(png_, rows.data());
      png_read_end(png_, nullptr);
    });
    split_channels(samples, picture);
  }

  static void split_channels(const std::vector<uint8_t> &samples, Picture &picture) {
    const size_t sample_bytes = picture.depth > 8 ? 2 : 1, channels = size_t(picture.channels);
    for (size_t c = 0; c < channels; ++c) {
      const uint8_t *from = samples.data() + c * sample_bytes;
      std::vector<uint8_t> &plane = picture.planes[c];
      for (size_t at = 0; at < plane.size(); at += sample_bytes, from += channels * sample_bytes) {
        std::memcpy(plane.data() + at, from, sample_bytes);
      }
    }
  }

  const std::string &path_;
  const std::vector<uint8_t> &bytes_;
  size_t position_ = 0;
  PngError error_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

Picture read_png(const std::string &path) {
  const std::vector<uint8_t> bytes = read_file(path);
  if (bytes.empty()) throw ToolError(path + ": expected a PNG file, found an empty file");
  if (bytes.size() < 8 || png_sig_cmp(bytes.data(), 0, 8) != 0) {
    throw ToolError(path + ": expected a PNG file, found something else");
  }
  return Reader(path, bytes).read();
}

}  // namespace hcd::tools
