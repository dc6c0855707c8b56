// SPDX-License-Identifier: BSD-2-Clause
// A title and what a codec left of it: frames of the source beside those of its coded files.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "train/data_set.h"

namespace hcd::train {

struct TitleFiles {
  std::string ffmpeg, source;
  std::string filter;  // of FFmpeg, in front of the source; "": none
  std::vector<std::string> coded;
};

struct Title {
  int width = 0, height = 0;            // of the source
  size_t frames = 0;                    // of the source
  std::vector<PictureSet> frames_kept;  // versions: of the coded files, in their order

  uint64_t hash() const;  // of all that is kept
};

// Decodes all files whole and keeps at most `most` frames at even distances (half as many at
// least, where there are as many). `show`: gets a line of progress now and then.
// Throws HCD_E_FILE where a coded file is not the source made `scale` times as small, rounded up
// to the chroma grid, with the same number of frames at the same times, or where a file is
// damaged; Stopped.
Title read_title(const TitleFiles &files, int scale, size_t most,
                 const std::function<void(const std::string &)> &show);

}  // namespace hcd::train
