// SPDX-License-Identifier: BSD-2-Clause
// An engine that is wrong has to be found out by every check of the suite.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include "conformance/checks.h"
#include "conformance/wrong_engine.h"

namespace hcd::conformance {
namespace {

class Control : public testing::TestWithParam<Check> {};

int failures(const Check &check, const char *wrong) {
  ThreadPool pool(1);
  WrongEngine engine(pool, wrong);
  testing::TestPartResultArray results;
  {
    const testing::ScopedFakeTestPartResultReporter reporter(
        testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &results);
    check.run(engine);
  }
  return results.size();
}

TEST_P(Control, FindsWhatIsWrong) {
  EXPECT_EQ(failures(GetParam(), "nothing"), 0);
  EXPECT_GT(failures(GetParam(), GetParam().operation), 0);
}

INSTANTIATE_TEST_SUITE_P(All, Control, testing::ValuesIn(all_checks()),
                         [](const auto &info) { return std::string(info.param.name); });

}  // namespace
}  // namespace hcd::conformance
