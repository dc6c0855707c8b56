// SPDX-License-Identifier: BSD-2-Clause
// Frames whose samples lie on the device, and the caller's stream: the same numbers as frames of
// the host give.
#include <gtest/gtest.h>

#include "engine/cuda/engine.h"
#include "image/storage.h"
#include "stub/for_tests.h"
#include "support/formats.h"
#include "support/frames.h"

namespace hcd::cuda {
namespace {

struct Stand {
  ThreadPool pool{2};
  std::shared_ptr<Device> device = std::make_shared<Device>(0);
  std::unique_ptr<Engine> engine = make_engine(device, pool);

  std::vector<float> host(const Buffer &memory) {
    std::vector<float> values(memory.size());
    engine->copy(ConstVector(memory.span()), Vector(values));
    return values;
  }
};

// A frame's memory on the device, padding included.
class FrameOnDevice {
 public:
  FrameOnDevice(const hcd_format &format, test::Frame &frame, Device &device)
      : device_(device), frame_(frame), view_(frame.view()) {
    view_.device = HCD_DEVICE_CUDA;
    for (int p = 0; p < image::stored_planes(format); ++p) {
      memory_.push_back(device.allocate((bytes(p) + 3) / 4));
      device.copy(frame.view().data[p], memory_.back().data(), bytes(p));
      view_.data[p] = reinterpret_cast<uint8_t *>(memory_.back().data());
    }
  }

  hcd_frame &view() { return view_; }
  void download() {
    for (size_t p = 0; p < memory_.size(); ++p) {
      device_.copy(memory_[p].data(), frame_.view().data[p], bytes(static_cast<int>(p)));
    }
  }
  size_t bytes(int p) { return static_cast<size_t>(frame_.view().stride[p] * frame_.height(p)); }

 private:
  Device &device_;
  test::Frame &frame_;
  hcd_frame view_;
  std::vector<Buffer> memory_;
};

std::vector<hcd_format> formats() {
  std::vector<hcd_format> formats;
  for (const hcd_layout layout : {HCD_LAYOUT_GRAY, HCD_LAYOUT_YUV420, HCD_LAYOUT_NV12}) {
    formats.push_back(test::format_of(37, 41, layout));
    formats.push_back(test::format_of(37, 41, layout, 10, 6));
    formats.push_back(test::format_of(37, 41, layout, 16));
  }
  return formats;
}

hcd_format on_device(hcd_format format) {
  format.device = HCD_DEVICE_CUDA;
  return format;
}

TEST(CudaFrames, UnpacksThoseOfTheDevice) {
  Stand stand;
  for (const hcd_format &format : formats()) {
    test::Frame frame(format);
    frame.fill_random(1);
    FrameOnDevice there(format, frame, *stand.device);
    const size_t n = image::Geometry(format).size();
    Buffer a = stand.engine->allocate(n), b = stand.engine->allocate(n);
    stand.engine->unpack(format, frame.view(), a.data());
    stand.engine->unpack(on_device(format), there.view(), b.data());
    EXPECT_EQ(stand.host(b), stand.host(a)) << image::describe(format);
  }
}

TEST(CudaFrames, PacksThoseOfTheDevice) {
  Stand stand;
  for (const hcd_format &format : formats()) {
    Buffer planes = stand.engine->allocate(image::Geometry(format).size());
    stand.engine->normal(3, planes.span());
    stand.engine->scale(200, planes.span());
    const image::Ranges ranges = image::legal_ranges(format);
    test::Frame expected(format), found(format);
    stand.engine->pack(format, planes.data(), ranges, expected.view());
    stand.engine->finish_pack();
    FrameOnDevice there(format, found, *stand.device);
    stand.engine->pack(on_device(format), planes.data(), ranges, there.view());
    there.download();
    EXPECT_TRUE(found.same_samples(expected)) << image::describe(format);
    for (int p = 0; p < found.n_planes(); ++p) {  // padding included
      EXPECT_EQ(std::memcmp(found.view().data[p], expected.view().data[p], there.bytes(p)), 0);
    }
  }
}

TEST(CudaFrames, HashesThoseOfTheDeviceAsThoseOfTheHost) {
  Stand stand;
  const auto cpu = make_cpu_engine(stand.pool);
  for (const hcd_format &format : formats()) {
    test::Frame frame(format);
    frame.fill_random(2);
    FrameOnDevice there(format, frame, *stand.device);
    const uint64_t expected = cpu->hash(format, frame.view(), 7);
    EXPECT_EQ(stand.engine->hash(format, frame.view(), 7), expected);
    EXPECT_EQ(stand.engine->hash(on_device(format), there.view(), 7), expected);
  }
}

TEST(CudaFrames, HashesThoseOfTheDeviceThatLieUpsideDown) {
  Stand stand;
  const hcd_format format = test::format_of(37, 41, HCD_LAYOUT_GRAY);
  test::Frame frame(format);
  frame.fill_random(2);
  FrameOnDevice there(format, frame, *stand.device);
  const auto turn = [](hcd_frame view) {
    view.data[0] += 40 * view.stride[0];
    view.stride[0] = -view.stride[0];
    return view;
  };
  const uint64_t expected = stand.engine->hash(format, turn(frame.view()), 7);
  EXPECT_NE(stand.engine->hash(format, frame.view(), 7), expected);
  EXPECT_EQ(stand.engine->hash(on_device(format), turn(there.view()), 7), expected);
}

// Work goes to the frame's stream, where its owner's does.
TEST(CudaFrames, FollowTheCallersStream) {
  Stand stand;
  const hcd_format format = test::format_of(8, 8, HCD_LAYOUT_GRAY);
  test::Frame frame(format);
  frame.fill_random(1);
  FrameOnDevice there(format, frame, *stand.device);
  Buffer planes = stand.engine->allocate(64);
  Stream streams[2];
  for (Stream &stream : streams) {
    const Device::Current current(*stand.device);
    driver().check(driver().stream_create(&stream, 0), "cuStreamCreate");
  }
  for (Stream stream : {streams[0], streams[1], Stream()}) {
    there.view().device_stream = stream;
    stand.engine->unpack(on_device(format), there.view(), planes.data());
    EXPECT_EQ(stand.device->stream(), stream ? stream : kDefaultStream);
  }
  stand.engine->unpack(format, frame.view(), planes.data());  // the host's: no stream is given
  EXPECT_EQ(stand.device->stream(), kDefaultStream);
  for (Stream stream : {streams[1], streams[0]}) {
    there.view().device_stream = stream;
    stand.engine->pack(on_device(format), planes.data(), image::legal_ranges(format), there.view());
    EXPECT_EQ(stand.device->stream(), stream);
  }
  stand.device->use_stream(nullptr);
  for (Stream stream : streams) {
    const Device::Current current(*stand.device);
    driver().check(driver().stream_destroy(stream), "cuStreamDestroy");
  }
}

// Whatever was queued on the device's stream is still waiting there: nobody has waited for it.
bool waits(Device &device) {
  const Device::Current current(device);
  constexpr Result kNotReady = 600;  // CUDA_ERROR_NOT_READY
  return stub_function<Result(Stream)>("cuStreamQuery")(device.stream()) == kNotReady;
}

TEST(CudaFrames, OfTheDeviceAreNotWaitedFor) {
  Stand stand;
  const hcd_format format = test::format_of(16, 16, HCD_LAYOUT_NV12);
  test::Frame frame(format);
  frame.fill_natural();
  FrameOnDevice there(format, frame, *stand.device);
  Buffer planes = stand.engine->allocate(image::Geometry(format).size());
  ASSERT_FALSE(waits(*stand.device));
  stand.engine->unpack(on_device(format), there.view(), planes.data());
  EXPECT_TRUE(waits(*stand.device));
  stand.device->synchronise();
  stand.engine->pack(on_device(format), planes.data(), image::legal_ranges(format), there.view());
  EXPECT_TRUE(waits(*stand.device));
  stand.device->synchronise();
  // On its way up the host's is not waited for, either.
  stand.engine->unpack(format, frame.view(), planes.data());
  EXPECT_TRUE(waits(*stand.device));
}

// Pinned memory is not written while frames in it are on their way.
TEST(CudaFrames, OfTheHostMayFollowEachOther) {
  Stand stand;
  const hcd_format format = test::format_of(33, 20, HCD_LAYOUT_YUV420);
  const size_t n = image::Geometry(format).size();
  constexpr uint64_t kFrames = 7;
  Buffer planes = stand.engine->allocate(kFrames * n);
  for (uint64_t i = 0; i < kFrames; ++i) {
    test::Frame frame(format);
    frame.fill_random(i);
    stand.engine->unpack(format, frame.view(), planes.data() + i * n);
  }
  for (uint64_t i = 0; i < kFrames; ++i) {
    test::Frame expected(format), found(format);
    expected.fill_random(i);
    stand.engine->pack(format, planes.data() + i * n, {image::Range{}, {}, {}}, found.view());
    stand.engine->finish_pack();
    EXPECT_TRUE(found.same_samples(expected)) << i;
  }
}

// A frame of another size than the one before, larger and smaller, through the same pinned memory.
TEST(CudaFrames, OfTheHostMayChangeTheirSize) {
  Stand stand;
  for (const int size : {16, 40, 8, 64}) {
    const hcd_format format = test::format_of(size, size, HCD_LAYOUT_NV12, 10, 6);
    test::Frame frame(format), again(format);
    frame.fill_natural();
    Buffer planes = stand.engine->allocate(image::Geometry(format).size());
    stand.engine->unpack(format, frame.view(), planes.data());
    stand.engine->pack(format, planes.data(), {image::Range{}, {}, {}}, again.view());
    stand.engine->finish_pack();
    EXPECT_TRUE(again.same_samples(frame)) << size;
  }
}

}  // namespace
}  // namespace hcd::cuda
