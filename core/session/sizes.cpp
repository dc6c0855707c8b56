// SPDX-License-Identifier: BSD-2-Clause
#include "session/sizes.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "image/format.h"

namespace hcd::session {
namespace {

constexpr double kDefaultScale = 2;

int round_up(int size, int shift) { return (size + (1 << shift) - 1) >> shift << shift; }

// ceil(size / scale) on the chroma grid, but never more than the source has.
int small_size(int size, double scale, int shift) {
  return std::min(size, round_up(static_cast<int>(std::ceil(size / scale - 1e-9)), shift));
}

}  // namespace

double factor_or_default(double scale) { return scale == HCD_AUTO ? kDefaultScale : scale; }

double ratio_asked(const hcd_format &asked, const hcd_format &in) {
  const auto along = [](int a, int b) {
    return a == 0 ? 0 : static_cast<double>(std::max(a, b)) / std::min(a, b);
  };
  return std::max(along(asked.width, in.width), along(asked.height, in.height));
}

hcd_format sized(const hcd_format &in, const hcd_format &out, int default_width,
                 int default_height) {
  hcd_format format = in;
  format.width = out.width != 0 ? out.width : default_width;
  format.height = out.height != 0 ? out.height : default_height;
  return format;
}

hcd_format small_format(const hcd_format &in, const hcd_format &out, double scale) {
  const hcd_format lr = sized(in, out, small_size(in.width, scale, image::shift_x(in, 1)),
                              small_size(in.height, scale, image::shift_y(in, 1)));
  HCD_CHECK(lr.width >= 1 && lr.height >= 1 && lr.width <= in.width && lr.height <= in.height,
            HCD_E_FORMAT,
            "size of the small frame: expected 1x1 to %dx%d, the size of the source, found %dx%d",
            in.width, in.height, lr.width, lr.height);
  return lr;
}

bool is_whole(const hcd_format &hr, const hcd_format &lr, int factor) {
  const auto along = [factor](int large, int small, int shift) {
    return small == small_size(large, factor, 0) || small == small_size(large, factor, shift);
  };
  return along(hr.width, lr.width, image::shift_x(hr, 1)) &&
         along(hr.height, lr.height, image::shift_y(hr, 1));
}

void check_larger(const hcd_format &hr, const hcd_format &in) {
  HCD_CHECK(
      hr.width >= in.width && hr.height >= in.height, HCD_E_FORMAT,
      "size of the enlarged frame: expected at least %dx%d, the size of the small one, found %dx%d",
      in.width, in.height, hr.width, hr.height);
}

}  // namespace hcd::session
