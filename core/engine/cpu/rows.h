// SPDX-License-Identifier: BSD-2-Clause
// Rows of a plane, as pieces of work.
#pragma once

#include <algorithm>

#include "base/parallel.h"

namespace hcd::cpu {

// function(first, end) for pieces of 16 rows or less.
template <typename Function>
void for_pieces(int height, ThreadPool &pool, const Function &function) {
  constexpr int kRows = 16;
  pool.run((height + kRows - 1) / kRows,
           [&](int piece) { function(piece * kRows, std::min(height, (piece + 1) * kRows)); });
}

// function(y) for each row.
template <typename Function>
void for_rows(int height, ThreadPool &pool, const Function &function) {
  for_pieces(height, pool, [&](int first, int end) {
    for (int y = first; y < end; ++y) function(y);
  });
}

}  // namespace hcd::cpu
