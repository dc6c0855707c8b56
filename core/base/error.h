// SPDX-License-Identifier: BSD-2-Clause
// The one exception type of the library, and the checks that throw it.
#pragma once

#include <hcd/status.h>
#include <locale.h>

#include <cstdarg>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace hcd {

// The "C" locale for this thread alone, for the length of a scope: a number has a point, whatever
// the host has chosen.
class PointLocale {
 public:
  PointLocale() : kept_(uselocale(classic())) {}
  ~PointLocale() { uselocale(kept_); }
  PointLocale(const PointLocale &) = delete;
  PointLocale &operator=(const PointLocale &) = delete;

 private:
  static locale_t classic() {
    static const locale_t c = newlocale(LC_ALL_MASK, "C", nullptr);
    return c;
  }
  locale_t kept_;
};

// Text by printf's rules, in the "C" locale.
[[gnu::format(printf, 1, 2)]] inline std::string format_text(const char *format, ...) {
  const PointLocale point;
  va_list args;
  va_start(args, format);
  va_list copy;
  va_copy(copy, args);
  const int length = std::vsnprintf(nullptr, 0, format, copy);
  va_end(copy);
  std::string text(length > 0 ? static_cast<size_t>(length) : 0, '\0');
  std::vsnprintf(text.data(), text.size() + 1, format, args);
  va_end(args);
  return text;
}

// A failure with the status that the C API returns for it. The text says what was expected and what
// was found. Visible, so that libhcd catches what libhcd-torch throws.
class HCD_API Error : public std::runtime_error {
 public:
  Error(hcd_status status, const std::string &text) : std::runtime_error(text), status_(status) {}
  hcd_status status() const { return status_; }

 private:
  hcd_status status_;
};

}  // namespace hcd

// Throws hcd::Error of `status` with a printf-style text unless `condition` holds.
#define HCD_CHECK(condition, status, ...)                                          \
  do {                                                                             \
    if (!(condition)) throw ::hcd::Error(status, ::hcd::format_text(__VA_ARGS__)); \
  } while (0)
