// SPDX-License-Identifier: BSD-2-Clause
// The shared libraries that libhcd opens: at the first need, and for good.
#pragma once

#include <string>

#include "client/backend.h"

namespace hcd::client {

// Folder part of a path, with the slash at its end; "" where it has none.
std::string folder_of(const std::string &path);

// Folder of the library (or program) that holds this code, with the slash at its end; "" if
// unknown.
std::string own_folder();

// Path of library `name` in `folder` if it is there, else `name` alone: dlopen() then looks for it
// along libhcd's RUNPATH and where the system looks.
std::string library_path(const std::string &folder, const std::string &name);

// What the environment variable says, or `otherwise`.
std::string path_given(const char *variable, const std::string &otherwise);

// dlopen() and dlsym() in one. NULL on failure, `reason` then is dlerror()'s text.
void *open_symbol(const std::string &library, const char *symbol, std::string &reason);

// Whether a driver of NVIDIA's is there, libcuda.so.1: what needs one is not opened without.
bool has_cuda_driver();

// The entry point of a back end, called; NULL and why there is none in `reason`.
template <typename Backend>
const Backend *enter(const std::string &path, const char *symbol, std::string &reason) {
  void *address = open_symbol(path, symbol, reason);
  if (!address) return nullptr;
  const Backend *backend = reinterpret_cast<Entry<Backend> *>(address)(kBackendAbi);
  if (!backend) reason = path + ": is of another version than libhcd; both must be of one build";
  return backend;
}

}  // namespace hcd::client
