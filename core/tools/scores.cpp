// SPDX-License-Identifier: BSD-2-Clause
// Scores added up, and printed.
#include "tools/scores.h"

#include <algorithm>
#include <cstdio>

#include <nlohmann/json.hpp>

namespace hcd::tools {
namespace {

using Json = nlohmann::ordered_json;

// An infinite PSNR becomes null.
Json scores_json(const Scores &scores) {
  return {{"psnr_y_plain", scores.psnr_y_plain},
          {"psnr_y", scores.psnr_y},
          {"ssim_plain", scores.ssim_plain},
          {"ssim", scores.ssim}};
}

std::string table_row(const std::string &name, int name_width, const Scores &scores,
                      double seconds) {
  char numbers[256];
  std::snprintf(numbers, sizeof(numbers), "  %8.3f  %8.3f  %+7.3f  %8.4f  %8.4f  %8.3f\n",
                scores.psnr_y_plain, scores.psnr_y, scores.psnr_y - scores.psnr_y_plain,
                scores.ssim_plain, scores.ssim, seconds);
  std::string padded = name;
  padded.resize(std::max(name.size(), size_t(name_width)), ' ');
  return padded + numbers;
}

}  // namespace

void Scores::add(const Scores &other, double weight) {
  psnr_y_plain += weight * other.psnr_y_plain;
  psnr_y += weight * other.psnr_y;
  ssim_plain += weight * other.ssim_plain;
  ssim += weight * other.ssim;
}

Scores Evaluation::mean() const {
  Scores mean;
  for (const PictureScores &picture : pictures) {
    mean.add(picture.scores, 1.0 / double(pictures.size()));
  }
  return mean;
}

double Evaluation::seconds() const {
  double sum = 0;
  for (const PictureScores &picture : pictures) sum += picture.seconds;
  return sum;
}

std::string to_json(const Evaluation &evaluation) {
  Json pictures = Json::array();
  for (const PictureScores &picture : evaluation.pictures) {
    Json entry = {{"name", picture.name},
                  {"width", picture.width},
                  {"height", picture.height},
                  {"small_samples", picture.small_samples}};
    entry.update(scores_json(picture.scores));
    entry["seconds"] = picture.seconds;
    pictures.push_back(entry);
  }
  const Json all = {{"model", evaluation.model},
                    {"scale", evaluation.scale},
                    {"mean", scores_json(evaluation.mean())},
                    {"pictures", pictures},
                    {"seconds", evaluation.seconds()},
                    {"peak_mib", evaluation.peak_mib}};
  // File names that are not UTF-8 must not end the program.
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string to_table(const Evaluation &evaluation) {
  size_t name_width = 7;
  for (const PictureScores &picture : evaluation.pictures) {
    name_width = std::max(name_width, picture.name.size());
  }
  std::string table = "model " + evaluation.model + ", scale " + std::to_string(evaluation.scale) +
                      ": PSNR-Y in dB and SSIM, plain and with HCD\n";
  table += std::string(name_width, ' ') +
           "     plain       HCD     gain     plain       HCD   seconds\n";
  for (const PictureScores &picture : evaluation.pictures) {
    table += table_row(picture.name, int(name_width), picture.scores, picture.seconds);
  }
  return table + table_row("mean", int(name_width), evaluation.mean(), evaluation.seconds());
}

}  // namespace hcd::tools
