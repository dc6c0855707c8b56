// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cuda/frames.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/cuda/kernels/samples.h"
#include "engine/cuda/planes.h"
#include "image/storage.h"

namespace hcd::cuda {
namespace {

// Bytes from row to row of plane `p` where we choose: a multiple of what GPUs like.
size_t packed_stride(const hcd_format &format, int p) {
  constexpr size_t kAlign = 256;
  return (image::row_bytes(format, p) + kAlign - 1) / kAlign * kAlign;
}
size_t packed_bytes(const hcd_format &format) {
  size_t bytes = 0;
  for (int p = 0; p < image::stored_planes(format); ++p) {
    bytes += packed_stride(format, p) * static_cast<size_t>(image::component_height(format, p));
  }
  return bytes;
}
// The frame whose planes lie one after another in packed_bytes() from `data` on.
hcd_frame packed(const hcd_format &format, uint8_t *data) {
  hcd_frame frame{};
  frame.struct_size = sizeof(frame);
  for (int p = 0; p < image::stored_planes(format); ++p) {
    frame.data[p] = data;
    frame.stride[p] = static_cast<ptrdiff_t>(packed_stride(format, p));
    data += frame.stride[p] * image::component_height(format, p);
  }
  return frame;
}

// Between frames of the host.
void copy_samples(const hcd_format &format, const hcd_frame &from, const hcd_frame &to,
                  ThreadPool &pool) {
  constexpr int kRows = 64;
  for (int p = 0; p < image::stored_planes(format); ++p) {
    const int height = image::component_height(format, p);
    pool.run((height + kRows - 1) / kRows, [&](int piece) {
      for (int y = piece * kRows; y < std::min(height, (piece + 1) * kRows); ++y) {
        std::memcpy(to.data[p] + y * to.stride[p], from.data[p] + y * from.stride[p],
                    image::row_bytes(format, p));
      }
    });
  }
}

bool on_device(const hcd_format &format) { return format.device == HCD_DEVICE_CUDA; }

Component component(const hcd_format &format, const hcd_frame &frame, int c) {
  const image::Storage s = image::storage(format, frame, c);
  return {s.data, s.stride, s.step, format.depth > 8, format.depth > 8 ? format.shift : 0};
}

Buffer memory_of(size_t bytes, Device &device) {
  return device.allocate((bytes + sizeof(float) - 1) / sizeof(float));
}
uint8_t *bytes_of(Buffer &buffer) { return reinterpret_cast<uint8_t *>(buffer.data()); }

}  // namespace

Stream stream_of(const hcd_frame &frame) {
  return frame.device_stream ? frame.device_stream : kDefaultStream;
}

Frames::Frames(std::shared_ptr<Device> device, ThreadPool &pool)
    : device_(std::move(device)),
      pool_(pool),
      up_{Staging(device_), Staging(device_)},
      down_(device_) {}

void Frames::unpack(const hcd_format &format, const hcd_frame &frame, float *planes) {
  if (on_device(format)) {
    device_->use_stream(stream_of(frame));
    unpack_here(format, frame, planes);
    return;
  }
  turn_ = 1 - turn_;
  const size_t bytes = packed_bytes(format);
  Staging &staging = up_[turn_];
  uint8_t *pinned = staging.take(bytes);
  copy_samples(format, frame, packed(format, pinned), pool_);
  Buffer memory = memory_of(bytes, *device_);
  device_->queue_copy(pinned, memory.data(), bytes);
  staging.queued();
  unpack_here(format, packed(format, bytes_of(memory)), planes);
}

void Frames::pack(const hcd_format &format, const float *planes, const image::Ranges &ranges,
                  const hcd_frame &frame) {
  if (on_device(format)) {
    device_->use_stream(stream_of(frame));
    pack_here(format, planes, ranges, frame);
    return;
  }
  const size_t bytes = packed_bytes(format);
  uint8_t *pinned = down_.take(bytes);
  Buffer memory = memory_of(bytes, *device_);
  pack_here(format, planes, ranges, packed(format, bytes_of(memory)));
  device_->queue_copy(memory.data(), pinned, bytes);
  down_.queued();
  pinned_ = pinned;
  packed_format_ = format;
  packed_to_ = frame;
}

void Frames::finish_pack() {
  uint8_t *pinned = std::exchange(pinned_, nullptr);
  if (!pinned) return;
  down_.wait();
  copy_samples(packed_format_, packed(packed_format_, pinned), packed_to_, pool_);
}

void Frames::unpack_here(const hcd_format &format, const hcd_frame &frame, float *planes) {
  const image::Geometry geometry(format);
  for (int c = 0; c < geometry.n_planes(); ++c) {
    const Plane plane = geometry.plane(planes, c);
    device_->launch(HCD_KERNEL_OF(hcd_unpack), tiles_of(plane.width, plane.height), kTileBlock, 0,
                    component(format, frame, c), 1 / image::code_scale(format.depth),
                    cuda::on_device(plane));
  }
}

void Frames::pack_here(const hcd_format &format, const float *planes, const image::Ranges &ranges,
                       const hcd_frame &frame) {
  const image::Geometry geometry(format);
  for (int c = 0; c < geometry.n_planes(); ++c) {
    const ConstPlane plane = geometry.plane(planes, c);
    const image::Range codes = image::code_range(format.depth, ranges[static_cast<size_t>(c)]);
    device_->launch(HCD_KERNEL_OF(hcd_pack), tiles_of(plane.width, plane.height), kTileBlock, 0,
                    component(format, frame, c),
                    Codes{image::code_scale(format.depth), codes.low, codes.high},
                    cuda::on_device(plane));
  }
}

uint64_t Frames::hash(const hcd_format &format, const hcd_frame &frame, uint64_t seed) {
  if (!on_device(format)) return image::hash_frame(format, frame, seed);
  device_->use_stream(stream_of(frame));
  std::vector<uint8_t> memory(packed_bytes(format));
  hcd_frame copy = packed(format, memory.data());
  for (int p = 0; p < image::stored_planes(format); ++p) {
    const int height = image::component_height(format, p);
    const ptrdiff_t stride = frame.stride[p], last_row = (height - 1) * copy.stride[p];
    const uint8_t *lowest = frame.data[p] + (stride < 0 ? (height - 1) * stride : 0);
    device_->copy_rows(lowest, static_cast<size_t>(std::abs(stride)), copy.data[p],
                       static_cast<size_t>(copy.stride[p]), image::row_bytes(format, p),
                       static_cast<size_t>(height));
    if (stride < 0) {  // upside down here too
      copy.data[p] += last_row;
      copy.stride[p] = -copy.stride[p];
    }
  }
  return image::hash_frame(format, copy, seed);
}

}  // namespace hcd::cuda
