// SPDX-License-Identifier: BSD-2-Clause
// IRN operation by operation, as its authors' program runs it, to compare with.
#pragma once

#include <map>
#include <string>

#include "models/nn.h"

namespace hcd::bench {

// Published sizes. Shares the weights of a models::Irn and makes them trainable: as in the authors'
// program, a backward pass computes their gradients too. `checkpoint`: coupling blocks keep their
// input alone and run again in the backward pass (torch.utils.checkpoint).
class PlainIrn {
 public:
  PlainIrn(const models::Params &params, int scale, bool checkpoint);

  at::Tensor downscale(const at::Tensor &y_hr) const;  // the LR picture, not rounded
  at::Tensor upscale(const at::Tensor &x_lr, const at::Tensor &z) const;

  // Coupling block operations.<index>.
  at::Tensor couple(int index, const at::Tensor &x, bool inverse) const;

 private:
  const at::Tensor &weight(const std::string &name) const { return weights_.at(name); }
  at::Tensor subnet(const std::string &name, const at::Tensor &x) const;
  at::Tensor haar(int index, const at::Tensor &x) const;
  at::Tensor haar_inverse(int index, const at::Tensor &y) const;
  at::Tensor run(int index, const at::Tensor &x, bool inverse) const;

  std::map<std::string, at::Tensor> weights_;
  int levels_;
  bool checkpoint_;
};

}  // namespace hcd::bench
