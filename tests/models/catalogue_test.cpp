// SPDX-License-Identifier: BSD-2-Clause
// What net/catalogue.cpp says of each network, held against the network itself.
#include <ATen/record_function.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "client/catalogue.h"
#include "client/light/spec.h"
#include "models/registry.h"
#include "models/weights.h"
#include "weights/builtin.h"

namespace hcd::models {
namespace {

using client::NetworkEntry;
using client::NetworkVariant;

// Counts the multiplications of convolutions and matrix products while it lives.
class MacCounter {
 public:
  MacCounter() {
    total_ = 0;
    handle_ = at::addThreadLocalCallback(at::RecordFunctionCallback(&MacCounter::count)
                                             .needsInputs(true)
                                             .scopes({at::RecordScope::FUNCTION}));
  }
  ~MacCounter() { at::removeCallback(handle_); }
  static int64_t total() { return total_; }

 private:
  static std::unique_ptr<at::ObserverContext> count(const at::RecordFunction &function) {
    const std::string name = function.name();
    const auto inputs = function.inputs();
    if (name == "aten::convolution") {
      const at::Tensor x = inputs[0].toTensor(), w = inputs[1].toTensor();
      const int64_t stride = inputs[3].toIntVector()[0], padding = inputs[4].toIntVector()[0];
      const auto out = [&](int64_t side) { return (side + 2 * padding - w.size(2)) / stride + 1; };
      const bool transposed = inputs[6].toBool();
      total_ += w.numel() * (transposed ? x.size(2) * x.size(3) : out(x.size(2)) * out(x.size(3)));
    } else if (name == "aten::mm" || name == "aten::bmm" || name == "aten::addmm") {
      const size_t first = name == "aten::addmm" ? 1 : 0;
      total_ += inputs[first].toTensor().numel() * inputs[first + 1].toTensor().size(-1);
    }
    return nullptr;
  }

  static inline thread_local int64_t total_ = 0;
  at::CallbackHandle handle_;
};

// The network of a variant, with the configuration of its built-in weights where it has some.
std::unique_ptr<Model> make(const NetworkEntry &entry, const NetworkVariant &variant,
                            Params &params) {
  Json config = Json::object();
  const auto bytes = client::is_light(entry.kind) ? weights::find_light(entry.name, variant.scale)
                                                  : weights::find(entry.name, variant.scale);
  EXPECT_EQ(!bytes.empty(), variant.built_in) << entry.name;
  if (!bytes.empty()) {
    const auto file = files::Safetensors::parse(bytes, entry.name);
    EXPECT_STREQ(client::find_network(file.metadata().at("hcd.model"))->kind, entry.kind);
    EXPECT_EQ(file.metadata().at("hcd.scale"), std::to_string(variant.scale));
    EXPECT_TRUE(file.metadata().contains("hcd.licence"));
    config = Json::parse(file.metadata().at("hcd.config"));
  }
  auto model = make_model(entry.kind, variant.scale, config, params);
  if (!bytes.empty()) load_weights(params, files::Safetensors::parse(bytes, entry.name));
  return model;
}

TEST(Catalogue, FactsAreTheNetworks) {
  const c10::AutoGradMode no_gradients(false);
  for (const NetworkEntry &entry : client::catalogue()) {
    for (const NetworkVariant &variant : entry.variants) {
      SCOPED_TRACE(std::string(entry.name) + " x" + std::to_string(variant.scale));
      Params params(at::kFloat, at::kCPU, true);
      const auto model = make(entry, variant, params);
      EXPECT_EQ(model->scale(), variant.scale);
      EXPECT_EQ(model->channels(), entry.colour == client::Colour::kLuma ? 1 : 3);
      EXPECT_EQ(model->has_downscale(), entry.has_downscale);
      EXPECT_EQ(!model->latents().empty(), entry.latent != client::Latent::kDefault);
      EXPECT_EQ(params.count(), variant.parameters);
      EXPECT_EQ(model->receptive_field(), variant.receptive_field);
      // A multiple of every window and alignment; RFANet's attention pools over 15 pixels.
      const int64_t side = std::string_view(entry.name) == "rfanet" ? 16 : 8;
      const Tensor x = at::full({1, model->channels(), side, side}, 0.5);
      const Latents z = zero_latents(*model, x);
      const MacCounter counter;
      model->upscale(x, z);
      // Bicubic enlarging (SRCNN) and pooled attention (RFANet) depend on the size, a little.
      const auto macs = static_cast<double>(variant.macs);
      EXPECT_NEAR(static_cast<double>(MacCounter::total()) / (side * side), macs, 5e-3 * macs);
    }
  }
}

// Every kind can be had by name, and every name has a kind.
TEST(Catalogue, NamesEveryKind) {
  for (const Kind &kind : kinds()) {
    const auto entries = client::catalogue();
    EXPECT_TRUE(std::any_of(entries.begin(), entries.end(), [&](const NetworkEntry &entry) {
      return kind.name == entry.kind;
    })) << kind.name;
  }
}

}  // namespace
}  // namespace hcd::models
