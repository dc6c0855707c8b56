// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace hcd::test {

// `call` throws HCD_E_FILE with exactly that text.
template <typename Call>
void expect_file_error(const Call &call, const std::string &text) {
  try {
    call();
    ADD_FAILURE() << "no error; expected: " << text;
  } catch (const Error &error) {
    EXPECT_EQ(error.what(), text);
    EXPECT_EQ(error.status(), HCD_E_FILE);
  }
}

}  // namespace hcd::test
