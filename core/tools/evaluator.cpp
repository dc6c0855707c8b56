// SPDX-License-Identifier: BSD-2-Clause
// One picture by the literature's protocol: cropped, made small and enlarged, compared in luma.
#include "tools/evaluator.h"

#include "quality/luma.h"
#include "quality/psnr.h"
#include "quality/ssim.h"
#include "tools/error.h"
#include "tools/png.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <utility>

namespace hcd::tools {
namespace {

std::string model_of(const OptionTexts &options) { return down_params(options).model; }

Protocol find_protocol(const OptionTexts &options, Session &down) {
  constexpr int kSide = 720;  // large enough to tell every whole scale up to 16
  Picture probe;
  probe.width = probe.height = kSide;
  probe.channels = 3;
  probe.depth = 8;
  std::optional<Size> small = down.result_size(format_of(probe));
  const bool luma_only = !small;
  probe.channels = 1;
  if (luma_only) small = down.result_size(format_of(probe));
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
std::vector<Session> open_clients(const OptionTexts &options, const std::string &model,
                                  bool verbose) {
  OptionTexts shared;
  for (const OptionInfo &info : up_options()) {
    const auto found = options.find(info.name);
    if (found != options.end()) shared.insert(*found);
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

// Measures enlarged pictures against one original.
class Judge {
 public:
  Judge(const Picture &original, int border)
      : width_(original.width),
        height_(original.height),
        border_(border),
        luma_(luma_of(original)) {}

  void score(const Picture &enlarged, double *psnr_y, double *ssim) const {
    const std::vector<float> luma = luma_of(enlarged);
    *psnr_y = quality::psnr(inner(luma_), inner(luma));
    *ssim = quality::ssim(inner(luma_), inner(luma));
  }

 private:
  ConstPlane inner(const std::vector<float> &luma) const {
    return quality::without_border(ConstPlane{luma.data(), width_, height_, width_}, border_);
  }

  int width_, height_, border_;
  std::vector<float> luma_;
};

// The picture as the library gets it, and as it is compared.
struct Source {
  Picture original, given;
  Size small_size;
};

void check_size(const Picture &picture, int scale, const std::string &name) {
  const int least = 2 * scale + quality::kSsimWindow;
  if (picture.width < least || picture.height < least) {
    throw ToolError(name + ": expected " + std::to_string(least) + "x" + std::to_string(least) +
                    " pixels or more after cropping to a multiple of the scale, found " +
                    std::to_string(picture.width) + "x" + std::to_string(picture.height));
  }
}

Source read_source(const std::string &name, const Protocol &protocol) {
  Source source;
  source.original = cropped_to_multiple(read_png(name), protocol.scale);
  check_size(source.original, protocol.scale, name);
  source.given = protocol.luma_only ? luma_picture(source.original) : source.original;
  source.small_size = {source.original.width / protocol.scale,
                       source.original.height / protocol.scale};
  return source;
}

}  // namespace

Evaluator::Evaluator(const OptionTexts &options, bool verbose)
    : model_(model_of(options)),
      down_(Session::down(options, verbose)),
      protocol_(find_protocol(options, down_)),
      clients_(open_clients(options, model_, verbose)) {}

PictureScores Evaluator::evaluate(const std::filesystem::path &path, PictureTrail *trail) {
  const std::string name = path.string();
  const auto [original, given, small_size] = read_source(name, protocol_);
  const Picture plain = down_.process(given, small_size, name, HCD_FRAME_PLAIN);
  const auto start = std::chrono::steady_clock::now();
  const Picture small = down_.process(given, small_size, name);
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;

  const Judge judge(original, protocol_.scale);
  const Size size = {original.width, original.height};
  Scores mean;
  Picture enlarged;
  for (Session &client : clients_) {
    Scores scores;
    judge.score(client.process(plain, size, name), &scores.psnr_y_plain, &scores.ssim_plain);
    enlarged = client.process(small, size, name);
    judge.score(enlarged, &scores.psnr_y, &scores.ssim);
    mean.add(scores, 1.0 / double(clients_.size()));
  }
  if (trail) *trail = {given, plain, small, enlarged};
  const size_t samples = size_t(small.channels) * size_t(small.width) * size_t(small.height);
  return {path.filename().string(), original.width, original.height, samples, mean, time.count()};
}

}  // namespace hcd::tools
