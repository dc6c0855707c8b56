// SPDX-License-Identifier: BSD-2-Clause
// A TorchScript file as a pair (g, f): reading it, calling its methods, trying it out.
#include <ATen/ops/empty.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <vector>

#include "base/random.h"
#include "engine/aten/errors.h"
#include "engine/aten/functions.h"
#include "files/weights_error.h"

namespace hcd::aten {
namespace {

using torch::jit::Method;
using torch::jit::Module;

// ---- reading ----

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

// ---- calling ----

class Script : public Functions {
 public:
  // Reads the file's methods and attributes, and makes the module ready: float32, evaluation mode,
  // fixed parameters, on `device`. Throws HCD_E_FILE with expected and found.
  Script(const std::string &path, Module module, at::Device device)
      : Functions(device, "weights '" + path + "'") {
    const Reader reader(path, module);
    info_.name = reader.name();
    info_.scale = reader.number("scale", 1, kMaxScale);
    info_.colour = reader.colour();
    info_.receptive_field = reader.number("receptive_field", 0, kMaxReceptiveField);
    upscale_ = reader.upscale();
    downscale_ = reader.method("downscale");
    info_.has_downscale = downscale_.has_value();
    make_ready(module, device);
  }

  // These throw HCD_E_FILE where the result is not what the scale promises.
  at::Tensor upscale(const at::Tensor &lr, const client::Draw &) const override {
    return call(*upscale_, lr, lr.size(2) * info_.scale, lr.size(3) * info_.scale);
  }
  at::Tensor downscale(const at::Tensor &hr) const override {
    return call(*downscale_, hr, hr.size(2) / info_.scale, hr.size(3) / info_.scale);
  }
  const std::string &upscale_name() const { return upscale_->name(); }

 private:
  at::Tensor call(Method method, const at::Tensor &input, int64_t height, int64_t width) const {
    const std::string where =
        title() + ": method '" + method.name() + "' of " + files::size_text(input.sizes());
    return guarded(where, [&] {
      at::Tensor output = method({input}).toTensor();
      const std::vector<int64_t> expected{1, channels(info_.colour), height, width};
      const std::string found = output.defined() ? files::size_text(output.sizes()) : "nothing";
      HCD_CHECK(output.defined() && output.sizes() == at::IntArrayRef(expected), HCD_E_FILE,
                "%s: expected a result of %s, found %s", where.c_str(),
                files::size_text(expected).c_str(), found.c_str());
      HCD_CHECK(output.scalar_type() == at::kFloat, HCD_E_FILE, "%s: expected float32, found %s",
                where.c_str(), c10::toString(output.scalar_type()));
      return output;
    });
  }

  std::optional<Method> upscale_;    // f; always there once loaded
  std::optional<Method> downscale_;  // g, where the file has one
};

// ---- the trial run ----

using Function = std::function<at::Tensor(const at::Tensor &)>;

// Large enough to see the whole receptive field around the middle, within reason; not square, so
// that a mistaken transpose shows; multiples of 8, because some networks halve their input.
constexpr int kMinTrial = 16, kMaxTrial = 160, kTrialStep = 8;
int trial_height(const Script &script) {
  const int wanted = std::clamp(2 * script.info().receptive_field + 6, kMinTrial, kMaxTrial);
  return (wanted + kTrialStep - 1) / kTrialStep * kTrialStep;
}

// [1, C, h, w] of noise between 0.25 and 0.75, fixed, so that a file loads always or never.
at::Tensor trial_picture(const Script &script, int height, int width) {
  at::Tensor picture = at::empty({1, channels(script.info().colour), height, width}, at::kFloat);
  const Random random(1);
  float *values = picture.mutable_data_ptr<float>();
  for (int64_t i = 0; i < picture.numel(); ++i) {
    values[i] = static_cast<float>(0.25 + 0.5 * random.uniform(static_cast<uint64_t>(i)));
  }
  return picture.to(script.device()).requires_grad_(true);
}

// Fast convolutions (Winograd's) leave traces of this size, in parts of the largest derivative,
// where there is exactly nothing.
constexpr double kNoise = 1e-6;

// How far (in LR pixels) the input pixels lie that the middle of the output depends on. `in`,
// `out`: pixels of input and output for one LR pixel in each direction.
int reach(const Script &script, const at::Tensor &output, const at::Tensor &input, int in,
          int out) {
  const int64_t middle_y = output.size(2) / out / 2, middle_x = output.size(3) / out / 2;
  at::Tensor v = at::zeros_like(output);
  v.narrow(2, middle_y * out, out).narrow(3, middle_x * out, out).fill_(1);
  const at::Tensor slope = pull_back(script.title(), output, input, v).cpu().abs();
  const at::Tensor used = slope.gt(slope.max().mul(kNoise)).nonzero().contiguous();
  int64_t far = 0;
  for (int64_t i = 0; i < used.size(0); ++i) {
    const int64_t *at = used.const_data_ptr<int64_t>() + i * used.size(1);
    far = std::max({far, std::abs(at[2] / in - middle_y), std::abs(at[3] / in - middle_x)});
  }
  return static_cast<int>(far);
}

// One function: its shape and element type (checked by the call), its values, that it has
// no state, its derivative.
int check_function(const Script &script, const Function &function, const char *name, int in,
                   int out) {
  const int height = trial_height(script), width = height + kTrialStep;
  const at::Tensor input = trial_picture(script, height * in, width * in);
  const at::Tensor output = function(input);
  HCD_CHECK(at::isfinite(output).all().item<bool>(), HCD_E_FILE,
            "%s: method '%s': expected finite values, found NaN or infinity",
            script.title().c_str(), name);
  // Bits are promised on the CPU only: some CUDA kernels add in any order.
  HCD_CHECK(script.device().is_cuda() || function(input).equal(output), HCD_E_FILE,
            "%s: method '%s': expected the same result for the same picture, found another",
            script.title().c_str(), name);
  return reach(script, output, input, in, out);
}

// Runs both functions on a small picture: shapes, finite values, derivatives. Warns where the
// declared receptive field is smaller than the true one.
void check_script(const Script &script, const Log &log) {
  const int scale = script.info().scale;
  const Function f = [&](const at::Tensor &lr) { return script.upscale(lr, {}); };
  const Function g = [&](const at::Tensor &hr) { return script.downscale(hr); };
  int far = check_function(script, f, script.upscale_name().c_str(), 1, scale);
  if (script.info().has_downscale) {
    far = std::max(far, check_function(script, g, "downscale", scale, 1));
  }
  if (far > script.info().receptive_field) {
    log(HCD_LOG_WARNING,
        format_text("%s: attribute 'receptive_field' is %d, but pixels %d apart act on each "
                    "other: tiles will not join exactly",
                    script.title().c_str(), script.info().receptive_field, far));
  }
}

}  // namespace

int channels(client::Colour colour) { return colour == client::Colour::kLuma ? 1 : 3; }

std::unique_ptr<Functions> load_torchscript(const std::string &path, at::Device device,
                                            const Log &log) {
  Module module = read_module(path);
  return guarded("weights '" + path + "'", [&]() -> std::unique_ptr<Functions> {
    auto script = std::make_unique<Script>(path, std::move(module), device);
    check_script(*script, log);
    return script;
  });
}

}  // namespace hcd::aten
