// SPDX-License-Identifier: BSD-2-Clause
// The published numbers: see the header.
#include "tools/paper_reference.h"

#include <strings.h>

#include <array>

namespace hcd::tools {
namespace {

constexpr std::array<const char *, 5> kSets = {"Set5", "Set14", "BSD100", "Urban100", "DIV2K"};

struct Line {
  const char *model;
  int scale;
  bool with_hcd;
  std::array<double, 5> psnr_y;  // of kSets; 0: none
  std::array<double, 5> ssim;
};

// x4: Xu et al., ICCV 2023, table 1. x2: Xiao et al. (IRN), ECCV 2020, table 1; with HCD: Xu et
// al., table 3.
constexpr std::array kLines = {
    Line{"catmull_rom", 4, false, {28.42, 26.00, 25.96, 23.14, 26.66}, {}},
    Line{"swinir", 4, false, {32.72, 28.94, 27.83, 27.07, 0}, {}},
    Line{"tad", 4, false, {31.81, 28.63, 28.51, 26.63, 31.16}, {}},
    Line{"car", 4, false, {33.88, 30.31, 29.15, 29.28, 32.82}, {}},
    Line{"irn",
         4,
         false,
         {36.19, 32.67, 31.64, 31.41, 35.07},
         {0.9451, 0.9015, 0.8826, 0.9157, 0.9318}},
    Line{"irn",
         4,
         true,
         {36.63, 33.21, 32.03, 31.76, 35.20},
         {0.9488, 0.9076, 0.8894, 0.9180, 0.9324}},
    Line{"hcflow",
         4,
         false,
         {36.29, 33.02, 31.74, 31.62, 35.32},
         {0.9468, 0.9065, 0.8864, 0.9206, 0.9346}},
    Line{"hcflow",
         4,
         true,
         {36.99, 33.56, 32.22, 32.00, 35.36},
         {0.9506, 0.9116, 0.8919, 0.9231, 0.9352}},
    Line{"catmull_rom", 2, false, {33.66, 30.24, 29.56, 26.88, 31.01}, {}},
    Line{"srcnn", 2, false, {36.66, 32.45, 31.36, 29.50, 0}, {}},
    Line{"edsr", 2, false, {38.20, 34.02, 32.37, 33.10, 35.12}, {}},
    Line{"rdn", 2, false, {38.24, 34.01, 32.34, 32.89, 0}, {}},
    Line{"rcan", 2, false, {38.27, 34.12, 32.41, 33.34, 0}, {}},
    Line{"tad", 2, false, {38.46, 35.52, 36.68, 35.03, 39.01}, {}},
    Line{"car", 2, false, {38.94, 35.61, 33.83, 35.24, 38.26}, {}},
    Line{"irn",
         2,
         false,
         {43.99, 40.79, 41.32, 39.92, 44.32},
         {0.9871, 0.9778, 0.9876, 0.9865, 0.9908}},
    Line{"irn", 2, true, {44.67, 0, 0, 0, 0}, {0.9886, 0, 0, 0, 0}},
};

constexpr std::array kRows4 = {
    PublishedRow{"Bicubic & Bicubic", "catmull_rom"},
    PublishedRow{"Bicubic & SRCNN", "srcnn"},
    PublishedRow{"Bicubic & EDSR", "edsr"},
    PublishedRow{"Bicubic & RDN", "rdn"},
    PublishedRow{"Bicubic & RCAN", "rcan"},
    PublishedRow{"Bicubic & RFANet", "rfanet"},
    PublishedRow{"Bicubic & RRDB", "rrdb"},
    PublishedRow{"Bicubic & SwinIR", "swinir"},
    PublishedRow{"TAD & TAU", "tad"},
    PublishedRow{"CAR & EDSR", "car"},
    PublishedRow{"IRN", "irn"},
    PublishedRow{"HCFlow", "hcflow"},
};
constexpr std::array kRows2 = {
    PublishedRow{"Bicubic & Bicubic", "catmull_rom"},
    PublishedRow{"Bicubic & SRCNN", "srcnn"},
    PublishedRow{"Bicubic & EDSR", "edsr"},
    PublishedRow{"Bicubic & RDN", "rdn"},
    PublishedRow{"Bicubic & RCAN", "rcan"},
    PublishedRow{"TAD & TAU", "tad"},
    PublishedRow{"CAR & EDSR", "car"},
    PublishedRow{"IRN", "irn"},
};

struct Steps {
  int hr, lr;
  PublishedScore score;
};

// Xu et al., tables 2 and 3 (the SSIM of 20 steps is as printed).
constexpr std::array kSteps = {
    Steps{0, 0, {43.99, 0.9871, 0}},      Steps{0, 15, {44.45, 0.9880, 0}},
    Steps{15, 0, {44.37, 0.9879, 0}},     Steps{1, 1, {44.10, 0.9872, 0.33}},
    Steps{5, 5, {44.52, 0.9882, 1.61}},   Steps{10, 10, {44.61, 0.9884, 2.98}},
    Steps{15, 15, {44.67, 0.9886, 3.97}}, Steps{20, 20, {44.66, 0.9872, 5.26}},
};

// Index in kSets, or -1.
int find_set(const std::string &name) {
  const std::string first = name.substr(0, name.find('_'));
  for (size_t i = 0; i < kSets.size(); ++i) {
    if (strcasecmp(first.c_str(), kSets[i]) == 0) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace

std::span<const PublishedRow> published_rows(int scale) {
  return scale == 4 ? std::span<const PublishedRow>(kRows4) : std::span<const PublishedRow>(kRows2);
}

std::string published_source(int scale) {
  return scale == 4 ? "Xu et al., ICCV 2023, table 1"
                    : "Xiao et al., ECCV 2020, table 1; IRN + HCD: Xu et al., ICCV 2023, table 3";
}

std::optional<PublishedScore> published_score(const std::string &model, int scale, bool with_hcd,
                                              const std::string &set) {
  const int index = find_set(set);
  if (index < 0) return std::nullopt;
  const auto column = static_cast<size_t>(index);
  for (const Line &line : kLines) {
    if (model != line.model || scale != line.scale || with_hcd != line.with_hcd) continue;
    if (line.psnr_y[column] > 0) return PublishedScore{line.psnr_y[column], line.ssim[column], 0};
  }
  return std::nullopt;
}

std::optional<PublishedScore> published_steps(int steps_hr, int steps_lr) {
  for (const Steps &steps : kSteps) {
    if (steps.hr == steps_hr && steps.lr == steps_lr) return steps.score;
  }
  return std::nullopt;
}

}  // namespace hcd::tools
