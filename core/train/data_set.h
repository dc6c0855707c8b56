// SPDX-License-Identifier: BSD-2-Clause
// The pictures of a training, decoded and kept in memory, and the batches that are cut from them.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <string>
#include <vector>

#include "train/recipe.h"

namespace hcd::train {

// Where a patch comes from.
struct Crop {
  size_t picture = 0, version = 0;  // version: of the coded small pictures
  int64_t x = 0, y = 0;             // multiples of the scale where they are coded
  bool flip = false;                // left to right, before the turns
  int64_t turns = 0;                // quarter turns counterclockwise
};

// A picture and its coded small pictures.
struct PictureSet {
  std::string name;
  at::Tensor pixels;                 // uint8 [channels, height, width]
  std::vector<at::Tensor> versions;  // of the coded small picture
};

// What one iteration sees.
struct Batch {
  at::Tensor y_hr;  // [N, C, patch, patch] in [0, 1]
  at::Tensor x_lr;  // its small pictures as a codec gave them, [N, C, patch / scale, patch /
                    // scale]; undefined where the model or a resampler makes them
};

class DataSet {
 public:
  // Reads the recipe's folders below `root`, in the order of the files' names. Luma models
  // (channels 1) get 8-bit BT.601 luma of 16 to 235. Throws HCD_E_FILE where a folder is missing or
  // empty, a picture is damaged or smaller than a patch, or all are more than cache_mb.
  // recipe.coded: a folder holds the folders hr and lr of grey PNG files, whose values are luma
  // code values: hr/<name>.png, and its small pictures lr/<name>.<version>.png, `scale` times as
  // small.
  DataSet(const Recipe &recipe, const std::string &root, int channels);
  // Of pictures that are in memory.
  DataSet(const Recipe &recipe, std::vector<PictureSet> pictures);

  size_t training_count() const { return training_.size(); }
  size_t validation_count() const { return validation_.size(); }

  // The patches of an iteration: they depend on nothing but the seed, the iteration and their place
  // in the batch, so a resumed training sees the same ones.
  std::vector<Crop> crops(int64_t iteration) const;
  Batch batch(const std::vector<Crop> &crops) const;

  // The middle of a held-out picture, at most validation_crop a side, a multiple of the scale; a
  // batch of one. Where it is coded, another version each time.
  Batch validation_picture(size_t index) const;
  Batch validation_picture(size_t index, size_t version) const;
  size_t version_count(size_t index) const { return validation_[index].versions.size(); }

  // "bsds400/100007.jpg at (12, 40), turned by 90, flipped".
  std::string describe(const Crop &crop) const;

 private:
  at::Tensor load_pixels(const std::string &path, int channels);
  void load_folder(const std::string &root, const std::string &folder, int channels);
  void load_coded(const std::string &root, const std::string &folder, int channels);
  void split();
  // Large crops begin at multiples of this, where a small pixel begins.
  int64_t grid() const { return recipe_.coded ? recipe_.scale : 1; }

  Recipe recipe_;
  uint64_t bytes_ = 0;
  std::vector<PictureSet> training_, validation_;
};

}  // namespace hcd::train
