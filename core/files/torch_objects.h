// SPDX-License-Identifier: BSD-2-Clause
// What PyTorch puts into a pickle beyond Python's own types, each checked.
#pragma once

#include <string>
#include <string_view>

#include "files/pickle.h"

namespace hcd::files {

// These throw hcd::Error that begins with `file`.

// The object of that name. Refuses all but those that are tensors, their storages and OrderedDict.
PickleValue named_object(std::string_view module, std::string_view name, const std::string &file);

// A persistent id: a tuple ("storage", type, key, location, count), with a view of None behind it
// in some files.
StorageReference storage_reference(const PickleValue &id, const std::string &file);

// What `callable` makes of a tuple of arguments.
PickleValue call_result(const PickleValue &callable, const PickleValue &arguments,
                        const std::string &file);

}  // namespace hcd::files
