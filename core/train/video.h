// SPDX-License-Identifier: BSD-2-Clause
// The luma of a video file, frame by frame, decoded by an ffmpeg that runs beside this program.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "train/child.h"

namespace hcd::train {

enum class Trust {
  kDamaged,  // damage is told and passed over, as FFmpeg does: a source is as it is
  kWhole,    // any word of the decoder is an error
};

// The ffmpeg beside this program, or in the bin folder of its prefix; else the one on PATH.
std::string find_ffmpeg();

class Video {
 public:
  // Begins to decode the first video stream, behind FFmpeg's `filter` if there is one. Throws
  // HCD_E_FILE that names the file: it is missing, not a video, or has no frames.
  Video(const std::string &ffmpeg, const std::string &path, Trust trust,
        const std::string &filter = "");

  const std::string &path() const { return path_; }
  int width() const { return width_; }
  int height() const { return height_; }
  std::string size() const;  // "1280x720"

  // The next frame, uint8 [1, height, width]: luma code values of 8 bits, limited range whatever
  // the file's is. False after the last one. Throws HCD_E_FILE where the file is damaged, Stopped.
  bool next(at::Tensor *frame);
  // After the last frame: the times of all, in seconds from the first, in the order of showing.
  std::vector<double> times() const;

 private:
  std::string first_words() const;
  [[noreturn]] void fail(const std::string &expected) const;
  void finish();

  std::string path_;
  Trust trust_;
  Child child_;
  int width_ = 0, height_ = 0;
  bool full_range_ = false;
};

}  // namespace hcd::train
