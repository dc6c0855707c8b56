// SPDX-License-Identifier: BSD-2-Clause
#include "train/data_set.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/error.h"
#include "base/random.h"
#include "quality/measures.h"
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
    return ConstPlane{values.const_data_ptr<float>() + c * values.stride(0), picture.width,
                      picture.height, picture.width};
  };
  const std::vector<float> luma =
      quality::luma_bt601(plane(0), plane(1), plane(2), quality::Rounding::kEightBit);
  return at::tensor(luma, at::kFloat).view({1, picture.height, picture.width}).to(at::kByte);
}

// The grey values themselves, uint8 [1, height, width].
at::Tensor code_values(const Picture &picture) {
  return at::from_blob(const_cast<uint8_t *>(picture.rgb.data()),
                       {1, picture.height, picture.width}, {0, 3 * picture.width, 3}, at::kByte)
      .contiguous();
}

// uint8 [N, C, h, w] to float in [0, 1].
at::Tensor stacked(const std::vector<at::Tensor> &patches) {
  return at::stack(patches).to(at::kFloat).div_(255);
}

}  // namespace

DataSet::DataSet(const Recipe &recipe, const std::string &root, int channels) : recipe_(recipe) {
  for (const std::string &folder : recipe.data) {
    recipe.coded ? load_coded(root, folder, channels) : load_folder(root, folder, channels);
  }
  split();
}

DataSet::DataSet(const Recipe &recipe, std::vector<PictureSet> pictures)
    : recipe_(recipe), training_(std::move(pictures)) {
  split();
}

at::Tensor DataSet::load_pixels(const std::string &path, int channels) {
  const Picture picture = read_picture(path);
  const at::Tensor pixels = recipe_.coded ? code_values(picture) : to_pixels(picture, channels);
  bytes_ += pixels.nbytes();
  HCD_CHECK(bytes_ >> 20 < static_cast<uint64_t>(recipe_.cache_mb), HCD_E_FILE,
            "%s: expected pictures of at most %lld MB decoded (cache_mb), found more", path.c_str(),
            static_cast<long long>(recipe_.cache_mb));
  return pixels;
}

void DataSet::load_folder(const std::string &root, const std::string &folder, int channels) {
  for (const std::string &path : list_pictures(fs::path(root) / folder)) {
    const at::Tensor pixels = load_pixels(path, channels);
    HCD_CHECK(pixels.size(1) >= recipe_.patch && pixels.size(2) >= recipe_.patch, HCD_E_FILE,
              "%s: expected a patch of %lld pixels a side or more, found %lldx%lld", path.c_str(),
              static_cast<long long>(recipe_.patch), static_cast<long long>(pixels.size(2)),
              static_cast<long long>(pixels.size(1)));
    training_.push_back({folder + "/" + fs::path(path).filename().string(), pixels, {}});
  }
}

void DataSet::load_coded(const std::string &root, const std::string &folder, int channels) {
  HCD_CHECK(channels == 1, HCD_E_FILE,
            "%s: coded pictures are luma: expected a model of luma, found one of %d channels",
            recipe_.file.c_str(), channels);
  const size_t first = training_.size();
  load_folder(root, (fs::path(folder) / "hr").string(), channels);
  std::map<std::string, size_t> places;  // of the large pictures, by their names
  for (size_t i = first; i < training_.size(); ++i) {
    places[fs::path(training_[i].name).stem().string()] = i;
  }
  for (const std::string &path : list_pictures(fs::path(root) / folder / "lr")) {
    const std::string name = fs::path(path).stem().stem().string();  // without .<version>.png
    const auto place = places.find(name);
    HCD_CHECK(place != places.end(), HCD_E_FILE, "%s: expected hr/%s.png beside it, found none",
              path.c_str(), name.c_str());
    const at::Tensor small = load_pixels(path, channels);
    const at::Tensor &large = training_[place->second].pixels;
    for (const int64_t axis : {1, 2}) {
      HCD_CHECK(small.size(axis) * recipe_.scale == large.size(axis), HCD_E_FILE,
                "%s: expected %lldx%lld pixels, as its large picture has %d times as many, found "
                "%lldx%lld",
                path.c_str(), static_cast<long long>(large.size(2) / recipe_.scale),
                static_cast<long long>(large.size(1) / recipe_.scale), recipe_.scale,
                static_cast<long long>(small.size(2)), static_cast<long long>(small.size(1)));
    }
    training_[place->second].versions.push_back(small);
  }
  for (size_t i = first; i < training_.size(); ++i) {
    HCD_CHECK(!training_[i].versions.empty(), HCD_E_FILE,
              "%s: expected a small picture in %s/lr, found none", training_[i].name.c_str(),
              folder.c_str());
  }
}

// Takes the held-out pictures from the list at even distances, so that every folder gives some.
void DataSet::split() {
  const size_t count = training_.size(),
               held_out = static_cast<size_t>(recipe_.validation_pictures);
  HCD_CHECK(held_out < count, HCD_E_FILE,
            "%s: validation_pictures: expected fewer than the %zu pictures there are, found %zu",
            recipe_.file.c_str(), count, held_out);
  std::vector<PictureSet> rest;
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
    const auto &[name, pixels, versions] = training_[crop.picture];
    const int64_t grid = this->grid();
    crop.x = below((pixels.size(2) - recipe_.patch) / grid + 1) * grid;
    crop.y = below((pixels.size(1) - recipe_.patch) / grid + 1) * grid;
    crop.flip = below(2) == 1;
    crop.turns = below(4);
    if (recipe_.coded) crop.version = static_cast<size_t>(below(std::ssize(versions)));
    crops.push_back(crop);
  }
  return crops;
}

Batch DataSet::batch(const std::vector<Crop> &crops) const {
  // The crop's part of a picture that is `shrink` times as small as the large one.
  const auto cut = [&](const at::Tensor &pixels, const Crop &crop, int64_t shrink) {
    const int64_t side = recipe_.patch / shrink;
    at::Tensor patch = pixels.narrow(1, crop.y / shrink, side).narrow(2, crop.x / shrink, side);
    if (crop.flip) patch = patch.flip({2});
    return at::rot90(patch, crop.turns, {1, 2});
  };
  std::vector<at::Tensor> large, small;
  for (const Crop &crop : crops) {
    const PictureSet &entry = training_[crop.picture];
    large.push_back(cut(entry.pixels, crop, 1));
    if (recipe_.coded) small.push_back(cut(entry.versions[crop.version], crop, recipe_.scale));
  }
  return {stacked(large), recipe_.coded ? stacked(small) : at::Tensor()};
}

Batch DataSet::validation_picture(size_t index) const {
  const size_t count = version_count(index);
  return validation_picture(index, count ? index % count : 0);
}

Batch DataSet::validation_picture(size_t index, size_t version) const {
  const auto &[name, pixels, versions] = validation_[index];
  const auto cut = [&](const at::Tensor &from, int64_t shrink) {
    at::Tensor part = from;
    for (const int64_t axis : {1, 2}) {
      const int64_t scale = recipe_.scale, grid = this->grid();
      const int64_t size = from.size(axis) * shrink;
      const int64_t side = std::min(size, recipe_.validation_crop) / scale * scale;
      const int64_t start = (size - side) / 2 / grid * grid;
      part = part.narrow(axis, start / shrink, side / shrink);
    }
    return stacked({part});
  };
  if (!recipe_.coded) return {cut(pixels, 1), {}};
  return {cut(pixels, 1), cut(versions[version], recipe_.scale)};
}

std::string DataSet::describe(const Crop &crop) const {
  std::string text = format_text("%s at (%lld, %lld)", training_[crop.picture].name.c_str(),
                                 static_cast<long long>(crop.x), static_cast<long long>(crop.y));
  if (recipe_.coded) text += format_text(", small picture %zu", crop.version + 1);
  if (crop.flip) text += ", flipped";
  if (crop.turns) text += format_text(", turned by %lld", 90 * static_cast<long long>(crop.turns));
  return text;
}

}  // namespace hcd::train
