// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <gtest/gtest.h>
#include <hcd/hcd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/formats.h"

namespace hcd::test {

inline const hcd_format kLarge = format_of(64, 48);

// Log lines, "level text".
inline void keep_line(void *lines, hcd_log_level level, const char *text) {
  static_cast<std::vector<std::string> *>(lines)->push_back(std::to_string(level) + " " + text);
}

// A downscaler that is configured anew for each question.
class Configured : public testing::Test {
 protected:
  ~Configured() override { hcd_destroy(&ctx_); }

  // The text of hcd_configure(), which has to answer `expected`.
  std::string configure(const std::string &device, hcd_format in, hcd_status expected,
                        const char *model = "bicubic", hcd_format out = wanted_size()) {
    hcd_destroy(&ctx_);
    lines_.clear();
    hcd_down_params params;
    hcd_down_params_init(&params);
    params.model = model;
    params.device = device.c_str();
    params.threads = 1;
    EXPECT_EQ(hcd_down_create(&ctx_, &params, keep_line, &lines_), HCD_OK);
    EXPECT_EQ(hcd_configure(ctx_, &in, &out), expected) << hcd_last_error(ctx_);
    out_ = out;
    return hcd_last_error(ctx_);
  }
  bool told(const std::string &line) const {
    return std::find(lines_.begin(), lines_.end(), line) != lines_.end();
  }

  hcd_ctx *ctx_ = nullptr;
  hcd_format out_{};
  std::vector<std::string> lines_;
};

}  // namespace hcd::test
