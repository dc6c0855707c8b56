// SPDX-License-Identifier: BSD-2-Clause
#include "shader/layouts.h"

#include "base/error.h"
#include "shader/kernel.h"
#include "shader/shader.h"

namespace hcd::shader {
namespace {

// Where the textures of a layer's values are, four channels in each; of layer -1: luma.
std::vector<std::string> textures(const client::LightWeights &weights, int layer) {
  if (layer < 0) return {"LUMA"};
  std::vector<std::string> names;
  const int count = groups(weights.layers[static_cast<size_t>(layer)].spec.out);
  for (int g = 0; g < count; ++g) {
    // Two layers' names take turns: the textures of the one before are free again.
    names.push_back(format_text("HCD_%c%d", 'A' + layer % 2, g));
  }
  return names;
}

// The convolution to channels [4 g, 4 g + 4). Beyond the border the network sees zeros, where
// textures repeat their last pixel.
std::string convolution(const client::Layer &layer, int g, bool first, const Levels &levels,
                        const std::vector<std::string> &from) {
  const int k = layer.spec.kernel, reach = k / 2;
  const Group group(layer, 4 * g);
  const std::string size = from[0] + "_size";
  std::string body =
      "float inside(vec2 p)\n{\n    return float(all(greaterThanEqual(p, vec2(0.))) && "
      "all(lessThan(p, " +
      size +
      ")));\n}\n"
      "vec4 hook()\n{\n    vec2 p = floor(" +
      from[0] + "_pos * " + size +
      ");\n"
      "    vec4 r = " +
      group.bias() + ";\n";
  for (int t = 0; t < k * k; ++t) {
    const std::string tap = format_text("vec2(%d,%d)", t % k - reach, t / k - reach);
    std::string sum;
    for (size_t i = 0; i < from.size(); ++i) {
      const std::string pixel = from[i] + "_texOff(" + tap + ")";
      const int in = 4 * static_cast<int>(i);
      sum += i ? "\n        + " : "";
      sum += first ? group.column(t) + " * " + levels.seen(pixel + ".x")
                   : group.matrix(in, t) + " * " + pixel;
    }
    const bool middle = t == k * k / 2;
    body += "    r += " + (middle ? sum : "inside(p + " + tap + ") * (" + sum + ")") + ";\n";
  }
  return body + "    return " + activated("r", layer.spec.slope) + ";\n}\n";
}

// The last layer's channels in their places over the skip.
Pass shuffle(const client::LightWeights &weights, const Levels &levels,
             const std::vector<std::string> &from) {
  const int scale = weights.spec.scale;
  Pass pass;
  pass.what = "hcd: enlarge";
  pass.binds = from;
  pass.binds.insert(pass.binds.begin(), "LUMA");
  pass.wide = pass.high = scale;
  pass.components = 1;
  const client::Skip skip(*image::find_kernel(weights.spec.skip), scale);
  std::string value;
  for (size_t g = 0; g + 1 < from.size(); ++g) {
    value += format_text("c / 4 == %zu ? ", g) + from[g] + "_tex(q) : ";
  }
  value += from.back() + "_tex(q)";
  pass.body = enlarged(skip, scale, "LUMA") + "vec4 hook()\n{\n" + block_of(scale, from[0]) +
              format_text("    int c = d.y * %d + d.x;\n", scale) + "    vec2 q = (p + .5) * " +
              from[0] + "_pt;\n    vec4 v = " + value +
              ";\n    float r = v[c % 4];\n"
              "    p = floor(LUMA_pos * LUMA_size);\n"
              "    return vec4(enlarged(p, d).x + " +
              levels.shown("r") + ", 0., 0., 1.);\n}\n";
  return pass;
}

}  // namespace

std::vector<Pass> fragment_passes(const client::LightWeights &weights, const Levels &levels) {
  std::vector<Pass> passes;
  const int count = static_cast<int>(weights.layers.size());
  for (int i = 0; i < count; ++i) {
    const client::Layer &layer = weights.layers[static_cast<size_t>(i)];
    const auto from = textures(weights, i - 1), to = textures(weights, i);
    HCD_CHECK(static_cast<int>(from.size()) <= kMostBinds, HCD_E_OPTION,
              "%s: expected at most %d channels a layer for a fragment shader, found %d (a compute "
              "shader has no such limit)",
              weights.title.c_str(), 4 * kMostBinds, layer.spec.in);
    for (size_t g = 0; g < to.size(); ++g) {
      Pass pass;
      pass.what = format_text("hcd: layer %d of %d, %zu of %zu", i + 1, count, g + 1, to.size());
      pass.binds = from;
      pass.save = to[g];
      pass.body = convolution(layer, static_cast<int>(g), i == 0, levels, from);
      passes.push_back(std::move(pass));
    }
  }
  passes.push_back(shuffle(weights, levels, textures(weights, count - 1)));
  return passes;
}

}  // namespace hcd::shader
