// SPDX-License-Identifier: BSD-2-Clause
#include "train/title.h"

#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "train/video.h"

namespace hcd::train {
namespace {

using Show = std::function<void(const std::string &)>;

// In seconds. A time in a Matroska file is off by half a millisecond, and so is its first one.
constexpr double kTolerance = 2.5e-3;

// Every stride-th frame; the stride doubles when there are too many.
struct Kept {
  size_t stride = 1, most = 0;
  std::vector<at::Tensor> frames;

  void add(size_t number, const at::Tensor &frame) {
    if (number % stride != 0) return;
    frames.push_back(frame);
    if (frames.size() <= most) return;
    stride *= 2;
    for (size_t i = 0; 2 * i < frames.size(); ++i) frames[i] = frames[2 * i];
    frames.resize((frames.size() + 1) / 2);
  }
};

void read_frames(Video &video, Kept *kept, const Show &show) {
  at::Tensor frame;
  for (size_t number = 0; video.next(&frame); ++number) {
    kept->add(number, frame);
    show(format_text("%s: frame %zu", video.path().c_str(), number + 1));
  }
}

bool is_small(int small, int large, int scale) {
  const int least = (large + scale - 1) / scale;
  return small == least || small == least + least % 2;  // chroma may need an even number
}

void check_size(const Video &small, const Video &large, int scale) {
  HCD_CHECK(is_small(small.width(), large.width(), scale) &&
                is_small(small.height(), large.height(), scale),
            HCD_E_FILE, "%s: expected frames of %dx%d, 1/%d of the %s of %s, found %s",
            small.path().c_str(), (large.width() + scale - 1) / scale,
            (large.height() + scale - 1) / scale, scale, large.size().c_str(), large.path().c_str(),
            small.size().c_str());
}

void check_times(const Video &small, const std::vector<double> &found, const Video &large,
                 const std::vector<double> &expected) {
  HCD_CHECK(found.size() == expected.size(), HCD_E_FILE,
            "%s: expected %zu frames, as in %s, found %zu", small.path().c_str(), expected.size(),
            large.path().c_str(), found.size());
  for (size_t i = 0; i < found.size(); ++i) {
    HCD_CHECK(std::abs(found[i] - expected[i]) <= kTolerance, HCD_E_FILE,
              "%s: expected frame %zu at %.3f s from the first, as in %s, found %.3f s",
              small.path().c_str(), i, expected[i], large.path().c_str(), found[i]);
  }
}

// The top left part; whole small pixels, so that the large part is exactly `scale` times as large.
at::Tensor part(const at::Tensor &frame, int64_t height, int64_t width) {
  return frame.narrow(1, 0, height).narrow(2, 0, width);
}

}  // namespace

Title read_title(const TitleFiles &files, int scale, size_t most, const Show &show) {
  Video large(files.ffmpeg, files.source, Trust::kDamaged, files.filter);
  for (const std::string &path : files.coded) {  // before the long way through all frames
    check_size(Video(files.ffmpeg, path, Trust::kWhole), large, scale);
  }
  Kept kept{1, most, {}};
  read_frames(large, &kept, show);
  const std::vector<double> times = large.times();
  Title title{large.width(), large.height(), times.size(), {}};
  const int64_t height = large.height() / scale, width = large.width() / scale;
  for (size_t i = 0; i < kept.frames.size(); ++i) {
    title.frames_kept.push_back({format_text("frame %zu", i * kept.stride),
                                 part(kept.frames[i], height * scale, width * scale),
                                 {}});
  }
  for (const std::string &path : files.coded) {
    Video small(files.ffmpeg, path, Trust::kWhole);
    Kept own{kept.stride, times.size(), {}};
    read_frames(small, &own, show);
    check_times(small, small.times(), large, times);
    for (size_t i = 0; i < own.frames.size(); ++i) {
      title.frames_kept[i].versions.push_back(part(own.frames[i], height, width));
    }
  }
  return title;
}

uint64_t Title::hash() const {
  uint64_t hash = frames;
  const auto add = [&](const at::Tensor &pixels) {
    const at::Tensor whole = pixels.contiguous();
    hash = hash_bytes(whole.const_data_ptr(), whole.nbytes(), hash);
  };
  for (const PictureSet &set : frames_kept) {
    add(set.pixels);
    for (const at::Tensor &version : set.versions) add(version);
  }
  return hash;
}

}  // namespace hcd::train
