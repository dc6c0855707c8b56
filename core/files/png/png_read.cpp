// SPDX-License-Identifier: BSD-2-Clause
#include "base/error.h"
#include "files/png/png.h"
#include "files/png/png_guard.h"

#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace hcd::files {
namespace {

constexpr size_t kSignature = 8;
constexpr unsigned kMaxSize = 32768;  // of hcd_format

// Bytes of samples that one compressed byte can make, and what is given before they have come.
constexpr size_t kMostPerByte = 1032, kUsualPerByte = 64;

// What does not begin as a PNG file is not read to its end, which a device may not have.
std::vector<uint8_t> read_file(const std::string &path) {
  const std::unique_ptr<FILE, int (*)(FILE *)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  HCD_CHECK(file, HCD_E_FILE, "%s: cannot open: %s", path.c_str(), std::strerror(errno));
  const auto check_read = [&] {
    HCD_CHECK(!std::ferror(file.get()), HCD_E_FILE, "%s: cannot read: %s", path.c_str(),
              std::strerror(errno));
  };
  std::vector<uint8_t> bytes(kSignature);
  size_t used = std::fread(bytes.data(), 1, bytes.size(), file.get());
  check_read();
  if (used == 0) throw Error(HCD_E_FILE, path + ": expected a PNG file, found an empty file");
  if (used < kSignature || png_sig_cmp(bytes.data(), 0, kSignature) != 0) {
    throw Error(HCD_E_FILE, path + ": expected a PNG file, found something else");
  }
  do {
    bytes.resize(bytes.size() + bytes.size() / 2 + 65536);
    used += std::fread(bytes.data() + used, 1, bytes.size() - used, file.get());
  } while (used == bytes.size());
  check_read();
  bytes.resize(used);
  return bytes;
}

// libpng's state while one file is read.
class Reader {
 public:
  Reader(const std::string &path, const std::vector<uint8_t> &bytes) : path_(path), bytes_(bytes) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &error_, keep_png_error, keep_png_warning);
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
    guarded([this] {
      png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_ALWAYS, nullptr, -1);  // all but the image
      png_set_chunk_malloc_max(png_, bytes_.size());
      png_set_chunk_cache_max(png_, 0);  // no limit: there are no more than the file has
      png_read_info(png_, info_);
    });
    check_header();
    check_length();
    guarded([this] { set_transforms(); });
    Picture picture;
    picture.width = int(png_get_image_width(png_, info_));
    picture.height = int(png_get_image_height(png_, info_));
    picture.channels = png_get_channels(png_, info_);
    picture.depth = png_get_bit_depth(png_, info_);
    read_samples(picture);
    keep_chunks(picture);
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
    if (!run_guarded(png_, body))
      throw Error(HCD_E_FILE, path_ + ": damaged PNG file: " + error_.text);
  }

  void check_header() {
    const int type = png_get_color_type(png_, info_);
    is_palette_ = type == PNG_COLOR_TYPE_PALETTE;
    stored_depth_ = png_get_bit_depth(png_, info_);
    const unsigned width = png_get_image_width(png_, info_);
    const unsigned height = png_get_image_height(png_, info_);
    HCD_CHECK(width <= kMaxSize && height <= kMaxSize, HCD_E_FILE,
              "%s: expected at most 32768x32768 pixels, found %ux%u", path_.c_str(), width, height);
    const bool has_alpha = (type & PNG_COLOR_MASK_ALPHA) != 0;
    if (has_alpha || png_get_valid(png_, info_, PNG_INFO_tRNS)) {
      const bool gray = (type & PNG_COLOR_MASK_COLOR) == 0, wide = stored_depth_ == 16;
      throw Error(HCD_E_FILE,
                  path_ + ": expected gray or RGB, found " +
                      (has_alpha ? "an alpha channel" : "transparent colours (chunk tRNS)") +
                      "; remove it first, for example: ffmpeg -i in.png -pix_fmt " +
                      (gray ? (wide ? "gray16be" : "gray") : (wide ? "rgb48be" : "rgb24")) +
                      " out.png");
    }
  }

  // A header alone must not cost memory: deflate makes at most 1032 bytes of one.
  void check_length() {
    compressed_ = 0;
    for (size_t at = 8; at + 8 <= bytes_.size();) {
      const uint8_t *chunk = bytes_.data() + at;
      const size_t length = size_t(png_get_uint_32(chunk));
      if (std::memcmp(chunk + 4, "IDAT", 4) == 0) {
        compressed_ += std::min(length, bytes_.size() - at - 8);
      }
      if (length > bytes_.size() - at - 8) break;
      at += length + 12;
    }
    const size_t expected = png_get_rowbytes(png_, info_) * png_get_image_height(png_, info_);
    HCD_CHECK(compressed_ * kMostPerByte >= expected, HCD_E_FILE,
              "%s: damaged PNG file: the header says %zu bytes of samples, which %zu compressed "
              "bytes cannot hold",
              path_.c_str(), expected, compressed_);
  }

  void set_transforms() {
    png_set_expand(png_);  // palettes, and fewer than 8 bits
    if (std::endian::native == std::endian::little) png_set_swap(png_);
    png_read_update_info(png_, info_);
  }

  // Row by row, in the file's order, so that memory follows the data that has come.
  void read_samples(Picture &picture) {
    const bool interlaced = png_get_interlace_type(png_, info_) == PNG_INTERLACE_ADAM7;
    std::vector<uint8_t> row(png_get_rowbytes(png_, info_));
    const size_t plane_bytes = picture.row_bytes() * size_t(picture.height);
    for (int c = 0; c < picture.channels && plane_bytes <= compressed_ * kUsualPerByte; ++c) {
      picture.planes[size_t(c)].reserve(plane_bytes);
    }
    for (int pass = 0; pass < (interlaced ? PNG_INTERLACE_ADAM7_PASSES : 1); ++pass) {
      const png_uint_32 width = png_uint_32(picture.width), height = png_uint_32(picture.height);
      const size_t n_columns = interlaced ? PNG_PASS_COLS(width, pass) : width;
      const size_t n_rows = interlaced ? PNG_PASS_ROWS(height, pass) : height;
      for (size_t y = 0; y < n_rows && n_columns > 0; ++y) {
        guarded([&] { png_read_row(png_, row.data(), nullptr); });
        append_row(row.data(), n_columns, picture);
      }
    }
    guarded([this] { png_read_end(png_, info_); });
    if (interlaced) weave(picture);
  }

  static void append_row(const uint8_t *row, size_t n_columns, Picture &picture) {
    const size_t sample = picture.depth > 8 ? 2 : 1, channels = size_t(picture.channels);
    for (size_t c = 0; c < channels; ++c) {
      std::vector<uint8_t> &plane = picture.planes[c];
      const size_t end = plane.size();
      plane.resize(end + n_columns * sample);
      for (size_t x = 0; x < n_columns; ++x) {
        std::memcpy(plane.data() + end + x * sample, row + (x * channels + c) * sample, sample);
      }
    }
  }

  // The samples of Adam7's passes, one pass after another, to their places.
  static void weave(Picture &picture) {
    const size_t sample = picture.depth > 8 ? 2 : 1;
    for (size_t c = 0; c < size_t(picture.channels); ++c) {
      std::vector<uint8_t> woven(picture.planes[c].size());
      const uint8_t *from = picture.planes[c].data();
      for (int pass = 0; pass < PNG_INTERLACE_ADAM7_PASSES; ++pass) {
        for (int y = PNG_PASS_START_ROW(pass); y < picture.height; y += PNG_PASS_ROW_OFFSET(pass)) {
          uint8_t *to = woven.data() + size_t(y) * picture.row_bytes();
          for (int x = PNG_PASS_START_COL(pass); x < picture.width;
               x += PNG_PASS_COL_OFFSET(pass), from += sample) {
            std::memcpy(to + size_t(x) * sample, from, sample);
          }
        }
      }
      picture.planes[c] = std::move(woven);
    }
  }

  void keep_chunks(Picture &picture) {
    if (png_get_valid(png_, info_, PNG_INFO_PLTE) && !is_palette_) {
      picture.chunks.push_back({"PLTE", {}, false, false});
    }
    png_unknown_chunkp chunks = nullptr;
    const int n = png_get_unknown_chunks(png_, info_, &chunks);
    for (int i = 0; i < n; ++i) {
      PngChunk chunk;
      chunk.name.assign(reinterpret_cast<const char *>(chunks[i].name), 4);
      chunk.data.assign(chunks[i].data, chunks[i].data + chunks[i].size);
      chunk.after_samples = (chunks[i].location & PNG_AFTER_IDAT) != 0;
      for (size_t at = 0; at < std::strlen(error_.damaged); at += 4) {
        if (chunk.name.compare(0, 4, error_.damaged + at, 4) == 0) chunk.damaged = true;
      }
      if (chunk.name == "bKGD") expand_background(chunk);
      picture.chunks.push_back(std::move(chunk));
    }
  }

  // As set_transforms() does to the samples.
  void expand_background(PngChunk &chunk) {
    const size_t expected = is_palette_ ? 1 : png_get_channels(png_, info_) == 1 ? 2 : 6;
    if (chunk.data.size() != expected) {
      chunk.damaged = true;
    } else if (is_palette_) {
      png_colorp palette = nullptr;
      int n = 0;
      png_get_PLTE(png_, info_, &palette, &n);
      if (chunk.data[0] >= n) {
        chunk.damaged = true;
        return;
      }
      const png_color colour = palette[chunk.data[0]];
      chunk.data = {0, colour.red, 0, colour.green, 0, colour.blue};
    } else if (stored_depth_ < 8) {
      const int top = (1 << stored_depth_) - 1;
      chunk.data[1] = uint8_t((chunk.data[1] & top) * 255 / top);
    }
  }

  const std::string &path_;
  const std::vector<uint8_t> &bytes_;
  size_t position_ = 0;
  size_t compressed_ = 0;  // bytes of samples
  bool is_palette_ = false;
  int stored_depth_ = 8;
  PngError error_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

Picture read_png(const std::string &path) {
  const std::vector<uint8_t> bytes = read_file(path);
  return Reader(path, bytes).read();
}

}  // namespace hcd::files
