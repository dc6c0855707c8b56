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

// What hcd_down_create() says, which has to answer `expected`.
inline std::string creation_error(const hcd_down_params &params,
                                  hcd_status expected = HCD_E_OPTION) {
  hcd_ctx *ctx = nullptr;
  EXPECT_EQ(hcd_down_create(&ctx, &params, nullptr, nullptr), expected);
  const std::string text = hcd_last_error(ctx);
  hcd_destroy(&ctx);
  EXPECT_EQ(ctx, nullptr);
  return text;
}

// Of contexts whose options name none: the tests are of what every client does, at any size.
inline constexpr const char *kModel = "bicubic";

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
  template <typename Params, typename Set, typename Create>
  void open(void (*init)(Params *, size_t), Set set, Create create, const Options &options,
            const hcd_format &in) {
    Params params;
    init(&params, sizeof(params));
    params.model = kModel;
    char error[300] = "";
    for (const auto &[key, value] : options) {
      EXPECT_EQ(set(&params, key.c_str(), value.c_str(), error, sizeof(error)), HCD_OK) << error;
    }
    EXPECT_EQ(create(&ctx_, &params, nullptr, nullptr), HCD_OK) << hcd_last_error(ctx_);
    EXPECT_EQ(hcd_configure(ctx_, &in, &out_), HCD_OK) << hcd_last_error(ctx_);
  }

  // `width`, `height`: wanted of what comes out, or 0.
  Context(int width, int height) : out_(wanted_size(width, height)) {}

  hcd_ctx *ctx_ = nullptr;
  hcd_format out_;
};

class Down : public Context {
 public:
  Down(const Options &options, const hcd_format &in, int width = 0, int height = 0)
      : Context(width, height) {
    open(hcd_down_params_init, hcd_down_params_set, hcd_down_create, options, in);
  }
};

class Up : public Context {
 public:
  Up(const Options &options, const hcd_format &in, int width = 0, int height = 0)
      : Context(width, height) {
    open(hcd_up_params_init, hcd_up_params_set, hcd_up_create, options, in);
  }
};

}  // namespace hcd::test
