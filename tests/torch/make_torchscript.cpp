// SPDX-License-Identifier: BSD-2-Clause
// Writes the TorchScript files of the tests into a folder: good pairs, and one file for each fault.
// (Python is not needed to build or test; samples/export_torchscript.py shows the usual way.)
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <sys/stat.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

namespace {

using torch::jit::Module;

std::string folder;

struct Properties {
  c10::IValue scale = 2, colour = "luma", receptive_field = 3, name = {};
};

void set(Module &module, const char *name, const c10::IValue &value) {
  if (!value.isNone()) module.register_attribute(name, value.type(), value);
}

Module make_module(const Properties &properties) {
  Module module("Pair");
  set(module, "scale", properties.scale);
  set(module, "colour", properties.colour);
  set(module, "receptive_field", properties.receptive_field);
  set(module, "name", properties.name);
  return module;
}

// Weights of a 3x3 convolution: fixed, of both signs, about as large as trained ones.
void add_convolution(Module &module, const std::string &name, int out, int in, double phase) {
  const at::Tensor index = at::arange(out * in * 9, at::kDouble);
  const at::Tensor values = index.mul(1.7).add(phase).sin().div(3.0 * in).to(at::kFloat);
  module.register_parameter("w_" + name, values.reshape({out, in, 3, 3}), false);
  module.register_parameter("b_" + name, at::full({out}, 0.01), false);
}

void save(Module &module, const std::string &name, const std::string &source) {
  module.define(source);
  module.save(folder + name + ".pt");
}

void save_source(const std::string &name, const std::string &source,
                 const Properties &properties = {}) {
  Module module = make_module(properties);
  save(module, name, source);
}

// Three convolutions, depth to space, the enlarged input added.
std::string network(const char *method, const char *activation, int scale) {
  const std::string s = std::to_string(scale), act = std::string("torch.") + activation;
  return std::string("def ") + method + "(self, x):\n" + "    y = " + act +
         "(torch.conv2d(x, self.w_a, self.b_a, padding=1))\n" + "    y = " + act +
         "(torch.conv2d(y, self.w_b, self.b_b, padding=1))\n" +
         "    y = torch.conv2d(y, self.w_c, self.b_c, padding=1)\n" +
         "    skip = torch.upsample_bilinear2d(x, None, False, [" + s + ".0, " + s + ".0])\n" +
         "    return torch.pixel_shuffle(y, " + s + ") + skip\n";
}

void add_network(Module &module, int channels, int scale) {
  add_convolution(module, "a", 16, channels, 0.1);
  add_convolution(module, "b", 16, 16, 0.2);
  add_convolution(module, "c", channels * scale * scale, 16, 0.3);
}

void write_pairs() {
  Module luma = make_module({});
  add_network(luma, 1, 2);
  save(luma, "luma_x2", network("forward", "relu", 2));

  Module rgb = make_module({2, "rgb", 4, "little rgb"});
  add_network(rgb, 3, 2);
  add_convolution(rgb, "down", 3, 3, 0.4);
  save(rgb, "rgb_x2",
       network("upscale", "tanh", 2) +
           "def downscale(self, y):\n"
           "    y = y + 0.1 * torch.tanh(torch.conv2d(y, self.w_down, None, padding=1))\n"
           "    return torch.avg_pool2d(y, [2, 2])\n");

  Module ycbcr = make_module({3, "ycbcr", 3, c10::IValue()});
  add_network(ycbcr, 3, 3);
  save(ycbcr, "ycbcr_x3", network("upscale", "tanh", 3));

  Module half = make_module({});
  add_network(half, 1, 2);
  half.to(at::kHalf);
  half.register_buffer("table", at::arange(4));
  save(half, "half_weights",
       network("forward", "relu", 2) +
           "def entries(self) -> int:\n    return int(self.table.max())\n");
}

const std::string kNearest = "    return torch.upsample_nearest2d(x, None, [2.0, 2.0])\n";
const std::string kForward = "def forward(self, x):\n" + kNearest;

void write_wrong_properties() {
  save_source("no_scale", kForward, {.scale = c10::IValue()});
  save_source("scale_float", kForward, {.scale = 2.0});
  save_source("scale_99", kForward, {.scale = 99});
  save_source("no_colour", kForward, {.colour = c10::IValue()});
  save_source("colour_int", kForward, {.colour = 1});
  save_source("colour_cmyk", kForward, {.colour = "cmyk"});
  save_source("no_receptive_field", kForward, {.receptive_field = c10::IValue()});
  save_source("receptive_field_negative", kForward, {.receptive_field = -1});
  save_source("name_int", kForward, {.name = 7});
  save_source("receptive_field_small",
              "def forward(self, x):\n    x = (x + torch.roll(x, [5], [2])) / 2\n" + kNearest);
}

void write_wrong_methods() {
  save_source("no_method", "def enlarge(self, x):\n" + kNearest);
  save_source("two_arguments", "def forward(self, x, y):\n    x = x + y\n" + kNearest);
  save_source("tuple", "def forward(self, x):\n    return x, x\n");
  save_source("wrong_scale", kForward, {.scale = 3});
  save_source("wrong_channels",
              kForward + "def downscale(self, x):\n    return torch.cat([x, x], 1)\n");
  save_source("double", "def forward(self, x):\n    x = x.double()\n" + kNearest);
  save_source("detached", "def forward(self, x):\n    x = x.detach()\n" + kNearest);
  save_source("nan", "def forward(self, x):\n    x = torch.sqrt(x - 2)\n" + kNearest);
  save_source("random", "def forward(self, x):\n    x = x + 0.1 * torch.rand_like(x)\n" + kNearest);
  save_source("raises",
              "def forward(self, x):\n    assert bool(x.sum() > 1e9), 'not today'\n" + kNearest);
  save_source("shapes", "def forward(self, x):\n    return x + torch.zeros([5])\n");
  save_source("memory", "def forward(self, x):\n    return x + torch.zeros([1 << 60])\n");
}

// Load, and fail only when they run.
void write_late_failures() {
  save_source("nan_below_0.2", "def forward(self, x):\n    x = torch.sqrt(x - 0.2)\n" + kNearest);
  save_source("even_only",
              "def forward(self, x):\n"
              "    x = x.view([1, 1, x.size(2) // 2, 2, x.size(3)]).flatten(2, 3)\n" +
                  kNearest);
}

void write_state_dict() {
  const std::vector<char> bytes = torch::jit::pickle_save(at::arange(10));
  std::ofstream(folder + "state_dict.pt", std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_torchscript <folder>\n");
    return 2;
  }
  folder = std::string(argv[1]) + "/";
  mkdir(argv[1], 0777);
  try {
    write_pairs();
    write_wrong_properties();
    write_wrong_methods();
    write_late_failures();
    write_state_dict();
  } catch (const std::exception &error) {
    std::fprintf(stderr, "make_torchscript: %s\n", error.what());
    return 1;
  }
  return 0;
}
