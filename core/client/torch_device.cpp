// SPDX-License-Identifier: BSD-2-Clause
#include "client/torch_device.h"

#include <algorithm>
#include <mutex>

#include "base/error.h"
#include "client/library.h"

namespace hcd::client {
namespace {

std::mutex mutex;
const TorchBackend *torch_backend = nullptr;
const TorchCudaBackend *cuda_backend = nullptr;
std::string cuda_reason;  // why there is none

std::string torch_path() {
  return path_given("HCD_TORCH_BACKEND", library_path(own_folder(), "libhcd-torch.so"));
}

// libhcd-torch-cuda lies next to libhcd-torch, wherever that was taken from.
std::string cuda_path() {
  const std::string folder = folder_of(torch_path());
  return library_path(folder.empty() ? own_folder() : folder, "libhcd-torch-cuda.so");
}

// Makes CUDA known to LibTorch; "" or why that cannot be.
std::string open_cuda() {
  if (cuda_backend) return "";
  const std::string path = cuda_path();
  if (path.find('/') == std::string::npos) return "built without CUDA (scripts/setup --cuda)";
  if (torch_backend) return cuda_reason;  // it was tried before LibTorch was opened
  if (!has_cuda_driver()) return "no CUDA driver found (libcuda.so.1)";
  std::string reason;
  cuda_backend = enter<TorchCudaBackend>(path, kTorchCudaEntry, reason);
  if (cuda_backend) return "";
  return "libhcd-torch-cuda.so could not be opened (" + reason +
         "): LibTorch with CUDA is not complete "
         "(scripts/setup --cuda)";
}

const TorchBackend *open_torch() {
  if (torch_backend) return torch_backend;
  // LibTorch counts the devices at its first backward pass and keeps the answer: what knows CUDA
  // must be there before, also where this network runs on the CPU and only a later one does not.
  cuda_reason = open_cuda();
  std::string reason;
  torch_backend = enter<TorchBackend>(torch_path(), kTorchEntry, reason);
  HCD_CHECK(torch_backend, HCD_E_DEVICE,
            "networks need libhcd-torch.so, which could not be opened (%s): build it with "
            "scripts/setup --all, or set HCD_TORCH_BACKEND to its path",
            reason.c_str());
  return torch_backend;
}

// The CUDA device `index`, or -1 and the reason.
int find_cuda(int index, std::string &reason) {
  reason = open_cuda();
  if (!reason.empty()) return -1;
  const int count = cuda_backend->device_count(reason);
  if (count <= 0) {
    reason = "no CUDA device found (" + reason + ")";
    return -1;
  }
  if (index < count) return index;
  reason = format_text("expected a number from 0 to %d, found %d", count - 1, index);
  return -1;
}

}  // namespace

TorchChoice open_torch_backends(const Device &wanted) {
  const std::lock_guard<std::mutex> lock(mutex);
  TorchChoice choice;
  if (wanted.kind != Device::Kind::kCpu) {
    choice.cuda_device = find_cuda(std::max(wanted.index, 0), choice.reason);
    const bool required = wanted.kind == Device::Kind::kCuda && choice.cuda_device < 0;
    HCD_CHECK(!required, HCD_E_DEVICE, "device=cuda%s: %s",
              wanted.index > 0 ? format_text(":%d", wanted.index).c_str() : "",
              choice.reason.c_str());
  }
  choice.torch = open_torch();
  choice.device_name = choice.cuda_device < 0
                           ? "the CPU"
                           : format_text("cuda:%d (%s)", choice.cuda_device,
                                         cuda_backend->device_name(choice.cuda_device).c_str());
  return choice;
}

}  // namespace hcd::client
