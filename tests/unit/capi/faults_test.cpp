// SPDX-License-Identifier: BSD-2-Clause
// Memory that is refused, threads that cannot be made, files that are slow: each place of a short
// run in turn. Everything runs in child processes, so that what happens once in a process (the
// first hcd_models(), say) is tried at each place, too.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <hcd/hcd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "capi/interpose.h"
#include "support/formats.h"

namespace hcd::test {
namespace {

// ---- a short run ----

struct Kind {
  const char *name;
  bool down;
  int step;  // 1: every place; more: those that other kinds have as well are left out
  std::vector<std::pair<const char *, const char *>> options;
};
const Kind kKinds[] = {
    {"bicubic", true, 1, {{"model", "bicubic"}, {"steps", "1"}}},
    {"several", true, 3, {{"model", "bicubic+lanczos"}, {"optimizer", "cg"}, {"detail", "auto"}}},
    {"paper", true, 3, {{"model", "lanczos"}, {"preset", "paper"}, {"steps", "1"}}},
    {"lite", true, 1, {{"steps", "1"}}},
    {"up_bicubic", false, 1, {{"model", "bicubic"}}},
    {"up_lite", false, 3, {}},
};

// Nothing here takes memory of its own.
struct Planes {
  uint8_t bytes[48 * 48 * 3];
  hcd_frame frame(int width, int height) {
    hcd_frame frame{};
    frame.struct_size = sizeof(frame);
    for (int p = 0; p < 3; ++p) {
      frame.data[p] = bytes + p * 48 * 48;
      frame.stride[p] = p == 0 ? width : (width + 1) / 2;
    }
    (void)height;
    return frame;
  }
};

void ignore(void *, hcd_log_level, const char *) {}

// What a call may answer where the system refuses something: that, once; then the call is made
// again, and has to succeed.
class Caller {
 public:
  template <typename Call>
  hcd_status operator()(const char *what, hcd_status expected, const Call &call) {
    hcd_status status = call();
    if (status == HCD_E_MEMORY) {
      ++failures;
      refuse_memory(-1);
      refuse_threads(-1);
      status = call();
    }
    if (status != expected) {
      std::fprintf(stderr, "%s: expected %s, found %s: %s\n", what, hcd_status_name(expected),
                   hcd_status_name(status), hcd_last_error(ctx));
      _exit(3);
    }
    return status;
  }
  int failures = 0;
  hcd_ctx *ctx = nullptr;
};

// Every function of the API, on frames of 16x16.
int run(const Kind &kind, const char *threads) {
  Caller call;
  hcd_ctx *&ctx = call.ctx;
  if (!hcd_models() || !hcd_models()->name) _exit(4);
  char error[200];
  const auto make = [&](auto params, auto init, auto set, auto create) {
    init(&params, sizeof(params));
    call("wrong option", HCD_E_OPTION,
         [&] { return set(&params, "scale", "many", error, sizeof(error)); });
    for (const auto &[key, value] : kind.options) {
      call(key, HCD_OK,
           [&, k = key, v = value] { return set(&params, k, v, error, sizeof(error)); });
    }
    call("threads", HCD_OK, [&] { return set(&params, "threads", threads, error, sizeof(error)); });
    call("create", HCD_OK, [&] {
      hcd_destroy(&ctx);
      return create(&ctx, &params, ignore, nullptr);
    });
  };
  if (kind.down) {
    make(hcd_down_params{}, hcd_down_params_init, hcd_down_params_set, hcd_down_create);
  } else {
    make(hcd_up_params{}, hcd_up_params_init, hcd_up_params_set, hcd_up_create);
  }
  const hcd_format in = format_of(16, 16);
  hcd_format out{};
  call("configure", HCD_OK, [&] {
    out = wanted_size();
    return hcd_configure(ctx, &in, &out);
  });
  static Planes source, result;
  for (size_t i = 0; i < sizeof(source.bytes); ++i) {
    source.bytes[i] = static_cast<uint8_t>(i * i % 97 + 60);
  }
  const hcd_frame sent = source.frame(16, 16);
  hcd_frame received = result.frame(out.width, out.height);
  hcd_stats stats{};
  stats.struct_size = sizeof(stats);
  if (kind.down) call("set", HCD_OK, [&] { return hcd_set(ctx, "steps", "2"); });
  call("receive", HCD_OK, [&] {
    const hcd_status status =  // a frame that failed is lost
        call("send", HCD_OK, [&] { return hcd_send_frame(ctx, &sent); });
    return status == HCD_OK ? hcd_receive_frame(ctx, &received, &stats) : status;
  });
  call("again", HCD_AGAIN, [&] { return hcd_receive_frame(ctx, &received, &stats); });
  call("drain", HCD_OK, [&] { return hcd_send_frame(ctx, nullptr); });
  call("end", HCD_EOF, [&] { return hcd_receive_frame(ctx, &received, &stats); });
  call("reset", HCD_OK, [&] { return hcd_reset(ctx); });
  hcd_destroy(&ctx);
  return call.failures;
}

// The exit code of `work` in a child process; 128 + the number of the signal that ended it.
template <typename Work>
int in_child(const Work &work) {
  const pid_t child = fork();
  if (child == 0) _exit(work());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

constexpr int kGood = 0, kNotReached = 10, kLeak = 11, kUnseen = 12;

// ---- memory ----

class Memory : public testing::TestWithParam<Kind> {};

TEST_P(Memory, AnyAllocationMayFail) {
  for (const bool onward : {false, true}) {
    int n = 0, code = kGood;
    // Where all after it fail as well, a part of the places is enough.
    for (; code == kGood && n < 100000; n += onward ? 7 : GetParam().step) {
      code = in_child([&] {
        refuse_memory(n, onward);
        const int failures = run(GetParam(), "2");
        const bool reached = memory_was_refused();
        refuse_memory(-1);
        if (!reached) return kNotReached;
        return failures > 0 ? kGood : kUnseen;
      });
      // Refused where it does no harm: the C++ library has a reserve for exceptions, for one.
      if (code == kUnseen && !onward) code = kGood;
    }
    EXPECT_EQ(code, kNotReached) << "before allocation " << n << (onward ? " and all after" : "");
    EXPECT_GT(n, 20);
  }
}

// Blocks in use. What dlopen() has said last is the C library's, and has none where memory was
// refused to it.
size_t blocks_in_use() {
  dlerror();
  dlerror();  // lets go of what the first has returned
  return heap().blocks;
}

TEST_P(Memory, NothingLeaksWhereItFails) {
  // Once without, for what stays for good.
  const auto leaks = [&](int n) {
    run(GetParam(), "1");
    refuse_memory(0);
    char error[200];
    hcd_down_params params;
    hcd_down_params_init(&params);
    hcd_down_params_set(&params, "scale", "many", error, sizeof(error));
    refuse_memory(-1);
    const size_t before = blocks_in_use();
    refuse_memory(n);
    run(GetParam(), "1");
    const bool reached = memory_was_refused();
    refuse_memory(-1);
    if (const size_t after = blocks_in_use(); after != before) {
      std::fprintf(stderr, "%zu blocks before, %zu after\n", before, after);
      return kLeak;
    }
    return reached ? kGood : kNotReached;
  };
  int n = 0, code = kGood;
  for (; code == kGood && n < 100000; n += 9) code = in_child([&] { return leaks(n); });
  EXPECT_EQ(code, kNotReached) << "before allocation " << n;
}

INSTANTIATE_TEST_SUITE_P(All, Memory, testing::ValuesIn(kKinds),
                         [](const auto &info) { return std::string(info.param.name); });

// ---- threads ----

TEST(Threads, AnyMayBeRefused) {
  for (int n = 0; n < 8; ++n) {
    const int code = in_child([n] {
      hcd_down_params params;
      hcd_down_params_init(&params);
      params.threads = 8;
      params.model = "bicubic";
      hcd_ctx *ctx = nullptr;
      if (hcd_down_create(&ctx, &params, nullptr, nullptr) != HCD_OK) return 1;
      const hcd_format in = format_of(16, 16);
      hcd_format out = wanted_size();
      refuse_threads(n);
      const hcd_status status = hcd_configure(ctx, &in, &out);
      refuse_threads(-1);
      const std::string expected =
          "option threads: expected 8 threads, found that the system refuses number " +
          std::to_string(n + 2) + " (Resource temporarily unavailable)";
      if (n == 7) return status == HCD_OK ? kGood : 2;  // seven are enough beside the caller's
      if (status != HCD_E_MEMORY || expected != hcd_last_error(ctx)) {
        std::fprintf(stderr, "%s\n", hcd_last_error(ctx));
        return 3;
      }
      if (hcd_configure(ctx, &in, &out) != HCD_OK) return 4;  // as soon as there are some
      hcd_destroy(&ctx);
      return kGood;
    });
    EXPECT_EQ(code, kGood) << n;
  }
}

TEST(Threads, RunsSurviveARefusal) {
  for (const Kind &kind : kKinds) {
    EXPECT_EQ(in_child([&] {
                refuse_threads(1);
                return run(kind, "3") == 1 ? kGood : kUnseen;
              }),
              kGood)
        << kind.name;
  }
}

// ---- a file that takes its time ----

hcd_status open_lite(const std::string &weights) {
  hcd_up_params params;
  hcd_up_params_init(&params);
  params.weights = weights.c_str();
  params.threads = 1;
  hcd_ctx *ctx = nullptr;
  hcd_status status = hcd_up_create(&ctx, &params, nullptr, nullptr);
  const hcd_format in = format_of(16, 16);
  hcd_format out = wanted_size();
  if (status == HCD_OK) status = hcd_configure(ctx, &in, &out);
  hcd_destroy(&ctx);
  return status;
}

TEST(Contexts, DoNotWaitForEachOthersFiles) {
  const int code = in_child([] {
    std::promise<void> reached, go_on;
    watch_file("/nowhere/slow.safetensors", [&] {
      reached.set_value();
      go_on.get_future().wait();
    });
    std::future<hcd_status> slow =
        std::async(std::launch::async, open_lite, "/nowhere/slow.safetensors");
    reached.get_future().wait();
    alarm(20);  // ends this process where the other context waits
    if (open_lite("") != HCD_OK) return 1;
    if (open_lite("/nowhere/other.safetensors") != HCD_E_FILE) return 2;
    go_on.set_value();
    return slow.get() == HCD_E_FILE ? kGood : 3;
  });
  EXPECT_EQ(code, kGood);
}

}  // namespace
}  // namespace hcd::test
