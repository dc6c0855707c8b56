// SPDX-License-Identifier: BSD-2-Clause
#include "train/picture_file.h"

#include <jpeglib.h>

#include <algorithm>
#include <cctype>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "base/error.h"
#include "files/png/png.h"

namespace hcd::train {
namespace {

constexpr unsigned kMaxSide = 32768;

std::string extension(const std::string &path) {
  std::string text = std::filesystem::path(path).extension().string();
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// A picture of that size, not yet filled. `most`: pixels that the file can hold by its length, so
// that a header alone costs no memory.
Picture make_picture(const std::string &path, unsigned width, unsigned height, uint64_t most) {
  HCD_CHECK(width <= kMaxSide && height <= kMaxSide, HCD_E_FILE,
            "%s: expected at most 32768x32768 pixels, found %ux%u", path.c_str(), width, height);
  HCD_CHECK(uint64_t{width} * height <= most, HCD_E_FILE,
            "%s: damaged: the header says %ux%u pixels, found a file too short for them",
            path.c_str(), width, height);
  return {static_cast<int>(width), static_cast<int>(height),
          std::vector<uint8_t>(size_t{3} * width * height)};
}

// The DC coefficient of each block of 8 x 8 takes a bit of Huffman code at least.
uint64_t pixels_of_jpeg(const std::string &path) {
  return std::filesystem::file_size(path) * 8 * 64;
}

Picture read_png(const std::string &path) {
  const files::Picture file = files::read_png(path);
  const size_t count = size_t(file.width) * size_t(file.height);
  Picture picture{file.width, file.height, std::vector<uint8_t>(3 * count)};
  for (size_t c = 0; c < 3; ++c) {
    const uint8_t *from = file.planes[file.channels == 1 ? 0 : c].data();
    for (size_t i = 0; i < count; ++i) {
      uint16_t wide = from[i];
      if (file.depth == 16) {
        std::memcpy(&wide, from + 2 * i, 2);
        wide = static_cast<uint16_t>((wide * 255U + 32895) >> 16);  // to the nearest
      }
      picture.rgb[3 * i + c] = static_cast<uint8_t>(wide);
    }
  }
  return picture;
}

// libjpeg reports errors by a callback that must not return.
struct JpegError {
  jpeg_error_mgr manager;  // first: libjpeg hands it back
  jmp_buf back;
  char text[JMSG_LENGTH_MAX] = "";
};

void keep_error(j_common_ptr info) {
  auto *error = reinterpret_cast<JpegError *>(info->err);
  error->manager.format_message(info, error->text);
  longjmp(error->back, 1);
}
void ignore_message(j_common_ptr) {}

// Runs `body`, which calls libjpeg and must own nothing.
template <typename Body>
void guarded(const std::string &path, JpegError &error, const Body &body) {
  const bool good = setjmp(error.back) == 0 && (body(), true);
  HCD_CHECK(good, HCD_E_FILE, "%s: damaged JPEG file: %s", path.c_str(), error.text);
}

Picture read_jpeg(const std::string &path) {
  const std::unique_ptr<FILE, int (*)(FILE *)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  HCD_CHECK(file, HCD_E_FILE, "%s: cannot open", path.c_str());
  JpegError error;
  jpeg_decompress_struct info = {};
  info.err = jpeg_std_error(&error.manager);
  error.manager.error_exit = keep_error;
  error.manager.output_message = ignore_message;
  const std::unique_ptr<jpeg_decompress_struct, void (*)(jpeg_decompress_struct *)> guard(
      &info, jpeg_destroy_decompress);
  guarded(path, error, [&] {
    jpeg_create_decompress(&info);
    jpeg_stdio_src(&info, file.get());
    jpeg_read_header(&info, TRUE);
    info.out_color_space = JCS_RGB;
    jpeg_calc_output_dimensions(&info);
  });
  Picture picture = make_picture(path, info.output_width, info.output_height, pixels_of_jpeg(path));
  guarded(path, error, [&] { jpeg_start_decompress(&info); });
  guarded(path, error, [&] {
    while (info.output_scanline < info.output_height) {
      JSAMPROW row = picture.rgb.data() + size_t{3} * info.output_width * info.output_scanline;
      jpeg_read_scanlines(&info, &row, 1);
    }
    jpeg_finish_decompress(&info);
  });
  HCD_CHECK(error.manager.num_warnings == 0, HCD_E_FILE, "%s: damaged JPEG file", path.c_str());
  return picture;
}

}  // namespace

bool is_picture_file(const std::string &path) {
  const std::string end = extension(path);
  return (end == ".png" || end == ".jpg" || end == ".jpeg") &&
         std::filesystem::path(path).filename().string()[0] != '.';
}

Picture read_picture(const std::string &path) {
  return extension(path) == ".png" ? read_png(path) : read_jpeg(path);
}

}  // namespace hcd::train
