// SPDX-License-Identifier: BSD-2-Clause
#include "net/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"

namespace hcd::net {
namespace {

using Json = nlohmann::json;

struct DtypeInfo {
  Dtype dtype;
  const char *name;
  size_t bytes;
};
constexpr std::array<DtypeInfo, 7> kDtypes = {{{Dtype::kF64, "F64", 8},
                                               {Dtype::kF32, "F32", 4},
                                               {Dtype::kF16, "F16", 2},
                                               {Dtype::kBf16, "BF16", 2},
                                               {Dtype::kI64, "I64", 8},
                                               {Dtype::kI32, "I32", 4},
                                               {Dtype::kU8, "U8", 1}}};

constexpr uint64_t kMaxHeader = 100'000'000;  // the limit of the format's own library
constexpr size_t kLengthBytes = 8;

const DtypeInfo &info_of(Dtype dtype) {
  return *std::find_if(kDtypes.begin(), kDtypes.end(),
                       [dtype](const DtypeInfo &i) { return i.dtype == dtype; });
}

std::string shape_text(const std::vector<int64_t> &shape) {
  std::string text = "[";
  for (const int64_t n : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
  return text + "]";
}

// The checks of one file; every message begins with its name.
class Reader {
 public:
  Reader(std::span<const uint8_t> bytes, const std::string &name) : bytes_(bytes), name_(name) {}

  [[noreturn]] void fail(const std::string &what) const {
    throw Error(HCD_E_FILE, "weights '" + name_ + "': " + what);
  }

  Json header() {
    if (bytes_.size() < kLengthBytes) {
      fail(format_text("expected a safetensors file, found %zu bytes", bytes_.size()));
    }
    uint64_t length = 0;
    for (size_t i = kLengthBytes; i-- > 0;) length = (length << 8) | bytes_[i];
    const uint64_t room = bytes_.size() - kLengthBytes;
    if (length > std::min(room, kMaxHeader)) {
      fail(
          format_text("expected a safetensors header of at most %llu bytes, found a length of %llu",
                      static_cast<unsigned long long>(std::min(room, kMaxHeader)),
                      static_cast<unsigned long long>(length)));
    }
    const auto *first = reinterpret_cast<const char *>(bytes_.data() + kLengthBytes);
    Json json = Json::parse(first, first + length, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object())
      fail("expected a JSON object as safetensors header, found something else");
    data_ = bytes_.subspan(kLengthBytes + length);
    return json;
  }

  std::map<std::string, std::string> metadata(const Json &json) const {
    std::map<std::string, std::string> result;
    if (!json.is_object()) fail("__metadata__: expected an object of texts, found something else");
    for (const auto &[key, value] : json.items()) {
      if (!value.is_string())
        fail("__metadata__." + key + ": expected a text, found something else");
      result[key] = value.get<std::string>();
    }
    return result;
  }

  TensorView tensor(const std::string &key, const Json &json) const {
    const std::string where = "tensor '" + key + "': ";
    const bool complete = json.is_object() && json.contains("dtype") && json["dtype"].is_string() &&
                          json.contains("shape") && json["shape"].is_array() &&
                          json.contains("data_offsets") && json["data_offsets"].is_array() &&
                          json["data_offsets"].size() == 2;
    if (!complete) fail(where + "expected dtype, shape and two data_offsets, found something else");
    TensorView view;
    const auto dtype = json["dtype"].get<std::string>();
    const auto *known = std::find_if(kDtypes.begin(), kDtypes.end(),
                                     [&](const DtypeInfo &i) { return dtype == i.name; });
    if (known == kDtypes.end()) {
      fail(where + "expected a type F64, F32, F16, BF16, I64, I32 or U8, found '" + dtype + "'");
    }
    view.dtype = known->dtype;
    uint64_t count = 1;
    for (const Json &n : json["shape"]) {
      if (!n.is_number_unsigned())
        fail(where + "expected whole numbers as shape, found something else");
      view.shape.push_back(static_cast<int64_t>(n.get<uint64_t>()));
      if (__builtin_mul_overflow(count, n.get<uint64_t>(), &count) || count > data_.size()) {
        fail(where + "expected a shape within the file's size, found " + shape_text(view.shape));
      }
    }
    const Json &offsets = json["data_offsets"];
    if (!offsets[0].is_number_unsigned() || !offsets[1].is_number_unsigned()) {
      fail(where + "expected whole numbers as data_offsets, found something else");
    }
    const auto begin = offsets[0].get<uint64_t>(), end = offsets[1].get<uint64_t>();
    if (begin > end || end > data_.size()) {
      fail(where + format_text("expected data_offsets within %zu bytes, found %llu to %llu",
                               data_.size(), static_cast<unsigned long long>(begin),
                               static_cast<unsigned long long>(end)));
    }
    if (end - begin != count * known->bytes) {
      fail(where + format_text("expected %llu bytes for %s %s, found %llu",
                               static_cast<unsigned long long>(count * known->bytes), known->name,
                               shape_text(view.shape).c_str(),
                               static_cast<unsigned long long>(end - begin)));
    }
    view.data = data_.subspan(begin, end - begin);
    return view;
  }

  // One after another from the first byte to the last.
  void check_layout(const std::map<std::string, TensorView> &tensors) const {
    std::vector<std::pair<size_t, const std::string *>> starts;
    for (const auto &[key, view] : tensors) {
      if (!view.data.empty()) {
        starts.emplace_back(static_cast<size_t>(view.data.data() - data_.data()), &key);
      }
    }
    std::sort(starts.begin(), starts.end());
    size_t end = 0;
    for (const auto &[start, key] : starts) {
      if (start != end) {
        fail("tensor '" + *key + "': " +
             format_text("expected data from byte %zu on, found %s (%zu)", end,
                         start < end ? "an overlap" : "a gap", start));
      }
      end = start + tensors.at(*key).data.size();
    }
    if (end != data_.size()) {
      fail(format_text("expected %zu bytes of tensors, found %zu", end, data_.size()));
    }
  }

 private:
  std::span<const uint8_t> bytes_, data_;
  std::string name_;
};

// Closes a descriptor at the end of a scope.
struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0) close(value);
  }
};

}  // namespace

size_t dtype_bytes(Dtype dtype) { return info_of(dtype).bytes; }
const char *dtype_name(Dtype dtype) { return info_of(dtype).name; }

int64_t TensorView::count() const {
  int64_t count = 1;
  for (const int64_t n : shape) count *= n;
  return count;
}

std::string describe(const TensorView &tensor) {
  return std::string(dtype_name(tensor.dtype)) + " " + shape_text(tensor.shape);
}

Safetensors Safetensors::parse(std::span<const uint8_t> bytes, const std::string &name) {
  Safetensors file;
  file.name_ = name;
  Reader reader(bytes, name);
  const Json header = reader.header();
  for (const auto &[key, value] : header.items()) {
    if (key == "__metadata__") {
      file.metadata_ = reader.metadata(value);
    } else {
      file.tensors_[key] = reader.tensor(key, value);
    }
  }
  reader.check_layout(file.tensors_);
  return file;
}

Safetensors Safetensors::open(const std::string &path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status {};
  if (file.value < 0 || fstat(file.value, &status) != 0) {
    const char *reason = errno == ENOENT ? "no such file" : std::strerror(errno);
    throw Error(HCD_E_FILE, "weights '" + path + "': expected a safetensors file, found " + reason);
  }
  HCD_CHECK(S_ISREG(status.st_mode), HCD_E_FILE,
            "weights '%s': expected a safetensors file, found %s", path.c_str(),
            S_ISDIR(status.st_mode) ? "a folder" : "something that is not a file");
  HCD_CHECK(status.st_size > 0, HCD_E_FILE,
            "weights '%s': expected a safetensors file, found an empty file", path.c_str());
  const auto size = static_cast<size_t>(status.st_size);
  void *address = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.value, 0);
  HCD_CHECK(address != MAP_FAILED, HCD_E_FILE, "weights '%s': cannot be read: %s", path.c_str(),
            std::strerror(errno));
  std::shared_ptr<const void> mapping(address, [size](void *p) { munmap(p, size); });
  Safetensors result = parse({static_cast<const uint8_t *>(address), size}, path);
  result.mapping_ = std::move(mapping);
  return result;
}

std::vector<uint8_t> encode_safetensors(const std::map<std::string, TensorView> &tensors,
                                        const std::map<std::string, std::string> &metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  size_t offset = 0;
  for (const auto &[key, view] : tensors) {
    header[key] = {{"dtype", dtype_name(view.dtype)},
                   {"shape", view.shape},
                   {"data_offsets", {offset, offset + view.data.size()}}};
    offset += view.data.size();
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data begin at a multiple of 8
  std::vector<uint8_t> bytes;
  bytes.reserve(kLengthBytes + text.size() + offset);
  for (size_t i = 0; i < kLengthBytes; ++i)
    bytes.push_back(static_cast<uint8_t>(text.size() >> (8 * i)));
  bytes.insert(bytes.end(), text.begin(), text.end());
  for (const auto &[key, view] : tensors)
    bytes.insert(bytes.end(), view.data.begin(), view.data.end());
  return bytes;
}

}  // namespace hcd::net
