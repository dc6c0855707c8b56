// SPDX-License-Identifier: BSD-2-Clause
#include "base/error.h"
#include "files/png/png.h"
#include "files/png/png_guard.h"

#include <bit>
#include <cstring>
#include <new>

namespace hcd::files {
namespace {

// libpng's state while one picture is encoded.
class Writer {
 public:
  explicit Writer(const std::string &path) : path_(path) {
    png_ =
        png_create_write_struct(PNG_LIBPNG_VER_STRING, &error_, keep_png_error, keep_png_warning);
    info_ = png_ ? png_create_info_struct(png_) : nullptr;
    if (!info_) {
      png_destroy_write_struct(&png_, nullptr);
      throw std::bad_alloc();
    }
    png_set_write_fn(png_, &bytes_, append, nullptr);
  }
  ~Writer() { png_destroy_write_struct(&png_, &info_); }
  Writer(const Writer &) = delete;
  Writer &operator=(const Writer &) = delete;

  std::vector<uint8_t> write(const Picture &picture) {
    guarded([&] {
      png_set_IHDR(png_, info_, png_uint_32(picture.width), png_uint_32(picture.height),
                   picture.depth, picture.channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB,
                   PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
      png_write_info(png_, info_);
      write_chunks(picture, false);
      if (std::endian::native == std::endian::little) png_set_swap(png_);
    });
    std::vector<uint8_t> row(picture.row_bytes() * size_t(picture.channels));
    for (int y = 0; y < picture.height; ++y) {
      join_channels(picture, y, row);
      guarded([&] { png_write_row(png_, row.data()); });
    }
    guarded([&] {
      write_chunks(picture, true);
      png_write_end(png_, nullptr);
    });
    return std::move(bytes_);
  }

 private:
  static void append(png_structp png, png_bytep data, size_t count) {
    auto *bytes = static_cast<std::vector<uint8_t> *>(png_get_io_ptr(png));
    bool out_of_memory = false;
    try {
      bytes->insert(bytes->end(), data, data + count);
    } catch (const std::bad_alloc &) {
      out_of_memory = true;
    }
    if (out_of_memory) png_error(png, "out of memory");
  }

  template <typename Body>
  void guarded(const Body &body) {
    if (!run_guarded(png_, body))
      throw Error(HCD_E_FILE, path_ + ": cannot make a PNG: " + error_.text);
  }

  // As they are: what was odd about them in the source is no odder here.
  void write_chunks(const Picture &picture, bool after_samples) {
    for (const PngChunk &chunk : picture.chunks) {
      if (chunk.after_samples != after_samples) continue;
      png_write_chunk(png_, reinterpret_cast<png_const_bytep>(chunk.name.data()), chunk.data.data(),
                      chunk.data.size());
    }
  }

  static void join_channels(const Picture &picture, int y, std::vector<uint8_t> &row) {
    const size_t sample_bytes = picture.depth > 8 ? 2 : 1, channels = size_t(picture.channels);
    const size_t row_start = size_t(y) * picture.row_bytes();
    for (size_t c = 0; c < channels; ++c) {
      uint8_t *to = row.data() + c * sample_bytes;
      const uint8_t *from = picture.planes[c].data() + row_start;
      for (size_t at = 0; at < picture.row_bytes();
           at += sample_bytes, to += channels * sample_bytes) {
        std::memcpy(to, from + at, sample_bytes);
      }
    }
  }

  const std::string &path_;
  std::vector<uint8_t> bytes_;
  PngError error_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

}  // namespace

std::vector<uint8_t> encode_png(const Picture &picture, const std::string &path) {
  return Writer(path).write(picture);
}

}  // namespace hcd::files
