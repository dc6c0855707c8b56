// SPDX-License-Identifier: BSD-2-Clause
// Shared libraries opened at run time and never closed.
#pragma once

#include <string>

namespace hcd::client {

// Folder of the library (or program) that holds this code, with the slash at its end; "" if
// unknown.
std::string own_folder();

// Folder part of a path, with the slash at its end; "" where it has none.
std::string folder_of(const std::string &path);

// dlopen() and dlsym() in one. NULL on failure, `reason` then is dlerror()'s text.
void *open_symbol(const std::string &library, const char *symbol, std::string &reason);

// Path of library `name` in `folder` if it is there, else `name` alone: dlopen() then looks for it
// along libhcd's RUNPATH and where the system looks.
std::string library_path(const std::string &folder, const std::string &name);

}  // namespace hcd::client
