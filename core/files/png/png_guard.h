// SPDX-License-Identifier: BSD-2-Clause
// What png_read.cpp and png_write.cpp share: libpng's errors as text.
#pragma once

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <string>

#include <png.h>

namespace hcd::files {

// libpng reports an error by a long jump; its text is kept here. So are the names of chunks whose
// check sums are wrong, four letters each, as many as there is room for.
struct PngError {
  char text[256] = "";
  char damaged[256] = "";
};

// Error and warning handlers for png_create_*_struct(), whose error pointer is a PngError.
inline void keep_png_error(png_structp png, png_const_charp text) {
  auto *error = static_cast<PngError *>(png_get_error_ptr(png));
  std::string(text).copy(error->text, sizeof(error->text) - 1);
  png_longjmp(png, 1);
}
inline void keep_png_warning(png_structp png, png_const_charp text) {
  auto *error = static_cast<PngError *>(png_get_error_ptr(png));
  const size_t used = std::strlen(error->damaged);
  if (std::strcmp(text + std::min<size_t>(4, std::strlen(text)), ": CRC error") != 0) return;
  if (used + 5 <= sizeof(error->damaged)) std::memcpy(error->damaged + used, text, 4);
}

// Runs `body`, which calls libpng, and says whether it came to its end. `body` must own nothing: no
// destructor runs when libpng jumps out of it.
template <typename Body>
bool run_guarded(png_structp png, const Body &body) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  body();
  return true;
}

}  // namespace hcd::files
