// SPDX-License-Identifier: BSD-2-Clause
// A pool of threads that runs independent pieces of work.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace hcd {

// Runs `work(0) ... work(n - 1)` on its threads and the caller's. Which thread runs which piece is
// not fixed, so results must not depend on it: that is what keeps output the same for any number of
// threads. Thread-safety: one caller at a time.
class ThreadPool {
 public:
  // `threads`: all in all, the caller's included; 0: one per CPU this process may use. They take no
  // signals: those are the host's. Throws HCD_E_MEMORY where the system refuses one.
  explicit ThreadPool(int threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  int size() const { return static_cast<int>(threads_.size()) + 1; }

  // Returns when all pieces are done. Rethrows the exception of the piece with the lowest number.
  void run(int n, const std::function<void(int)> &work);

 private:
  void loop();
  void stop();
  void take_pieces(std::unique_lock<std::mutex> &lock);

  std::mutex mutex_;
  std::condition_variable start_, done_;
  std::vector<std::thread> threads_;
  const std::function<void(int)> *work_ = nullptr;
  int next_ = 0, end_ = 0, busy_ = 0;
  int failed_piece_ = -1;
  std::exception_ptr failure_;
  bool stop_ = false;
};

}  // namespace hcd
