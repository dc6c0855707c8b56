// SPDX-License-Identifier: BSD-2-Clause
// One picture under one model and rule: see the header.
#include "tools/paper_cell.h"

#include "base/sha256.h"
#include "tools/error.h"
#include "tools/evaluator.h"
#include "tools/output_file.h"
#include "tools/png.h"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <limits>

#include <nlohmann/json.hpp>

namespace hcd::tools {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kProtocol = 1;  // of Evaluator; a change of it makes older results void

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.9g", value);
  return text;
}

// Several cells share a file of weights, which may be large.
std::string hash_of_file(const fs::path &path) {
  static std::map<fs::path, std::string> known;
  auto found = known.find(path);
  if (found == known.end()) found = known.emplace(path, sha256(read_file(path))).first;
  return found->second;
}

void keep_picture(const Picture &picture, const fs::path &path) {
  write_file(path.string(), encode_png(picture, path.string()));
}

void keep_pictures(const PictureTrail &trail, const fs::path &stem) {
  keep_picture(trail.original, stem.string() + "-original.png");
  keep_picture(trail.small_plain, stem.string() + "-small_plain.png");
  keep_picture(trail.small, stem.string() + "-small.png");
  keep_picture(trail.large, stem.string() + "-large.png");
}

// An L2 norm of the whole small picture as RMS per sample.
std::string rms_text(double norm, const Cell &cell) {
  const Evaluator probe(cell.options, false);
  return number_text(norm / std::sqrt(double(probe.small_samples(cell.picture))));
}

// JSON has no infinity: null.
double number_or_infinity(const Json &json) {
  return json.is_null() ? std::numeric_limits<double>::infinity() : json.get<double>();
}

}  // namespace

std::string read_file(const fs::path &path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw file_error(path.string(), "cannot read", errno);
  return bytes;
}

void identify(Cell &cell) {
  Json identity = {
      {"protocol", kProtocol}, {"library", hcd_version()}, {"picture", hash_of_file(cell.picture)}};
  Json options = Json::object();
  for (const auto &[name, text] : cell.options) {
    options[name] = name == "weights" ? hash_of_file(text) : text;
  }
  identity["options"] = options;
  if (cell.step_norm) identity["step_norm"] = *cell.step_norm;
  if (cell.budget_norm) identity["budget_norm"] = *cell.budget_norm;
  cell.identity = identity.dump(-1, ' ', false, Json::error_handler_t::replace);
  cell.name = sha256(cell.identity);
}

CellResult compute(const Cell &cell, const fs::path &cache) {
  CellResult result;
  result.options = cell.options;
  if (cell.step_norm) result.options["step_size"] = rms_text(*cell.step_norm, cell);
  if (cell.budget_norm) result.options["budget"] = rms_text(*cell.budget_norm, cell);
  PictureTrail trail;
  const PictureScores scores = Evaluator(result.options, false).evaluate(cell.picture, &trail);
  result.psnr_y = scores.scores.psnr_y;
  result.ssim = scores.scores.ssim;
  result.seconds = scores.seconds;
  if (cell.keep_pictures) keep_pictures(trail, cache / cell.name);
  return result;
}

std::string to_json(const Cell &cell, const CellResult &result) {
  const Json json = {{"identity", Json::parse(cell.identity)},
                     {"options", result.options},
                     {"psnr_y", result.psnr_y},
                     {"ssim", result.ssim},
                     {"seconds", result.seconds},
                     {"peak_mib", result.peak_mib}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<CellResult> from_json(const Cell &cell, const std::string &text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  try {
    if (json.at("identity") != Json::parse(cell.identity)) return std::nullopt;
    return CellResult{number_or_infinity(json.at("psnr_y")), json.at("ssim").get<double>(),
                      json.at("seconds").get<double>(), json.at("peak_mib").get<double>(),
                      json.at("options").get<OptionTexts>()};
  } catch (const Json::exception &) {
    return std::nullopt;
  }
}

std::string command_options(const OptionTexts &options) {
  std::string text;
  for (const auto &[name, value] : options) {
    text += (text.empty() ? "--" : " --") + name + " " + value;
  }
  return text;
}

}  // namespace hcd::tools
