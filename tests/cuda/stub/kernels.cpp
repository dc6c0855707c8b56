// SPDX-License-Identifier: BSD-2-Clause
// All kernels, compiled for the host, by their names.
#include <tuple>
#include <unordered_map>
#include <utility>

#include "engine/cuda/kernels/all.cu"
#include "engine/cuda/kernels/all.h"
#include "stub/driver.h"

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

}  // namespace

const Kernel *find_kernel(const std::string &name) {
  static const std::unordered_map<std::string, Kernel> table = {
#define HCD_ENTRY(name) \
  {#name, {#name, [](void **parameters) { return with<&name>(&name, parameters); }}},
      HCD_ALL_KERNELS(HCD_ENTRY)
#undef HCD_ENTRY
  };
  const auto found = table.find(name);
  return found == table.end() ? nullptr : &found->second;
}

}  // namespace hcd::stub
