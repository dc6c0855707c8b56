// SPDX-License-Identifier: BSD-2-Clause
// The pictures of a training: which patches an iteration sees, and what they hold.
#include "train/data_set.h"

#include <gtest/gtest.h>
#include <png.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "base/error.h"
#include "support/temporary.h"

namespace hcd::train {
namespace {

namespace fs = std::filesystem;

// A picture in which each pixel tells where it is: red its column, green its row, blue the picture.
void write_map(const fs::path &path, int width, int height, uint8_t blue) {
  std::vector<uint8_t> rgb;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      rgb.insert(rgb.end(), {static_cast<uint8_t>(x), static_cast<uint8_t>(y), blue});
    }
  }
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_RGB;
  ASSERT_NE(png_image_write_to_file(&image, path.c_str(), 0, rgb.data(), 0, nullptr), 0);
}

class DataSetTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(test::temporary_folder()) / "data_set_test";
    fs::remove_all(root_);
    fs::create_directories(root_ / "maps");
    for (int i = 0; i < 6; ++i) {
      write_map(root_ / "maps" / (std::to_string(i) + ".png"), 40 + i, 30,
                static_cast<uint8_t>(10 * i));
    }
    recipe_.data = {"maps"};
    recipe_.patch = 8;
    recipe_.batch = 5;
    recipe_.validation_pictures = 2;
  }
  void TearDown() override { fs::remove_all(root_); }
  DataSet load(int channels = 3) const { return DataSet(recipe_, root_.string(), channels); }

  fs::path root_;
  Recipe recipe_;
};

TEST_F(DataSetTest, PatchesDependOnSeedAndIterationOnly) {
  const DataSet data = load(), again = load();
  std::ignore = again.crops(3);
  EXPECT_TRUE(at::equal(data.batch(data.crops(7)).y_hr, again.batch(again.crops(7)).y_hr));
  EXPECT_FALSE(at::equal(data.batch(data.crops(7)).y_hr, data.batch(data.crops(8)).y_hr));
  recipe_.seed = 2;
  const DataSet other = load();
  EXPECT_FALSE(at::equal(data.batch(data.crops(7)).y_hr, other.batch(other.crops(7)).y_hr));
}

TEST_F(DataSetTest, PatchesLieWhereTheyAreSaidToBe) {
  const DataSet data = load();
  std::set<int64_t> turns, flips, pictures;
  for (int64_t iteration = 0; iteration < 40; ++iteration) {
    const std::vector<Crop> crops = data.crops(iteration);
    const at::Tensor batch = data.batch(crops).y_hr.mul(255).round();
    ASSERT_EQ(batch.sizes(), (std::vector<int64_t>{5, 3, 8, 8}));
    for (size_t i = 0; i < crops.size(); ++i) {
      const at::Tensor patch = batch[static_cast<int64_t>(i)];
      EXPECT_EQ(patch[0].min().item<float>(), static_cast<float>(crops[i].x));
      EXPECT_EQ(patch[1].min().item<float>(), static_cast<float>(crops[i].y));
      EXPECT_EQ(patch[0].max().item<float>(), static_cast<float>(crops[i].x + 7));
      EXPECT_EQ(patch[2].min().item<float>(), patch[2].max().item<float>());
      turns.insert(crops[i].turns);
      flips.insert(crops[i].flip);
      pictures.insert(patch[2].min().item<int64_t>());
    }
  }
  EXPECT_EQ(turns.size(), 4);
  EXPECT_EQ(flips.size(), 2);
  EXPECT_EQ(pictures.size(), 4);  // not the two that are held out
}

TEST_F(DataSetTest, HeldOutPicturesAreNeverSeenInTraining) {
  const DataSet data = load();
  ASSERT_EQ(data.training_count(), 4);
  ASSERT_EQ(data.validation_count(), 2);
  std::set<int64_t> held;
  for (size_t i = 0; i < 2; ++i) {
    held.insert(data.validation_picture(i).y_hr[0][2].mul(255).round().min().item<int64_t>());
  }
  EXPECT_EQ(held, (std::set<int64_t>{20, 50}));
}

TEST_F(DataSetTest, LumaIsThatOfBt601) {
  const DataSet data = load(1);
  const at::Tensor luma = data.validation_picture(0).y_hr;  // 2.png
  const double expected = 16 + (65.481 * 5 + 128.553 * 7 + 24.966 * 20) / 255;
  EXPECT_EQ(luma[0][0][7][6 - 1].mul(255).round().item<double>(), std::floor(expected + 0.5));
}

TEST_F(DataSetTest, NamesWhatIsWrong) {
  const auto message = [&] {
    try {
      load();
    } catch (const Error &error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  recipe_.patch = 32;
  EXPECT_EQ(message(), (root_ / "maps/0.png").string() +
                           ": expected a patch of 32 pixels a side or more, found 40x30");
  recipe_.patch = 8;
  recipe_.validation_pictures = 6;
  EXPECT_NE(message().find("expected fewer than the 6 pictures there are, found 6"),
            std::string::npos);
  recipe_.data = {"nowhere"};
  EXPECT_NE(message().find("nowhere: expected a folder of pictures"), std::string::npos);
  recipe_.data = {"maps"};
  fs::resize_file(root_ / "maps/3.png", 60);
  EXPECT_NE(message().find("3.png: "), std::string::npos);
  // The header of a PNG of 32768x32768, two bytes of samples.
  constexpr unsigned char kShort[] = {
      0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44,
      0x52, 0x00, 0x00, 0x80, 0x00, 0x00, 0x00, 0x80, 0x00, 0x08, 0x02, 0x00, 0x00, 0x00, 0x4b,
      0x1e, 0x34, 0x28, 0x00, 0x00, 0x00, 0x02, 0x49, 0x44, 0x41, 0x54, 0x78, 0x01, 0xec, 0x1a,
      0x7e, 0xd2, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};
  std::ofstream(root_ / "maps/3.png", std::ios::binary)
      .write(reinterpret_cast<const char *>(kShort), sizeof(kShort));
  EXPECT_NE(message().find("3.png: damaged PNG file: the header says 3221225472 bytes of samples"),
            std::string::npos)
      << message();
}

// Pictures of 32x24 whose value is their column plus a number of their own, and small ones that
// hold the column of their large pixel and, in the second version, 100 more.
class CodedDataSetTest : public DataSetTest {
 protected:
  void SetUp() override {
    DataSetTest::SetUp();
    for (const char *folder : {"hr", "lr"}) fs::create_directories(root_ / "pairs" / folder);
    for (const std::string name : {"a", "b", "c"}) {
      write_columns("hr/" + name + ".png", 32, 24, 1, 0);
      write_columns("lr/" + name + ".0.png", 16, 12, 2, 0);
      write_columns("lr/" + name + ".1.png", 16, 12, 2, 100);
    }
    recipe_.data = {"pairs"};
    recipe_.coded = true;
    recipe_.validation_pictures = 1;
  }
  void write_columns(const std::string &name, int width, int height, int step, int more) const {
    std::vector<uint8_t> grey;
    for (int i = 0; i < width * height; ++i) {
      grey.push_back(static_cast<uint8_t>(i % width * step + more));
    }
    png_image image = {};
    image.version = PNG_IMAGE_VERSION;
    image.width = static_cast<png_uint_32>(width);
    image.height = static_cast<png_uint_32>(height);
    image.format = PNG_FORMAT_GRAY;
    const fs::path path = root_ / "pairs" / name;
    ASSERT_NE(png_image_write_to_file(&image, path.c_str(), 0, grey.data(), 0, nullptr), 0);
  }
};

TEST_F(CodedDataSetTest, SmallPatchesLieUnderTheLargeOnes) {
  const DataSet data = load(1);
  std::set<size_t> versions;
  for (int64_t iteration = 0; iteration < 30; ++iteration) {
    const std::vector<Crop> crops = data.crops(iteration);
    const Batch batch = data.batch(crops);
    ASSERT_EQ(batch.x_lr.sizes(), (std::vector<int64_t>{5, 1, 4, 4}));
    for (size_t i = 0; i < crops.size(); ++i) {
      const auto item = static_cast<int64_t>(i);
      const at::Tensor large = batch.y_hr[item][0].mul(255).round();
      const at::Tensor small =
          batch.x_lr[item][0].mul(255).round() - 100 * static_cast<int64_t>(crops[i].version);
      // The even column of each 2x2 block, wherever flips and turns have put it.
      const at::Tensor even = large.view({4, 2, 4, 2}).amin({1, 3});
      EXPECT_TRUE(at::equal(small, even)) << data.describe(crops[i]);
      versions.insert(crops[i].version);
    }
  }
  EXPECT_EQ(versions.size(), 2);
  const Batch held_out = data.validation_picture(0);
  EXPECT_EQ(held_out.x_lr.sizes(), (std::vector<int64_t>{1, 1, 12, 16}));
}

TEST_F(CodedDataSetTest, NamesWhatIsWrong) {
  const auto message = [&](int channels) {
    try {
      load(channels);
    } catch (const Error &error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_NE(message(3).find("expected a model of luma"), std::string::npos);
  write_columns("lr/a.0.png", 16, 10, 2, 0);
  EXPECT_NE(message(1).find("expected 16x12 pixels"), std::string::npos);
  write_columns("lr/a.0.png", 16, 12, 2, 0);
  fs::rename(root_ / "pairs/hr/b.png", root_ / "pairs/hr/d.png");
  EXPECT_NE(message(1).find("expected hr/b.png beside it, found none"), std::string::npos);
}

}  // namespace
}  // namespace hcd::train
