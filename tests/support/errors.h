// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace hcd::test {

// `call` throws an error of that status with exactly that text.
template <typename Call>
void expect_error(hcd_status status, const Call &call, const std::string &text) {
  try {
    call();
    ADD_FAILURE() << "no error; expected: " << text;
  } catch (const Error &error) {
    EXPECT_EQ(error.what(), text);
    EXPECT_EQ(error.status(), status);
  }
}
template <typename Call>
void expect_file_error(const Call &call, const std::string &text) {
  expect_error(HCD_E_FILE, call, text);
}

}  // namespace hcd::test
