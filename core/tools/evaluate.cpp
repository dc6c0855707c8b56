// SPDX-License-Identifier: BSD-2-Clause
// hcd evaluate: pictures by the literature's protocol, cropped, made small and enlarged, compared
// in luma.
#include "base/atomic_file.h"
#include "options/options.h"
#include "quality/measures.h"
#include "tools/commands.h"
#include "tools/error.h"
#include "tools/picture_set.h"
#include "tools/scores.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <utility>

namespace hcd::tools {
namespace {

// How the pictures are given to the library.
struct Protocol {
  int scale = 0;
  bool luma_only = false;  // a network that does not take R'G'B'
};

Protocol find_protocol(const OptionTexts &options, Session &down) {
  constexpr int kSide = 720;  // large enough to tell every whole scale up to 16
  std::optional<Size> small = down.result_size(kSide, 3);
  const bool luma_only = !small;
  if (luma_only) small = down.result_size(kSide, 1);
  if (!small) throw ToolError("the model takes neither RGB nor gray pictures");

  const double scale = down_params(options).scale;
  if (scale == HCD_AUTO) {
    return {static_cast<int>(std::lround(double(kSide) / small->width)), luma_only};
  }
  if (scale != std::floor(scale)) {
    throw ToolError("option scale: expected a whole number for evaluate, found '" +
                    options.at("scale") + "'");
  }
  return {static_cast<int>(scale), luma_only};
}

// One upscaler for each client of `model` ("a+b": two).
std::vector<Session> open_clients(const OptionTexts &given, const std::string &model,
                                  bool verbose) {
  OptionTexts shared;
  for (const options::Option &option : options::up_options()) {
    const auto found = given.find(option.name);
    if (found != given.end()) shared.insert(*found);
  }
  std::vector<Session> clients;
  for (size_t start = 0; start <= model.size();) {
    const size_t end = std::min(model.find('+', start), model.size());
    shared["model"] = model.substr(start, end - start);
    clients.push_back(Session::up(shared, verbose));
    start = end + 1;
  }
  return clients;
}

// The upper left part of `source` whose sides are multiples of `scale`, in 8 bits.
Picture cropped_to_multiple(const Picture &source, int scale) {
  Picture result(source.width / scale * scale, source.height / scale * scale, source.channels, 8);
  for (size_t c = 0; c < size_t(source.channels); ++c) {
    for (int y = 0; y < result.height; ++y) {
      const uint8_t *from = source.planes[c].data() + size_t(y) * source.row_bytes();
      uint8_t *to = result.planes[c].data() + size_t(y) * result.row_bytes();
      for (int x = 0; x < result.width; ++x) {
        uint16_t sample = from[x];
        if (source.depth == 16) {
          std::memcpy(&sample, from + 2 * x, 2);
          sample = static_cast<uint16_t>((sample + 128) / 257);
        }
        to[x] = static_cast<uint8_t>(sample);
      }
    }
  }
  return result;
}

// BT.601 luma of 16 to 235; of a limited-range picture its samples.
std::vector<float> luma_of(const Picture &picture) {
  std::vector<float> samples[3];
  ConstPlane planes[3];
  for (size_t c = 0; c < 3; ++c) {
    const std::vector<uint8_t> &plane = picture.planes[picture.channels == 1 ? 0 : c];
    samples[c].assign(plane.begin(), plane.end());
    planes[c] = {samples[c].data(), picture.width, picture.height, picture.width};
  }
  if (picture.range == HCD_RANGE_LIMITED) return std::move(samples[0]);
  return quality::luma_bt601(planes[0], planes[1], planes[2], quality::Rounding::kNone);
}

// The luma of `picture` in 8 bits, as a picture of its own.
Picture luma_picture(const Picture &picture) {
  Picture result(picture.width, picture.height, 1, 8);
  result.range = HCD_RANGE_LIMITED;
  const std::vector<float> luma = luma_of(picture);
  std::transform(luma.begin(), luma.end(), result.planes[0].begin(),
                 [](float value) { return static_cast<uint8_t>(std::lround(value)); });
  return result;
}

Picture read_original(const std::string &name, int scale) {
  Picture picture = cropped_to_multiple(files::read_png(name), scale);
  const int least = 2 * scale + quality::kSsimWindow;
  if (picture.width < least || picture.height < least) {
    throw ToolError(name + ": expected " + std::to_string(least) + "x" + std::to_string(least) +
                    " pixels or more after cropping to a multiple of the scale, found " +
                    std::to_string(picture.width) + "x" + std::to_string(picture.height));
  }
  return picture;
}

// The pictures behind a score, as the library got and gave them.
struct PictureTrail {
  Picture original;     // cropped to a multiple of the scale
  Picture small_plain;  // made small plainly
  Picture small;        // with HCD
  Picture large;        // `small` enlarged, by the last client
};

// What run_evaluate() says of one picture at a time.
class Evaluator {
 public:
  Evaluator(const OptionTexts &options, bool verbose)
      : model_(down_params(options).model),
        down_(Session::down(options, verbose)),
        protocol_(find_protocol(options, down_)),
        clients_(open_clients(options, model_, verbose)) {}

  const std::string &model() const { return model_; }
  int scale() const { return protocol_.scale; }

  // Measures one PNG file.
  PictureScores evaluate(const fs::path &path, PictureTrail &trail) {
    const std::string name = path.string();
    const Picture original = read_original(name, scale());
    const Size size = {original.width, original.height};
    const Size small_size = {size.width / scale(), size.height / scale()};
    trail.original = protocol_.luma_only ? luma_picture(original) : original;
    trail.small_plain = down_.process(trail.original, small_size, name, HCD_FRAME_PLAIN);
    const auto start = std::chrono::steady_clock::now();
    trail.small = down_.process(trail.original, small_size, name);
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;

    const auto inner = [&](const std::vector<float> &luma) {
      return quality::without_border(ConstPlane{luma.data(), size.width, size.height}, scale());
    };
    const std::vector<float> wanted = luma_of(original);
    const auto score = [&](const Picture &enlarged, double &psnr_y, double &ssim) {
      const std::vector<float> found = luma_of(enlarged);
      psnr_y = quality::psnr(inner(wanted), inner(found));
      ssim = quality::ssim(inner(wanted), inner(found));
    };
    Scores mean;
    for (Session &client : clients_) {
      Scores scores;
      score(client.process(trail.small_plain, size, name), scores.psnr_y_plain, scores.ssim_plain);
      trail.large = client.process(trail.small, size, name);
      score(trail.large, scores.psnr_y, scores.ssim);
      mean.add(scores, 1.0 / double(clients_.size()));
    }
    const Picture &small = trail.small;
    const size_t samples = size_t(small.channels) * size_t(small.width) * size_t(small.height);
    return {path.filename().string(), size.width, size.height, samples, mean, time.count()};
  }

 private:
  std::string model_;
  Session down_;
  Protocol protocol_;
  std::vector<Session> clients_;
};

// Most memory that the process has had, in MiB; 0 where /proc does not say. getrusage() would count
// that of the program that started this one.
double peak_mib() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::stod(line.substr(6)) / 1024;  // kB
  }
  return 0;
}

void keep(const PictureTrail &trail, const fs::path &stem) {
  const auto keep_one = [&](const Picture &picture, const char *which) {
    const std::string path = stem.string() + "-" + which + ".png";
    write_atomically(path, files::encode_png(picture, path));
  };
  keep_one(trail.original, "original");
  keep_one(trail.small_plain, "small_plain");
  keep_one(trail.small, "small");
  keep_one(trail.large, "large");
}

}  // namespace

void run_evaluate(const EvaluateArguments &arguments) {
  Evaluator evaluator(arguments.options, arguments.verbose);
  Evaluation evaluation = {evaluator.model(), evaluator.scale(), {}};
  const std::vector<fs::path> pictures = list_pictures(arguments.set);
  for_each_picture(pictures, [&](size_t i) {
    PictureTrail trail;
    evaluation.pictures.push_back(evaluator.evaluate(pictures[i], trail));
    if (!arguments.keep.empty()) keep(trail, fs::path(arguments.keep) / pictures[i].stem());
  });
  evaluation.peak_mib = peak_mib();
  std::fputs((arguments.json ? to_json(evaluation) : to_table(evaluation)).c_str(), stdout);
}

}  // namespace hcd::tools
