// SPDX-License-Identifier: BSD-2-Clause
// Writes small files of torch.save, sound and otherwise.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace hcd::test {

inline std::span<const uint8_t> bytes_of(const std::string &text) {
  return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}

// Little-endian.
inline std::string number(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(i < 8 ? value >> (8 * i) : 0);
  return text;
}

// Values as pieces of a pickle.
inline std::string text_value(const std::string &text) {
  return std::string("X") + number(text.size(), 4) + text;
}
inline std::string int_value(uint64_t value) { return std::string("\x8a\x08") + number(value, 8); }
inline std::string tuple_value(const std::vector<std::string> &values) {
  std::string text = "(";
  for (const std::string &value : values) text += value;
  return text + "t";
}
inline std::string sizes_value(const std::vector<uint64_t> &sizes) {
  std::vector<std::string> values;
  for (const uint64_t size : sizes) values.push_back(int_value(size));
  return tuple_value(values);
}
inline std::string named_value(const std::string &module, const std::string &name) {
  return std::string("c") + module + "\n" + name + "\n";
}
inline std::string ordered_dict_value() { return named_value("collections", "OrderedDict") + ")R"; }
using Items = std::vector<std::pair<std::string, std::string>>;  // names and pieces
inline std::string dict_value(const Items &items) {
  std::string text = ordered_dict_value() + "(";
  for (const auto &[key, value] : items) text += text_value(key) + value;
  return text + "u";
}
inline std::string pickle(const std::string &value) { return "\x80\x02" + value + "."; }

struct TensorText {
  std::string storage = "FloatStorage";
  std::string key = "0";
  uint64_t count = 6;  // of the storage
  uint64_t offset = 0;
  std::vector<uint64_t> shape = {2, 3}, strides = {3, 1};
};

// As PyTorch writes it, in either format.
inline std::string tensor_value(const TensorText &tensor) {
  const std::string id =
      tuple_value({text_value("storage"), named_value("torch", tensor.storage),
                   text_value(tensor.key), text_value("cpu"), int_value(tensor.count)});
  return named_value("torch._utils", "_rebuild_tensor_v2") +
         tuple_value({id + "Q", int_value(tensor.offset), sizes_value(tensor.shape),
                      sizes_value(tensor.strides), "\x89", ordered_dict_value()}) +
         "R";
}

inline uint32_t crc32(const std::string &bytes) {
  uint32_t crc = 0xffffffff;
  for (const char c : bytes) {
    crc ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320U : 0U);
  }
  return ~crc;
}

// An archive of stored entries. `method`: 8 claims that they are deflated.
inline std::string zip_file(const Items &entries, uint16_t method = 0) {
  std::string archive, directory;
  for (const auto &[name, data] : entries) {
    const std::string facts = number(0, 4) + number(method, 2) + number(0, 4) +
                              number(crc32(data), 4) + number(data.size(), 4) +
                              number(data.size(), 4) + number(name.size(), 2);
    directory += "PK\1\2" + number(0, 2) + facts + number(0, 12) + number(archive.size(), 4) + name;
    archive += "PK\3\4" + facts + number(0, 2) + name + data;
  }
  const std::string end = "PK\5\6" + number(0, 4) + number(entries.size(), 2) +
                          number(entries.size(), 2) + number(directory.size(), 4) +
                          number(archive.size(), 4) + number(0, 2);
  return archive + directory + end;
}

// The format since PyTorch 1.6, with the storages of these keys.
inline std::string torch_file(const std::string &object, const Items &storages) {
  Items entries = {{"archive/data.pkl", pickle(object)}, {"archive/byteorder", "little"}};
  for (const auto &[key, data] : storages) entries.emplace_back("archive/data/" + key, data);
  entries.emplace_back("archive/version", "3\n");
  return zip_file(entries);
}

// The format before it. `storages`: keys, and counts with data.
inline std::string legacy_file(const std::string &object, const Items &storages,
                               const std::string &little_endian = "\x88") {
  std::string keys = "](", data;
  for (const auto &[key, bytes] : storages) keys += text_value(key), data += bytes;
  return pickle("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19") + pickle("M\xe9\x03") +
         pickle("}(" + text_value("little_endian") + little_endian + "u") + pickle(object) +
         pickle(keys + "e") + data;
}

// `count` floats 0, 1, 2, ...
inline std::string floats(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    const auto value = static_cast<float>(i);
    text.append(reinterpret_cast<const char *>(&value), sizeof(value));
  }
  return text;
}

}  // namespace hcd::test
