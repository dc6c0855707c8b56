// SPDX-License-Identifier: BSD-2-Clause
#include "client/library.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>

namespace hcd::client {

std::string folder_of(const std::string &path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

std::string own_folder() {
  Dl_info info{};
  if (!dladdr(reinterpret_cast<const void *>(&own_folder), &info) || !info.dli_fname) return "";
  return folder_of(info.dli_fname);
}

std::string library_path(const std::string &folder, const std::string &name) {
  const std::string path = folder + name;
  return access(path.c_str(), F_OK) == 0 ? path : name;
}

std::string path_given(const char *variable, const std::string &otherwise) {
  const char *given = std::getenv(variable);
  return given && *given ? given : otherwise;
}

void *open_symbol(const std::string &library, const char *symbol, std::string &reason) {
  // RTLD_NOW: a missing symbol is an error here, not a crash later. RTLD_LOCAL: nothing of LibTorch
  // binds to the program's own symbols or the other way round. RTLD_NODELETE: LibTorch's threads
  // and registries do not survive unloading.
  void *handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  void *address = handle ? dlsym(handle, symbol) : nullptr;
  if (!address) {
    const char *text = dlerror();
    reason = text ? text : "unknown reason";
  }
  return address;
}

bool has_cuda_driver() { return dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL) != nullptr; }

}  // namespace hcd::client
