// SPDX-License-Identifier: BSD-2-Clause
// All kernels, compiled for the host, by their names.
#include <cstring>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "engine/cuda/kernels/all.cu"
#include "engine/cuda/kernels/all.h"
#include "stub/driver.h"
#include "stub/memory.h"

namespace hcd::stub {
namespace {

template <auto kernel, typename... P, size_t... i>
Launch with(void (*)(P...), void **parameters, std::index_sequence<i...>) {
  const std::tuple<P...> values{*static_cast<std::remove_const_t<P> *>(parameters[i])...};
  return [values](dim3 grid, dim3 block, size_t shared_bytes, uint32_t seed) {
    return cuda_on_host::launch(grid, block, shared_bytes, seed,
                                [&] { std::apply(kernel, values); });
  };
}
template <auto kernel, typename... P>
Launch with(void (*type)(P...), void **parameters) {
  return with<kernel>(type, parameters, std::index_sequence_for<P...>());
}

// Also those in structures: what lies between their members may be anything, but is no address in
// use (memory.cpp, reserved_begin()).
template <typename T>
void add_addresses(const void *parameter, std::vector<uint64_t> &found) {
  if constexpr (alignof(T) >= alignof(uint64_t)) {
    for (size_t i = 0; i + sizeof(uint64_t) <= sizeof(T); i += sizeof(uint64_t)) {
      uint64_t value;
      std::memcpy(&value, static_cast<const char *>(parameter) + i, sizeof(value));
      if (was_ever_used(value)) found.push_back(value);
    }
  }
}
template <typename... P, size_t... i>
std::vector<uint64_t> addresses(void (*)(P...), void **parameters, std::index_sequence<i...>) {
  std::vector<uint64_t> found;
  (add_addresses<P>(parameters[i], found), ...);
  return found;
}
template <typename... P>
std::vector<uint64_t> addresses(void (*type)(P...), void **parameters) {
  return addresses(type, parameters, std::index_sequence_for<P...>());
}

}  // namespace

const Kernel *find_kernel(const std::string &name) {
  static const std::unordered_map<std::string, Kernel> table = {
#define HCD_ENTRY(name)                                                      \
  {#name,                                                                    \
   {#name, [](void **parameters) { return with<&name>(&name, parameters); }, \
    [](void **parameters) { return addresses(&name, parameters); }}},
      HCD_ALL_KERNELS(HCD_ENTRY)
#undef HCD_ENTRY
  };
  const auto found = table.find(name);
  return found == table.end() ? nullptr : &found->second;
}

}  // namespace hcd::stub
