// SPDX-License-Identifier: BSD-2-Clause
#include "files/safetensors.h"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "files/safetensors_header.h"
#include "files/weights_error.h"

namespace hcd::files {
namespace {

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

constexpr uint64_t kMaxHeader = 10'000'000;  // of a thousand tensors: a hundred thousand bytes
constexpr size_t kLengthBytes = 8;

const DtypeInfo &info_of(Dtype dtype) {
  return *std::find_if(kDtypes.begin(), kDtypes.end(),
                       [dtype](const DtypeInfo &i) { return i.dtype == dtype; });
}

float half_to_float(uint16_t half) {
  const int exponent = (half >> 10) & 31, fraction = half & 1023;
  const float size = exponent == 31 ? (fraction ? NAN : INFINITY)
                     : exponent == 0
                         ? std::ldexp(static_cast<float>(fraction), -24)
                         : std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
  return half & 0x8000 ? -size : size;
}

template <typename T>
T number_at(const TensorView &view, size_t i) {
  T value;
  std::memcpy(&value, view.data.data() + i * sizeof(T), sizeof(T));
  return value;
}

float float_at(const TensorView &view, size_t i) {
  if (view.dtype == Dtype::kF32) return number_at<float>(view, i);
  if (view.dtype == Dtype::kF64) return static_cast<float>(number_at<double>(view, i));
  const auto bits = number_at<uint16_t>(view, i);
  if (view.dtype == Dtype::kF16) return half_to_float(bits);
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;  // BF16
  float value = 0;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

// The checks of one file; every message begins with its name.
class Reader {
 public:
  Reader(std::span<const uint8_t> bytes, const std::string &name) : bytes_(bytes), name_(name) {}

  [[noreturn]] void fail(const std::string &what) const { throw weights_error(name_, what); }

  SafetensorsHeader header() {
    if (bytes_.size() < kLengthBytes) {
      fail(format_text("expected a safetensors file, found %zu bytes", bytes_.size()));
    }
    uint64_t length = 0;
    for (size_t i = kLengthBytes; i-- > 0;) length = (length << 8) | bytes_[i];
    const uint64_t most = std::min<uint64_t>(bytes_.size() - kLengthBytes, kMaxHeader);
    if (length > most) {
      fail(format_text("expected a safetensors header of at most %" PRIu64
                       " bytes, found a length of %" PRIu64,
                       most, length));
    }
    data_ = bytes_.subspan(kLengthBytes + length);
    const auto *text = reinterpret_cast<const char *>(bytes_.data() + kLengthBytes);
    return parse_safetensors_header({text, length}, name_);
  }

  TensorView tensor(const std::string &key, const SafetensorsHeader::Tensor &entry) const {
    const std::string where = "tensor '" + printable(key) + "': ";
    TensorView view;
    const auto *known = std::find_if(kDtypes.begin(), kDtypes.end(),
                                     [&](const DtypeInfo &i) { return entry.dtype == i.name; });
    if (known == kDtypes.end()) {
      fail(where + "expected a type F64, F32, F16, BF16, I64, I32 or U8, found '" +
           printable(entry.dtype) + "'");
    }
    view.dtype = known->dtype;
    const uint64_t count = read_shape(where, entry.shape, &view.shape);
    const uint64_t begin = entry.offsets[0], end = entry.offsets[1];
    if (begin > end || end > data_.size()) {
      fail(where + format_text("expected data_offsets within %zu bytes, found %" PRIu64
                               " to %" PRIu64,
                               data_.size(), begin, end));
    }
    if (end - begin != count * known->bytes) {
      fail(where + format_text("expected %" PRIu64 " bytes for %s %s, found %" PRIu64,
                               count * known->bytes, known->name, shape_text(view.shape).c_str(),
                               end - begin));
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
    std::stable_sort(starts.begin(), starts.end(),
                     [](const auto &a, const auto &b) { return a.first < b.first; });
    size_t end = 0;
    for (const auto &[start, key] : starts) {
      if (start != end) {
        fail("tensor '" + printable(*key) + "': " +
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
  // Returns the number of elements. Sizes beside a 0 must not overflow either.
  uint64_t read_shape(const std::string &where, const std::vector<uint64_t> &sizes,
                      std::vector<int64_t> *shape) const {
    int64_t product = 1;
    bool fits = true, empty = false;
    for (const uint64_t size : sizes) {
      shape->push_back(static_cast<int64_t>(size));
      fits = fits && !__builtin_mul_overflow(product, std::max<uint64_t>(size, 1), &product);
      empty = empty || size == 0;
    }
    if (!fits || (!empty && static_cast<uint64_t>(product) > data_.size())) {
      fail(where + "expected a shape within the file's size, found " + shape_text(sizes));
    }
    return empty ? 0 : static_cast<uint64_t>(product);
  }

  std::span<const uint8_t> bytes_, data_;
  std::string name_;
};

}  // namespace

const char *dtype_name(Dtype dtype) { return info_of(dtype).name; }

bool is_floating(Dtype dtype) {
  return dtype == Dtype::kF16 || dtype == Dtype::kF32 || dtype == Dtype::kF64 ||
         dtype == Dtype::kBf16;
}

int64_t TensorView::count() const {
  int64_t count = 1;
  for (const int64_t n : shape) count *= n;
  return count;
}

std::vector<float> to_floats(const TensorView &view) {
  std::vector<float> values(static_cast<size_t>(view.count()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = float_at(view, i);
  return values;
}

std::string describe(const TensorView &tensor) {
  return std::string(dtype_name(tensor.dtype)) + " " + shape_text(tensor.shape);
}

Safetensors Safetensors::parse(std::span<const uint8_t> bytes, const std::string &name) {
  Safetensors file;
  file.name_ = name;
  file.whole_ = bytes;
  Reader reader(bytes, name);
  SafetensorsHeader header = reader.header();
  file.metadata_ = std::move(header.metadata);
  for (const auto &[key, entry] : header.tensors) file.tensors_[key] = reader.tensor(key, entry);
  reader.check_layout(file.tensors_);
  return file;
}

Safetensors Safetensors::open(const std::string &path) {
  const MappedFile mapping = MappedFile::open(path, "a safetensors file");
  Safetensors file = parse(mapping.bytes(), path);
  file.mapping_ = mapping;
  return file;
}

Safetensors Safetensors::own(std::vector<uint8_t> bytes, const std::string &name) {
  const auto kept = std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
  Safetensors file = parse(*kept, name);
  file.bytes_ = kept;
  return file;
}

std::vector<uint8_t> encode_safetensors(const std::map<std::string, TensorView> &tensors,
                                        const std::map<std::string, std::string> &metadata) {
  nlohmann::json header = nlohmann::json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  size_t offset = 0;
  for (const auto &[key, view] : tensors) {
    header[key] = {{"dtype", dtype_name(view.dtype)},
                   {"shape", view.shape},
                   {"data_offsets", {offset, offset + view.data.size()}}};
    offset += view.data.size();
  }
  // Texts that are not UTF-8 (names of files) get replacement characters.
  std::string text = header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
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

}  // namespace hcd::files
