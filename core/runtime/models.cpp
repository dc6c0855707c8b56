// SPDX-License-Identifier: BSD-2-Clause
#include "runtime/models.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

#include "base/error.h"
#include "image/kernel.h"

namespace hcd::runtime {
namespace {

constexpr const char *kTorchscript = "torchscript";

std::vector<hcd_model_info> list_models() {
  std::vector<hcd_model_info> list;
  for (const image::Kernel &kernel : image::kernels()) {
    list.push_back({kernel.name, kernel.description, 0, 1});
  }
  list.push_back(
      {kTorchscript, "any differentiable pair, exported from PyTorch (weights=<file>)", 1, 0});
  list.push_back({nullptr, nullptr, 0, 0});
  return list;
}

// What tells a file from the one that was there before under the same name.
std::string identity(const std::string &path, const std::string &device) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return path;
  return format_text("%s|%s|%lld|%lld|%lld.%09ld", path.c_str(), device.c_str(),
                     static_cast<long long>(info.st_ino), static_cast<long long>(info.st_size),
                     static_cast<long long>(info.st_mtim.tv_sec), info.st_mtim.tv_nsec);
}

}  // namespace

const hcd_model_info *models() {
  static const std::vector<hcd_model_info> list = list_models();
  return list.data();
}

std::string model_names() {
  std::string names;
  for (const hcd_model_info *model = models(); model->name; ++model) {
    if (!names.empty()) names += model[1].name ? ", " : " or ";
    names += model->name;
  }
  return names;
}

bool is_network(const std::string &model) { return model == kTorchscript; }

void check_device(const std::string &device) {
  const bool numbered = device.rfind("cuda:", 0) == 0 && device.size() > 5 && device.size() < 9 &&
                        device.find_first_not_of("0123456789", 5) == std::string::npos;
  HCD_CHECK(device == "auto" || device == "cpu" || device == "cuda" || numbered, HCD_E_OPTION,
            "option device: expected auto, cpu, cuda or cuda:N, found '%s'", device.c_str());
}

std::shared_ptr<net::Network> open_network(const std::string &path, const std::string &device,
                                           const Log &log) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<net::Network>> cache;
  const std::lock_guard<std::mutex> lock(mutex);
  std::weak_ptr<net::Network> &entry = cache[identity(path, device)];
  if (auto network = entry.lock()) return network;
  std::shared_ptr<net::Network> network = net::load_torchscript(path, device, log);
  entry = network;
  return network;
}

}  // namespace hcd::runtime
