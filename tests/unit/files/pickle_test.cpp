// SPDX-License-Identifier: BSD-2-Clause
#include "files/pickle.h"

#include <gtest/gtest.h>

#include "support/errors.h"
#include "support/torch_files.h"

namespace hcd::files {
namespace {

using namespace hcd::test;

// Reads the pickle of one value and gives it to `check`.
template <typename T, typename Check>
void with_value(const std::string &value, const Check &check) {
  const std::string bytes = pickle(value), more = bytes + "more";
  const Pickle read = read_pickle(bytes_of(more), "w");
  EXPECT_EQ(read.size, bytes.size());
  ASSERT_TRUE(read.root->as<T>()) << testing::PrintToString(value);
  check(*read.root->as<T>());
}

template <typename T>
void expect_value(const std::string &value, const T &expected) {
  with_value<T>(value, [&](const T &found) { EXPECT_EQ(found, expected); });
}

void expect_refused(const std::string &bytes, const std::string &text) {
  expect_file_error([&] { read_pickle(bytes_of(bytes), "w"); }, "weights 'w': " + text);
}

TEST(Pickle, Constants) {
  with_value<std::monostate>("N", [](std::monostate) {});
  expect_value<bool>("\x88", true);
  expect_value<bool>("\x89", false);
  expect_value<int64_t>(std::string("J\xfe\xff\xff\xff", 5), -2);
  expect_value<int64_t>("K\xff", 255);
  expect_value<int64_t>("M\xff\xff", 65535);
  expect_value<int64_t>(std::string("\x8a\0", 2), 0);
  expect_value<int64_t>("\x8a\1\xff", -1);
  expect_value<int64_t>(std::string("\x8a\2\xff\0", 4), 255);
  expect_value<int64_t>(int_value(uint64_t{1} << 63), INT64_MIN);
  expect_value<double>(std::string("G\xbf\xf8\0\0\0\0\0\0", 9), -1.5);
  expect_value<std::string_view>(text_value("abc"), "abc");
  expect_value<std::string_view>("U\3abc", "abc");
  expect_value<std::string_view>(std::string("T\3\0\0\0abc", 8), "abc");
  expect_value<std::string_view>("\x8c\3abc", "abc");
  expect_value<std::string_view>(std::string("\x8d") + number(3, 8) + "abc", "abc");
  with_value<PickleLong>(
      "\x8a\x09"
      "123456789",
      [](const PickleLong &n) { EXPECT_EQ(n.bytes, "123456789"); });
}

TEST(Pickle, Containers) {
  for (const char *three : {"(K\1K\2K\3t", "K\1K\2K\3\x87", "](K\1K\2K\3e", "]K\1aK\2aK\3a"}) {
    with_value<PickleList>(three, [](const PickleList &list) {
      ASSERT_EQ(list.items.size(), 3U);
      EXPECT_EQ(*list.items[2]->as<int64_t>(), 3);
    });
  }
  const std::string pair = text_value("a") + "K\1";
  const std::string ordered = named_value("collections", "OrderedDict");
  for (const std::string &one :
       {"}(" + pair + "u", "}" + pair + "s", ordered + ")R(" + pair + "u",
        ordered + "](](" + pair + "ee\x85R",            // Python 2
        ordered + ")R" + pair + "s}" + pair + "sb"}) {  // attributes are dropped
    with_value<PickleDict>(one, [](const PickleDict &dict) {
      EXPECT_EQ(dict.items.size(), 1U);
      ASSERT_TRUE(dict.find("a"));
      EXPECT_EQ(*dict.find("a")->as<int64_t>(), 1);
      EXPECT_FALSE(dict.find("b"));
    });
  }
}

TEST(Pickle, Memo) {
  const std::string index = number(300, 4);
  for (const std::string &value :
       {std::string("K\7q\1h\1\x86"), "K\7r" + index + "j" + index + "\x86",
        std::string("K\7\x94h\0\x86", 6)}) {
    with_value<PickleList>(value, [](const PickleList &list) {
      ASSERT_EQ(list.items.size(), 2U);
      EXPECT_EQ(list.items[0], list.items[1]);
    });
  }
  // A list in itself: it neither hangs nor leaks.
  with_value<PickleList>("]q\1h\1a", [](const PickleList &list) {
    ASSERT_EQ(list.items.size(), 1U);
    EXPECT_EQ(list.items[0]->as<PickleList>(), &list);
  });
}

TEST(Pickle, Tensors) {
  TensorText text;
  text.count = 100, text.offset = 3, text.shape = {2, 3, 1}, text.strides = {1, 2, 1U << 31};
  const auto check = [](const StridedTensor &tensor) {
    EXPECT_EQ(tensor.storage.dtype, Dtype::kF32);
    EXPECT_EQ(tensor.storage.key, "0");
    EXPECT_EQ(tensor.storage.count, 100);
    EXPECT_EQ(tensor.offset, 3);
    EXPECT_EQ(tensor.shape, (std::vector<int64_t>{2, 3, 1}));
    EXPECT_EQ(tensor.strides, (std::vector<int64_t>{1, 2, 0}));
  };
  const std::string tensor = tensor_value(text);
  with_value<StridedTensor>(tensor, check);
  const std::string parameter = named_value("torch._utils", "_rebuild_parameter");
  with_value<StridedTensor>(parameter + "(" + tensor + "\x88" + ordered_dict_value() + "tR", check);
}

TEST(Pickle, RefusesEveryOtherNameByName) {
  constexpr char kRule[] = "': a weight file may hold tensors, dicts, numbers and strings only";
  const std::string argument = text_value("touch /tmp/owned") + "\x85R";
  expect_refused(pickle(named_value("os", "system") + argument),
                 std::string("refused 'os.system") + kRule);
  expect_refused(pickle(text_value("posix") + text_value("system") + "\x93" + argument),
                 std::string("refused 'posix.system") + kRule);
  expect_refused("(K\1ios\nsystem\n.", std::string("refused 'os.system") + kRule);
  expect_refused(pickle(named_value("builtins", "eval")),
                 std::string("refused 'builtins.eval") + kRule);
  expect_refused(pickle(named_value("torch", "FloatTensor")),
                 std::string("refused 'torch.FloatTensor") + kRule);
  expect_refused(pickle(named_value("torch._utils", "_rebuild_tensor_v2.__globals__")),
                 std::string("refused 'torch._utils._rebuild_tensor_v2.__globals__") + kRule);
  expect_refused(pickle(named_value("a\x1b[2J", std::string(200, 'b'))),
                 "refused 'a?[2J." + std::string(94, 'b') + "..." + kRule);
  expect_refused(pickle(tuple_value({text_value("module"), "N"}) + "Q"),
                 std::string("refused a pickled 'module") + kRule);
}

TEST(Pickle, RefusesDamage) {
  const std::string head = "damaged pickle: ";
  expect_refused("", head + "it ends too early");
  expect_refused("\x80", head + "it ends too early");
  expect_refused("\x80\2K\1", head + "it ends too early");
  expect_refused("X\xff\xff\xff\xff", head + "it ends too early");
  expect_refused("\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", head + "it ends too early");
  expect_refused("cos", head + "it ends too early");
  expect_refused(".", head + "its stack is empty");
  expect_refused("K\1(\x85.", head + "its stack is empty");  // below the mark
  expect_refused("K\1t.", head + "it has no mark");
  expect_refused("h\1.", head + "expected a value of its memo, found none");
  expect_refused("K\1K\1a.", head + "expected a list, found something else");
  expect_refused("]K\1K\1s.", head + "expected a dict, found something else");
  expect_refused("}(K\1u.", head + "expected pairs for a dict, found an odd number");
  expect_refused("K\1}b.", head + "expected a dict to build, found something else");
  expect_refused("K\1K\1\x93.", head + "expected a name, found something else");
  expect_refused("K\1)R.", head + "expected a call, found something else");
  expect_refused("ccollections\nOrderedDict\nK\1R.",
                 head + "expected a call, found something else");
  expect_refused("ccollections\nOrderedDict\nK\1\x85R.", head + "expected an OrderedDict of pairs");
  expect_refused("ctorch._utils\n_rebuild_parameter\n)R.",
                 head + "expected a parameter's tensor, found something else");
  for (const char opcode : {'I', 'F', 'S', 'p', 'g', 'o', '\x81', '\x82', '\x8f', '\x92', '\0'}) {
    expect_refused(
        std::string(1, opcode),
        head + format_text("expected opcodes of data, found 0x%02x", static_cast<uint8_t>(opcode)));
  }
}

TEST(Pickle, RefusesTensorsBeyondTheirStorage) {
  const auto expect_beyond = [](uint64_t offset, const std::vector<uint64_t> &shape,
                                const std::vector<uint64_t> &strides) {
    const std::string bytes =
        pickle(tensor_value({"FloatStorage", "0", 6, offset, shape, strides}));
    expect_refused(bytes,
                   "damaged pickle: expected a tensor within its storage of 6 elements, "
                   "found offset, shape and strides that go beyond");
  };
  expect_beyond(1, {2, 3}, {3, 1});
  expect_beyond(0, {7}, {1});
  expect_beyond(0, {2}, {6});
  expect_beyond(6, {1}, {1});
  expect_beyond(0, {10000000000}, {0});  // 40 GB of one element
  expect_beyond(0, {1U << 31, 1U << 31, 4}, {0, 0, 0});
  expect_beyond(INT64_MAX, {2}, {1});
  expect_beyond(0, {3}, {INT64_MAX});
  expect_beyond(0, {INT64_MAX, INT64_MAX, 0}, {0, 0, 0});
}

TEST(Pickle, RefusesTensorsThatAreNone) {
  const auto expect_none = [](const TensorText &tensor) {
    expect_refused(pickle(tensor_value(tensor)),
                   "damaged pickle: expected a tensor's storage, offset, shape and strides (8 "
                   "dimensions at most), found something else");
  };
  expect_none({.offset = uint64_t{1} << 63});  // negative
  expect_none({.shape = {uint64_t{1} << 63}, .strides = {1}});
  expect_none({.shape = {1}, .strides = {1, 1}});
  expect_none({.shape = {1}, .strides = {uint64_t{1} << 63}});
  expect_none({.shape = std::vector<uint64_t>(9, 1), .strides = std::vector<uint64_t>(9, 1)});
  const std::string head =
      "damaged pickle: expected a storage's type, key and size, found something else";
  expect_refused(pickle(tensor_value({.count = uint64_t{1} << 63})), head);
  expect_refused(pickle("NQ"), head);
  expect_refused(pickle(tuple_value({text_value("storage")}) + "Q"), head);
}

// Small files that would become large ones.
TEST(Pickle, BoundsItsWork) {
  const std::string text = "damaged pickle: expected at most a million opcodes, found more";
  expect_refused(std::string(1100000, '('), text);
  expect_refused(std::string(1100000, ']'), text);
  expect_refused(std::string("K\1q\1") + std::string(1100000, 'N'), text);
  // A list of 300000 pairs, made into dicts over and over.
  std::string bomb = "NN\x86q\1](";
  for (int i = 0; i < 300000; ++i) bomb += "h\1";
  bomb += "eq\2";
  for (int i = 0; i < 10; ++i) bomb += "ccollections\nOrderedDict\nh\2\x85R";
  expect_refused(bomb, text);
}

}  // namespace
}  // namespace hcd::files
