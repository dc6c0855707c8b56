// SPDX-License-Identifier: BSD-2-Clause
// The published numbers that stand in brackets beside ours.
#pragma once

#include <optional>
#include <span>
#include <string>

namespace hcd::tools {

struct PublishedScore {
  double psnr_y = 0;   // dB
  double ssim = 0;     // 0: not given
  double seconds = 0;  // per picture, on the authors' machine; 0: not given
};

// A row of the paper's table 1 (x4) or of its counterpart at x2.
struct PublishedRow {
  const char *label;  // as the paper calls it
  const char *model;  // as hcd_models() does
};

// Rows at `scale` in the order of the paper; other models follow them.
std::span<const PublishedRow> published_rows(int scale);

// Where the numbers of published_rows(scale) are from.
std::string published_source(int scale);

// Score of a row on a set; `set` is the name of its folder (Set5, Set14, BSD100, Urban100, DIV2K,
// with anything after a low line). Nothing where none was published.
std::optional<PublishedScore> published_score(const std::string &model, int scale, bool with_hcd,
                                              const std::string &set);

// IRN x2 on Set5 with so many HR and LR steps: the paper's tables 2 and 3.
std::optional<PublishedScore> published_steps(int steps_hr, int steps_lr);

}  // namespace hcd::tools
