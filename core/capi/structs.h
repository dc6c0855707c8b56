// SPDX-License-Identifier: BSD-2-Clause
// Structs that carry their size, between callers of any version and this library: see hcd.h.
#pragma once

#include <hcd/hcd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "base/error.h"

namespace hcd::capi {

// Nothing sensible is larger: a size that nobody has set must not be believed.
inline constexpr size_t kMostBytes = 4096;

// Throws `status` unless the size that the caller has set can be one.
template <typename T>
void check_size(const T &from, size_t least, hcd_status status, const char *type) {
  const size_t size = from.struct_size;
  HCD_CHECK(size >= least && size <= kMostBytes && size % alignof(T) == 0, status,
            "%s.struct_size: expected sizeof(%s), %zu in version %s, found %zu", type, type,
            sizeof(T), hcd_version(), size);
}

// The caller's struct over `result`, which holds what stands where it is too short.
template <typename T>
void read_struct(const T &from, T &result, size_t least, hcd_status status, const char *type) {
  check_size(from, least, status, type);
  const size_t size = from.struct_size;
  const auto *bytes = reinterpret_cast<const unsigned char *>(&from);
  for (size_t i = sizeof(T); i < size; ++i) {
    HCD_CHECK(bytes[i] == 0, status,
              "%s: expected zeros beyond the %zu bytes that version %s knows, found a field set: "
              "the program uses what only a newer libhcd has",
              type, sizeof(T), hcd_version());
  }
  std::memcpy(static_cast<void *>(&result), bytes, std::min(size, sizeof(T)));
}

// As much of `from` as the caller's struct has, behind its size; zeros where it has more.
template <typename T>
void write_struct(const T &from, T &to) {
  const size_t size = to.struct_size;
  auto *bytes = reinterpret_cast<unsigned char *>(&to);
  const size_t known = std::min(size, sizeof(T));
  constexpr size_t kFirst = sizeof(from.struct_size);
  std::memcpy(bytes + kFirst, reinterpret_cast<const unsigned char *>(&from) + kFirst,
              known - kFirst);
  if (size > known) std::memset(bytes + known, 0, size - known);
}

}  // namespace hcd::capi
