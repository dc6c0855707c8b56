// SPDX-License-Identifier: BSD-2-Clause
// Field offsets are those of the zip specification (APPNOTE.TXT), sections 4.3.7, 4.3.12, 4.3.16.
#include "files/zip.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "files/crc32.h"

namespace hcd::files {
namespace {

constexpr std::string_view kLocalHeader("PK\x03\x04", 4);
constexpr std::string_view kDirectoryEntry("PK\x01\x02", 4);
constexpr std::string_view kDirectoryEnd("PK\x05\x06", 4);
constexpr size_t kLocalSize = 30, kEntrySize = 46, kEndSize = 22;
constexpr size_t kMaxComment = 65535;
constexpr uint32_t kInZip64 = 0xffffffff;

std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}

// The bytes from `start` on, at most `size`; fewer, or none, where the archive ends before.
std::string_view part(std::string_view bytes, size_t start, size_t size) {
  return start <= bytes.size() ? bytes.substr(start, size) : std::string_view();
}

// Little-endian number at `offset`, which the caller knows to be inside.
uint32_t number(std::string_view record, size_t offset, int bytes) {
  uint32_t value = 0;
  for (int i = bytes - 1; i >= 0; --i) {
    value = (value << 8) | static_cast<uint8_t>(record[offset + static_cast<size_t>(i)]);
  }
  return value;
}

// The bytes of the stored entry that `record` of the directory describes, none of another; nothing
// where it is damaged.
std::optional<std::string_view> stored_data(std::string_view bytes, std::string_view record) {
  const uint32_t crc = number(record, 16, 4), size = number(record, 20, 4);
  const uint32_t start = number(record, 42, 4);
  const bool compressed = number(record, 10, 2) != 0;
  if (compressed || size == kInZip64 || start == kInZip64) return std::string_view();
  const std::string_view local = part(bytes, start, kLocalSize);
  if (local.size() < kLocalSize || !local.starts_with(kLocalHeader)) return std::nullopt;
  const size_t names = number(local, 26, 2) + number(local, 28, 2);
  const std::string_view data = part(bytes, start + kLocalSize + names, size);
  if (data.size() != size || crc32(bytes_of(data)) != crc) return std::nullopt;
  return data;
}

std::string_view text_of(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

}  // namespace

bool starts_as_zip(std::span<const uint8_t> bytes) {
  return text_of(bytes).starts_with(kLocalHeader);
}

std::string zip_fault(std::span<const uint8_t> archive) {
  const std::string_view bytes = text_of(archive);
  if (!starts_as_zip(archive)) return "something else";
  // The end record is followed by a comment at most; the file may be large, and is not searched.
  const size_t first = bytes.size() - std::min(bytes.size(), kEndSize + kMaxComment);
  const std::string_view tail = bytes.substr(first);
  const size_t found = tail.rfind(kDirectoryEnd, tail.size() - std::min(tail.size(), kEndSize));
  if (found == std::string_view::npos || tail.size() - found < kEndSize) {
    return format_text("only its beginning (%zu bytes; the copy is not complete)", bytes.size());
  }
  const size_t end = first + found;
  const uint32_t count = number(bytes, end + 10, 2);
  size_t position = number(bytes, end + 16, 4);
  if (position == kInZip64 || count == 0xffff) return "";
  size_t room = bytes.size();  // keeps the work in proportion
  for (uint32_t i = 0; i < count; ++i) {
    const std::string_view record = part(bytes, position, kEntrySize);
    if (record.size() < kEntrySize || !record.starts_with(kDirectoryEntry))
      return "a damaged one (its directory)";
    const size_t name = number(record, 28, 2);
    if (name == 0 || position + kEntrySize >= bytes.size()) return "a damaged one (its directory)";
    const std::optional<std::string_view> data = stored_data(bytes, record);
    if (!data) return "a damaged one (a checksum does not fit)";
    if (data->size() > room) return "a damaged one (its entries overlap)";
    room -= data->size();
    position += kEntrySize + name + number(record, 30, 2) + number(record, 32, 2);
  }
  return "";
}

}  // namespace hcd::files
