// SPDX-License-Identifier: BSD-2-Clause
// The literature's protocol, one picture at a time: what evaluate measures.
#pragma once

#include "tools/options.h"
#include "tools/png.h"
#include "tools/scores.h"
#include "tools/session.h"

#include <filesystem>
#include <string>
#include <vector>

namespace hcd::tools {

// How the pictures are given to the library.
struct Protocol {
  int scale = 0;
  bool luma_only = false;  // a network that does not take R'G'B'
};

// The pictures behind a score, as the library got and gave them.
struct PictureTrail {
  Picture original;     // cropped to a multiple of the scale
  Picture small_plain;  // made small plainly
  Picture small;        // with HCD
  Picture large;        // `small` enlarged, by the last client
};

// The picture is cropped to a multiple of the scale; made small and enlarged as 8-bit R'G'B' (or
// gray, full range); compared in BT.601 luma of 16 to 235, not rounded, `scale` pixels cut on each
// side, peak 255. A network that does not take R'G'B' gets the luma rounded to 8 bits. Several
// clients (model=a+b): the mean over them.
class Evaluator {
 public:
  // `options` of hcd_down; the client gets those that hcd_up knows too. Throws ToolError.
  Evaluator(const OptionTexts &options, bool verbose);

  const std::string &model() const { return model_; }
  int scale() const { return protocol_.scale; }

  // Measures one PNG file; `trail`, if given, receives the pictures. Throws ToolError.
  PictureScores evaluate(const std::filesystem::path &path, PictureTrail *trail = nullptr);

 private:
  std::string model_;
  Session down_;
  Protocol protocol_;
  std::vector<Session> clients_;
};

}  // namespace hcd::tools
