// SPDX-License-Identifier: BSD-2-Clause
// A machine with a stack, a memo and no way out: the opcodes are those of Python's pickletools.
#include "files/pickle.h"

#include <algorithm>
#include <bit>
#include <unordered_map>

#include "files/torch_objects.h"
#include "files/weights_error.h"

namespace hcd::files {
namespace {

constexpr uint64_t kMaxSteps = 1'000'000;  // RCAN, with 1600 tensors, takes 70 thousand

enum Opcode : uint8_t {
  kMark = '(',
  kStop = '.',
  kProto = 0x80,
  kFrame = 0x95,
  kNone = 'N',
  kTrue = 0x88,
  kFalse = 0x89,
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kLong1 = 0x8a,
  kBinFloat = 'G',
  kShortBinString = 'U',
  kBinString = 'T',  // of Python 2
  kShortBinUnicode = 0x8c,
  kBinUnicode = 'X',
  kBinUnicode8 = 0x8d,
  kEmptyList = ']',
  kAppend = 'a',
  kAppends = 'e',
  kEmptyTuple = ')',
  kTuple = 't',
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kEmptyDict = '}',
  kSetItem = 's',
  kSetItems = 'u',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kMemoize = 0x94,
  kGlobal = 'c',
  kStackGlobal = 0x93,
  kInst = 'i',
  kReduce = 'R',
  kBuild = 'b',
  kBinPersId = 'Q',
};

class Unpickler {
 public:
  Unpickler(std::span<const uint8_t> bytes, const std::string &file) : bytes_(bytes), file_(file) {}

  Pickle run() {
    for (uint8_t opcode = number(1); opcode != kStop; opcode = number(1)) {
      spend(1);
      if (!push_constant(opcode) && !change_container(opcode) && !use_memo(opcode) &&
          !make_object(opcode)) {
        fail(format_text("expected opcodes of data, found 0x%02x", opcode));
      }
    }
    pickle_.root = pop();
    pickle_.size = position_;
    return std::move(pickle_);
  }

 private:
  [[noreturn]] void fail(const std::string &what) const {
    throw weights_error(file_, "damaged pickle: " + what);
  }

  // Everything that takes time or memory passes here.
  void spend(uint64_t steps) {
    steps_ += steps;
    if (steps_ > kMaxSteps) fail("expected at most a million opcodes, found more");
  }

  std::string_view take(uint64_t size) {
    if (size > bytes_.size() - position_) fail("it ends too early");
    const auto *data = reinterpret_cast<const char *>(bytes_.data()) + position_;
    position_ += size;
    return {data, size};
  }

  // Little-endian.
  uint64_t number(uint64_t size) {
    const std::string_view bytes = take(size);
    uint64_t value = 0;
    for (size_t i = size; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
    return value;
  }

  std::string_view line() {
    const auto rest = bytes_.subspan(position_);
    const auto end = std::find(rest.begin(), rest.end(), '\n');
    const std::string_view text = take(static_cast<uint64_t>(end - rest.begin()));
    take(1);
    return text;
  }

  template <typename T>
  bool push(T value) {
    pickle_.values.push_back({std::move(value)});
    stack_.push_back(&pickle_.values.back());
    return true;
  }

  PickleValue *top() {
    if (stack_.size() <= (marks_.empty() ? 0 : marks_.back())) fail("its stack is empty");
    return stack_.back();
  }

  PickleValue *pop() {
    PickleValue *value = top();
    stack_.pop_back();
    return value;
  }

  PickleItems pop_many(size_t count) {
    PickleItems items(count);
    for (size_t i = count; i-- > 0;) items[i] = pop();
    return items;
  }

  PickleItems pop_to_mark() {
    if (marks_.empty()) fail("it has no mark");
    PickleItems items = pop_many(stack_.size() - marks_.back());
    marks_.pop_back();
    return items;
  }

  template <typename T>
  T *container(const char *name) {
    auto *found = std::get_if<T>(&top()->value);
    if (!found) fail(std::string("expected ") + name + ", found something else");
    return found;
  }

  std::string_view pop_text() {
    const auto *text = pop()->as<std::string_view>();
    if (!text) fail("expected a name, found something else");
    return *text;
  }

  bool push_long(std::string_view bytes) {
    if (bytes.size() > sizeof(int64_t)) return push(PickleLong{bytes});
    uint64_t value = !bytes.empty() && (bytes.back() & 0x80) ? ~uint64_t{0} : 0;  // its sign
    for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
    return push(static_cast<int64_t>(value));
  }

  bool push_float() {
    uint64_t bits = 0;  // big-endian, of all things
    for (const char c : take(8)) bits = bits << 8 | static_cast<uint8_t>(c);
    return push(std::bit_cast<double>(bits));
  }

  bool push_constant(uint8_t opcode) {
    switch (opcode) {
      case kNone:
        return push(std::monostate());
      case kTrue:
        return push(true);
      case kFalse:
        return push(false);
      case kBinInt:
        return push(int64_t{static_cast<int32_t>(number(4))});
      case kBinInt1:
        return push(static_cast<int64_t>(number(1)));
      case kBinInt2:
        return push(static_cast<int64_t>(number(2)));
      case kLong1:
        return push_long(take(number(1)));
      case kBinFloat:
        return push_float();
      case kShortBinString:
      case kShortBinUnicode:
        return push(take(number(1)));
      case kBinString:
      case kBinUnicode:
        return push(take(number(4)));
      case kBinUnicode8:
        return push(take(number(8)));
      default:
        return false;
    }
  }

  bool append(const PickleItems &items) {
    auto *list = container<PickleList>("a list");
    list->items.insert(list->items.end(), items.begin(), items.end());
    return true;
  }

  bool set_items(const PickleItems &items) {
    auto *dict = container<PickleDict>("a dict");
    if (items.size() % 2 != 0) fail("expected pairs for a dict, found an odd number");
    for (size_t i = 0; i < items.size(); i += 2) dict->items.emplace_back(items[i], items[i + 1]);
    return true;
  }

  bool change_container(uint8_t opcode) {
    switch (opcode) {
      case kMark:
        marks_.push_back(stack_.size());
        return true;
      case kEmptyList:
      case kEmptyTuple:
        return push(PickleList());
      case kEmptyDict:
        return push(PickleDict());
      case kTuple:
        return push(PickleList{pop_to_mark()});
      case kTuple1:
        return push(PickleList{pop_many(1)});
      case kTuple2:
        return push(PickleList{pop_many(2)});
      case kTuple3:
        return push(PickleList{pop_many(3)});
      case kAppend:
        return append(pop_many(1));
      case kAppends:
        return append(pop_to_mark());
      case kSetItem:
        return set_items(pop_many(2));
      case kSetItems:
        return set_items(pop_to_mark());
      default:
        return false;
    }
  }

  bool put(uint64_t index) {
    memo_[index] = top();
    return true;
  }

  bool get(uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) fail("expected a value of its memo, found none");
    stack_.push_back(found->second);
    return true;
  }

  bool use_memo(uint8_t opcode) {
    switch (opcode) {
      case kBinPut:
        return put(number(1));
      case kLongBinPut:
        return put(number(4));
      case kMemoize:
        return put(memo_.size());
      case kBinGet:
        return get(number(1));
      case kLongBinGet:
        return get(number(4));
      default:
        return false;
    }
  }

  bool push_named(std::string_view module, std::string_view name) {
    return push(named_object(module, name, file_).value);
  }

  bool push_call() {
    const PickleValue *arguments = pop(), *callable = pop();
    PickleValue result = call_result(*callable, *arguments, file_);
    if (const auto *dict = result.as<PickleDict>()) spend(dict->items.size());
    return push(std::move(result.value));
  }

  // The attributes of an OrderedDict, where PyTorch keeps versions, are of no use here.
  bool drop_state() {
    pop();
    container<PickleDict>("a dict to build");
    return true;
  }

  bool make_object(uint8_t opcode) {
    switch (opcode) {
      case kProto:
        take(1);
        return true;
      case kFrame:
        take(8);
        return true;
      case kGlobal: {
        const std::string_view module = line(), name = line();
        return push_named(module, name);
      }
      case kStackGlobal: {
        const std::string_view name = pop_text(), module = pop_text();
        return push_named(module, name);
      }
      case kInst: {  // of protocol 0; its name is the better message
        const std::string_view module = line(), name = line();
        named_object(module, name, file_);
        return false;
      }
      case kReduce:
        return push_call();
      case kBuild:
        return drop_state();
      case kBinPersId:
        return push(storage_reference(*pop(), file_));
      default:
        return false;
    }
  }

  std::span<const uint8_t> bytes_;
  const std::string &file_;
  size_t position_ = 0;
  uint64_t steps_ = 0;
  Pickle pickle_;
  std::vector<PickleValue *> stack_;
  std::vector<size_t> marks_;  // sizes of the stack
  std::unordered_map<uint64_t, PickleValue *> memo_;
};

}  // namespace

const PickleValue *PickleDict::find(std::string_view key) const {
  for (auto item = items.rbegin(); item != items.rend(); ++item) {
    const auto *text = item->first->as<std::string_view>();
    if (text && *text == key) return item->second;
  }
  return nullptr;
}

Pickle read_pickle(std::span<const uint8_t> bytes, const std::string &name) {
  return Unpickler(bytes, name).run();
}

}  // namespace hcd::files
