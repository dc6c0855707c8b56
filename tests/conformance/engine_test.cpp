// SPDX-License-Identifier: BSD-2-Clause
// Every engine of this program against one reference, operation by operation.
#include <gtest/gtest.h>

#include "conformance/checks.h"
#include "conformance/engines.h"

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

}  // namespace
}  // namespace hcd::conformance
