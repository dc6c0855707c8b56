// SPDX-License-Identifier: BSD-2-Clause
#include "files/json.h"

#include <iterator>
#include <vector>

#include "base/error.h"

namespace hcd::files {
namespace {

using Json = nlohmann::json;

// Walks over text and counts the lines behind it, since nlohmann-json tells no positions. Copies
// share one count.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char *;
  using reference = const char &;

  CountingIterator(const char *at, int *line) : at_(at), line_(line) {}
  reference operator*() const { return *at_; }
  CountingIterator &operator++() {
    *line_ += *at_++ == '\n';
    return *this;
  }
  bool operator==(const CountingIterator &other) const { return at_ == other.at_; }

 private:
  const char *at_;
  int *line_;
};

constexpr int kMaxLevels = 16;

std::string joined(const std::vector<std::string> &path) {
  std::string text;
  for (const std::string &key : path) text += (text.empty() ? "" : ".") + key;
  return text;
}

// What nlohmann-json says, without its own numbering of errors and positions.
std::string reason(const Json::parse_error &error) {
  const std::string text = error.what();
  const size_t start = text.find(": ");
  return start == std::string::npos ? text : text.substr(start + 2);
}

}  // namespace

bool nests_deeper(std::string_view json, int levels) {
  int level = 0;
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_string = !in_string;
    } else if (!in_string && (c == '[' || c == '{')) {
      if (++level > levels) return true;
    } else if (!in_string && (c == ']' || c == '}')) {
      --level;
    }
  }
  return false;
}

void check_levels(std::string_view json, int levels, const std::string &name) {
  HCD_CHECK(!nests_deeper(json, levels), HCD_E_FILE,
            "%s: expected at most %d levels of lists and objects, found more", name.c_str(),
            levels);
}

JsonWithLines parse_json_with_lines(const std::string &text, const std::string &name) {
  check_levels(text, kMaxLevels, name);
  JsonWithLines result;
  int line = 1;
  std::vector<std::string> path;
  const auto note_key = [&](int depth, Json::parse_event_t event, Json &parsed) {
    if (event != Json::parse_event_t::key) return true;
    path.resize(static_cast<size_t>(depth - 1));
    path.push_back(parsed.get<std::string>());
    HCD_CHECK(result.lines.emplace(joined(path), line).second, HCD_E_FILE,
              "%s:%d: '%s': expected once, found a second time", name.c_str(), line,
              joined(path).c_str());
    return true;
  };
  try {
    result.value =
        Json::parse(CountingIterator(text.data(), &line),
                    CountingIterator(text.data() + text.size(), &line), note_key, true, true);
  } catch (const Json::parse_error &error) {
    throw Error(HCD_E_FILE, format_text("%s:%d: %s", name.c_str(), line, reason(error).c_str()));
  }
  return result;
}

}  // namespace hcd::files
