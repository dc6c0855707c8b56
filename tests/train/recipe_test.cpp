// SPDX-License-Identifier: BSD-2-Clause
// Recipes: what is wrong is named with its line.
#include "train/recipe.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "support/temporary.h"

namespace hcd::train {
namespace {

namespace fs = std::filesystem;

// One key a line, from line 2 on.
constexpr char kGood[] = R"({
  "model": "srcnn", // a comment
  "scale": 2,
  "loss": "l2",
  "data": ["pictures"],
  "data_licence": "CC0",
  "iterations": 100,
  "learning_rate": 0.01
})";

class RecipeTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = fs::path(test::temporary_folder()) /
            (std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) + ".json");
  }
  void TearDown() override { fs::remove(path_); }

  Recipe read(const std::string &text) const {
    std::ofstream(path_) << text;
    return read_recipe(path_.string());
  }
  // The message of a recipe in which `from` is `to`.
  std::string error(const std::string &from, const std::string &to) const {
    std::string text = kGood;
    text.replace(text.find(from), from.size(), to);
    try {
      read(text);
    } catch (const Error &e) {
      EXPECT_EQ(e.status(), HCD_E_FILE);
      const std::string message = e.what();
      EXPECT_TRUE(message.starts_with(path_.string())) << message;
      return message.substr(path_.string().size());
    }
    return "no error";
  }

  fs::path path_;
};

TEST_F(RecipeTest, ReadsWhatIsGivenAndFillsInTheRest) {
  const Recipe recipe = read(kGood);
  EXPECT_EQ(recipe.name, "ReadsWhatIsGivenAndFillsInTheRest");
  EXPECT_EQ(recipe.model, "srcnn");
  EXPECT_EQ(recipe.iterations, 100);
  EXPECT_EQ(recipe.learning_rate, 0.01);
  EXPECT_EQ(recipe.weights.at("restore"), 1);
  EXPECT_EQ(recipe.text, kGood);
}

TEST_F(RecipeTest, NamesTheLine) {
  EXPECT_EQ(error("0.01", "\"fast\""),
            ":8: 'learning_rate': expected a number in (0, 1], found 'fast'");
  EXPECT_EQ(error("0.01", "0"), ":8: 'learning_rate': expected a number in (0, 1], found 0");
  EXPECT_EQ(error("\"scale\": 2", "\"scale\": 2.5"),
            ":3: 'scale': expected a whole number in [1, 8], found 2.5");
  EXPECT_EQ(error("\"l2\"", "\"l3\""),
            ":4: 'loss': expected one of l1, l2, mixed, irn, hcflow, car, tad, found 'l3'");
  EXPECT_EQ(error("[\"pictures\"]", "\"pictures\""),
            ":5: 'data': expected a list of texts, found 'pictures'");
  EXPECT_EQ(error("100", "100,\n\n  \"patch\": 65"),
            ":9: 'patch': expected a multiple of the scale, found 65");
}

TEST_F(RecipeTest, RefusesUnknownMissingAndRepeatedKeys) {
  EXPECT_EQ(error("\"iterations\"", "\"iteration\""),
            ":1: expected the key 'iterations', found none");
  EXPECT_EQ(error("100", "100,\n  \"rate\": 1"),
            ":8: 'rate': expected a key of a recipe, found none of that name");
  EXPECT_EQ(error("100", "100,\n  \"scale\": 4"),
            ":8: 'scale': expected once, found a second time");
  EXPECT_EQ(error("\"l2\"", "\"l2\",\n  \"weights\": {\n    \"backward\": 1}"),
            ":6: 'weights.backward': expected a part of the loss l2: restore, found 'backward'");
}

TEST_F(RecipeTest, NamesTheLineOfMalformedText) {
  EXPECT_TRUE(error("2,", "2").starts_with(":4: ")) << error("2,", "2");
  EXPECT_TRUE(error("0.01", "0.01,").starts_with(":9: ")) << error("0.01", "0.01,");
}

TEST_F(RecipeTest, RefusesWhatIsNoRecipeBySize) {
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  EXPECT_EQ(error("100", deep), ": expected at most 16 levels of lists and objects, found more");
  EXPECT_EQ(error("100", "100" + std::string(1 << 20, ' ')),
            ": expected a recipe of at most 1048576 bytes, found more");
}

TEST_F(RecipeTest, SchedulesFollowTheirFormulas) {
  Recipe recipe = read(kGood);
  EXPECT_DOUBLE_EQ(learning_rate(recipe, 0), 0.01);
  EXPECT_NEAR(learning_rate(recipe, 50), 0.005, 1e-12);
  EXPECT_LT(learning_rate(recipe, 99), 1e-5);
  recipe.warmup = 10;
  recipe.schedule = Schedule::kConstant;
  EXPECT_DOUBLE_EQ(learning_rate(recipe, 0), 0.001);
  EXPECT_DOUBLE_EQ(learning_rate(recipe, 10), 0.01);
  recipe.schedule = Schedule::kStep;
  recipe.step_every = 30;
  EXPECT_DOUBLE_EQ(learning_rate(recipe, 60), 0.0025);
}

// The recipes of this project can all be read.
TEST_F(RecipeTest, ShippedRecipesAreSound) {
  const char *folder = std::getenv("HCD_RECIPES");
  if (!folder) GTEST_SKIP() << "HCD_RECIPES names no folder";
  int count = 0;
  for (const fs::directory_entry &entry : fs::directory_iterator(folder)) {
    EXPECT_NO_THROW(read_recipe(entry.path().string())) << entry.path();
    ++count;
  }
  EXPECT_GE(count, 4);
}

}  // namespace
}  // namespace hcd::train
