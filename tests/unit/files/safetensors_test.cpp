// SPDX-License-Identifier: BSD-2-Clause
#include "files/safetensors.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <fstream>

#include "support/bytes.h"
#include "support/errors.h"
#include "support/temporary.h"

namespace hcd::files {
namespace {

using namespace hcd::test;

std::string file(const std::string &header, const std::string &data = "") {
  return number(header.size(), 8) + header + data;
}

// A header of one tensor "a".
std::string one(const std::string &dtype, const std::string &shape, const std::string &offsets) {
  return "{\"a\":{\"dtype\":" + dtype + ",\"shape\":" + shape + ",\"data_offsets\":" + offsets +
         "}}";
}

Safetensors read(const std::string &bytes) { return Safetensors::parse(bytes_of(bytes), "w"); }

void expect_refused(const std::string &bytes, const std::string &text) {
  expect_file_error([&] { read(bytes); }, "weights 'w': " + text);
}

TEST(Safetensors, ReadsTensors) {
  const std::string bytes = file(
      "{\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
      "\"__metadata__\":{\"k\":\"v\"},"
      "\"a\":{\"data_offsets\":[1,25],\"shape\":[2,3],\"dtype\":\"F32\"},"
      "\"none\":{\"dtype\":\"F32\",\"shape\":[0,4],\"data_offsets\":[25,25]},"
      "\"one\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[25,33]}}   ",
      std::string("x") + floats(6) + "12345678");
  const Safetensors weights = read(bytes);
  EXPECT_EQ(weights.name(), "w");
  EXPECT_EQ(weights.metadata(), (std::map<std::string, std::string>{{"k", "v"}}));
  ASSERT_EQ(weights.tensors().size(), 4U);
  const TensorView &a = weights.tensors().at("a");  // at an odd address
  EXPECT_EQ(describe(a), "F32 [2, 3]");
  EXPECT_EQ(a.count(), 6);
  EXPECT_EQ(std::string(a.data.begin(), a.data.end()), floats(6));
  EXPECT_EQ(describe(weights.tensors().at("none")), "F32 [0, 4]");
  EXPECT_EQ(describe(weights.tensors().at("one")), "F64 []");
  EXPECT_TRUE(read(file("{}")).tensors().empty());
}

TEST(Safetensors, ReadsWhatItWrites) {
  const std::string data = floats(6), byte = "x";
  const std::map<std::string, TensorView> tensors = {{"a", {Dtype::kU8, {1}, bytes_of(byte)}},
                                                     {"b", {Dtype::kF32, {2, 3}, bytes_of(data)}}};
  const auto bytes = encode_safetensors(tensors, {{"name", "\xff.pth"}, {"config", "{\"n\":1}"}});
  EXPECT_EQ(bytes[0] % 8, 0);  // the data begin at a multiple of 8
  const Safetensors weights = Safetensors::parse(bytes, "w");
  EXPECT_EQ(weights.metadata().at("config"), "{\"n\":1}");
  EXPECT_EQ(weights.metadata().at("name"), "\xef\xbf\xbd.pth");  // not UTF-8: replaced
  for (const auto &[name, view] : tensors) {
    const TensorView &found = weights.tensors().at(name);
    EXPECT_EQ(describe(found), describe(view));
    EXPECT_TRUE(
        std::equal(found.data.begin(), found.data.end(), view.data.begin(), view.data.end()));
  }
}

TEST(Safetensors, RefusesHeadersThatAreNone) {
  expect_refused("", "expected a safetensors file, found 0 bytes");
  expect_refused("1234567", "expected a safetensors file, found 7 bytes");
  expect_refused(number(3, 8) + "{}",
                 "expected a safetensors header of at most 2 bytes, found a length of 3");
  expect_refused(number(10'000'000'000, 8) + "{}",
                 "expected a safetensors header of at most 2 bytes, found a length of 10000000000");
  expect_refused(number(UINT64_MAX, 8) + "{}",
                 "expected a safetensors header of at most 2 bytes, "
                 "found a length of 18446744073709551615");
  expect_refused(
      file(std::string(10'000'001, ' ')),
      "expected a safetensors header of at most 10000000 bytes, found a length of 10000001");
  const std::string object = "expected a JSON object as safetensors header, found something else";
  for (const char *json : {"[]", "1", "\"a\"", "null", "-1", "1.5", "true"}) {
    expect_refused(file(json), object);
  }
  const auto expect_error_at = [](const std::string &json, int position) {
    expect_refused(file(json), "expected JSON as safetensors header, found an error at byte " +
                                   std::to_string(position));
  };
  expect_error_at("", 1);
  expect_error_at("{", 2);
  expect_error_at("{}x", 3);
  expect_error_at(std::string("{}\0", 3), 3);
  expect_error_at("{\"\xff\":1}", 3);     // not UTF-8
  expect_error_at("{\"\\ud800\":1}", 9);  // half of a surrogate pair
  expect_error_at("{\"a\" 1}", 6);
}

TEST(Safetensors, RefusesTensorsThatAreNone) {
  const std::string what =
      "tensor 'a': expected dtype, shape and two data_offsets, found something else";
  for (const char *value : {"1", "[]", "null", "{}", "\"x\"", "{\"dtype\":\"F32\"}", "{\"x\":1}",
                            "{\"dtype\":{}}", "{\"dtype\":[]}", "{\"dtype\":1}", "{\"shape\":{}}",
                            "{\"shape\":1}", "{\"shape\":\"F32\"}", "{\"data_offsets\":null}"}) {
    expect_refused(file(std::string("{\"a\":") + value + "}"), what);
  }
  expect_refused(file(one("\"U8\"", "[]", "[]")), what);
  expect_refused(file(one("\"U8\"", "[]", "[0]")), what);
  expect_refused(file(one("\"U8\"", "[]", "[0,1,2]")), what);
  for (const char *number :
       {"-1", "-0", "1.0", "1e3", "18446744073709551616", "null", "\"1\"", "true", "[1]", "{}"}) {
    const std::string list = std::string("[") + number + ",1]";
    const auto expected = [](const char *field) {
      return std::string("tensor 'a': expected whole numbers as ") + field +
             ", found something else";
    };
    expect_refused(file(one("\"F32\"", list, "[0,1]")), expected("shape"));
    expect_refused(file(one("\"F32\"", "[1]", list)), expected("data_offsets"));
  }
  expect_refused(file(one("\"F31\"", "[1]", "[0,1]"), "x"),
                 "tensor 'a': expected a type F64, F32, F16, BF16, I64, I32 or U8, found 'F31'");
  expect_refused(file(one("\"F\\n32\"", "[1]", "[0,1]"), "x"),
                 "tensor 'a': expected a type F64, F32, F16, BF16, I64, I32 or U8, found 'F?32'");
}

TEST(Safetensors, RefusesWhatHasNoEnd) {
  std::string deep = "{\"a\":";
  deep += std::string(1'000'000, '[');
  expect_refused(file(deep),
                 "tensor 'a': expected dtype, shape and two data_offsets, found something else");
  std::string objects;
  for (int i = 0; i < 1000; ++i) objects += "{\"a\":";
  expect_refused(file(objects),
                 "tensor 'a': expected dtype, shape and two data_offsets, found something else");
  std::string many = "[1";
  for (int i = 0; i < 100'000; ++i) many += ",1";
  expect_refused(file(one("\"U8\"", many + "]", "[0,1]"), "x"),
                 "tensor 'a': expected at most 8 numbers as shape, found more");
}

TEST(Safetensors, RefusesKeysThatComeTwice) {
  const std::string tensor = "{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}";
  expect_refused(file("{\"a\":" + tensor + ",\"a\":" + tensor + "}", "x"),
                 "expected each tensor once, found 'a' twice");
  expect_refused(file("{\"__metadata__\":{},\"__metadata__\":{}}"),
                 "expected each tensor once, found '__metadata__' twice");
  expect_refused(file("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}"),
                 "__metadata__: expected 'k' once, found it twice");
  const std::pair<const char *, const char *> fields[] = {
      {"dtype", "\"U8\""}, {"shape", "[1]"}, {"data_offsets", "[0,1]"}};
  for (const auto &[name, value] : fields) {
    const std::string field = std::string("\"") + name + "\":" + value;
    expect_refused(file("{\"a\":{" + field + "," + field + "}}", "x"),
                   std::string("tensor 'a': expected '") + name + "' once, found it twice");
  }
}

TEST(Safetensors, RefusesMetadataThatAreNoTexts) {
  const std::string what = "__metadata__: expected an object of texts, found something else";
  for (const char *value : {"1", "[]", "null", "\"x\"", "{\"k\":1}", "{\"k\":null}", "{\"k\":{}}",
                            "{\"k\":[]}", "{\"k\":true}"}) {
    expect_refused(file(std::string("{\"__metadata__\":") + value + "}"), what);
  }
}

TEST(Safetensors, RefusesShapesThatDoNotFit) {
  const auto refused = [](const char *shape, const char *offsets, const std::string &text) {
    expect_refused(file(one("\"F32\"", shape, offsets), floats(2)), "tensor 'a': " + text);
  };
  refused("[3]", "[0,8]", "expected 12 bytes for F32 [3], found 8");
  refused("[1]", "[0,8]", "expected 4 bytes for F32 [1], found 8");
  refused("[0]", "[0,8]", "expected 0 bytes for F32 [0], found 8");
  refused("[]", "[0,8]", "expected 4 bytes for F32 [], found 8");
  refused("[2]", "[0,9]", "expected data_offsets within 8 bytes, found 0 to 9");
  refused("[2]", "[8,0]", "expected data_offsets within 8 bytes, found 8 to 0");
  refused("[2]", "[10000000000,10000000008]",
          "expected data_offsets within 8 bytes, found 10000000000 to 10000000008");
  for (const char *shape :
       {"[2500000000]", "[4294967296, 4294967296]", "[18446744073709551615]",
        "[9223372036854775808]", "[9223372036854775807, 9223372036854775807, 0]",
        "[0, 9223372036854775808]"}) {
    refused(shape, "[0,8]", std::string("expected a shape within the file's size, found ") + shape);
  }
}

TEST(Safetensors, RefusesOverlapsAndGaps) {
  const auto two = [](const char *first, const char *second) {
    return std::string("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":") + first +
           "},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":" + second + "}}";
  };
  EXPECT_EQ(read(file(two("[4,8]", "[0,4]"), "12345678")).tensors().size(), 2U);
  expect_refused(file(two("[0,4]", "[3,7]"), "1234567"),
                 "tensor 'b': expected data from byte 4 on, found an overlap (3)");
  expect_refused(file(two("[0,4]", "[0,4]"), "1234"),
                 "tensor 'b': expected data from byte 4 on, found an overlap (0)");
  expect_refused(file(two("[0,4]", "[5,9]"), "123456789"),
                 "tensor 'b': expected data from byte 4 on, found a gap (5)");
  expect_refused(file(two("[1,5]", "[5,9]"), "123456789"),
                 "tensor 'a': expected data from byte 0 on, found a gap (1)");
  expect_refused(file(two("[0,4]", "[4,8]"), "123456789"), "expected 8 bytes of tensors, found 9");
}

TEST(Safetensors, RefusesWhatIsNoFile) {
  const std::string folder = test::temporary_folder();
  const std::string empty = folder + "empty.safetensors", pipe = folder + "pipe.safetensors";
  std::ofstream{empty};
  remove(pipe.c_str());
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const std::pair<std::string, std::string> files[] = {
      {"/nowhere.safetensors", "no such file"},
      {folder, "a folder"},
      {"/dev/null", "something that is not a file"},
      {pipe, "something that is not a file"},
      {empty, "an empty file"}};
  for (const auto &[path, found] : files) {
    expect_file_error([name = path] { Safetensors::open(name); },
                      "weights '" + path + "': expected a safetensors file, found " + found);
  }
}

// The views outlive the descriptor, and copies share the mapping.
TEST(Safetensors, OpensFiles) {
  const std::string path = test::temporary_folder() + "safetensors_test.safetensors";
  std::ofstream(path, std::ios::binary) << file(one("\"U8\"", "[3]", "[0,3]"), "abc");
  Safetensors copy;
  copy = Safetensors::open(path);
  const auto data = copy.tensors().at("a").data;
  EXPECT_EQ(std::string(data.begin(), data.end()), "abc");
}

}  // namespace
}  // namespace hcd::files
