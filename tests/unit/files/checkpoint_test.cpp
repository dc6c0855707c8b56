// SPDX-License-Identifier: BSD-2-Clause
#include "files/checkpoint.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "support/errors.h"
#include "support/temporary.h"
#include "support/torch_files.h"

namespace hcd::files {
namespace {

using namespace hcd::test;

std::string legacy_storage(int count) {
  return number(static_cast<uint64_t>(count), 8) + floats(count);
}

// The same object with one storage "0" of six floats in both formats.
std::vector<std::string> both_formats(const std::string &object) {
  return {torch_file(object, {{"0", floats(6)}}), legacy_file(object, {{"0", legacy_storage(6)}})};
}

std::vector<float> values(const TensorView &view) {
  std::vector<float> result(view.data.size() / sizeof(float));
  if (!result.empty()) std::memcpy(result.data(), view.data.data(), view.data.size());
  return result;
}

void expect_tensor(const std::string &object, const std::string &name,
                   const std::vector<int64_t> &shape, const std::vector<float> &expected) {
  for (const std::string &bytes : both_formats(object)) {
    const Checkpoint read = Checkpoint::parse(bytes_of(bytes), "w");
    ASSERT_EQ(read.tensors().size(), 1U);
    EXPECT_EQ(read.tensors().begin()->first, name);
    const TensorView &view = read.tensors().begin()->second;
    EXPECT_EQ(view.dtype, Dtype::kF32);
    EXPECT_EQ(view.shape, shape);
    EXPECT_EQ(values(view), expected);
  }
}

void expect_refused(const std::string &bytes, const std::string &text) {
  expect_file_error([&] { Checkpoint::parse(bytes_of(bytes), "w"); }, "weights 'w': " + text);
}

const std::vector<float> kSix = {0, 1, 2, 3, 4, 5};

TEST(Checkpoint, ReadsStateDicts) {
  const std::string tensor = tensor_value({});
  expect_tensor(dict_value({{"conv.weight", tensor}}), "conv.weight", {2, 3}, kSix);
  expect_tensor(dict_value({{"module.conv.weight", tensor}}), "conv.weight", {2, 3}, kSix);
}

TEST(Checkpoint, PutsTensorsIntoRows) {
  const auto expect = [](const TensorText &tensor, const std::vector<int64_t> &shape,
                         const std::vector<float> &expected) {
    expect_tensor(dict_value({{"a", tensor_value(tensor)}}), "a", shape, expected);
  };
  expect({.shape = {3, 2}, .strides = {1, 3}}, {3, 2}, {0, 3, 1, 4, 2, 5});
  expect({.offset = 1, .shape = {2}, .strides = {2}}, {2}, {1, 3});
  expect({.offset = 4, .shape = {2, 1}, .strides = {1, 9}}, {2, 1}, {4, 5});
  expect({.shape = {3, 2}, .strides = {0, 1}}, {3, 2}, {0, 1, 0, 1, 0, 1});
  expect({.offset = 5, .shape = {}, .strides = {}}, {}, {5});
  expect({.shape = {0, 3}, .strides = {3, 1}}, {0, 3}, {});
}

TEST(Checkpoint, FindsTheStateDict) {
  const std::string good = dict_value({{"a", tensor_value({})}});
  const std::string other = dict_value({{"b", tensor_value({})}});
  const std::vector<std::string> objects = {
      dict_value(
          {{"epoch", "K\3"}, {"state_dict", good}, {"optimizer", dict_value({{"lr", "N"}})}}),
      dict_value({{"params", other}, {"params_ema", good}}),
      dict_value({{"params_ema", good}, {"params", other}}),
      dict_value({{"model", good}, {"params_ema", "N"}}),
      dict_value({{"model", dict_value({{"state_dict", dict_value({{"params", good}})}})}}),
  };
  for (const std::string &object : objects) expect_tensor(object, "a", {2, 3}, kSix);
}

TEST(Checkpoint, KeepsTypes) {
  const std::pair<const char *, Dtype> types[] = {
      {"DoubleStorage", Dtype::kF64}, {"FloatStorage", Dtype::kF32},
      {"HalfStorage", Dtype::kF16},   {"BFloat16Storage", Dtype::kBf16},
      {"LongStorage", Dtype::kI64},   {"IntStorage", Dtype::kI32},
      {"ByteStorage", Dtype::kU8},    {"BoolStorage", Dtype::kU8}};
  for (const auto &[name, dtype] : types) {
    const std::string object = dict_value(
        {{"a", tensor_value({.storage = name, .count = 3, .shape = {3}, .strides = {1}})}});
    const std::string data(3 * dtype_bytes(dtype), '\1');
    const std::string bytes = torch_file(object, {{"0", data}});
    const Checkpoint read = Checkpoint::parse(bytes_of(bytes), "w");
    const TensorView &view = read.tensors().at("a");
    EXPECT_EQ(view.dtype, dtype) << name;
    EXPECT_EQ(std::string(view.data.begin(), view.data.end()), data);
  }
}

TEST(Checkpoint, RefusesWhatIsNoStateDict) {
  for (const std::string &bytes : {torch_file("K\1", {}), legacy_file("K\1", {})}) {
    expect_refused(bytes, "expected a state dict (names and tensors), found a number");
  }
  for (const std::string &bytes : both_formats(tensor_value({}))) {
    expect_refused(bytes, "expected a state dict (names and tensors), found something else");
  }
  const std::string nesting =
      "expected a state dict (names and tensors), or one under params_ema, "
      "params, state_dict or model, found ";
  const auto refused = [](const std::string &object, const std::string &text) {
    expect_refused(torch_file(object, {{"0", floats(6)}}), text);
  };
  refused(dict_value({{"gen", dict_value({})}}), nesting + "'gen': a dict");
  refused(dict_value({{"a", tensor_value({})}, {"b", text_value("x")}}), nesting + "'b': a string");
  refused(dict_value({{"a", "N"}}), nesting + "'a': None");
  refused(dict_value({}), "expected tensors, found none");
  refused("}K\1" + tensor_value({}) + "s", "expected names of tensors, found a number");
  refused(dict_value({{"a", tensor_value({})}, {"module.a", tensor_value({})}}),
          "expected one tensor 'a', found two");
  for (const std::string &name :
       {std::string(), std::string("module."), std::string("a b"), std::string("\n"),
        std::string("\xc3\xa4"), std::string("a\0", 2)}) {
    const std::string shown =
        name == "module." || name == "a b" ? name : std::string(name.size(), '?');
    refused(dict_value({{name, tensor_value({})}}),
            "expected names of 1 to 256 ASCII letters, found '" +
                (name == std::string("a\0", 2) ? "a?" : shown) + "'");
  }
}

TEST(Checkpoint, RefusesWhatIsNoFileOfPyTorch) {
  const std::string head = "expected a PyTorch file (torch.save), found ";
  expect_refused("", head + "0 bytes of something else");
  expect_refused("\x89PNG", head + "4 bytes of something else");
  expect_refused("cos\nsystem\n", head + "11 bytes of something else");
  expect_refused(pickle("K\1") + pickle("K\1"), head + "another pickle");
  expect_refused(zip_file({{"a/data", ""}}), head + "an archive without data.pkl");
  expect_refused(zip_file({{"a/data.pkl", "."}, {"b/data.pkl", "."}}),
                 head + "two data.pkl in one archive");
  expect_refused(zip_file({{"a/data.pkl", "."}, {"a/data.pkl", "."}}),
                 "expected one entry 'a/data.pkl' in the archive, found two");
  expect_refused(zip_file({{"a/data.pkl", "N."}}, 8),
                 "entry 'a/data.pkl': expected plain bytes, found compressed ones, which "
                 "torch.save never writes");
  expect_refused(zip_file({{"a/data.pkl", "."}, {"a/byteorder", "big"}}),
                 "expected little-endian storages, found 'big'");
  expect_refused(legacy_file("}", {}, "\x89"), "expected little-endian storages, found others");
  const std::string good = torch_file(dict_value({{"a", tensor_value({})}}), {{"0", floats(6)}});
  expect_refused(good.substr(0, 100),
                 head + "only its beginning (100 bytes; the copy is not complete)");
  std::string damaged = good;
  damaged[60] ^= 1;
  expect_refused(damaged, head + "a damaged one (a checksum does not fit)");
}

TEST(Checkpoint, RefusesStoragesThatDoNotFit) {
  const auto object = [](uint64_t count) {
    return dict_value({{"a", tensor_value({.count = count})}});
  };
  const std::string tensor = "tensor 'a': expected a storage of ";
  expect_refused(torch_file(object(6), {}), tensor + "6 elements of 4 bytes, found 0 bytes");
  expect_refused(torch_file(object(6), {{"1", floats(6)}}),
                 tensor + "6 elements of 4 bytes, found 0 bytes");
  expect_refused(torch_file(object(6), {{"0", floats(7)}}),
                 tensor + "6 elements of 4 bytes, found 28 bytes");
  expect_refused(torch_file(object(6), {{"0", floats(6) + "x"}}),
                 tensor + "6 elements of 4 bytes, found 25 bytes");
  expect_refused(torch_file(object(2500000000), {{"0", floats(6)}}),  // 10 GB
                 tensor + "2500000000 elements of 4 bytes, found 24 bytes");
  expect_refused(torch_file(object(INT64_MAX), {{"0", floats(6)}}),
                 tensor + "9223372036854775807 elements of 4 bytes, found 24 bytes");
  const std::string storage = "storage '0': expected ";
  expect_refused(legacy_file(object(6), {{"0", ""}}),
                 storage + "6 elements, found 0 and room for 0");
  expect_refused(legacy_file(object(6), {{"0", number(6, 8) + floats(5)}}),
                 storage + "6 elements, found 6 and room for 5");
  expect_refused(legacy_file(object(6), {{"0", number(5, 8) + floats(6)}}),
                 storage + "6 elements, found 5 and room for 6");
  expect_refused(legacy_file(object(2500000000), {{"0", number(2500000000, 8) + floats(6)}}),
                 storage + "2500000000 elements, found 2500000000 and room for 6");
  expect_refused(legacy_file(object(6), {{"1", legacy_storage(6)}}),
                 "expected storages of tensors, found one of none");
}

// Thousands of tensors over one storage would fill memory from a small file.
TEST(Checkpoint, BoundsCopies) {
  Items items;
  const std::string tensor =
      tensor_value({.count = 10000, .shape = {100, 100}, .strides = {1, 100}});
  for (int i = 0; i < 100; ++i)
    items.emplace_back(std::to_string(i), i == 0 ? tensor + "q\1" : std::string("h\1"));
  expect_refused(torch_file(dict_value(items), {{"0", floats(10000)}}),
                 "expected tensors of at most 4 times the file's size, found more");
}

TEST(Checkpoint, OpensFiles) {
  const std::string path = test::temporary_folder() + "checkpoint_test.pth";
  const std::string bytes = both_formats(dict_value({{"a", tensor_value({})}}))[0];
  std::ofstream(path, std::ios::binary) << bytes;
  const Checkpoint read = Checkpoint::open(path);
  EXPECT_EQ(values(read.tensors().at("a")), kSix);
  EXPECT_EQ(read.bytes().size(), bytes.size());
  expect_file_error(
      [] { Checkpoint::open("/nowhere.pth"); },
      "weights '/nowhere.pth': expected a PyTorch file (torch.save), found no such file");
}

}  // namespace
}  // namespace hcd::files
