// SPDX-License-Identifier: BSD-2-Clause
#include "train/recipe.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/error.h"
#include "files/json.h"
#include "train/loss.h"

namespace hcd::train {
namespace {

using nlohmann::json;

// Reads keys of one object and remembers them, so that one that nothing asked for is an error.
class Fields {
 public:
  Fields(const files::JsonWithLines &parsed, std::string file)
      : parsed_(parsed), file_(std::move(file)) {
    HCD_CHECK(parsed.value.is_object(), HCD_E_FILE, "%s:1: expected an object, found %s",
              file_.c_str(), parsed.value.type_name());
  }

  // Each leaves `*to` as it is where the key is missing, unless it is required.
  void text(const char *key, std::string *to, bool required = false) {
    const json *value = find(key, required);
    if (!value) return;
    if (!value->is_string() || value->get_ref<const std::string &>().empty()) {
      fail(key, "a text", *value);
    }
    *to = *value;
  }

  // "[min, max]" or, with `open`, "(min, max]".
  void number(const char *key, double *to, double min, double max, bool open = false,
              bool required = false) {
    const json *value = find(key, required);
    if (!value) return;
    const bool fits = value->is_number() && value->get<double>() <= max &&
                      (open ? value->get<double>() > min : value->get<double>() >= min);
    if (!fits) fail(key, format_text("a number in %c%g, %g]", open ? '(' : '[', min, max), *value);
    *to = *value;
  }

  template <typename Integer>
  void whole(const char *key, Integer *to, int64_t min, int64_t max, bool required = false) {
    const json *value = find(key, required);
    if (!value) return;
    if (!value->is_number_integer() || value->get<int64_t>() < min || value->get<int64_t>() > max) {
      fail(key,
           format_text("a whole number in [%lld, %lld]", static_cast<long long>(min),
                       static_cast<long long>(max)),
           *value);
    }
    *to = static_cast<Integer>(value->get<int64_t>());
  }

  void flag(const char *key, bool *to) {
    const json *value = find(key, false);
    if (value && !value->is_boolean()) fail(key, "true or false", *value);
    if (value) *to = *value;
  }

  // One of the names; its index.
  size_t choice(const char *key, const std::vector<std::string> &names, size_t fallback,
                bool required = false) {
    const json *value = find(key, required);
    if (!value) return fallback;
    const auto found = std::find(names.begin(), names.end(), *value);
    if (found == names.end()) {
      std::string list;
      for (const std::string &name : names) list += (list.empty() ? "" : ", ") + name;
      fail(key, "one of " + list, *value);
    }
    return static_cast<size_t>(found - names.begin());
  }

  void texts(const char *key, std::vector<std::string> *to) {
    const json *value = find(key, true);
    bool fits = value->is_array() && !value->empty();
    for (const json &item : *value) fits = fits && item.is_string();
    if (!fits) fail(key, "a list of texts", *value);
    *to = value->get<std::vector<std::string>>();
  }

  const json *object(const char *key) {
    const json *value = find(key, false);
    if (value && !value->is_object()) fail(key, "an object", *value);
    return value;
  }

  [[noreturn]] void fail(const std::string &key, const std::string &expected,
                         const json &found) const {
    const std::string text =
        found.is_string() ? format_text("'%s'", found.get<std::string>().c_str()) : found.dump();
    throw Error(HCD_E_FILE, format_text("%s:%d: '%s': expected %s, found %s", file_.c_str(),
                                        line(key), key.c_str(), expected.c_str(), text.c_str()));
  }

  void done() const {
    for (const auto &[key, value] : parsed_.value.items()) {
      HCD_CHECK(asked_.contains(key), HCD_E_FILE,
                "%s:%d: '%s': expected a key of a recipe, found none of that name", file_.c_str(),
                line(key), key.c_str());
    }
  }

 private:
  const json *find(const char *key, bool required) {
    asked_.insert(key);
    const auto entry = parsed_.value.find(key);
    HCD_CHECK(entry != parsed_.value.end() || !required, HCD_E_FILE,
              "%s:1: expected the key '%s', found none", file_.c_str(), key);
    return entry == parsed_.value.end() ? nullptr : &*entry;
  }
  int line(const std::string &key) const { return parsed_.lines.at(key); }

  const files::JsonWithLines &parsed_;
  std::string file_;
  std::set<std::string> asked_;
};

const LossKind &read_loss(Fields &fields, Recipe *recipe) {
  std::vector<std::string> names;
  for (const LossKind &kind : loss_kinds()) names.emplace_back(kind.name);
  const LossKind &kind = loss_kinds()[fields.choice("loss", names, 0, true)];
  recipe->loss = kind.name;
  for (const LossPart &part : kind.parts) recipe->weights[part.name] = part.weight;
  const json *weights = fields.object("weights");
  if (!weights) return kind;
  for (const auto &[key, value] : weights->items()) {
    const std::string path = "weights." + key;
    if (!recipe->weights.contains(key)) {
      std::string list;
      for (const LossPart &part : kind.parts) list += (list.empty() ? "" : ", ") + part.name;
      fields.fail(path, "a part of the loss " + recipe->loss + ": " + list, key);
    }
    if (!value.is_number() || value.get<double>() < 0) fields.fail(path, "a number >= 0", value);
    recipe->weights[key] = value;
  }
  return kind;
}

void read_data(Fields &fields, Recipe *recipe) {
  fields.texts("data", &recipe->data);
  fields.flag("coded", &recipe->coded);
  fields.text("data_licence", &recipe->data_licence, true);
  fields.whole("cache_mb", &recipe->cache_mb, 1, 1 << 20);
  fields.whole("patch", &recipe->patch, 8, 1024);
  fields.whole("batch", &recipe->batch, 1, 1024);
  fields.whole("validation_pictures", &recipe->validation_pictures, 1, 10000);
  fields.whole("validation_crop", &recipe->validation_crop, 32, 8192);
  fields.whole("validation_interval", &recipe->validation_interval, 1, 1 << 30);
}

void read_optimisation(Fields &fields, Recipe *recipe) {
  fields.whole("iterations", &recipe->iterations, 1, 1 << 30, true);
  recipe->decoupled_decay = fields.choice("optimizer", {"adam", "adamw"}, 0) == 1;
  fields.number("weight_decay", &recipe->weight_decay, 0, 1);
  fields.number("learning_rate", &recipe->learning_rate, 0, 1, true, true);
  recipe->schedule =
      static_cast<Schedule>(fields.choice("schedule", {"constant", "cosine", "step"}, 1));
  fields.whole("warmup", &recipe->warmup, 0, 1 << 30);
  fields.whole("step_every", &recipe->step_every, 1, 1 << 30, recipe->schedule == Schedule::kStep);
  fields.number("step_factor", &recipe->step_factor, 0, 1, true);
  fields.number("ema", &recipe->ema, 0, 0.999999);
  fields.number("clip", &recipe->clip, 0, 1e9);
}

void check_patch(const Fields &fields, const Recipe &recipe) {
  if (recipe.patch % recipe.scale == 0) return;
  fields.fail("patch", "a multiple of the scale", recipe.patch);
}

// Of a fit of learned steps, which has no loss or optimiser of its own.
void read_steps(Fields &fields, Recipe *recipe) {
  fields.texts("models", &recipe->models);
  fields.number("scale", &recipe->ratio, 1, 8, true, true);
  const bool whole = recipe->ratio == std::floor(recipe->ratio);
  recipe->scale = whole ? static_cast<int>(recipe->ratio) : 1;
  read_data(fields, recipe);
  fields.whole("iterations", &recipe->iterations, 1, 1 << 30, true);
  fields.whole("seed", &recipe->seed, 0, 1LL << 53);
  fields.whole("threads", &recipe->threads, 1, 1024);
  fields.done();
  if (recipe->coded) fields.fail("coded", "false for learned steps", recipe->coded);
  const double small = static_cast<double>(recipe->patch) / recipe->ratio;
  if (small != std::round(small)) fields.fail("patch", "a multiple of the scale", recipe->patch);
}

constexpr size_t kMaxBytes = 1 << 20;  // of a recipe; ours have 2000

std::string read_text(const std::string &path) {
  std::ifstream stream(path, std::ios::binary);
  HCD_CHECK(stream, HCD_E_FILE, "%s: expected a recipe, cannot open it", path.c_str());
  std::string text(kMaxBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  HCD_CHECK(!stream.bad(), HCD_E_FILE, "%s: cannot read", path.c_str());
  text.resize(static_cast<size_t>(stream.gcount()));
  HCD_CHECK(text.size() <= kMaxBytes, HCD_E_FILE,
            "%s: expected a recipe of at most %zu bytes, found more", path.c_str(), kMaxBytes);
  return text;
}

}  // namespace

Recipe read_recipe(const std::string &path) {
  Recipe recipe;
  recipe.file = path;
  recipe.text = read_text(path);
  recipe.name = std::filesystem::path(path).stem().string();
  const files::JsonWithLines parsed = files::parse_json_with_lines(recipe.text, path);
  Fields fields(parsed, path);
  fields.whole("steps", &recipe.steps, 1, 8);
  if (recipe.steps > 0) {
    read_steps(fields, &recipe);
    return recipe;
  }
  fields.text("name", &recipe.name);
  fields.text("model", &recipe.model, true);
  fields.whole("scale", &recipe.scale, 1, 8, true);
  if (const json *config = fields.object("config")) recipe.config = *config;
  const LossKind &loss = read_loss(fields, &recipe);
  recipe.sample_latent = fields.choice("latent", {"sample", "zero"}, 0) == 0;
  fields.flag("quantise", &recipe.quantise);
  read_data(fields, &recipe);
  read_optimisation(fields, &recipe);
  fields.whole("seed", &recipe.seed, 0, 1LL << 53);
  fields.whole("threads", &recipe.threads, 1, 1024);
  fields.whole("checkpoint_interval", &recipe.checkpoint_interval, 1, 1 << 30);
  recipe.half = fields.choice("dtype", {"f32", "f16"}, 0) == 1;
  fields.done();
  if (recipe.coded && !loss.coded) fields.fail("coded", "the loss l1, l2 or mixed", recipe.loss);
  check_patch(fields, recipe);
  return recipe;
}

double learning_rate(const Recipe &recipe, int64_t iteration) {
  const auto i = static_cast<double>(iteration);
  double rate = recipe.learning_rate;
  if (iteration < recipe.warmup) rate *= (i + 1) / static_cast<double>(recipe.warmup);
  if (recipe.schedule == Schedule::kCosine) {
    rate *= (1 + std::cos(M_PI * i / static_cast<double>(recipe.iterations))) / 2;
  }
  if (recipe.schedule == Schedule::kStep) {
    rate *= std::pow(recipe.step_factor, static_cast<double>(iteration / recipe.step_every));
  }
  return rate;
}

}  // namespace hcd::train
