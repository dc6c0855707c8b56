// SPDX-License-Identifier: BSD-2-Clause
#include "engine/aten/errors.h"

#include <algorithm>
#include <new>

namespace hcd::aten {
namespace {

bool contains(const std::string &text, const char *part) {
  return text.find(part) != std::string::npos;
}

std::string line_at(const std::string &text, size_t start) {
  return text.substr(start, text.find('\n', start) - start);
}

// Where the message proper begins. The TorchScript interpreter puts a stack in front of what
// failed, whose text follows in a line "RuntimeError: ...".
size_t message_start(const std::string &message) {
  const std::string mark = "\nRuntimeError: ";
  const size_t error =
      contains(message, "Traceback of TorchScript") ? message.rfind(mark) : std::string::npos;
  return error == std::string::npos ? 0 : error + mark.size();
}

}  // namespace

std::string short_text(const std::string &message) {
  const size_t start = message.find_first_not_of("\n ", message_start(message));
  return start == std::string::npos ? "no reason given" : line_at(message, start);
}

Error translate(const std::string &context, const std::exception &failure) {
  const std::string message = failure.what();
  const bool memory = dynamic_cast<const std::bad_alloc *>(&failure) ||
                      contains(message, "allocate memory") || contains(message, "bad_alloc") ||
                      contains(message, "not enough memory") || contains(message, "out of memory");
  const bool device = contains(message, "CUDA error") || contains(message, "cuDNN error");
  if (memory) return {HCD_E_MEMORY, context + ": out of memory"};
  return {device ? HCD_E_DEVICE : HCD_E_FILE, context + ": " + short_text(message)};
}

}  // namespace hcd::aten
