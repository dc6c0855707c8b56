// SPDX-License-Identifier: BSD-2-Clause
#include "base/parallel.h"

#include <sched.h>

#include <algorithm>
#include <utility>

namespace hcd {
namespace {

// CPUs this process may run on (containers and taskset often grant fewer than the machine has).
int usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  const int n = threads > 0 ? threads : usable_cpus();
  threads_.reserve(static_cast<size_t>(n - 1));
  for (int i = 1; i < n; ++i) threads_.emplace_back([this] { loop(); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  start_.notify_all();
  for (std::thread &thread : threads_) thread.join();
}

void ThreadPool::run(int n, const std::function<void(int)> &work) {
  if (n <= 0) return;
  if (threads_.empty() || n == 1) {
    for (int i = 0; i < n; ++i) work(i);
    return;
  }
  std::unique_lock<std::mutex> lock(mutex_);
  work_ = &work;
  next_ = 0;
  end_ = n;
  failed_piece_ = -1;
  failure_ = nullptr;
  start_.notify_all();
  take_pieces(lock);
  done_.wait(lock, [this] { return busy_ == 0 && next_ >= end_; });
  work_ = nullptr;
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void ThreadPool::take_pieces(std::unique_lock<std::mutex> &lock) {
  while (next_ < end_) {
    const int piece = next_++;
    ++busy_;
    const auto *work = work_;
    lock.unlock();
    std::exception_ptr failure;
    try {
      (*work)(piece);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    --busy_;
    if (failure && (failed_piece_ < 0 || piece < failed_piece_)) {
      failed_piece_ = piece;
      failure_ = failure;
    }
  }
  if (busy_ == 0) done_.notify_all();
}

void ThreadPool::loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    start_.wait(lock, [this] { return stop_ || next_ < end_; });
    if (stop_) return;
    take_pieces(lock);
  }
}

}  // namespace hcd
