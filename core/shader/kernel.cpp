// SPDX-License-Identifier: BSD-2-Clause
#include "shader/kernel.h"

#include "base/error.h"
#include "shader/glsl.h"

namespace hcd::shader {

std::string enlarged(const client::Skip &kernel, int scale, const std::string &name) {
  const int taps = 2 * kernel.reach();
  std::string weights, first;
  const auto append = [](std::string &list, const std::string &item) {
    if (!list.empty()) list += ',';
    list += item;
  };
  for (int d = 0; d < scale; ++d) {
    append(first, std::to_string(kernel.first(d)));
    for (int t = 0; t < taps; ++t) append(weights, number(kernel.weights(d)[t]));
  }
  const char *n = name.c_str();
  return format_text("const float weight[%d] = float[%d](%s);\n", scale * taps, scale * taps,
                     weights.c_str()) +
         format_text("const int first[%d] = int[%d](%s);\n", scale, scale, first.c_str()) +
         format_text(
             "vec4 enlarged(vec2 p, ivec2 d)\n"
             "{\n"
             "    vec4 sum = vec4(0.);\n"
             "    for (int y = 0; y < %d; ++y) {\n"
             "        for (int x = 0; x < %d; ++x) {\n"
             "            vec2 q = p + vec2(first[d.x] + x, first[d.y] + y);\n"
             "            q = clamp(q, vec2(0.), %s_size - 1.) + .5;\n"
             "            sum += weight[d.x * %d + x] * weight[d.y * %d + y] * "
             "%s_tex(q * %s_pt);\n"
             "        }\n"
             "    }\n"
             "    return sum;\n"
             "}\n",
             taps, taps, n, taps, taps, n, n);
}

std::string block_of(int scale, const std::string &name) {
  return format_text(
      "    vec2 at = %s_pos * %s_size, p = floor(at);\n"
      "    ivec2 d = clamp(ivec2((at - p) * %d.), 0, %d);\n",
      name.c_str(), name.c_str(), scale, scale - 1);
}

}  // namespace hcd::shader
