// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cuda/light_network.h"

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "base/error.h"
#include "client/light/integer.h"
#include "client/light/light_weights.h"
#include "client/light/skip.h"
#include "engine/cuda/kernels/light.h"
#include "engine/cuda/light_conv.h"
#include "engine/cuda/planes.h"
#include "image/kernel.h"

namespace hcd::cuda {
namespace {

using client::ConvSpec;
using client::LightWeights;
using client::Run;
using client::Tape;

// ---- kernels ----

#define HCD_OF_SIZE(way, narrow)                                 \
  kernel == 1            ? HCD_KERNEL_OF(hcd_##way##_1x8)        \
  : kernel == 5          ? HCD_KERNEL_OF(hcd_##way##_5x8)        \
  : per_thread == narrow ? HCD_KERNEL_OF(hcd_##way##_3x##narrow) \
                         : HCD_KERNEL_OF(hcd_##way##_3x8)
auto kernel_for(const ForwardConv &, int kernel, int per_thread) { return HCD_OF_SIZE(forward, 4); }
auto kernel_for(const IntegerConv &, int kernel, int per_thread) { return HCD_OF_SIZE(integer, 4); }
auto kernel_for(const BackwardConv &, int kernel, int per_thread) {
  return HCD_OF_SIZE(backward, 1);
}
#undef HCD_OF_SIZE

// ---- memory ----

// Samples from row to row of levels and tapes: see kernels/light.h.
int row_stride(int width) { return divided(width, 32) * 32; }

template <typename T>
LevelOf<T> make_level(Device &device, int channels, int width, int height, Buffer &memory) {
  const int stride = row_stride(width);
  const int64_t plane = int64_t{stride} * height;
  HCD_CHECK(plane <= INT32_MAX, HCD_E_OPTION,
            "expected a picture of fewer than 2^31 pixels for device=cuda, found %dx%d", width,
            height);
  memory = device.allocate(static_cast<size_t>(plane) * channels * sizeof(T) / sizeof(float));
  return {reinterpret_cast<T *>(memory.data()), stride, plane};
}

class DeviceTape : public Tape {
 public:
  // For a picture of this size; what was kept before is lost.
  void resize(Device &device, const client::NetSpec &spec, int width, int height) {
    offsets_.clear();
    size_t size = 0;
    for (const ConvSpec &layer : spec.layers) {
      offsets_.push_back(layer.slope == 1 ? kNone : size);
      if (layer.slope == 1) continue;
      size += static_cast<size_t>(divided(layer.out, 8)) * height * row_stride(width);
    }
    const size_t floats = size / sizeof(float);
    if (bits_.size() < floats || !bits_.data()) bits_ = device.allocate(floats);
  }
  // Of a layer; nullptr where its activation does not bend.
  uint8_t *layer(size_t i) const {
    auto *bits = reinterpret_cast<uint8_t *>(const_cast<float *>(bits_.data()));
    return offsets_[i] == kNone ? nullptr : bits + offsets_[i];
  }

 private:
  static constexpr size_t kNone = SIZE_MAX;
  std::vector<size_t> offsets_;
  Buffer bits_;
};

// Words of the host's memory that kernels write to where a value is not finite, which costs nothing
// where all are.
class Faults {
 public:
  explicit Faults(std::shared_ptr<Device> device) : device_(std::move(device)) {
    constexpr unsigned kPortable = 1, kMapped = 2;
    const Device::Current current(*device_);
    void *memory = nullptr;
    driver().check(driver().host_allocate(&memory, kWords * sizeof(uint32_t), kPortable | kMapped),
                   "cuMemHostAlloc");
    words_ = static_cast<uint32_t *>(memory);
    std::fill_n(words_, kWords, 0U);
  }
  ~Faults() {
    try {
      device_->synchronise();  // kernels that are under way may write
      const Device::Current current(*device_);
      driver().host_free(words_);
    } catch (const Error &) {  // a lost device
    }
  }
  Faults(const Faults &) = delete;
  Faults &operator=(const Faults &) = delete;

  uint32_t *word(int i) { return words_ + i; }
  bool take(int i) { return std::atomic_ref<uint32_t>(words_[i]).exchange(0) != 0; }

 private:
  static constexpr int kWords = 2;
  std::shared_ptr<Device> device_;
  uint32_t *words_ = nullptr;
};

// ---- the network ----

class LightNetwork : public client::Network {
 public:
  LightNetwork(std::shared_ptr<Device> device, const client::Network &host)
      : device_(std::move(device)), info_(host.info()), faults_(device_) {
    const LightWeights *light = host.light();
    HCD_CHECK(light, HCD_E_INTERNAL, "expected a light network, found '%s'", info_.name.c_str());
    title_ = light->title;
    spec_ = light->spec;
    for (const client::Layer &layer : light->layers) {
      const ConvSpec &c = layer.spec;
      if (light->integer.empty()) {
        forward_.push_back(upload(*device_, c.kernel, c.in, c.out, 4, layer.weights, layer.bias));
      }
      const std::vector<float> none(static_cast<size_t>(c.in));
      backward_.push_back(upload(*device_, c.kernel, c.out, c.in, 1, transposed(layer), none));
    }
    for (const client::IntegerLayer &layer : light->integer) {
      const ConvSpec &c = layer.spec;
      integer_.push_back(upload(*device_, c.kernel, c.in, c.out, 4, layer.weights, layer.bias));
      integer_sums_.push_back(layer.sum);
    }
    const client::Skip skip(*image::find_kernel(spec_.skip), spec_.scale);
    skip_ = {spec_.scale, skip.reach(), {}, {}};
    for (int d = 0; d < spec_.scale; ++d) {
      skip_.first[d] = skip.first(d);
      std::copy_n(skip.weights(d), 2 * skip.reach(), skip_.weights[d]);
    }
  }

  const client::NetworkInfo &info() const override { return info_; }

  void forward(const Run &, ConstPlane lr, uint64_t, Plane hr,
               std::unique_ptr<Tape> *tape) override {
    check_results();
    DeviceTape *kept = nullptr;
    if (tape) {
      if (!*tape) *tape = std::make_unique<DeviceTape>();
      kept = static_cast<DeviceTape *>(tape->get());
      kept->resize(*device_, spec_, lr.width, lr.height);
    }
    run(lr, hr, kept);
  }

  void backward(const Run &, ConstPlane lr, uint64_t, const Tape *tape, ConstPlane slope,
                Plane gradient) override {
    check_results();
    DeviceTape again;
    const auto *kept = static_cast<const DeviceTape *>(tape);
    if (!kept) {
      again.resize(*device_, spec_, lr.width, lr.height);
      run(lr, {}, &again);
      kept = &again;
    }
    const DevicePlane to = on_device(gradient);
    const ConstDevicePlane slopes = on_device(slope);
    device_->launch(HCD_KERNEL_OF(hcd_skip_adjoint), grid_of(lr, kSkipRows, 1), {kSkipBlock}, 0,
                    slopes, skip_, to);
    Buffer from_memory, to_memory;
    LevelOf<const float> from{};
    for (size_t i = spec_.layers.size(); i-- > 0;) {
      const bool last = i + 1 == spec_.layers.size();
      BackwardConv task{};
      task.width = lr.width;
      task.height = lr.height;
      task.in = from;
      task.tape_stride = row_stride(lr.width);
      task.slope = slopes;
      task.scale = spec_.scale;
      task.slope_tape = last ? kept->layer(i) : nullptr;
      task.slope_leak = spec_.layers[i].slope;
      task.gradient = to;
      task.fault = faults_.word(kDerivative);
      if (i > 0) {
        task.tape = kept->layer(i - 1);
        task.leak = spec_.layers[i - 1].slope;
        task.out = make_level<float>(*device_, spec_.layers[i].in, lr.width, lr.height, to_memory);
      }
      launch(task, backward_[i], lr);
      from = {task.out.data, task.out.stride, task.out.plane};
      from_memory = std::move(to_memory);
    }
  }

  void downscale(const Run &, ConstPlane, Plane) override { fail_without_downscaler(); }
  void downscale_backward(const Run &, ConstPlane, ConstPlane, Plane) override {
    fail_without_downscaler();
  }

  void check_results() override {
    check(kResult, "upscale");
    check(kDerivative, "derivative of upscale");
  }

 private:
  enum Fault { kResult, kDerivative };

  static Extent grid_of(ConstPlane lr, int rows, int blocks) {
    Extent grid = blocks_of(lr.width, lr.height, kConvTile, rows);
    grid.z = static_cast<unsigned>(blocks);
    return grid;
  }

  template <typename Task, typename T>
  void launch(Task &task, const DeviceConv<T> &conv, ConstPlane lr) {
    task.weights = conv.weights;
    device_->launch(kernel_for(task, conv.kernel, conv.per_thread),
                    grid_of(lr, kConvTile, conv.blocks),
                    {kConvTile, kConvStrips, static_cast<unsigned>(conv.groups)}, 0, task);
  }

  // Through all layers to `hr` and the tape; without `hr` to the tape alone.
  void run(ConstPlane lr, Plane hr, const DeviceTape *tape) {
    integer_.empty() ? run<ForwardConv, float>(forward_, lr, hr, tape)
                     : run<IntegerConv, int16_t>(integer_, lr, hr, tape);
  }

  template <typename Task, typename Sample, typename T>
  void run(const std::vector<DeviceConv<T>> &layers, ConstPlane lr, Plane hr,
           const DeviceTape *tape) {
    Buffer from_memory, to_memory;
    LevelOf<const Sample> from{};
    for (size_t i = 0; i < layers.size(); ++i) {
      const bool last = i + 1 == layers.size();
      Task task{};
      task.width = lr.width;
      task.height = lr.height;
      task.in = from;
      task.lr = on_device(lr);
      task.tape = tape ? tape->layer(i) : nullptr;
      task.tape_stride = row_stride(lr.width);
      set_arithmetic(task, i);
      if (last && hr.data) {
        task.hr = on_device(hr);
        task.skip = skip_;
        task.fault = faults_.word(kResult);
      } else if (last && !task.tape) {
        return;
      } else {
        task.out =
            make_level<Sample>(*device_, spec_.layers[i].out, lr.width, lr.height, to_memory);
      }
      launch(task, layers[i], lr);
      from = {task.out.data, task.out.stride, task.out.plane};
      from_memory = std::move(to_memory);
    }
  }
  void set_arithmetic(ForwardConv &task, size_t i) const { task.slope = spec_.layers[i].slope; }
  void set_arithmetic(IntegerConv &task, size_t i) const {
    task.input = client::kIntegerInput;
    task.shift = integer_sums_[i].shift;
    task.leak = integer_sums_[i].leak;
    task.unit = integer_sums_[i].unit;
  }

  void check(Fault fault, const char *function) {
    HCD_CHECK(!faults_.take(fault), HCD_E_FILE,
              "%s: %s: expected finite values, found NaN or infinity", title_.c_str(), function);
  }
  [[noreturn]] void fail_without_downscaler() const {
    throw Error(HCD_E_INTERNAL, title_ + ": no downscaler");
  }

  std::shared_ptr<Device> device_;
  client::NetworkInfo info_;
  std::string title_;
  client::NetSpec spec_;
  std::vector<DeviceConv<float>> forward_;  // empty where there are whole numbers
  std::vector<DeviceConv<int32_t>> integer_;
  std::vector<client::Conv16::Sum> integer_sums_;
  std::vector<DeviceConv<float>> backward_;
  SkipTaps skip_{};
  Faults faults_;
};

}  // namespace

std::unique_ptr<client::Network> make_light_network(std::shared_ptr<Device> device,
                                                    const client::Network &host) {
  return std::make_unique<LightNetwork>(std::move(device), host);
}

}  // namespace hcd::cuda
