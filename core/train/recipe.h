// SPDX-License-Identifier: BSD-2-Clause
// A recipe: everything that decides what a training makes, as a small JSON file.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace hcd::train {

enum class Schedule { kConstant, kCosine, kStep };

// The keys of the file have the names of these members (those of `weights` are the loss's parts).
// docs/training.md explains them.
struct Recipe {
  std::string file;  // as given
  std::string text;  // of the file

  std::string name;  // of the result; the file's own without the extension unless given
  std::string model;
  int scale = 2;
  nlohmann::json config = nlohmann::json::object();

  int steps = 0;                    // of a fit of learned steps (steps.h), else 0
  double ratio = 0;                 // its "scale", which need not be whole; `scale` is 1 then
  std::vector<std::string> models;  // whose steps are fitted

  std::string loss;                       // one of loss_kinds()
  std::map<std::string, double> weights;  // of its parts
  bool sample_latent = true;              // "latent": "sample" (N(0, 1)) or "zero"
  bool quantise = true;                   // the small picture has 8 bits

  std::vector<std::string> data;  // folders below --data
  bool coded = false;             // they hold small pictures that a codec has seen: data_set.h
  std::string data_licence;
  int64_t cache_mb = 4096;  // most memory for the decoded pictures
  int64_t validation_pictures = 8;
  int64_t validation_crop = 256;  // HR pixels a side, from the middle
  int64_t validation_interval = 500;

  int64_t patch = 64;  // HR pixels a side
  int64_t batch = 16;
  int64_t iterations = 0;
  bool decoupled_decay = false;  // "optimizer": "adamw"
  double weight_decay = 0;
  double learning_rate = 0;
  Schedule schedule = Schedule::kCosine;
  int64_t warmup = 0;      // iterations of a linear rise
  int64_t step_every = 0;  // iterations; schedule step
  double step_factor = 0.5;
  double ema = 0;   // decay per iteration; 0: none
  double clip = 0;  // largest norm of the gradient; 0: any
  uint64_t seed = 1;
  int threads = 1;
  int64_t checkpoint_interval = 500;
  bool half = false;  // "dtype": "f16", of the result
};

// Reads and checks a recipe. Throws HCD_E_FILE: "<file>:<line>: '<key>': expected ..., found ...".
Recipe read_recipe(const std::string &path);

// The learning rate of an iteration, the first being 0.
double learning_rate(const Recipe &recipe, int64_t iteration);

}  // namespace hcd::train
