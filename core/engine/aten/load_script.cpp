// SPDX-License-Identifier: BSD-2-Clause
// Reading a TorchScript file into a Script.
#include <torch/csrc/jit/serialization/import.h>

#include "engine/aten/errors.h"
#include "engine/aten/torchscript.h"

namespace hcd::aten {
namespace {

using torch::jit::Method;
using torch::jit::Module;

constexpr int kMaxScale = 16;            // of the option `scale`
constexpr int kMaxReceptiveField = 512;  // a wider halo than that leaves nothing of any tile

// The checks of one file; every text begins with its name.
class Reader {
 public:
  Reader(const std::string &path, const Module &module) : path_(path), module_(module) {}

  int number(const std::string &name, int min, int max) const {
    const std::string expected = format_text("int from %d to %d", min, max);
    const c10::IValue value = find(name);
    if (!value.isInt()) fail(name, expected, value);
    const int64_t n = value.toInt();
    HCD_CHECK(n >= min && n <= max, HCD_E_FILE, "%s attribute '%s' (%s), found %lld",
              head().c_str(), name.c_str(), expected.c_str(), static_cast<long long>(n));
    return static_cast<int>(n);
  }

  client::Colour colour() const {
    const std::string expected = "luma, ycbcr or rgb";
    const c10::IValue value = find("colour");
    if (!value.isString()) fail("colour", expected, value);
    const std::string &text = value.toStringRef();
    if (text == "luma") return client::Colour::kLuma;
    if (text == "ycbcr") return client::Colour::kYcbcr;
    HCD_CHECK(text == "rgb", HCD_E_FILE, "%s attribute 'colour' (%s), found '%s'", head().c_str(),
              expected.c_str(), text.c_str());
    return client::Colour::kRgb;
  }

  // The attribute `name`, or the file's name without folder and ending.
  std::string name() const {
    const c10::IValue value = find("name");
    if (!value.isNone() && !value.isString()) fail("name", "str", value);
    if (value.isString() && !value.toStringRef().empty()) return value.toStringRef();
    const size_t start = path_.rfind('/') + 1;  // npos + 1 is 0
    const size_t dot = path_.rfind('.');
    return path_.substr(start, dot == std::string::npos || dot <= start ? dot : dot - start);
  }

  std::optional<Method> method(const std::string &name) const {
    std::optional<Method> method = module_.find_method(name);
    if (!method) return method;
    const c10::FunctionSchema &schema = method->function().getSchema();
    bool fits = schema.arguments().size() >= 2 && schema.returns().size() == 1 &&
                is_tensor(schema.arguments()[1]) && is_tensor(schema.returns()[0]);
    for (size_t i = 2; fits && i < schema.arguments().size(); ++i) {
      fits = schema.arguments()[i].default_value().has_value();
    }
    HCD_CHECK(fits, HCD_E_FILE, "%s method '%s' from one Tensor to one Tensor, found %s",
              head().c_str(), name.c_str(), c10::toString(schema).c_str());
    return method;
  }

  Method upscale() const {
    std::optional<Method> method = this->method("upscale");
    if (!method) method = this->method("forward");
    if (method) return *method;
    std::string found;
    for (const Method &other : module_.get_methods()) {
      found += (found.empty() ? "'" : ", '") + other.name() + "'";
    }
    throw Error(HCD_E_FILE, head() + " method 'upscale' or 'forward', found " +
                                (found.empty() ? "no method" : found));
  }

 private:
  static bool is_tensor(const c10::Argument &argument) {
    return argument.type()->kind() == c10::TypeKind::TensorType;
  }

  std::string head() const { return "weights '" + path_ + "': expected"; }

  // Attribute or constant (`Final` in Python); None where there is neither.
  c10::IValue find(const std::string &name) const {
    const auto type = module_._ivalue()->type();
    if (const auto slot = type->findAttributeSlot(name)) return module_._ivalue()->getSlot(*slot);
    if (const auto slot = type->findConstantSlot(name)) return type->getConstant(*slot);
    return {};
  }

  [[noreturn]] void fail(const std::string &name, const std::string &expected,
                         const c10::IValue &value) const {
    const std::string found = value.isNone() ? "none" : "a value of type " + value.type()->str();
    throw Error(HCD_E_FILE,
                head() + " attribute '" + name + "' (" + expected + "), found " + found);
  }

  const std::string &path_;
  const Module &module_;
};

Module read_module(const std::string &path) {
  try {
    return torch::jit::load(path, at::Device(at::kCPU));
  } catch (const std::exception &failure) {
    const std::string context = "weights '" + path + "'";
    if (translate(context, failure).status() == HCD_E_MEMORY) throw translate(context, failure);
    const std::string text = failure.what();
    const bool foreign = text.find("locating file") != std::string::npos;
    throw Error(HCD_E_FILE, context + ": expected a TorchScript file (torch.jit.save), found " +
                                (foreign ? "a zip archive without a program (torch.save?)"
                                         : "a damaged one (" + short_text(text) + ")"));
  }
}

// One element type, one device, nothing that learns. Whole numbers (index tables) stay what they
// are.
void make_ready(Module &module, at::Device device) {
  const auto fix = [device](const at::Tensor &tensor) {
    tensor.set_requires_grad(false);
    const at::ScalarType type = tensor.is_floating_point() ? at::kFloat : tensor.scalar_type();
    tensor.set_data(tensor.to(device, type));
  };
  module.eval();
  for (const at::Tensor &tensor : module.parameters()) fix(tensor);
  for (const at::Tensor &tensor : module.buffers()) fix(tensor);
}

class ScriptFunctions : public Functions {
 public:
  explicit ScriptFunctions(Script script) : script_(std::move(script)) {}
  const client::NetworkInfo &info() const override { return script_.info; }
  at::Device device() const override { return script_.device; }
  std::string title() const override { return "weights '" + script_.path + "'"; }
  at::Tensor upscale(const at::Tensor &lr, const client::Draw &) const override {
    return aten::upscale(script_, lr);
  }
  at::Tensor downscale(const at::Tensor &hr) const override { return aten::downscale(script_, hr); }

 private:
  const Script script_;
};

}  // namespace

int channels(client::Colour colour) { return colour == client::Colour::kLuma ? 1 : 3; }

Script load_script(const std::string &path, at::Device device) {
  Module module = read_module(path);
  return guarded("weights '" + path + "'", [&] {
    const Reader reader(path, module);
    Script script;
    script.path = path;
    script.info.name = reader.name();
    script.info.scale = reader.number("scale", 1, kMaxScale);
    script.info.colour = reader.colour();
    script.info.receptive_field = reader.number("receptive_field", 0, kMaxReceptiveField);
    script.upscale = reader.upscale();
    script.downscale = reader.method("downscale");
    script.info.has_downscale = script.downscale.has_value();
    script.device = device;
    make_ready(module, device);
    return script;
  });
}

std::unique_ptr<Functions> load_torchscript(const std::string &path, at::Device device,
                                            const Log &log) {
  Script script = load_script(path, device);
  check_script(script, log);
  return std::make_unique<ScriptFunctions>(std::move(script));
}

}  // namespace hcd::aten
