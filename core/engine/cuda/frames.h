// SPDX-License-Identifier: BSD-2-Clause
// Frames, of the host or of the device, to planes on the device and back.
#pragma once

#include <memory>

#include "base/parallel.h"
#include "engine/cuda/staging.h"
#include "image/format.h"

namespace hcd::cuda {

// The stream that orders work on the samples of a frame in CUDA memory: one that is not named is
// the context's default one, as everywhere in CUDA.
Stream stream_of(const hcd_frame &frame);

// Operations of Engine. The samples of a frame of format.device HCD_DEVICE_CUDA lie on the device:
// data[] are its addresses, and all work goes to its stream, which has to live until
// Device::use_stream() or a frame names another. Nothing waits for the device then, but hash().
// Frames of the host go through pinned memory: unpack() returns when the frame has been read, and
// what pack() makes is there after finish_pack().
class Frames {
 public:
  Frames(std::shared_ptr<Device> device, ThreadPool &pool);

  void unpack(const hcd_format &format, const hcd_frame &frame, float *planes);
  void pack(const hcd_format &format, const float *planes, const image::Ranges &ranges,
            const hcd_frame &frame);
  void finish_pack();
  uint64_t hash(const hcd_format &format, const hcd_frame &frame, uint64_t seed);

 private:
  void unpack_here(const hcd_format &format, const hcd_frame &frame, float *planes);
  void pack_here(const hcd_format &format, const float *planes, const image::Ranges &ranges,
                 const hcd_frame &frame);

  std::shared_ptr<Device> device_;
  ThreadPool &pool_;
  // While a frame is on its way up, the next is copied.
  Staging up_[2], down_;
  int turn_ = 0;
  // What lies in down_ or is on its way there; its pinned memory is nullptr where nothing does.
  uint8_t *pinned_ = nullptr;
  hcd_format packed_format_{};
  hcd_frame packed_to_{};
};

}  // namespace hcd::cuda
