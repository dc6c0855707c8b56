// SPDX-License-Identifier: BSD-2-Clause
// What the subcommand evaluate found, and its output as JSON and as a table.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace hcd::tools {

// PSNR-Y in dB, SSIM of Y.
struct Scores {
  double psnr_y_plain = 0, psnr_y = 0;
  double ssim_plain = 0, ssim = 0;

  // Adds a share of `other`.
  void add(const Scores &other, double weight);
};

struct PictureScores {
  std::string name;
  int width = 0, height = 0;  // after cropping to a multiple of the scale
  size_t small_samples = 0;   // of the small picture, all channels
  Scores scores;              // mean over the clients
  double seconds = 0;         // wall time of making the HCD small picture
};

struct Evaluation {
  std::string model;
  int scale = 0;
  std::vector<PictureScores> pictures;
  double peak_mib = 0;  // most memory of the process

  Scores mean() const;
  double seconds() const;
};

std::string to_json(const Evaluation &evaluation);
std::string to_table(const Evaluation &evaluation);

}  // namespace hcd::tools
