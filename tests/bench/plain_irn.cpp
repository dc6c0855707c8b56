// SPDX-License-Identifier: BSD-2-Clause
#include "plain_irn.h"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

namespace hcd::bench {
namespace {

using at::Tensor;
constexpr int kBlocks = 8;     // coupling blocks per Haar step
constexpr int64_t kSplit = 3;  // channels of the LR picture
constexpr int64_t kStride = 2, kPadding = 0;

// What torch.utils.checkpoint does: forward without a graph, again with one in the backward pass,
// which puts the gradients of the weights where backward() does.
struct Checkpoint : torch::autograd::Function<Checkpoint> {
  static Tensor forward(torch::autograd::AutogradContext *context, const Tensor &x,
                        const PlainIrn *irn, int index, bool inverse) {
    context->save_for_backward({x});
    context->saved_data["irn"] = reinterpret_cast<int64_t>(irn);
    context->saved_data["index"] = index;
    context->saved_data["inverse"] = inverse;
    return irn->couple(index, x, inverse);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradient) {
    auto &data = context->saved_data;
    const auto *irn = reinterpret_cast<const PlainIrn *>(data["irn"].toInt());
    const c10::AutoGradMode with_graph(true);
    const Tensor x = context->get_saved_variables()[0].detach().requires_grad_(true);
    const Tensor y =
        irn->couple(static_cast<int>(data["index"].toInt()), x, data["inverse"].toBool());
    torch::autograd::backward({y}, {gradient[0]});
    return {x.grad(), Tensor(), Tensor(), Tensor()};
  }
};

Tensor rest(const Tensor &x) { return x.narrow(1, kSplit, x.size(1) - kSplit); }

}  // namespace

PlainIrn::PlainIrn(const models::Params &params, int scale, bool checkpoint)
    : levels_(scale == 2 ? 1 : 2), checkpoint_(checkpoint) {
  for (const models::Params::Entry &entry : params.entries()) {
    weights_[entry.name] = entry.value.requires_grad_(entry.trainable);
  }
}

Tensor PlainIrn::subnet(const std::string &name, const Tensor &x) const {
  const std::vector<int64_t> one = {1, 1};
  std::vector<Tensor> maps = {x};
  for (int k = 1; k <= 5; ++k) {
    const std::string conv = name + ".conv" + std::to_string(k);
    const Tensor y = at::conv2d(at::cat(maps, 1), weight(conv + ".weight"), weight(conv + ".bias"),
                                at::IntArrayRef(one), at::IntArrayRef(one));
    maps.push_back(k < 5 ? at::leaky_relu(y, 0.2) : y);
  }
  return maps.back();
}

Tensor PlainIrn::couple(int index, const Tensor &x, bool inverse) const {
  const std::string name = "operations." + std::to_string(index) + ".";
  Tensor a = x.narrow(1, 0, kSplit), b = rest(x);
  if (!inverse) a = a + subnet(name + "F", b);
  const Tensor s = 2 * at::sigmoid(subnet(name + "H", a)) - 1;
  if (!inverse) return at::cat({a, b * at::exp(s) + subnet(name + "G", a)}, 1);
  b = (b - subnet(name + "G", a)) / at::exp(s);
  return at::cat({a - subnet(name + "F", b), b}, 1);
}

Tensor PlainIrn::run(int index, const Tensor &x, bool inverse) const {
  return checkpoint_ ? Checkpoint::apply(x, this, index, inverse) : couple(index, x, inverse);
}

Tensor PlainIrn::haar(int index, const Tensor &x) const {
  const Tensor &filters = weight("operations." + std::to_string(index) + ".haar_weights");
  const int64_t n = x.size(0), c = x.size(1), h = x.size(2) / 2, w = x.size(3) / 2;
  const Tensor y = at::conv2d(x, filters, {}, kStride, kPadding, 1, c) / 4;
  return y.reshape({n, c, 4, h, w}).transpose(1, 2).reshape({n, 4 * c, h, w});
}

Tensor PlainIrn::haar_inverse(int index, const Tensor &y) const {
  const Tensor &filters = weight("operations." + std::to_string(index) + ".haar_weights");
  const int64_t n = y.size(0), c = y.size(1) / 4, h = y.size(2), w = y.size(3);
  const Tensor x = y.reshape({n, 4, c, h, w}).transpose(1, 2).reshape({n, 4 * c, h, w});
  return at::conv_transpose2d(x, filters, {}, kStride, kPadding, 0, c);
}

Tensor PlainIrn::downscale(const Tensor &y_hr) const {
  Tensor x = y_hr;
  for (int level = 0, index = 0; level < levels_; ++level) {
    x = haar(index++, x);
    for (int block = 0; block < kBlocks; ++block) x = run(index++, x, false);
  }
  return x.narrow(1, 0, kSplit);
}

Tensor PlainIrn::upscale(const Tensor &x_lr, const Tensor &z) const {
  Tensor y = at::cat({x_lr, z}, 1);
  for (int index = levels_ * (kBlocks + 1) - 1; index >= 0; --index) {
    y = index % (kBlocks + 1) == 0 ? haar_inverse(index, y) : run(index, y, true);
  }
  return y;
}

}  // namespace hcd::bench
