// SPDX-License-Identifier: BSD-2-Clause
// What a host would see of the library beside its results: nothing.
#include <gtest/gtest.h>
#include <hcd/hcd.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cfenv>
#include <chrono>
#include <clocale>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "support/context.h"

namespace hcd::test {
namespace {

// All that a process and a thread have to themselves and a library could change.
struct State {
  std::vector<std::string> environment;
  std::string locale, folder, blocked;
  fenv_t arithmetic{};
  mode_t mask = 0;
  int random = 0;
};

State state() {
  State s;
  fegetenv(&s.arithmetic);
  for (char **entry = environ; *entry; ++entry) s.environment.emplace_back(*entry);
  s.locale = setlocale(LC_ALL, nullptr);
  char folder[4096] = "";
  s.folder = getcwd(folder, sizeof(folder));
  s.mask = umask(0);
  umask(s.mask);
  sigset_t set;
  pthread_sigmask(SIG_SETMASK, nullptr, &set);
  for (int number = 1; number < 65; ++number) s.blocked += sigismember(&set, number) ? '1' : '0';
  for (int number = 1; number < 32; ++number) {
    struct sigaction action {};
    sigaction(number, nullptr, &action);
    s.blocked += action.sa_handler == SIG_DFL ? 'd' : 'h';
  }
  return s;
}

std::vector<int> codes(const Frame &frame) {
  std::vector<int> list;
  frame.for_each([&](int p, int x, int y, uint64_t) { list.push_back(frame.get(p, x, y)); });
  return list;
}

std::vector<int> run_both_ways(const Options &options) {
  const hcd_format format = format_of(64, 48);
  Frame in(format), small(format_of(32, 24)), back(format);
  in.fill_natural();
  Down down(options, format);
  down.run(in, small);
  Up up({{"model", options.at("model")}}, down.out());
  up.run(small, back);
  std::vector<int> list = codes(small);
  for (const int code : codes(back)) list.push_back(code);
  return list;
}

TEST(State, IsTheHostsAfterARun) {
  srand(7);
  const int expected = rand();
  srand(7);
  feclearexcept(FE_ALL_EXCEPT);
  const State before = state();
  for (const char *model : {"bicubic", "lite", "bicubic+lanczos"}) {
    const Options options{{"model", model}, {"threads", "3"}};
    if (std::string(model).find('+') == std::string::npos) {
      run_both_ways(options);
    } else {
      Down down(options, format_of(64, 48));
    }
  }
  hcd_down_params params;
  hcd_down_params_init(&params);
  EXPECT_EQ(hcd_down_params_set(&params, "budget", "0.1", nullptr, 0), HCD_OK);
  hcd_models();
  const State after = state();
  EXPECT_EQ(after.environment, before.environment);
  EXPECT_EQ(after.locale, before.locale);
  EXPECT_EQ(after.folder, before.folder);
  EXPECT_EQ(after.blocked, before.blocked);
  EXPECT_EQ(after.mask, before.mask);
  EXPECT_EQ(rand(), expected);
}

// Rounding modes, traps, flags and denormal numbers of the host: kept, and without influence.
TEST(State, ArithmeticIsTheHostsOwn) {
  const Options options{{"model", "bicubic"}, {"threads", "3"}};
  const std::vector<int> usual = run_both_ways(options);
  const hcd_format format = format_of(64, 48);
  Frame in(format);
  in.fill_natural();
  Frame small(format_of(32, 24)), back(format);
  hcd_frame sent = in.view(), received = small.view();
  for (const int mode : {FE_UPWARD, FE_TOWARDZERO}) {
    Down down(options, format);
    fesetround(mode);
#if defined(__x86_64__)
    __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040);  // no denormal numbers
#endif
    feclearexcept(FE_ALL_EXCEPT);
    const hcd_status status = hcd_send_frame(down.get(), &sent);
    const hcd_status got = hcd_receive_frame(down.get(), &received, nullptr);
    const int flags = fetestexcept(FE_ALL_EXCEPT), round = fegetround();
    fesetenv(FE_DFL_ENV);
    EXPECT_EQ(status, HCD_OK);
    EXPECT_EQ(got, HCD_OK);
    EXPECT_EQ(flags, 0);
    EXPECT_EQ(round, mode);
    const std::vector<int> list = codes(small);
    EXPECT_TRUE(std::equal(list.begin(), list.end(), usual.begin()));
  }
}

// The signals of a process go to the host's threads.
TEST(State, HelpersTakeNoSignals) {
  Down down({{"threads", "4"}}, format_of(64, 48));
  const auto line_of = [](const std::string &task, const std::string &key) {
    std::ifstream file("/proc/self/task/" + task + "/status");
    for (std::string line; std::getline(file, line);) {
      if (line.rfind(key, 0) == 0) return line;
    }
    return std::string();
  };
  int helpers = 0;
  for (const auto &task : std::filesystem::directory_iterator("/proc/self/task")) {
    const std::string number = task.path().filename().string();
    if (number == std::to_string(getpid())) continue;
    ++helpers;
    unsigned long long blocked = 0;
    // Until a new thread runs, the C library blocks all signals for it.
    for (int tries = 0; tries < 1000; ++tries) {
      blocked = std::stoull(line_of(number, "SigBlk:").substr(8), nullptr, 16);
      if (!(blocked >> (SIGSEGV - 1) & 1)) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    for (const int sent : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGALRM, SIGCHLD}) {
      EXPECT_TRUE(blocked >> (sent - 1) & 1) << sent;
    }
    EXPECT_FALSE(blocked >> (SIGSEGV - 1) & 1);
  }
  EXPECT_GE(helpers, 3);
}

}  // namespace
}  // namespace hcd::test
