// SPDX-License-Identifier: BSD-2-Clause
#include "train/report.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "base/atomic_file.h"
#include "base/error.h"

namespace hcd::train {
namespace {

// "1:05:09", or "5:09".
std::string duration(double seconds) {
  const auto total = static_cast<long long>(seconds);
  return total >= 3600
             ? format_text("%lld:%02lld:%02lld", total / 3600, total / 60 % 60, total % 60)
             : format_text("%lld:%02lld", total / 60, total % 60);
}

// Rewrites the file without the rows after `iteration`; nothing stays of a training that starts.
void truncate_rows(const std::string &path, int64_t iteration) {
  std::string kept, line;
  if (iteration > 0) {
    std::ifstream stream(path);
    for (bool header = true; std::getline(stream, line); header = false) {
      if (header || std::strtoll(line.c_str(), nullptr, 10) <= iteration) kept += line + "\n";
    }
  }
  write_atomically(path, {reinterpret_cast<const uint8_t *>(kept.data()), kept.size()});
}

double mean(double sum, const Progress &progress) {
  return progress.count ? sum / static_cast<double>(progress.count) : 0;
}

}  // namespace

Report::Report(const std::string &path, int64_t iterations, const Progress &progress)
    : path_(path),
      iterations_(iterations),
      first_(progress.iteration),
      terminal_(isatty(STDERR_FILENO) == 1),
      file_(nullptr, std::fclose) {
  truncate_rows(path, progress.iteration);
  file_.reset(std::fopen(path.c_str(), "a"));
  HCD_CHECK(file_, HCD_E_FILE, "%s: cannot open: %s", path.c_str(), std::strerror(errno));
}

std::string Report::line(const Progress &progress) const {
  const std::chrono::duration<double> time = Clock::now() - start_;
  const double rate = static_cast<double>(progress.iteration - first_) / time.count();
  std::string text =
      format_text("%lld/%lld  loss %.5g", static_cast<long long>(progress.iteration),
                  static_cast<long long>(iterations_), mean(progress.sums.total, progress));
  if (psnr_ > 0) text += format_text("  PSNR-Y %.2f dB", psnr_);
  if (rate > 0) {
    text +=
        format_text("  %.2f/s  %s left", rate,
                    duration(static_cast<double>(iterations_ - progress.iteration) / rate).c_str());
  }
  return text;
}

void Report::clear() const {
  if (terminal_) std::fputs("\r\033[K", stderr);  // ECMA-48: erase to the end of the line
}

void Report::show(const Progress &progress) {
  if (!terminal_ || Clock::now() - shown_ < std::chrono::seconds(1)) return;
  shown_ = Clock::now();
  clear();
  std::fputs(line(progress).c_str(), stderr);
  std::fflush(stderr);
}

void Report::add_row(const Progress &progress, double psnr, double learning_rate) {
  psnr_ = psnr;
  std::fseek(file_.get(), 0, SEEK_END);
  if (std::ftell(file_.get()) == 0) {
    std::fputs("iteration,loss", file_.get());
    for (const auto &[name, value] : progress.sums.parts)
      std::fprintf(file_.get(), ",%s", name.c_str());
    std::fputs(",psnr_y,learning_rate,seconds\n", file_.get());
  }
  std::fprintf(file_.get(), "%lld,%.9g", static_cast<long long>(progress.iteration),
               mean(progress.sums.total, progress));
  for (const auto &[name, value] : progress.sums.parts) {
    std::fprintf(file_.get(), ",%.9g", mean(value, progress));
  }
  std::fprintf(file_.get(), ",%.4f,%.6g,%.0f\n", psnr, learning_rate, progress.seconds);
  HCD_CHECK(std::fflush(file_.get()) == 0, HCD_E_FILE, "%s: cannot write: %s", path_.c_str(),
            std::strerror(errno));
  say(line(progress));
}

void Report::say(const std::string &text) const {
  clear();
  std::fprintf(stderr, "%s\n", text.c_str());
}

}  // namespace hcd::train
