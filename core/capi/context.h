// SPDX-License-Identifier: BSD-2-Clause
// What a context is, and the firewall that the exported functions run behind.
#pragma once

#include <hcd/hcd.h>

#include <cstdio>
#include <memory>
#include <new>
#include <optional>
#include <string>

#include "base/arithmetic.h"
#include "base/error.h"
#include "base/log.h"
#include "base/parallel.h"
#include "files/mapped_file.h"
#include "session/session.h"

struct hcd_ctx {
  hcd::Log log;
  std::string error;
  // One of the two, by the kind of the context; neither after a failed create.
  std::optional<hcd::session::DownSettings> down;
  std::optional<hcd::session::UpSettings> up;
  std::unique_ptr<hcd::ThreadPool> pool;
  std::unique_ptr<hcd::session::Session> session;
  hcd_format in{}, out{};
  std::optional<hcd::session::UpSettings> followed;  // up, with what a signal says
  hcd::files::MappedFile weights;                    // of down, as a signal names them
  uint64_t weights_key = 0;
  bool drained = false;
};

namespace hcd::capi {

// Runs `body`; on an exception keeps its text in the context and returns its status.
template <typename Body>
hcd_status guard(std::string &error, const Body &body) noexcept {
  const auto fail = [&error](hcd_status status, const char *text) {
    try {
      error = text;
    } catch (...) {
      error = "out of memory";  // short enough to need none
      return HCD_E_MEMORY;
    }
    return status;
  };
  const hcd::PlainArithmetic arithmetic;
  try {
    error.clear();
    return body();
  } catch (const Error &e) {
    return fail(e.status(), e.what());
  } catch (const std::bad_alloc &) {
    return fail(HCD_E_MEMORY, "out of memory");
  } catch (const std::exception &e) {
    return fail(HCD_E_INTERNAL, e.what());
  } catch (...) {
    return fail(HCD_E_INTERNAL, "unknown exception");
  }
}

// Writes the text of a failure where the caller wants it.
inline hcd_status tell(hcd_status status, const std::string &error, char *text, size_t size) {
  if (status < 0 && text && size > 0) std::snprintf(text, size, "%s", error.c_str());
  return status;
}

// The file of weights that a signal of these settings names; empty: none.
files::MappedFile read_sent(const session::DownSettings &settings);

}  // namespace hcd::capi
