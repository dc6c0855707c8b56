// SPDX-License-Identifier: BSD-2-Clause
#include "engine/cuda/numbers.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "engine/cuda/kernels/vectors.h"

namespace hcd::cuda {
namespace {

constexpr size_t kDouble = sizeof(double) / sizeof(float);

// Where several numbers lie.
using Places = std::shared_ptr<Buffer>;
Places make_places(Device &device, size_t n) {
  return std::make_shared<Buffer>(device.allocate(n * kDouble));
}
double *place(const Places &places, size_t i) {
  return reinterpret_cast<double *>(places->data()) + i;
}

// Steps, queued as many at a time as a launch takes.
class StepQueue {
 public:
  explicit StepQueue(Device &device) : device_(device) {}
  void add(NumberOp op, DeviceNumber a, DeviceNumber b, double *to) {
    steps_.steps[steps_.n++] = {static_cast<int32_t>(op), a, b, to};
    if (steps_.n == kNumberSteps) flush();
  }
  void flush() {
    if (steps_.n == 0) return;
    device_.launch(HCD_KERNEL_OF(hcd_numbers), {1}, {1}, 0, steps_);
    steps_.n = 0;
  }

 private:
  Device &device_;
  NumberSteps steps_{};
};

class CudaNumber : public QueuedNumber, public std::enable_shared_from_this<CudaNumber> {
 public:
  // The one at places[0], which somebody else writes.
  CudaNumber(Device &device, Places places)
      : device_(device), recorded_(device.is_recording()), places_(std::move(places)) {}
  CudaNumber(Device &device, NumberOp op, Number a, Number b)
      : device_(device),
        recorded_(device.is_recording()),
        op_(op),
        a_(std::move(a)),
        b_(std::move(b)) {}

  double value() override {
    const double *from = where();
    double *pinned = device_.pinned();
    device_.queue_copy(from, pinned, sizeof(double));
    device_.synchronise();
    return *pinned;
  }
  Number combine(NumberOp op, const Number &a, const Number &b) override {
    return Number(std::make_shared<CudaNumber>(device_, op, a, b));
  }

  // After what computes it has been queued.
  const double *where() {
    // A recording computes its numbers anew each time, and no others.
    HCD_CHECK(recorded_ == device_.is_recording() || (recorded_ && places_), HCD_E_INTERNAL,
              "a number on the GPU: expected one of the recorded work, found another");
    if (!places_) compute_all();
    return place(places_, index_);
  }

 private:
  // Those that this one needs and that are not there, in the order of their computing.
  void collect(std::vector<CudaNumber *> &all) {
    if (places_ || seen_) return;
    seen_ = true;
    for (const Number *input : {&a_, &b_}) {
      if (input->queued()) static_cast<CudaNumber &>(*input->source()).collect(all);
    }
    all.push_back(this);
  }
  void compute_all() {
    std::vector<CudaNumber *> all;
    collect(all);
    const Places places = make_places(device_, all.size());
    StepQueue steps(device_);
    for (size_t i = 0; i < all.size(); ++i) {
      CudaNumber &number = *all[i];
      steps.add(number.op_, on_device(number.a_), on_device(number.b_), place(places, i));
      number.index_ = i;
      number.places_ = places;
    }
    steps.flush();
    // Not before all are queued: they may be what is left of each other.
    for (CudaNumber *number : all) number->a_ = number->b_ = Number();
  }

  Device &device_;
  bool recorded_, seen_ = false;
  NumberOp op_ = NumberOp::kAdd;
  Number a_, b_;
  Places places_;
  size_t index_ = 0;
};

}  // namespace

Number total(Device &device, const double *partials, size_t n) {
  Places places = make_places(device, 1);
  device.launch(HCD_KERNEL_OF(hcd_total), {1}, {kVectorBlock}, 0, partials, n, place(places, 0));
  return Number(std::make_shared<CudaNumber>(device, std::move(places)));
}

DeviceNumber on_device(const Number &number) {
  if (!number.queued()) return {number.value(), nullptr};
  return {0, static_cast<CudaNumber &>(*number.source()).where()};
}

// ---- to the host ----

Delivery::~Delivery() {
  try {
    const Device::Current current(device_);
    if (done_) {
      driver().event_synchronize(done_);
      driver().event_destroy(done_);
    }
    if (values_) driver().host_free(values_);
  } catch (const Error &) {  // a lost device
  }
}

void Delivery::queue(const std::vector<Number> &numbers) {
  const Driver &d = driver();
  constexpr unsigned kNoTiming = 2;
  n_ = numbers.size();
  {
    const Device::Current current(device_);
    d.check(d.event_create(&done_, kNoTiming), "cuEventCreate");
    void *pinned = nullptr;
    d.check(d.host_allocate(&pinned, std::max<size_t>(n_, 1) * sizeof(double), 0),
            "cuMemHostAlloc");
    values_ = static_cast<double *>(pinned);
  }
  if (n_ == 0) return;
  gathered_ = device_.allocate(n_ * kDouble);
  auto *to = reinterpret_cast<double *>(gathered_.data());
  StepQueue steps(device_);
  for (size_t i = 0; i < n_; ++i) {
    steps.add(NumberOp::kAdd, on_device(numbers[i]), {0, nullptr}, to + i);
  }
  steps.flush();
  device_.queue_copy(to, values_, n_ * sizeof(double));
}

void Delivery::mark() {
  const Device::Current current(device_);
  driver().check(driver().event_record(done_, device_.stream()), "cuEventRecord");
}

std::vector<double> Delivery::wait() {
  const Device::Current current(device_);
  driver().check(driver().event_synchronize(done_), "cuEventSynchronize");
  return {values_, values_ + n_};
}

// ---- again ----

CudaRecording::CudaRecording(Device &device, const std::function<std::vector<Number>()> &work)
    : device_(device), numbers_(std::make_shared<Delivery>(device)) {
  graph_ = device.record([&] { numbers_->queue(work()); });
}

CudaRecording::~CudaRecording() {
  try {
    if (graph_) numbers_->wait();  // one that runs must not be destroyed
  } catch (const Error &) {        // a lost device
  }
  try {
    if (graph_) device_.forget(graph_);
  } catch (const Error &) {
  }
}

void CudaRecording::launch() {
  {
    const Device::Current current(device_);
    driver().check(driver().graph_launch(graph_, device_.stream()), "cuGraphLaunch");
  }
  numbers_->mark();
}

}  // namespace hcd::cuda
