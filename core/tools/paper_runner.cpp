// SPDX-License-Identifier: BSD-2-Clause
// Computes cells, each in a child process: see the header.
#include "tools/paper_runner.h"

#include "tools/error.h"
#include "tools/output_file.h"
#include "tools/terminal.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <new>

namespace hcd::tools {
namespace {

namespace fs = std::filesystem;

// First byte of what a child sends.
constexpr char kResult = 'R', kError = 'E';

struct Child {
  size_t cell;
  pid_t process;
  int pipe;          // what it sends
  std::string sent;  // so far
};

void send(int pipe, const std::string &text) {
  for (size_t done = 0; done < text.size();) {
    const ssize_t count = write(pipe, text.data() + done, text.size() - done);
    if (count < 0 && errno != EINTR) return;  // the parent is gone
    if (count > 0) done += size_t(count);
  }
}

[[noreturn]] void run_child(const Cell &cell, const fs::path &cache, int pipe) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);  // a parent that is killed takes its children along
  std::string answer;
  try {
    answer = kResult + to_json(cell, compute(cell, cache));
  } catch (const std::bad_alloc &) {
    answer = std::string(1, kError) + "out of memory";
  } catch (const std::exception &error) {
    answer = kError + std::string(error.what());
  }
  send(pipe, answer);
  std::fflush(nullptr);
  _exit(0);  // no destructors: the parent's files are not the child's
}

Child start(const Cell &cell, size_t index, const fs::path &cache) {
  int ends[2];
  if (pipe(ends) != 0) throw file_error("paper", "cannot make a pipe", errno);
  std::fflush(nullptr);  // or both processes write what is buffered
  const pid_t process = fork();
  if (process < 0) {
    const int error = errno;
    close(ends[0]);
    close(ends[1]);
    throw file_error("paper", "cannot start a process", error);
  }
  if (process == 0) {
    close(ends[0]);
    run_child(cell, cache, ends[1]);
  }
  close(ends[1]);
  return {index, process, ends[0], {}};
}

CellOutcome outcome_of(const Cell &cell, const std::string &sent, int status, double peak_mib) {
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    return {std::nullopt, std::string("ended by signal ") + std::to_string(number) +
                              (number == SIGKILL ? " (out of memory?)" : "")};
  }
  if (!sent.empty() && sent[0] == kError) return {std::nullopt, sent.substr(1)};
  CellOutcome outcome;
  if (!sent.empty()) outcome.result = from_json(cell, sent.substr(1));
  if (!outcome.result) return {std::nullopt, "ended without a result"};
  outcome.result->peak_mib = peak_mib;
  return outcome;
}

std::string remaining_text(double seconds) {
  const long minutes = std::lround(seconds / 60);
  return minutes < 1     ? "less than a minute left"
         : minutes < 120 ? "about " + std::to_string(minutes) + " min left"
                         : "about " + std::to_string(minutes / 60) + " h left";
}

class Runner {
 public:
  Runner(const std::vector<Cell> &cells, const fs::path &cache, int jobs)
      : cells_(cells), cache_(cache), jobs_(size_t(jobs)), outcomes_(cells.size()) {}

  ~Runner() {  // children are left where an error ends the run
    for (const Child &child : children_) {
      kill(child.process, SIGTERM);
      waitpid(child.process, nullptr, 0);
      close(child.pipe);
    }
  }

  std::vector<CellOutcome> run() {
    std::vector<size_t> missing;
    for (size_t i = 0; i < cells_.size(); ++i) {
      if (find(i)) continue;
      missing.push_back(i);
      cost_left_ += cells_[i].cost;
    }
    n_missing_ = missing.size();
    print_message(std::to_string(n_missing_) + " of " + std::to_string(cells_.size()) +
                  " cells to compute, " + std::to_string(cells_.size() - n_missing_) + " kept");
    for (const size_t i : missing) {
      while (children_.size() == jobs_) receive();
      children_.push_back(start(cells_[i], i, cache_));
    }
    while (!children_.empty()) receive();
    clear_progress();
    return std::move(outcomes_);
  }

 private:
  fs::path file_of(const Cell &cell) const { return cache_ / (cell.name + ".json"); }

  // Whether the cache has the cell, with its pictures where they are wanted.
  bool find(size_t i) {
    const Cell &cell = cells_[i];
    if (!fs::exists(file_of(cell))) return false;
    if (cell.keep_pictures && !fs::exists(cache_ / (cell.name + "-large.png"))) return false;
    outcomes_[i].result = from_json(cell, read_file(file_of(cell)));
    return outcomes_[i].result.has_value();
  }

  // Waits until a child sends something; one that has closed its pipe is done.
  void receive() {
    std::vector<pollfd> pipes;
    for (const Child &child : children_) pipes.push_back({child.pipe, POLLIN, 0});
    if (poll(pipes.data(), pipes.size(), -1) < 0) return;
    for (size_t i = pipes.size(); i-- > 0;) {
      if (pipes[i].revents == 0) continue;
      char bytes[4096];
      const ssize_t count = read(children_[i].pipe, bytes, sizeof(bytes));
      if (count > 0) {
        children_[i].sent.append(bytes, size_t(count));
      } else if (count == 0 || errno != EINTR) {
        finish(i);
      }
    }
  }

  void finish(size_t child_index) {
    const Child child = std::move(children_[child_index]);
    children_.erase(children_.begin() + std::ptrdiff_t(child_index));
    close(child.pipe);
    int status = 0;
    rusage usage = {};
    while (wait4(child.process, &status, 0, &usage) < 0 && errno == EINTR) {
    }
    const Cell &cell = cells_[child.cell];
    CellOutcome &outcome = outcomes_[child.cell];
    outcome = outcome_of(cell, child.sent, status, double(usage.ru_maxrss) / 1024);
    if (outcome.result) {
      const std::string text = to_json(cell, *outcome.result);
      write_file(file_of(cell).string(), {text.begin(), text.end()});
    } else {
      print_message(cell.title + ": " + outcome.error);
    }
    show(cell);
  }

  void show(const Cell &cell) {
    cost_done_ += cell.cost;
    cost_left_ -= cell.cost;
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start_;
    const double left = time.count() * cost_left_ / cost_done_;
    log_progress(++n_done_, n_missing_, remaining_text(left) + "; done: " + cell.title);
  }

  const std::vector<Cell> &cells_;
  const fs::path cache_;
  const size_t jobs_;
  std::vector<CellOutcome> outcomes_;
  std::vector<Child> children_;
  size_t n_missing_ = 0, n_done_ = 0;
  double cost_left_ = 0, cost_done_ = 0;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

std::vector<CellOutcome> run_cells(const std::vector<Cell> &cells, const fs::path &cache,
                                   int jobs) {
  std::error_code error;
  fs::create_directories(cache, error);
  if (error) throw file_error(cache.string(), "cannot make the folder", error.value());
  return Runner(cells, cache, jobs).run();
}

}  // namespace hcd::tools
