// SPDX-License-Identifier: BSD-2-Clause
#include "train/steps.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>

#include <cmath>
#include <filesystem>
#include <memory>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/progress_line.h"
#include "client/catalogue.h"
#include "client/light/spec.h"
#include "client/models.h"
#include "descent/learned.h"
#include "descent/rules.h"
#include "files/safetensors.h"
#include "loss/mixed.h"
#include "session/clients.h"
#include "session/objectives.h"
#include "session/settings.h"
#include "train/checkpoint.h"
#include "train/data_set.h"
#include "train/stop.h"

namespace hcd::train {
namespace {

using at::Tensor;
using descent::LearnedDescent;
using descent::LearnedStep;

constexpr int kSide = 7;          // of a kernel
constexpr int kLongDescent = 30;  // steps of Adam
constexpr double kRidge = 1e-4;   // of the mean diagonal
constexpr const char *kStart = "lanczos";

// What all patches share.
struct Setting {
  std::string model;
  double ratio;
  std::shared_ptr<client::Network> network;  // none for a linear client
  ThreadPool &pool;
};

session::Plan plan_of(const std::string &model, const session::ModelTraits &traits) {
  session::DownSettings settings;
  settings.model = model;
  settings.optimizer = "adam";
  settings.loss = "mixed";
  settings.steps = kLongDescent;
  return session::make_plan(settings, traits);
}

// A picture's descent: where it is, and where it is to go.
class Example {
 public:
  // `luma`: uint8-like values in [0, 1], [H, W].
  Example(const Setting &setting, const Tensor &luma)
      : engine_(make_cpu_engine(setting.pool)),
        hr_(format_of(luma.size(1), luma.size(0))),
        lr_(format_of(small(luma.size(1), setting), small(luma.size(0), setting))),
        y_(engine_->allocate(luma.numel())),
        x0_(engine_->allocate(image::Geometry(lr_).size())),
        x_(engine_->allocate(x0_.size())) {
    const Tensor values = luma.to(at::kFloat).mul(255).round().contiguous();
    engine_->copy(ConstVector(values.const_data_ptr<float>(), y_.size()), y_.span());
    const image::Kernel *start = image::find_kernel(kStart);
    clients_ =
        setting.network
            ? session::make_network_clients(setting.network, 0, start, "auto", hr_, lr_, *engine_)
            : session::make_linear_clients(setting.model, start, hr_, lr_, *engine_);
    clients_.plain().downscale(y_.data(), 1, x0_.data());
    const session::Plan plan = plan_of(setting.model, clients_.traits);
    loss_ = std::make_unique<loss::Mixed>(
        1, image::Geometry(hr_).plane(std::as_const(y_).data(), 0),
        image::Geometry(lr_).plane(std::as_const(x0_).data(), 0), image::shown_range(lr_),
        loss::MixedWeights{plan.detail, plan.ringing, plan.proximity}, *engine_);
    objective_ = std::make_unique<session::ShownObjective>(
        std::vector<client::Client *>{clients_.all[0].get()}, *loss_, lr_, false, 0, *engine_);
    engine_->copy(x0_.span(), x_.span());
    plain_ = objective_->value_and_gradient(x_.span(), engine_->allocate(x_.size()).span()).value();
    descent_ = std::make_unique<LearnedDescent>(*objective_, x_.span(), lr_.width, *engine_);
    adam_ = {kLongDescent, plan.step_size, plan.step_of_error, {}};
  }

  // The loss after Adam's `steps` from the start, whose end is then what target() leads to.
  double descend(int steps) {
    end_ = engine_->allocate(x_.size());
    engine_->copy(x0_.span(), end_.span());
    adam_.steps = steps;
    descent::adam(*objective_, end_.span(), adam_, *engine_);
    return objective_->value(end_.span()).value();
  }
  double plain() const { return plain_; }
  double value() { return objective_->value(x_.span()).value(); }

  // Looks, and gives what a step sees: [samples, features].
  Tensor look(bool first) {
    descent_->look();
    std::vector<Tensor> seen = {neighbourhoods(descent_->gradient())};
    if (!first) {
      seen.push_back(neighbourhoods(descent_->last()));
      seen.push_back(neighbourhoods(descent_->move()));
    }
    return at::cat(seen, 1);
  }
  // [samples, 1]
  Tensor target() {
    Tensor way = at::empty({static_cast<int64_t>(x_.size()), 1}, at::kFloat);
    engine_->subtract(end_.span(), x_.span(), {way.mutable_data_ptr<float>(), x_.size()});
    return way.to(at::kDouble);
  }
  void step(const LearnedStep &step) { descent_->step(step); }

 private:
  static int64_t small(int64_t size, const Setting &setting) {
    return std::llround(static_cast<double>(size) / setting.ratio);
  }

  static hcd_format format_of(int64_t width, int64_t height) {
    hcd_format format = {};
    format.struct_size = sizeof(format);
    format.width = static_cast<int>(width);
    format.height = static_cast<int>(height);
    format.layout = HCD_LAYOUT_GRAY;
    format.depth = 8;
    format.range = HCD_RANGE_LIMITED;
    return image::resolve(format);
  }

  static Tensor neighbourhoods(ConstPlane plane) {
    constexpr int64_t kRadius = kSide / 2;
    const Tensor values = at::from_blob(const_cast<float *>(plane.data),
                                        {1, 1, plane.height, plane.width}, at::kFloat)
                              .to(at::kDouble);
    const Tensor wide = at::replication_pad2d(values, {kRadius, kRadius, kRadius, kRadius});
    return at::im2col(wide, {kSide, kSide}, {1, 1}, {0, 0}, {1, 1})[0].t();
  }

  std::unique_ptr<Engine> engine_;
  hcd_format hr_, lr_;
  Buffer y_, x0_, x_, end_;
  session::Clients clients_;
  std::unique_ptr<loss::Mixed> loss_;
  std::unique_ptr<session::ShownObjective> objective_;
  std::unique_ptr<LearnedDescent> descent_;
  descent::AdamOptions adam_;
  double plain_;
};
using Examples = std::vector<std::unique_ptr<Example>>;

// The kernels of a step from the solution [features, 1].
LearnedStep step_of(const Tensor &solution) {
  const auto kernel = [&](int64_t index) -> std::vector<float> {
    constexpr int64_t kSize = kSide * kSide;
    if (index * kSize >= solution.size(0)) return {};
    const Tensor values = solution.narrow(0, index * kSize, kSize).to(at::kFloat).contiguous();
    return {values.const_data_ptr<float>(), values.const_data_ptr<float>() + kSize};
  };
  return {kernel(0), kernel(1), kernel(2)};
}

double mean(const Examples &examples, const std::function<double(Example &)> &value) {
  double sum = 0;
  for (const auto &example : examples) sum += value(*example);
  return sum / static_cast<double>(examples.size());
}

std::vector<uint8_t> encode(const Recipe &recipe, const std::string &model,
                            const std::vector<LearnedStep> &steps) {
  std::map<std::string, files::TensorView> tensors;
  const auto add = [&](size_t step, const char *name, const std::vector<float> &kernel) {
    if (kernel.empty()) return;
    tensors[std::to_string(step) + "." + name] = {
        files::Dtype::kF32,
        {kSide, kSide},
        {reinterpret_cast<const uint8_t *>(kernel.data()), kernel.size() * sizeof(float)}};
  };
  for (size_t i = 0; i < steps.size(); ++i) {
    add(i, "gradient", steps[i].gradient);
    add(i, "last", steps[i].last);
    add(i, "move", steps[i].move);
  }
  return files::encode_safetensors(tensors, {{"hcd.steps_of", model},
                                             {"hcd.scale", format_text("%g", recipe.ratio)},
                                             {"hcd.recipe", recipe_label(recipe)},
                                             {"hcd.seed", std::to_string(recipe.seed)},
                                             {"hcd.data_licence", recipe.data_licence},
                                             {"hcd.licence", "BSD-2-Clause"}});
}

// The next step of all, from the least squares fit.
LearnedStep fit(const Examples &examples, bool first) {
  Tensor gram, right;
  for (const auto &example : examples) {
    if (stop_requested()) throw Stopped();
    const Tensor seen = example->look(first), way = example->target();
    const Tensor square = at::matmul(seen.t(), seen), product = at::matmul(seen.t(), way);
    gram = gram.defined() ? gram + square : square;
    right = right.defined() ? right + product : product;
  }
  const int64_t n = gram.size(0);
  const Tensor ridge = at::eye(n, at::kDouble) * (gram.trace() * (kRidge / static_cast<double>(n)));
  return step_of(std::get<0>(at::linalg_solve_ex(gram + ridge, right)));
}

void fit_model(const Arguments &arguments, const Recipe &recipe, const DataSet &data,
               const Setting &setting) {
  const std::string name = format_text("steps-%s_x%g", setting.model.c_str(), recipe.ratio);
  AtomicFile file((std::filesystem::path(arguments.output) / (name + ".safetensors")).string());
  ProgressLine shown;
  Examples fitted, held_out;
  for (int64_t i = 0; i < recipe.iterations; ++i) {
    const Batch batch = data.batch(data.crops(i));
    for (int64_t k = 0; k < batch.y_hr.size(0); ++k) {
      if (stop_requested()) throw Stopped();
      fitted.push_back(std::make_unique<Example>(setting, batch.y_hr[k][0]));
      fitted.back()->descend(kLongDescent);
    }
    shown.show(format_text("%s: descent %lld of %lld", name.c_str(), static_cast<long long>(i + 1),
                           static_cast<long long>(recipe.iterations)));
  }
  for (size_t i = 0; i < data.validation_count(); ++i) {
    held_out.push_back(std::make_unique<Example>(setting, data.validation_picture(i).y_hr[0][0]));
  }
  std::string text =
      format_text("%s: loss of the held-out pictures: plain %.3f; adam", name.c_str(),
                  mean(held_out, [](Example &e) { return e.plain(); }));
  for (const int steps : {1, 2, 4, 6, 12, kLongDescent}) {
    text += format_text(" %d: %.3f", steps,
                        mean(held_out, [&](Example &e) { return e.descend(steps); }));
  }
  text += "; learned";
  std::vector<LearnedStep> steps;
  for (int i = 0; i < recipe.steps; ++i) {
    steps.push_back(fit(fitted, i == 0));
    for (const auto &example : fitted) example->step(steps.back());
    for (const auto &example : held_out) {
      example->look(i == 0);
      example->step(steps.back());
    }
    text += format_text(" %d: %.3f", i + 1, mean(held_out, [](Example &e) { return e.value(); }));
  }
  file.write(encode(recipe, setting.model, steps));
  file.commit();
  shown.say(text);
}

}  // namespace

bool fit_steps(const Arguments &arguments, const Recipe &recipe) {
  HCD_CHECK(!arguments.resume && arguments.device != "cuda" && arguments.precision == "fp32",
            HCD_E_OPTION,
            "%s: expected none of --resume, --device cuda and --precision for learned steps, which "
            "are fitted anew on the CPU; found one",
            recipe.file.c_str());
  std::error_code error;
  std::filesystem::create_directories(arguments.output, error);
  HCD_CHECK(!error, HCD_E_FILE, "%s: cannot make the folder: %s", arguments.output.c_str(),
            error.message().c_str());
  at::set_num_threads(1);  // sums in one order
  ThreadPool pool(arguments.threads.value_or(recipe.threads));
  const DataSet data(recipe, arguments.data, 1);
  install_stop_handlers();
  try {
    for (const std::string &model : recipe.models) {
      Setting setting{model, recipe.ratio, nullptr, pool};
      const client::NetworkEntry *entry = client::find_network(model);
      const bool luma =
          entry ? client::is_light(entry->kind) && entry->colour == client::Colour::kLuma
                : client::find_kernels(model).size() == 1;
      HCD_CHECK(luma, HCD_E_FILE,
                "%s: 'models': expected linear clients and light networks of luma, found '%s'",
                recipe.file.c_str(), model.c_str());
      if (entry) {
        const int factor = client::factor_for(model, "", recipe.ratio);
        setting.network = client::open_network({model, "", "cpu", factor}, {});
      }
      fit_model(arguments, recipe, data, setting);
    }
  } catch (const Stopped &) {
    return false;
  }
  return true;
}

}  // namespace hcd::train
