// SPDX-License-Identifier: BSD-2-Clause
#include "files/zip.h"

#include <gtest/gtest.h>

#include <string>

#include "support/bytes.h"

namespace hcd::files {
namespace {

std::string fault(const std::string &bytes) { return zip_fault(test::bytes_of(bytes)); }

// An archive of one stored file "a" that holds "abc", whose CRC-32 is 352441c2.
std::string one_file_archive() {
  const std::string crc("\xc2\x41\x24\x35", 4), size("\3\0\0\0", 4), zeros(64, '\0');
  const std::string properties = zeros.substr(0, 10) + crc + size + size + std::string("\1\0", 2);
  return "PK\3\4" + properties + zeros.substr(0, 2) + "aabc" +                     // 34 bytes
         "PK\1\2" + zeros.substr(0, 2) + properties + zeros.substr(0, 16) + "a" +  // 47 bytes
         "PK\5\6" + zeros.substr(0, 4) + std::string("\1\0\1\0\57\0\0\0\42\0\0\0\0\0", 14);
}

TEST(Zip, KnowsWholeFromDamaged) {
  const std::string whole = one_file_archive();
  EXPECT_EQ(fault(whole), "");
  EXPECT_EQ(fault(whole + "a comment"), "");
  for (const size_t data : {31, 32, 33}) {
    std::string damaged = whole;
    damaged[data] ^= 1;
    EXPECT_EQ(fault(damaged), "a damaged one (a checksum does not fit)") << data;
  }
  std::string damaged = whole;
  damaged[34] = 'Q';
  EXPECT_EQ(fault(damaged), "a damaged one (its directory)");
}

TEST(Zip, LooksAtStoredEntriesOnly) {
  std::string archive = one_file_archive();
  archive[31] ^= 1;
  archive[34 + 10] = 8;  // deflated
  EXPECT_EQ(fault(archive), "");
}

// Else an archive of 65534 entries over the same bytes would keep the checksum busy for hours.
TEST(Zip, RefusesEntriesThatOverlap) {
  const std::string crc("\x58\xf0\x9a\x59", 4), size("\xc8\0\0\0", 4), zeros(64, '\0');
  const std::string properties = zeros.substr(0, 10) + crc + size + size + std::string("\1\0", 2);
  std::string archive = "PK\3\4" + properties + zeros.substr(0, 2) + "a" + std::string(200, 'a');
  for (int i = 0; i < 10; ++i) {
    archive += "PK\1\2" + zeros.substr(0, 2) + properties + zeros.substr(0, 16) + "a";
  }
  archive += "PK\5\6" + zeros.substr(0, 4) + std::string("\xa\0\xa\0\0\0\0\0\xe7\0\0\0\0\0", 14);
  EXPECT_EQ(fault(archive), "a damaged one (its entries overlap)");
}

// Whatever a byte becomes, and wherever the file ends, nothing outside of it is read (as the
// address sanitizer sees).
TEST(Zip, StandsAnyBytes) {
  const std::string whole = one_file_archive();
  for (size_t i = 0; i < whole.size(); ++i) {
    EXPECT_NE(fault(whole.substr(0, i)), "") << i;
    for (const char value : {'\0', '\1', '\177', '\377'}) {
      std::string bytes = whole;
      bytes[i] = value;
      fault(bytes);
    }
  }
}

}  // namespace
}  // namespace hcd::files
