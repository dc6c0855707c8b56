// SPDX-License-Identifier: BSD-2-Clause
// f of a light network fitted to one title: from its source and coded files to the weight file
// that travels with them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace hcd::train {

struct TuneArguments {
  std::string source, output;
  std::vector<std::string> coded;
  std::string init;    // weights to start from; "": the built-in ones of lite
  std::string ffmpeg;  // that decodes; "": see find_ffmpeg()
  std::string filter;  // FFmpeg's, in front of the source, as for the coded files; "": none
  int64_t iterations = 1200;
  size_t frames = 64;  // most frames that are kept
  uint64_t seed = 1;
  int threads = 2;
  bool whole = false;  // fp16 where differences to the built-in weights would do
};

// The held-out frames did not gain, so nothing is written.
class NoGain : public Error {
 public:
  using Error::Error;
};

// Writes `output` where the held-out frames gain, else throws NoGain.
// "<output>.tuning" is its checkpoint: the same call goes on from there, to the same bytes; it is
// removed at the end. Returns false where SIGINT or SIGTERM stopped it. Throws hcd::Error.
bool tune(const TuneArguments &arguments);

}  // namespace hcd::train
