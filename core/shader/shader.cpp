// SPDX-License-Identifier: BSD-2-Clause
#include "shader/shader.h"

#include "base/error.h"
#include "shader/kernel.h"
#include "shader/layouts.h"

namespace hcd::shader {
namespace {

// `after`: a texture of the passes on luma. Where they did not run it is not there, and players
// leave out a pass that binds it.
Pass chroma_pass(const image::Kernel &kernel, int scale, const std::string &after) {
  Pass pass;
  pass.what = std::string("hcd: chroma by ") + kernel.name;
  pass.hook = "CHROMA";
  pass.binds = {"CHROMA", after};
  pass.wide = pass.high = scale;
  pass.components = 2;
  pass.body = enlarged(client::Skip(kernel, scale), scale, "CHROMA") + "vec4 hook()\n{\n" +
              block_of(scale, "CHROMA") + "    return enlarged(p, d);\n}\n";
  return pass;
}

// Of a network whose one pass saves nothing.
Pass marker_pass() {
  Pass pass;
  pass.what = "hcd: mark";
  pass.binds = {"LUMA"};
  pass.save = "HCD_A";
  pass.body = "vec4 hook()\n{\n    return vec4(0.);\n}\n";
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
    if (passes[0].save.empty()) passes.insert(passes.begin(), marker_pass());
    passes.push_back(chroma_pass(*settings.chroma, spec.scale, passes[0].save));
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
