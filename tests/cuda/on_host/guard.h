// SPDX-License-Identifier: BSD-2-Clause
// What lies between arrays, to see who writes beyond an end: as floats signalling NaNs, which no
// arithmetic gives, so that not even what was read from there and written back stays unseen.
#pragma once

#include <cstddef>
#include <cstdint>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) (void)(address), (void)(size)
#define ASAN_UNPOISON_MEMORY_REGION(address, size) (void)(address), (void)(size)
#endif

namespace hcd::cuda_on_host {

inline unsigned char guard_at(const unsigned char *at) {
  constexpr unsigned char kBytes[4] = {0xa5, 0x5a, 0xa5, 0x7f};
  return kBytes[reinterpret_cast<uintptr_t>(at) % 4];
}
inline void guard(void *begin, size_t bytes) {
  auto *at = static_cast<unsigned char *>(begin);
  ASAN_UNPOISON_MEMORY_REGION(at, bytes);
  for (size_t i = 0; i < bytes; ++i) at[i] = guard_at(at + i);
  ASAN_POISON_MEMORY_REGION(at, bytes);
}
__attribute__((no_sanitize("address"))) inline bool is_intact(const void *begin, size_t bytes) {
  const auto *at = static_cast<const unsigned char *>(begin);
  for (size_t i = 0; i < bytes; ++i) {
    if (at[i] != guard_at(at + i)) return false;
  }
  return true;
}

}  // namespace hcd::cuda_on_host
