// SPDX-License-Identifier: BSD-2-Clause
// Detail that a viewer misses: the part of VMAF-NEG that a descent can be given.
#pragma once

#include <array>
#include <vector>

#include "base/parallel.h"
#include "base/buffer.h"
#include "base/view.h"
#include "engine/cpu/wavelet.h"

namespace hcd::cpu {

// How much visible detail of a reference plane is not in another one, 0 (all is there) to about 1:
// one minus the detail loss measure of VMAF-NEG (Li et al., "Image Quality Assessment by Separately
// Evaluating Detail Losses and Additive Impairments", IEEE TMM 2011, with libvmaf's constants), in
// which more contrast than the reference's earns nothing. Luma in 8-bit code values.
class LostDetail {
 public:
  // The reference is not kept.
  LostDetail(ConstPlane reference, ThreadPool &pool);

  // Of `test`, as large as the reference; its derivative goes to `gradient` (as large).
  double value_and_gradient(ConstPlane test, Plane gradient);

 private:
  static constexpr int kLevels = 4, kBands = 3;

  // Planes of one level, of the test picture; its bands become their derivatives.
  struct Scale {
    int width, height;  // of the bands
    Buffer memory;
    Level test, reference;
    Plane mask;  // added contrast, then the derivative by the mask
    std::array<float, kBands> weight;
    int cut_x, cut_y;  // left out on each side
  };

  void add_whole(const Scale &scale);
  void find_added(const Scale &scale);
  double find_kept(const Scale &scale, std::array<double, kBands> &cubes);
  void differentiate(const Scale &scale, const std::array<double, kBands> &cubes);

  ThreadPool &pool_;
  std::vector<Scale> scales_;
  Buffer scratch_, kept_;  // kept_: squares of the bands of one level
  double whole_ = 0;
};

}  // namespace hcd::cpu
