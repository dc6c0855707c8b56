// SPDX-License-Identifier: BSD-2-Clause
// The loader without LibTorch: files that are none, devices, a back end that is not there.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/error.h"
#include "client/light/spec.h"
#include "client/network.h"
#include "support/light_file.h"
#include "support/temporary.h"

namespace hcd::client {
namespace {

std::string write_file(const char *name, const std::string &bytes) {
  const std::string path = test::temporary_folder() + name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

// A zip archive as short as there is one that begins with a file.
std::string archive() {
  return std::string("PK\x03\x04", 4) + std::string(26, '\0') + std::string("PK\x05\x06", 4) +
         std::string(18, '\0');
}

void expect_error(const std::string &path, const std::string &device, hcd_status status,
                  const std::string &text) {
  try {
    load_network({"torchscript", path, device}, Log());
    ADD_FAILURE() << text;
  } catch (const Error &error) {
    EXPECT_EQ(error.what(), text);
    EXPECT_EQ(error.status(), status);
  }
}

void expect_found(const std::string &path, const std::string &found) {
  expect_error(
      path, "cpu", HCD_E_FILE,
      "weights '" + path + "': expected a TorchScript file (torch.jit.save), found " + found);
}

TEST(Shim, RefusesWhatIsNoTorchscriptFile) {
  expect_found("", "no file name");
  expect_found(test::temporary_folder() + "nothing_here.pt", "no such file");
  expect_found(test::temporary_folder(), "a folder");
  expect_found("/dev/null", "something that is not a file");
  expect_found(write_file("empty.pt", ""), "an empty file");
  expect_found(write_file("short.pt", "PK"), "2 bytes of something else");
  expect_found(write_file("random.pt", std::string(1000, 'x')), "1000 bytes of something else");
  expect_found(write_file("cut.pt", archive().substr(0, 40)),
               "only its beginning (40 bytes; the copy is not complete)");
}

TEST(Shim, RefusesUnknownDevices) {
  for (const char *device :
       {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1000", "cpu:0", "CUDA"}) {
    expect_error(
        "x.pt", device, HCD_E_OPTION,
        std::string("option device: expected auto, cpu, cuda or cuda:N, found '") + device + "'");
  }
}

// HCD_TORCH_BACKEND points to /nowhere in this program.
TEST(Shim, SaysWhatIsMissing) {
  const std::string path = write_file("whole.pt", archive());
  expect_error(
      path, "cpu", HCD_E_DEVICE,
      "networks need libhcd-torch.so, which could not be opened "
      "(/nowhere/libhcd-torch.so: cannot open shared object file: No such file or "
      "directory): build it with scripts/setup --all, or set HCD_TORCH_BACKEND to its path");
  expect_error(path, "cuda", HCD_E_DEVICE,
               "device=cuda: built without CUDA (scripts/setup --cuda)");
  expect_error(path, "cuda:2", HCD_E_DEVICE,
               "device=cuda:2: built without CUDA (scripts/setup --cuda)");
}

// ---- light networks: no LibTorch is there, and none is needed ----

std::string light_file(const char *name, const std::string &model = "lite", int scale = 2) {
  const test::LightWeights weights(parse_spec(model, scale, "{}"), model);
  return test::write_bytes(test::temporary_folder() + name, weights.bytes());
}

void expect_light_error(const NetworkRequest &request, hcd_status status, const std::string &text) {
  try {
    load_network(request, Log());
    ADD_FAILURE() << text;
  } catch (const Error &error) {
    EXPECT_EQ(error.what(), text);
    EXPECT_EQ(error.status(), status);
  }
}

TEST(Shim, LightNetworksRunWithoutLibtorch) {
  const std::string path = light_file("light.safetensors");
  for (const char *device : {"auto", "cpu", "cuda"}) {  // GPUs are put to use by who has frames
    const auto network = load_network({"lite", path, device}, Log());
    EXPECT_EQ(network->info().name, "lite");
    EXPECT_EQ(network->info().scale, 2);
    EXPECT_EQ(network->info().downscaler, "bicubic");
    const std::vector<float> lr(6, 128);
    ThreadPool pool(1);
    std::vector<float> hr(24, -9000);
    network->forward({pool}, {lr.data(), 3, 2}, 0, {hr.data(), 6, 4}, nullptr);
    for (const float v : hr) EXPECT_GT(v, -2000);
  }
}

TEST(Shim, LightNetworksReadTheLabel) {
  const NetSpec spec = parse_spec("lite", 2, "{}");
  test::LightWeights weights(spec);
  const auto write = [&] {
    return test::write_bytes(test::temporary_folder() + "label.safetensors", weights.bytes());
  };
  weights.metadata["hcd.downscaler"] = "lanczos";
  EXPECT_EQ(load_network({"lite", write()}, Log())->info().downscaler, "lanczos");
  weights.metadata = {};  // a file that says nothing is taken for what it is asked to be
  EXPECT_EQ(load_network({"lite", write()}, Log())->info().downscaler, "bicubic");

  const std::string head = "weights '" + test::temporary_folder() + "label.safetensors': ";
  weights.metadata = {{"hcd.downscaler", "nearest"}};
  expect_light_error({"lite", write()}, HCD_E_FILE,
                     head +
                         "metadata hcd.downscaler: expected a linear model that `hcd models` "
                         "lists, found 'nearest'");
  weights.metadata = {{"hcd.model", "base"}};
  expect_light_error({"lite", write()}, HCD_E_FILE,
                     head + "expected those of model lite, found those of 'base'");
  weights.metadata = {{"hcd.scale", "2"}};
  expect_light_error({"base", write(), "cpu", 4}, HCD_E_OPTION,
                     "option scale: expected 2, that of weights '" + test::temporary_folder() +
                         "label.safetensors', found 4");
  weights.metadata = {{"hcd.config", R"({"layers": 3})"}};
  expect_light_error({"lite", write()}, HCD_E_FILE,
                     head +
                         "configuration of lite: layers: expected a list of 1 to 32, found "
                         "number");
  weights.metadata = {};
  expect_light_error({"base", write()}, HCD_E_FILE,
                     head +
                         "tensor '0.weight': expected the shape [32, 1, 3, 3], found "
                         "[16, 1, 3, 3]");
}

}  // namespace
}  // namespace hcd::client
