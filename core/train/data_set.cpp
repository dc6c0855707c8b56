// SPDX-License-Identifier: BSD-2-Clause
#include "train/data_set.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/random.h"
#include "quality/luma.h"
#include "train/picture_file.h"

namespace hcd::train {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> list_pictures(const fs::path &folder) {
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (is_picture_file(entry->path().string())) names.push_back(entry->path().string());
  }
  HCD_CHECK(!error, HCD_E_FILE, "%s: expected a folder of pictures: %s", folder.c_str(),
            error.message().c_str());
  HCD_CHECK(!names.empty(), HCD_E_FILE, "%s: expected pictures (*.png, *.jpg), found none",
            folder.c_str());
  std::sort(names.begin(), names.end());
  return names;
}

// uint8 [channels, height, width].
at::Tensor to_pixels(const Picture &picture, int channels) {
  const at::Tensor rgb = at::from_blob(const_cast<uint8_t *>(picture.rgb.data()),
                                       {picture.height, picture.width, 3}, at::kByte)
                             .permute({2, 0, 1});
  if (channels == 3) return rgb.contiguous();
  const at::Tensor values = rgb.to(at::kFloat).contiguous();
  const auto plane = [&](int64_t c) {
    return quality::Plane{values.const_data_ptr<float>() + c * values.stride(0), picture.width,
                          picture.height, picture.width};
  };
  const std::vector<float> luma =
      quality::luma_bt601(plane(0), plane(1), plane(2), quality::Rounding::kEightBit);
  return at::tensor(luma, at::kFloat).view({1, picture.height, picture.width}).to(at::kByte);
}

}  // namespace

DataSet::DataSet(const Recipe &recipe, const std::string &root, int channels) : recipe_(recipe) {
  for (const std::string &folder : recipe.data) load_folder(root, folder, channels);
  split();
}

void DataSet::load_folder(const std::string &root, const std::string &folder, int channels) {
  for (const std::string &path : list_pictures(fs::path(root) / folder)) {
    const Picture picture = read_picture(path);
    HCD_CHECK(picture.width >= recipe_.patch && picture.height >= recipe_.patch, HCD_E_FILE,
              "%s: expected a patch of %lld pixels a side or more, found %dx%d", path.c_str(),
              static_cast<long long>(recipe_.patch), picture.width, picture.height);
    training_.push_back(
        {folder + "/" + fs::path(path).filename().string(), to_pixels(picture, channels)});
    bytes_ += training_.back().pixels.nbytes();
    HCD_CHECK(bytes_ >> 20 < static_cast<uint64_t>(recipe_.cache_mb), HCD_E_FILE,
              "%s: expected pictures of at most %lld MB decoded (cache_mb), found more",
              path.c_str(), static_cast<long long>(recipe_.cache_mb));
  }
}

// Takes the held-out pictures from the list at even distances, so that every folder gives some.
void DataSet::split() {
  const size_t count = training_.size(),
               held_out = static_cast<size_t>(recipe_.validation_pictures);
  HCD_CHECK(held_out < count, HCD_E_FILE,
            "%s: validation_pictures: expected fewer than the %zu pictures there are, found %zu",
            recipe_.file.c_str(), count, held_out);
  std::vector<Entry> rest;
  for (size_t i = 0; i < count; ++i) {
    const bool held = (i + 1) * held_out / count != i * held_out / count;
    (held ? validation_ : rest).push_back(std::move(training_[i]));
  }
  training_ = std::move(rest);
}

std::vector<Crop> DataSet::crops(int64_t iteration) const {
  const Random random(mix(recipe_.seed) ^ static_cast<uint64_t>(iteration));
  std::vector<Crop> crops;
  for (int64_t item = 0; item < recipe_.batch; ++item) {
    uint64_t counter = static_cast<uint64_t>(item) << 8;
    const auto below = [&](int64_t n) {
      return static_cast<int64_t>(random.uniform(counter++) * static_cast<double>(n));
    };
    Crop crop;
    crop.picture = static_cast<size_t>(below(static_cast<int64_t>(training_.size())));
    const at::Tensor &pixels = training_[crop.picture].pixels;
    crop.x = below(pixels.size(2) - recipe_.patch + 1);
    crop.y = below(pixels.size(1) - recipe_.patch + 1);
    crop.flip = below(2) == 1;
    crop.turns = below(4);
    crops.push_back(crop);
  }
  return crops;
}

at::Tensor DataSet::batch(const std::vector<Crop> &crops) const {
  std::vector<at::Tensor> patches;
  for (const Crop &crop : crops) {
    at::Tensor patch = training_[crop.picture]
                           .pixels.slice(1, crop.y, crop.y + recipe_.patch)
                           .slice(2, crop.x, crop.x + recipe_.patch);
    if (crop.flip) patch = patch.flip({2});
    patches.push_back(at::rot90(patch, crop.turns, {1, 2}));
  }
  return at::stack(patches).to(at::kFloat).div_(255);
}

at::Tensor DataSet::validation_picture(size_t index) const {
  const at::Tensor &pixels = validation_[index].pixels;
  const auto middle = [&](int64_t size) {
    const int64_t side = std::min(size, recipe_.validation_crop) / recipe_.scale * recipe_.scale;
    return std::pair((size - side) / 2, (size - side) / 2 + side);
  };
  const auto [y0, y1] = middle(pixels.size(1));
  const auto [x0, x1] = middle(pixels.size(2));
  return pixels.slice(1, y0, y1).slice(2, x0, x1).unsqueeze(0).to(at::kFloat).div_(255);
}

std::string DataSet::describe(const Crop &crop) const {
  std::string text = format_text("%s at (%lld, %lld)", training_[crop.picture].name.c_str(),
                                 static_cast<long long>(crop.x), static_cast<long long>(crop.y));
  if (crop.flip) text += ", flipped";
  if (crop.turns) text += format_text(", turned by %lld", 90 * static_cast<long long>(crop.turns));
  return text;
}

}  // namespace hcd::train
