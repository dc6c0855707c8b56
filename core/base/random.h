// SPDX-License-Identifier: BSD-2-Clause
// Hashes and random numbers that depend on nothing but their arguments. The kernels of engine/cuda
// draw the same ones.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/host_device.h"

namespace hcd {

// Finaliser of splitmix64 (Steele, Lea, Flood, OOPSLA 2014): a bijection with good avalanche.
HCD_HOST_DEVICE inline uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

// Hash of `size` bytes, continued from `hash`.
inline uint64_t hash_bytes(const void *data, size_t size, uint64_t hash) {
  const auto *bytes = static_cast<const unsigned char *>(data);
  for (; size >= 8; bytes += 8, size -= 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes, 8);
    hash = mix(hash ^ word);
  }
  uint64_t tail = size;
  for (size_t i = 0; i < size; ++i) tail = (tail << 8) | bytes[i];
  return mix(hash ^ tail);
}

// Counter-based: the n-th number of a key is the same whoever asks for it and in whatever order.
class Random {
 public:
  HCD_HOST_DEVICE explicit Random(uint64_t key) : key_(mix(key)) {}

  // Uniform in (0, 1).
  HCD_HOST_DEVICE double uniform(uint64_t n) const {
    return (static_cast<double>(mix(key_ ^ mix(n)) >> 11) + 0.5) * 0x1p-53;
  }

  // Standard normal (Box and Muller 1958).
  HCD_HOST_DEVICE double normal(uint64_t n) const {
    const double radius = std::sqrt(-2.0 * std::log(uniform(2 * n)));
    return radius * std::cos(2.0 * M_PI * uniform(2 * n + 1));
  }

 private:
  uint64_t key_;
};

}  // namespace hcd
