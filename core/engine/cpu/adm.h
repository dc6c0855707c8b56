// SPDX-License-Identifier: BSD-2-Clause
// Detail that a viewer misses: the part of VMAF-NEG that a descent can be given.
#pragma once

#include <array>
#include <vector>

#include "base/buffer.h"
#include "base/parallel.h"
#include "base/view.h"
#include "engine/cpu/memory.h"
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
  // The reference is not kept, `memory` and `pool` are.
  DetailLoss(ConstPlane reference, Memory &memory, ThreadPool &pool);

  // Of `test`, as large as the reference; its derivative goes to `gradient` (as large), if that has
  // data.
  double value_and_gradient(ConstPlane test, Plane gradient);

 private:
  static constexpr int kLevels = 4, kBands = 3;
  using PerBand = std::array<double, kBands>;

  // Planes of one level; the test picture's details become their derivatives.
  struct Scale {
    int width, height;  // of the bands
    Buffer memory;
    Subbands test, reference;
    std::array<float, kBands> csf;
    Rect pooled;   // without what libvmaf leaves out on each side
    Rect reached;  // that, and what masks it

    RowRange rows() const { return {reached.y, reached.bottom()}; }
  };

  // Where the squares of what is seen of a band lie.
  static float *squares_row(float *squares, const Scale &scale, size_t band, int y) {
    return squares + (band * scale.height + y) * scale.width;
  }
  PerBand mask(const Scale &scale, const Subbands &test, float *squares);
  void differentiate(const Scale &scale, const PerBand &cubes, float *squares);

  Memory &memory_;
  ThreadPool &pool_;
  std::vector<Scale> scales_;
  double reference_ = 0;  // pooled
};

}  // namespace hcd::cpu
