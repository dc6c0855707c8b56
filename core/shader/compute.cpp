// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>

#include "base/error.h"
#include "shader/kernel.h"
#include "shader/layouts.h"

namespace hcd::shader {
namespace {

constexpr int kSide = 8;             // threads of a work group on each side, a small pixel each
constexpr int kSharedBytes = 16384;  // that every GPU has
constexpr int kBytes = 16;           // of a vec4

// A layer's values in one texture: `wide` x `high` texels for each small pixel.
struct Texture {
  std::string name;
  int wide, high;
};

Texture texture(const client::LightWeights &weights, int layer) {
  if (layer < 0) return {"LUMA", 1, 1};
  const int count = groups(weights.layers[static_cast<size_t>(layer)].spec.out);
  int high = 1;  // nearly square: textures have a largest width
  while (2 * high * high * 2 <= count) high *= 2;
  return {format_text("HCD_%c", 'A' + layer % 2), (count + high - 1) / high, high};
}

// Lines that bring channels [4 first, 4 (first + n)) of a group's pixels, and of those around them,
// into `tile`. Beyond the border the network sees zeros.
std::string load(const Texture &from, int first, int n, int side, const Levels *levels) {
  const char *name = from.name.c_str();
  std::string lines = first ? "    barrier();\n" : "";
  lines += format_text(
      "    for (int i = int(gl_LocalInvocationIndex); i < %d; i += %d) {\n"
      "        ivec2 t = ivec2(i %% %d, i / %d), q = base + t;\n"
      "        bool inside = all(greaterThanEqual(q, ivec2(0))) && all(lessThan(q, size));\n",
      side * side, kSide * kSide, side, side);
  for (int g = 0; g < n; ++g) {
    const int texel = first + g;
    const std::string value =
        levels
            ? "vec4(" + levels->seen("LUMA_mul * texelFetch(LUMA_raw, q, 0).x") + ")"
            : format_text("%s_mul * texelFetch(%s_raw, q * ivec2(%d,%d) + ivec2(%d,%d), 0)", name,
                          name, from.wide, from.high, texel % from.wide, texel / from.wide);
    lines += format_text("        tile[%d][t.y][t.x] = inside ? ", g) + value + " : vec4(0.);\n";
  }
  return lines + "    }\n    barrier();\n";
}

std::string convolution(const client::Layer &layer, const Texture &from, const Levels *levels,
                        int outs) {
  const int k = layer.spec.kernel, side = kSide + k - 1, ins = groups(layer.spec.in);
  const int most = std::max(1, kSharedBytes / (side * side * kBytes));
  const int chunk = std::min(ins, most);
  std::string body = format_text(
      "shared vec4 tile[%d][%d][%d];\n"
      "void hook()\n{\n"
      "    ivec2 l = ivec2(gl_LocalInvocationID.xy), p = ivec2(gl_GlobalInvocationID.xy);\n"
      "    ivec2 size = ivec2(%s_size) / ivec2(%d,%d), base = p - l - %d;\n"
      "    vec4 v;\n",
      chunk, side, side, from.name.c_str(), from.wide, from.high, k / 2);
  for (int o = 0; o < outs; ++o) {
    body += format_text("    vec4 r%d = ", o) + Group(layer, 4 * o).bias() + ";\n";
  }
  for (int first = 0; first < ins; first += chunk) {
    const int n = std::min(chunk, ins - first);
    body += load(from, first, n, side, levels);
    for (int t = 0; t < k * k; ++t) {
      for (int g = 0; g < n; ++g) {
        body += format_text("    v = tile[%d][l.y + %d][l.x + %d];\n", g, t / k, t % k);
        for (int o = 0; o < outs; ++o) {
          const Group group(layer, 4 * o);
          body += format_text("    r%d += ", o);
          body += levels ? "v.x * " + group.column(t) : group.matrix(4 * (first + g), t) + " * v";
          body += ";\n";
        }
      }
    }
  }
  return body;
}

}  // namespace

std::vector<Pass> compute_passes(const client::LightWeights &weights, const Levels &levels) {
  std::vector<Pass> passes;
  const int count = static_cast<int>(weights.layers.size()), scale = weights.spec.scale;
  for (int i = 0; i < count; ++i) {
    const client::Layer &layer = weights.layers[static_cast<size_t>(i)];
    const Texture from = texture(weights, i - 1), to = texture(weights, i);
    const int outs = groups(layer.spec.out);
    const bool last = i + 1 == count;
    Pass pass;
    pass.what = format_text("hcd: layer %d of %d", i + 1, count);
    pass.binds = {from.name};
    pass.wide = last ? scale : to.wide;
    pass.high = last ? scale : to.high;
    pass.compute = format_text("%d %d %d %d", kSide * pass.wide, kSide * pass.high, kSide, kSide);
    pass.body = convolution(layer, from, i == 0 ? &levels : nullptr, outs);
    if (!last) {
      pass.save = to.name;
      for (int o = 0; o < outs; ++o) {
        pass.body += format_text("    imageStore(out_image, p * ivec2(%d,%d) + ivec2(%d,%d), ",
                                 to.wide, to.high, o % to.wide, o / to.wide) +
                     activated(format_text("r%d", o), layer.spec.slope) + ");\n";
      }
    } else {
      if (i > 0) pass.binds.insert(pass.binds.begin(), "LUMA");
      pass.components = 1;
      const client::Skip skip(*image::find_kernel(weights.spec.skip), scale);
      pass.body.insert(0, enlarged(skip, scale, "LUMA"));
      for (int c = 0; c < scale * scale; ++c) {
        const std::string r = format_text("r%d.%c", c / 4, "xyzw"[c % 4]);
        const std::string d = format_text("ivec2(%d,%d)", c % scale, c / scale);
        pass.body += format_text("    imageStore(out_image, p * %d + ", scale) + d +
                     ", vec4(enlarged(vec2(p), " + d + ").x + " +
                     levels.shown(activated(r, layer.spec.slope)) + ", 0., 0., 1.));\n";
      }
    }
    pass.body += "}\n";
    passes.push_back(std::move(pass));
  }
  return passes;
}

}  // namespace hcd::shader
