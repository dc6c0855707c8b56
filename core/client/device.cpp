// SPDX-License-Identifier: BSD-2-Clause
#include "client/device.h"

#include <algorithm>
#include <mutex>

#include "base/error.h"
#include "client/library.h"

namespace hcd::client {
namespace {

// Whether `text` is a device number; three digits are more than any machine has.
bool is_index(const std::string &text) {
  return !text.empty() && text.size() <= 3 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

const CudaBackend &open_cuda() {
  static std::mutex mutex;
  static const CudaBackend *backend = nullptr;
  const std::lock_guard<std::mutex> lock(mutex);
  if (backend) return *backend;
  const std::string path =
      path_given("HCD_CUDA_BACKEND", library_path(own_folder(), "libhcd-cuda.so"));
  HCD_CHECK(path.find('/') != std::string::npos, HCD_E_DEVICE,
            "this build has no CUDA (expected libhcd-cuda.so beside libhcd.so, found none): see "
            "docs/cuda.md");
  HCD_CHECK(has_cuda_driver(), HCD_E_DEVICE, "expected a CUDA driver, found none (libcuda.so.1)");
  std::string reason;
  backend = enter<CudaBackend>(path, kCudaEntry, reason);
  HCD_CHECK(backend, HCD_E_DEVICE, "libhcd-cuda.so could not be opened (%s)", reason.c_str());
  return *backend;
}

}  // namespace

Device parse_device(const std::string &text) {
  const std::string prefix = "cuda:";
  if (text == "auto") return {Device::Kind::kAuto};
  if (text == "cpu") return {Device::Kind::kCpu};
  if (text == "cuda") return {Device::Kind::kCuda};
  const bool numbered = text.starts_with(prefix) && is_index(text.substr(prefix.size()));
  HCD_CHECK(numbered, HCD_E_OPTION, "option device: expected auto, cpu, cuda or cuda:N, found '%s'",
            text.c_str());
  return {Device::Kind::kCuda, std::stoi(text.substr(prefix.size()))};
}

std::unique_ptr<Gpu> open_gpu(int index, void *context) { return open_cuda().open(index, context); }

bool has_gpu() {
  try {
    return open_cuda().has_device();
  } catch (const Error &) {
    return false;
  }
}

}  // namespace hcd::client
