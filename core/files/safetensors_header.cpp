// SPDX-License-Identifier: BSD-2-Clause
#include "files/safetensors_header.h"

#include <nlohmann/json.hpp>
#include <set>

#include "files/weights_error.h"

namespace hcd::files {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxDimensions = 8;
constexpr char kMetadata[] = "__metadata__";
constexpr char kNoObject[] = "expected a JSON object as safetensors header, found something else";

std::string error_at(size_t position) {
  return format_text("expected JSON as safetensors header, found an error at byte %zu", position);
}

// Events of the parser instead of its tree: the tree would be as deep as the file says, and would
// keep the last of two equal keys.
class HeaderReader : public nlohmann::json_sax<Json> {
 public:
  const std::string &fault() const { return fault_; }
  SafetensorsHeader header;

  bool start_object(size_t) override {
    if (in_array_ || ++depth_ > 2) return unexpected();
    if (depth_ == 2 && key_ != kMetadata) tensor_ = &header.tensors[key_];
    return true;
  }

  bool end_object() override {
    if (--depth_ == 0) return true;
    if (tensor_ && !(fields_.size() == 3 && tensor_->offsets.size() == 2)) return unexpected();
    tensor_ = nullptr;
    fields_.clear();
    return true;
  }

  bool key(std::string &text) override {
    if (depth_ == 2) return field(text);
    key_ = text;
    const bool is_new =
        key_ == kMetadata ? !std::exchange(has_metadata_, true) : !header.tensors.contains(key_);
    return is_new || fail("expected each tensor once, found '" + printable(key_) + "' twice");
  }

  bool start_array(size_t) override {
    if (depth_ == 0) return fail(kNoObject);
    if (!tensor_ || in_array_ || field_ == "dtype") return unexpected();
    return in_array_ = true;
  }

  bool end_array() override {
    in_array_ = false;
    return true;
  }

  bool string(std::string &text) override {
    if (depth_ == 2 && !tensor_) {
      header.metadata[field_] = text;
      return true;
    }
    if (!tensor_ || field_ != "dtype") return unexpected();
    tensor_->dtype = text;
    return true;
  }

  bool number_unsigned(uint64_t number) override {
    if (!in_array_) return unexpected();
    std::vector<uint64_t> &numbers = field_ == "shape" ? tensor_->shape : tensor_->offsets;
    numbers.push_back(number);
    return numbers.size() <= kMaxDimensions ||
           fail(where() + "expected at most 8 numbers as " + field_ + ", found more");
  }

  bool null() override { return unexpected(); }
  bool boolean(bool) override { return unexpected(); }
  bool number_integer(int64_t) override { return unexpected(); }
  bool number_float(double, const std::string &) override { return unexpected(); }
  bool binary(Json::binary_t &) override { return unexpected(); }

  bool parse_error(size_t position, const std::string &, const Json::exception &) override {
    return fail(error_at(position));
  }

 private:
  bool fail(const std::string &what) {
    fault_ = what;
    return false;
  }

  std::string where() const { return "tensor '" + printable(key_) + "': "; }

  // A value in the wrong place.
  bool unexpected() {
    if (depth_ == 0) return fail(kNoObject);
    if (key_ == kMetadata) {
      return fail("__metadata__: expected an object of texts, found something else");
    }
    if (in_array_) {
      return fail(where() + "expected whole numbers as " + field_ + ", found something else");
    }
    return fail(where() + "expected dtype, shape and two data_offsets, found something else");
  }

  bool field(const std::string &text) {
    field_ = text;
    if (tensor_ && field_ != "dtype" && field_ != "shape" && field_ != "data_offsets") {
      return unexpected();
    }
    const bool is_new = fields_.insert(field_).second;
    return is_new || fail((tensor_ ? where() : "__metadata__: ") + "expected '" +
                          printable(field_) + "' once, found it twice");
  }

  std::string fault_;
  int depth_ = 0;  // of objects
  bool in_array_ = false;
  std::string key_, field_;
  bool has_metadata_ = false;
  SafetensorsHeader::Tensor *tensor_ = nullptr;  // whose object is being read
  std::set<std::string> fields_;                 // of that object so far
};

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view json, const std::string &name) {
  HeaderReader reader;
  // The parser takes a zero byte for the end, and would not see what is behind it.
  const size_t zero = json.find('\0');
  if (zero != std::string_view::npos) throw weights_error(name, error_at(zero + 1));
  if (!Json::sax_parse(json.begin(), json.end(), &reader)) {
    throw weights_error(name, reader.fault());
  }
  return std::move(reader.header);
}

}  // namespace hcd::files
