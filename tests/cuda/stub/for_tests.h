// SPDX-License-Identifier: BSD-2-Clause
// The stand-in for a driver in a test: what is alive in it, and what it is told.
#pragma once

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <utility>

#include "stub/stub.h"

namespace hcd::cuda {

// A function of the stand-in, or of CUDA's as it has them.
template <typename Function>
Function *stub_function(const char *name) {
  static void *const library = dlopen("libcuda.so.1", RTLD_NOW);
  void *found = library ? dlsym(library, name) : nullptr;
  EXPECT_NE(found, nullptr) << name << ": is the stand-in in LD_LIBRARY_PATH?";
  return reinterpret_cast<Function *>(found);
}

inline hcd_stub_state stub_state() {
  hcd_stub_state state{};
  stub_function<void(hcd_stub_state *)>("hcd_stub_get_state")(&state);
  return state;
}

// A variable of stub.h for the length of a scope.
class StubSetting {
 public:
  StubSetting(std::string name, const std::string &value) : name_(std::move(name)) {
    setenv(name_.c_str(), value.c_str(), 1);
    reset();
  }
  ~StubSetting() {
    unsetenv(name_.c_str());
    reset();
  }
  StubSetting(const StubSetting &) = delete;
  StubSetting &operator=(const StubSetting &) = delete;

 private:
  static void reset() { stub_function<void()>("hcd_stub_reset")(); }

  std::string name_;
};

}  // namespace hcd::cuda
