// SPDX-License-Identifier: BSD-2-Clause
// Frames in CUDA memory, for tests: what a program does that has a context of its own.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

#include "engine/cuda/driver.h"
#include "support/context.h"

namespace hcd::test {

inline void expect_cuda(cuda::Result result) { ASSERT_EQ(result, cuda::kSuccess); }

// Device 0's primary context, current in this thread.
class GpuContext {
 public:
  GpuContext() {
    const cuda::Driver &d = cuda::driver();
    expect_cuda(d.device_get(&device_, 0));
    expect_cuda(d.primary_retain(&context_, device_));
    expect_cuda(d.context_push(context_));
  }
  ~GpuContext() {
    cuda::Context popped = nullptr;
    expect_cuda(cuda::driver().context_pop(&popped));
    EXPECT_EQ(popped, context_) << "another context was left on the thread's stack";
    expect_cuda(cuda::driver().primary_release(device_));
  }
  GpuContext(const GpuContext &) = delete;
  GpuContext &operator=(const GpuContext &) = delete;

  cuda::Context get() const { return context_; }
  hcd_format format(hcd_format format) const {
    format.device = HCD_DEVICE_CUDA;
    format.device_context = context_;
    return format;
  }

 private:
  cuda::DeviceId device_ = 0;
  cuda::Context context_ = nullptr;
};

class GpuStream {
 public:
  GpuStream() { expect_cuda(cuda::driver().stream_create(&stream_, 1 /* not the default's */)); }
  ~GpuStream() { expect_cuda(cuda::driver().stream_destroy(stream_)); }
  GpuStream(const GpuStream &) = delete;
  GpuStream &operator=(const GpuStream &) = delete;
  cuda::Stream get() const { return stream_; }

 private:
  cuda::Stream stream_ = nullptr;
};

// A frame on the GPU, each plane in memory of its own with a pitch of 512 bytes.
class GpuFrame {
 public:
  GpuFrame(const hcd_format &format, cuda::Stream stream) : shape_(format), stream_(stream) {
    format_ = format;
    for (int p = 0; p < shape_.n_planes(); ++p) {
      expect_cuda(cuda::driver().memory_allocate(&planes_[static_cast<size_t>(p)],
                                                 kPitch * static_cast<size_t>(shape_.height(p))));
    }
  }
  ~GpuFrame() {
    for (const cuda::DevicePointer plane : planes_) {
      if (plane) expect_cuda(cuda::driver().memory_free(plane));
    }
  }
  GpuFrame(const GpuFrame &) = delete;
  GpuFrame &operator=(const GpuFrame &) = delete;

  hcd_frame view() const {
    hcd_frame frame{};
    frame.struct_size = sizeof(frame);
    frame.device = HCD_DEVICE_CUDA;
    frame.device_stream = stream_;
    for (int p = 0; p < shape_.n_planes(); ++p) {
      frame.data[p] = reinterpret_cast<uint8_t *>(planes_[static_cast<size_t>(p)]);
      frame.stride[p] = kPitch;
    }
    return frame;
  }

  // Queued on the frame's stream.
  void upload(Frame &from) {
    const hcd_frame host = from.view();
    for (int p = 0; p < shape_.n_planes(); ++p) {
      copy(host.data[p], static_cast<size_t>(host.stride[p]), address(p), kPitch, p);
    }
  }
  // Waits for the frame's stream, and for no other.
  void download(Frame &to) {
    const hcd_frame host = to.view();
    for (int p = 0; p < shape_.n_planes(); ++p) {
      copy(address(p), kPitch, host.data[p], static_cast<size_t>(host.stride[p]), p);
    }
    expect_cuda(cuda::driver().stream_synchronize(stream_));
  }

 private:
  static constexpr size_t kPitch = 512;

  void *address(int p) const { return reinterpret_cast<void *>(planes_[static_cast<size_t>(p)]); }
  void copy(const void *from, size_t from_pitch, void *to, size_t to_pitch, int p) {
    cuda::Copy2D copy;
    copy.src = reinterpret_cast<cuda::DevicePointer>(from);
    copy.src_pitch = from_pitch;
    copy.dst = reinterpret_cast<cuda::DevicePointer>(to);
    copy.dst_pitch = to_pitch;
    copy.width_bytes = static_cast<size_t>(shape_.width(p)) * (format_.depth > 8 ? 2 : 1);
    copy.height = static_cast<size_t>(shape_.height(p));
    expect_cuda(cuda::driver().copy_2d_async(&copy, stream_));
  }

  Frame shape_;
  hcd_format format_{};
  cuda::Stream stream_;
  std::array<cuda::DevicePointer, 4> planes_{};
};

// Of frames of one format: within one code value at 99.9 % of the samples.
inline void expect_close(const Frame &expected, const Frame &found) {
  int n = 0, different = 0;
  expected.for_each([&](int p, int x, int y, uint64_t) {
    ++n;
    different += std::abs(expected.get(p, x, y) - found.get(p, x, y)) > 1;
  });
  EXPECT_LE(different, n / 1000) << "of " << n;
}

}  // namespace hcd::test
