// SPDX-License-Identifier: BSD-2-Clause
#include "train/stop.h"

#include <csignal>
#include <initializer_list>

namespace hcd::train {
namespace {

volatile std::sig_atomic_t requested = 0;
extern "C" void request_stop(int) { requested = 1; }

}  // namespace

void install_stop_handlers() {
  struct sigaction action = {};
  action.sa_handler = request_stop;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int number : {SIGINT, SIGTERM}) sigaction(number, &action, nullptr);
}

bool stop_requested() { return requested != 0; }

}  // namespace hcd::train
