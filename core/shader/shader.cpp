// SPDX-License-Identifier: BSD-2-Clause
#include "shader/shader.h"

#include "base/error.h"
#include "shader/kernel.h"
#include "shader/layouts.h"

namespace hcd::shader {
namespace {

// Once luma is enlarged its size no longer tells whether it was, and a texture that is not there
// makes older players give up. So a texture's width says it: 2, or 1.
Pass mark() {
  Pass pass;
  pass.what = "hcd: is there something to enlarge";
  pass.binds = {"LUMA"};
  pass.save = "HCD_ON";
  pass.width = std::string(kEnlarges) + " 1 +";
  pass.height = "1";
  pass.components = 1;
  pass.when.clear();
  pass.body = "vec4 hook()\n{\n    return vec4(0.);\n}\n";
  return pass;
}

// Chroma keeps its place: the player knows where it sits, and goes on from there.
Pass chroma(const image::Kernel &kernel, int scale) {
  Pass pass;
  pass.what = std::string("hcd: chroma by ") + kernel.name;
  pass.hook = "CHROMA";
  pass.binds = {"CHROMA"};
  pass.wide = pass.high = scale;
  pass.components = 2;
  pass.when = "HCD_ON.w 1 >";
  pass.body = enlarged(client::Skip(kernel, scale), scale, "CHROMA") + "vec4 hook()\n{\n" +
              block_of(scale, "CHROMA") + "    return enlarged(p, d);\n}\n";
  return pass;
}

}  // namespace

std::string write_shader(const client::LightWeights &weights, const std::string &name,
                         const Settings &settings) {
  const client::NetSpec &spec = weights.spec;
  HCD_CHECK(spec.parameters() <= kMostParameters, HCD_E_OPTION,
            "%s: expected at most %lld parameters for a shader, found %lld", weights.title.c_str(),
            static_cast<long long>(kMostParameters), static_cast<long long>(spec.parameters()));
  const Levels levels(settings.full_range);
  const bool compute = settings.variant == Variant::kCompute;
  std::vector<Pass> passes =
      compute ? compute_passes(weights, levels) : fragment_passes(weights, levels);
  if (settings.chroma) {
    passes.insert(passes.begin(), mark());
    passes.push_back(chroma(*settings.chroma, spec.scale));
  }
  std::string file = format_text(
      "// hcd %s x%d, %s shader, %zu passes, %s range, %lld multiplications a small pixel\n"
      "// For mpv (--glsl-shaders=FILE) and libplacebo; made by hcd shader.\n",
      name.c_str(), spec.scale, compute ? "compute" : "fragment", passes.size(),
      settings.full_range ? "full" : "limited", static_cast<long long>(spec.macs()));
  for (const Pass &pass : passes) file += text(pass);
  return file;
}

}  // namespace hcd::shader
