// SPDX-License-Identifier: BSD-2-Clause
// Detail that a viewer misses: the part of VMAF-NEG that a descent can be given.
#pragma once

#include <array>
#include <vector>

#include "base/buffer.h"
#include "base/parallel.h"
#include "base/view.h"
#include "engine/cpu/wavelet.h"

namespace hcd::cpu {

// How much visible detail of a reference plane is not in another one, 0 (all is there) to about 1:
// one minus the detail loss measure (ADM) of VMAF-NEG (Li et al., "Image Quality Assessment by
// Separately Evaluating Detail Losses and Additive Impairments", IEEE TMM 2011, with libvmaf's
// constants), in which more contrast than the reference's earns nothing. Luma in 8-bit code values.
//
// A level of the wavelet is decoupled into the restored part, which the reference has too, and the
// additive one; both are weighted by the contrast sensitivity (CSF); the additive part masks the
// restored one's contrast (CM); what is seen of it is pooled, and compared with the reference's.
class DetailLoss {
 public:
  // The reference is not kept.
  DetailLoss(ConstPlane reference, ThreadPool &pool);

  // Of `test`, as large as the reference; its derivative goes to `gradient` (as large).
  double value_and_gradient(ConstPlane test, Plane gradient);

 private:
  static constexpr int kLevels = 4, kBands = 3;

  // Planes of one level; the test picture's become their derivatives.
  struct Scale {
    int width, height;  // of the bands
    Buffer memory;
    Subbands test, reference;
    Plane additive;  // weighted by the CSF, then the derivative by the masking threshold
    std::array<float, kBands> csf;
    int cut_x, cut_y;  // left out on each side
  };

  void pool_reference(const Scale &scale);
  void decouple(const Scale &scale);
  double mask(const Scale &scale, std::array<double, kBands> &cubes);
  void differentiate(const Scale &scale, const std::array<double, kBands> &cubes);

  ThreadPool &pool_;
  std::vector<Scale> scales_;
  Buffer scratch_, squares_;  // squares_: of what is seen of the bands of one level
  double reference_ = 0;      // pooled
};

}  // namespace hcd::cpu
