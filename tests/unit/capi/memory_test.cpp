// SPDX-License-Identifier: BSD-2-Clause
// What a context takes, against the bounds of docs/api.md.
#include <gtest/gtest.h>
#include <hcd/hcd.h>

#include <cstdio>
#include <string>

#include "capi/interpose.h"
#include "support/context.h"

namespace hcd::test {
namespace {

struct Use {
  Options options;
  bool down;
};

// Most bytes that live at a time while a context is made, gets a frame and gives one.
size_t peak_of(const Use &use, int width, int height, hcd_layout layout) {
  const hcd_format large = format_of(width, height, layout),
                   small = format_of(width / 2, height / 2, layout);
  Frame a(use.down ? large : small), b(use.down ? small : large);
  a.fill_natural();
  measure_heap();
  const size_t before = heap().bytes;
  if (use.down) {
    Down down(use.options, large);
    down.run(a, b);
  } else {
    Up up(use.options, small, width, height);
    up.run(a, b);
  }
  return heap().peak - before;
}

TEST(MemoryBounds, Print) {
  for (const hcd_layout layout : {HCD_LAYOUT_YUV420, HCD_LAYOUT_YUV444, HCD_LAYOUT_RGB}) {
    for (const Use &use :
         {Use{{{"model", "bicubic"}}, true}, Use{{{"model", "bicubic"}, {"preset", "fast"}}, true},
          Use{{{"model", "bicubic+lanczos+bilinear"}}, true}, Use{{{"preset", "paper"}}, true},
          Use{{{"model", "bicubic"}, {"steps_hr", "1"}}, true}, Use{{{"model", "lite"}}, true},
          Use{{{"model", "lite"}, {"steps_hr", "1"}}, true},
          Use{{{"model", "lite"}, {"loss", "mse"}}, true}, Use{{{"model", "base"}}, true},
          Use{{{"model", "bicubic"}}, false}, Use{{{"model", "lite"}}, false}}) {
      if (layout == HCD_LAYOUT_RGB && use.options.count("model") &&
          (use.options.at("model") == "lite" || use.options.at("model") == "base"))
        continue;
      Options o = use.options;
      std::string t;
      for (auto &[k, v] : o) t += k + "=" + v + " ";
      for (const char *threads : {"1", "4"}) {
        o["threads"] = threads;
        std::printf("layout %d %-50s %s %s:", layout, t.c_str(), use.down ? "down" : "up", threads);
        for (int w : {640, 1280}) {
          const size_t p = peak_of({o, use.down}, w, w * 9 / 16, layout);
          std::printf(" %8zu KB %6.2f B/px", p >> 10, double(p) / (w * (w * 9 / 16)));
        }
        std::printf("\n");
      }
    }
  }
}

}  // namespace
}  // namespace hcd::test
