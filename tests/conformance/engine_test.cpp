// SPDX-License-Identifier: BSD-2-Clause
// Every engine of this program against one reference, operation by operation; and an engine that is
// wrong, which has to be found out.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include "conformance/checks.h"
#include "conformance/engines.h"
#include "conformance/wrong_engine.h"

namespace hcd::conformance {
namespace {

class Conformance : public testing::TestWithParam<std::tuple<NamedEngine, Check>> {};

TEST_P(Conformance, EqualsTheReference) {
  const auto &[engine, check] = GetParam();
  ThreadPool pool(3);
  check.run(*engine.make(pool));
}

INSTANTIATE_TEST_SUITE_P(All, Conformance,
                         testing::Combine(testing::ValuesIn(engines()),
                                          testing::ValuesIn(all_checks())),
                         [](const auto &info) {
                           return std::string(std::get<0>(info.param).name) + "_" +
                                  std::get<1>(info.param).name;
                         });

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
