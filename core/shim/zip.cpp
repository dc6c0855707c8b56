// SPDX-License-Identifier: BSD-2-Clause
// Field offsets are those of the zip specification (APPNOTE.TXT), sections 4.3.7, 4.3.12, 4.3.16.
#include "shim/zip.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace hcd::shim {
namespace {

constexpr std::string_view kLocalHeader("PK\x03\x04", 4);
constexpr std::string_view kDirectoryEntry("PK\x01\x02", 4);
constexpr std::string_view kDirectoryEnd("PK\x05\x06", 4);
constexpr size_t kLocalSize = 30, kEntrySize = 46, kEndSize = 22;
constexpr size_t kMaxComment = 65535;
constexpr uint32_t kInZip64 = 0xffffffff;

constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) ? 0xedb88320U : 0U);
    table[i] = crc;
  }
  return table;
}

uint32_t crc32(std::string_view bytes) {
  static constexpr std::array<uint32_t, 256> kTable = make_crc_table();
  uint32_t crc = 0xffffffff;
  for (const char c : bytes) crc = (crc >> 8) ^ kTable[(crc ^ static_cast<uint8_t>(c)) & 0xff];
  return ~crc;
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

// Whether the data of an entry of the directory has the entry's checksum.
bool entry_is_whole(std::string_view bytes, std::string_view entry) {
  const bool stored = number(entry, 10, 2) == 0;
  const uint32_t crc = number(entry, 16, 4), size = number(entry, 20, 4);
  const uint32_t start = number(entry, 42, 4);
  if (!stored || size == kInZip64 || start == kInZip64) return true;
  const std::string_view local = part(bytes, start, kLocalSize);
  if (local.size() < kLocalSize || !local.starts_with(kLocalHeader)) return false;
  const size_t names = number(local, 26, 2) + number(local, 28, 2);
  const std::string_view data = part(bytes, start + kLocalSize + names, size);
  return data.size() == size && crc32(data) == crc;
}

}  // namespace

std::string zip_fault(const std::string &archive) {
  const std::string_view bytes = archive;
  if (!bytes.starts_with(kLocalHeader)) return "something else";
  // The end record is followed by a comment at most.
  const size_t first = bytes.size() - std::min(bytes.size(), kEndSize + kMaxComment);
  const size_t end = bytes.rfind(kDirectoryEnd, bytes.size() - std::min(bytes.size(), kEndSize));
  if (end == std::string_view::npos || end < first || bytes.size() - end < kEndSize) {
    return format_text("only its beginning (%zu bytes; the copy is not complete)", bytes.size());
  }
  const uint32_t count = number(bytes, end + 10, 2);
  size_t position = number(bytes, end + 16, 4);
  if (position == kInZip64 || count == 0xffff) return "";
  for (uint32_t i = 0; i < count; ++i) {
    const std::string_view entry = part(bytes, position, kEntrySize);
    if (entry.size() < kEntrySize || !entry.starts_with(kDirectoryEntry))
      return "a damaged one (its directory)";
    if (!entry_is_whole(bytes, entry)) return "a damaged one (a checksum does not fit)";
    position += kEntrySize + number(entry, 28, 2) + number(entry, 30, 2) + number(entry, 32, 2);
  }
  return "";
}

}  // namespace hcd::shim
