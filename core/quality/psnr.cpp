// SPDX-License-Identifier: BSD-2-Clause
#include "quality/psnr.h"

#include "base/psnr.h"

namespace hcd::quality {

double mean_squared_error(ConstPlane a, ConstPlane b) {
  check_same_size(a, b);
  double sum = 0;
  for (int y = 0; y < a.height; ++y) {
    const float *row_a = a.row(y), *row_b = b.row(y);
    for (int x = 0; x < a.width; ++x) {
      const double difference = double(row_a[x]) - double(row_b[x]);
      sum += difference * difference;
    }
  }
  return sum / (double(a.width) * double(a.height));
}

double psnr(ConstPlane a, ConstPlane b) { return hcd::psnr(mean_squared_error(a, b), 255); }

}  // namespace hcd::quality
