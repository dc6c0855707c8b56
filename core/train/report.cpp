// SPDX-License-Identifier: BSD-2-Clause
#include "train/report.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "base/atomic_file.h"
#include "base/error.h"

namespace hcd::train {
namespace {

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

void Report::show(const Progress &progress) {
  if (shown_.due()) shown_.show(line(progress));
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

}  // namespace hcd::train
