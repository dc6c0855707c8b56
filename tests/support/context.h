// SPDX-License-Identifier: BSD-2-Clause
// Contexts of the public API, for tests.
#pragma once

#include <gtest/gtest.h>
#include <hcd/hcd.h>

#include <map>
#include <string>

#include "support/formats.h"
#include "support/frames.h"

namespace hcd::test {

using Options = std::map<std::string, std::string>;

class Context {
 public:
  ~Context() { hcd_destroy(&ctx_); }
  hcd_ctx *get() { return ctx_; }
  const hcd_format &out() const { return out_; }

  hcd_stats run(Frame &in, Frame &out, unsigned flags = 0) {
    hcd_frame sent = in.view(), received = out.view();
    sent.flags = flags;
    hcd_stats stats{};
    stats.struct_size = sizeof(stats);
    EXPECT_EQ(hcd_send_frame(ctx_, &sent), HCD_OK) << hcd_last_error(ctx_);
    EXPECT_EQ(hcd_receive_frame(ctx_, &received, &stats), HCD_OK) << hcd_last_error(ctx_);
    return stats;
  }

 protected:
  hcd_ctx *ctx_ = nullptr;
  hcd_format out_ = wanted_size();
};

// Of contexts whose options name none: the tests are of what every client does, at any size.
inline constexpr const char *kModel = "bicubic";

class Down : public Context {
 public:
  Down(const Options &options, const hcd_format &in, int width = 0, int height = 0) {
    hcd_down_params params;
    hcd_down_params_init(&params);
    params.model = kModel;
    char error[300] = "";
    for (const auto &[key, value] : options) {
      EXPECT_EQ(hcd_down_params_set(&params, key.c_str(), value.c_str(), error, sizeof(error)),
                HCD_OK)
          << error;
    }
    EXPECT_EQ(hcd_down_create(&ctx_, &params, nullptr, nullptr), HCD_OK) << hcd_last_error(ctx_);
    out_.width = width;
    out_.height = height;
    EXPECT_EQ(hcd_configure(ctx_, &in, &out_), HCD_OK) << hcd_last_error(ctx_);
  }
};

class Up : public Context {
 public:
  Up(const Options &options, const hcd_format &in, int width = 0, int height = 0) {
    hcd_up_params params;
    hcd_up_params_init(&params);
    params.model = kModel;
    char error[300] = "";
    for (const auto &[key, value] : options) {
      EXPECT_EQ(hcd_up_params_set(&params, key.c_str(), value.c_str(), error, sizeof(error)),
                HCD_OK)
          << error;
    }
    EXPECT_EQ(hcd_up_create(&ctx_, &params, nullptr, nullptr), HCD_OK) << hcd_last_error(ctx_);
    out_.width = width;
    out_.height = height;
    EXPECT_EQ(hcd_configure(ctx_, &in, &out_), HCD_OK) << hcd_last_error(ctx_);
  }
};

}  // namespace hcd::test
