// SPDX-License-Identifier: BSD-2-Clause
// Numbers in the device's memory (base/number.h). What is computed from them is noted, and done by
// one kernel when another kernel or the host asks for a result; what nobody asks for is not done.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/number.h"
#include "engine/cuda/device.h"
#include "engine/cuda/kernels/numbers.h"
#include "engine/engine.h"

namespace hcd::cuda {

// The sum of `n` numbers of the device, in a fixed order. Lives no longer than the device.
Number total(Device &device, const double *partials, size_t n);

// As a kernel takes it.
DeviceNumber on_device(const Number &number);

// Numbers on their way to the host.
class Delivery {
 public:
  explicit Delivery(Device &device) : device_(device) {}
  ~Delivery();
  Delivery(const Delivery &) = delete;
  Delivery &operator=(const Delivery &) = delete;

  // Queues how they come over; once.
  void queue(const std::vector<Number> &numbers);
  // What is queued by now has to be done before they are there.
  void mark();
  std::vector<double> wait();

 private:
  Device &device_;
  size_t n_ = 0;
  Buffer gathered_;
  double *values_ = nullptr;  // pinned
  Event done_ = nullptr;
};

// Work that was recorded: a CUDA graph, and the numbers that it ends with.
class CudaRecording : public Recording {
 public:
  // Records `work`, which gives back the numbers.
  CudaRecording(Device &device, const std::function<std::vector<Number>()> &work);
  ~CudaRecording() override;
  // Queues it.
  void launch();
  const std::shared_ptr<Delivery> &numbers() const { return numbers_; }

 private:
  Device &device_;
  std::shared_ptr<Delivery> numbers_;
  GraphExec graph_ = nullptr;
};

class CudaAnswer : public Answer {
 public:
  explicit CudaAnswer(std::shared_ptr<Delivery> numbers) : numbers_(std::move(numbers)) {}
  std::vector<double> wait() override { return numbers_->wait(); }

 private:
  std::shared_ptr<Delivery> numbers_;
};

}  // namespace hcd::cuda
