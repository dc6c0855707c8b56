// SPDX-License-Identifier: BSD-2-Clause
#include "base/parallel.h"

#include <sched.h>

#include <algorithm>
#include <csignal>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace hcd {
namespace {

// CPUs this process may run on (containers and taskset often grant fewer than the machine has).
int usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// Blocks the signals that are sent to a process, which any of its threads may get, for the length
// of a scope. Threads that are made meanwhile keep them blocked.
class NoSignals {
 public:
  NoSignals() {
    sigset_t sent;
    sigfillset(&sent);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF}) {
      sigdelset(&sent, fault);  // of the thread itself
    }
    pthread_sigmask(SIG_BLOCK, &sent, &kept_);
  }
  ~NoSignals() { pthread_sigmask(SIG_SETMASK, &kept_, nullptr); }
  NoSignals(const NoSignals &) = delete;
  NoSignals &operator=(const NoSignals &) = delete;

 private:
  sigset_t kept_;
};

}  // namespace

ThreadPool::ThreadPool(int threads) {
  const int n = threads > 0 ? threads : usable_cpus();
  threads_.reserve(static_cast<size_t>(n - 1));
  const NoSignals quiet;
  try {
    while (size() < n) threads_.emplace_back([this] { loop(); });
  } catch (const std::system_error &failure) {
    stop();
    throw Error(HCD_E_MEMORY,
                format_text("option threads: expected %d threads, found that the system refuses "
                            "number %d (%s)",
                            n, size() + 1, failure.code().message().c_str()));
  } catch (...) {  // no memory
    stop();
    throw;
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
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
