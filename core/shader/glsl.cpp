// SPDX-License-Identifier: BSD-2-Clause
#include "shader/glsl.h"

#include <charconv>

#include "base/error.h"

#include "base/error.h"

namespace hcd::shader {
namespace {

std::string size(const Pass &pass, const char *side, int factor) {
  const std::string plane = pass.hook + "." + side;
  return factor == 1 ? plane : format_text("%s %d *", plane.c_str(), factor);
}

}  // namespace

std::string number(double value) {
  char digits[32];
  const std::to_chars_result end =
      std::to_chars(digits, digits + sizeof(digits), value, std::chars_format::general, 6);
  std::string text(digits, end.ptr);
  if (text.find_first_of(".e") == std::string::npos) return text + ".";
  const size_t start = text[0] == '-' ? 1 : 0;  // ".5", "-.5": the zero says nothing
  if (text.compare(start, 2, "0.") == 0) text.erase(start, 1);
  return text;
}

std::string vec4(const float *values) {
  std::string text = "vec4(";
  for (int i = 0; i < 4; ++i) {
    if (i > 0) text += ',';
    text += number(values[i]);
  }
  return text + ")";
}

std::string text(const Pass &pass) {
  std::string lines = "\n//!HOOK " + pass.hook + "\n";
  for (const std::string &name : pass.binds) lines += "//!BIND " + name + "\n";
  if (!pass.save.empty()) lines += "//!SAVE " + pass.save + "\n";
  const std::string width = pass.width.empty() ? size(pass, "w", pass.wide) : pass.width;
  const std::string height = pass.height.empty() ? size(pass, "h", pass.high) : pass.height;
  lines += "//!WIDTH " + width + "\n//!HEIGHT " + height + "\n";
  lines += "//!COMPONENTS " + std::to_string(pass.components) + "\n";
  if (!pass.compute.empty()) lines += "//!COMPUTE " + pass.compute + "\n";
  if (!pass.when.empty()) lines += "//!WHEN " + pass.when + "\n";
  return lines + "//!DESC " + pass.what + "\n" + pass.body;
}

float Group::weight(int out, int in, int t) const {
  const client::ConvSpec &c = layer_.spec;
  if (out >= c.out || in >= c.in) return 0;
  return layer_.weights[static_cast<size_t>((out * c.in + in) * c.kernel * c.kernel + t)];
}

std::string Group::bias() const {
  float values[4] = {};
  for (int o = 0; o < 4 && first_ + o < layer_.spec.out; ++o) {
    values[o] = layer_.bias[static_cast<size_t>(first_ + o)] / 255;
  }
  return vec4(values);
}

std::string Group::matrix(int in, int t) const {
  std::string text = "mat4(";
  for (int i = 0; i < 4; ++i) {
    for (int o = 0; o < 4; ++o) {
      if (i + o > 0) text += ',';
      text += number(weight(first_ + o, in + i, t));
    }
  }
  return text + ")";
}

std::string Group::column(int t) const {
  float values[4];
  for (int o = 0; o < 4; ++o) values[o] = weight(first_ + o, 0, t);
  return vec4(values);
}

std::string activated(const std::string &r, float slope) {
  return slope == 1 ? r : "max(" + r + ", " + number(slope) + " * " + r + ")";
}

std::string Levels::seen(const std::string &value) const {
  return gain == 1 ? value : "(" + value + " * " + number(gain) + " + " + number(offset) + ")";
}

std::string Levels::shown(const std::string &value) const {
  return gain == 1 ? value : value + " * " + number(1 / gain);
}

}  // namespace hcd::shader
