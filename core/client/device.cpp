// SPDX-License-Identifier: BSD-2-Clause
#include "client/device.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>

#include "base/error.h"

namespace hcd::client {
namespace {

// Whether `text` is a device number; three digits are more than any machine has.
bool is_index(const std::string &text) {
  return !text.empty() && text.size() <= 3 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// ---- shared libraries, never closed ----

// Folder part of a path, with the slash at its end; "" where it has none.
std::string folder_of(const std::string &path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

// Folder of the library (or program) that holds this code, with the slash at its end; "" if
// unknown.
std::string own_folder() {
  Dl_info info{};
  if (!dladdr(reinterpret_cast<const void *>(&own_folder), &info) || !info.dli_fname) return "";
  return folder_of(info.dli_fname);
}

// Path of library `name` in `folder` if it is there, else `name` alone: dlopen() then looks for it
// along libhcd's RUNPATH and where the system looks.
std::string library_path(const std::string &folder, const std::string &name) {
  const std::string path = folder + name;
  return access(path.c_str(), F_OK) == 0 ? path : name;
}

// dlopen() and dlsym() in one. NULL on failure, `reason` then is dlerror()'s text.
void *open_symbol(const std::string &library, const char *symbol, std::string &reason) {
  // RTLD_NOW: a missing symbol is an error here, not a crash later. RTLD_LOCAL: nothing of LibTorch
  // binds to the program's own symbols or the other way round. RTLD_NODELETE: LibTorch's threads
  // and registries do not survive unloading.
  void *handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  void *address = handle ? dlsym(handle, symbol) : nullptr;
  if (!address) {
    const char *text = dlerror();
    reason = text ? text : "unknown reason";
  }
  return address;
}

// ---- back ends ----

std::mutex mutex;
const TorchBackend *torch_backend = nullptr;
const CudaBackend *cuda_backend = nullptr;
std::string cuda_reason;  // why there is none

std::string torch_path() {
  const char *given = std::getenv("HCD_TORCH_BACKEND");
  return given && *given ? given : library_path(own_folder(), "libhcd-torch.so");
}

// libhcd-torch-cuda lies next to libhcd-torch, wherever that was taken from.
std::string cuda_path() {
  const std::string folder = folder_of(torch_path());
  return library_path(folder.empty() ? own_folder() : folder, "libhcd-torch-cuda.so");
}

// The entry point of a back end, called; "" or why there is none in `reason`.
template <typename Backend>
const Backend *enter(const std::string &path, const char *symbol, std::string &reason) {
  using Entry = const Backend *(int);
  void *address = open_symbol(path, symbol, reason);
  if (!address) return nullptr;
  const Backend *backend = reinterpret_cast<Entry *>(address)(kBackendAbi);
  if (!backend) reason = path + ": is of another version than libhcd; both must be of one build";
  return backend;
}

// Makes CUDA known to LibTorch; "" or why that cannot be.
std::string open_cuda() {
  if (cuda_backend) return "";
  const std::string path = cuda_path();
  if (path.find('/') == std::string::npos) return "built without CUDA (scripts/setup --cuda)";
  if (torch_backend) return cuda_reason;  // it was tried before LibTorch was opened
  if (!dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL)) return "no CUDA driver found (libcuda.so.1)";
  std::string reason;
  cuda_backend = enter<CudaBackend>(path, kCudaEntry, reason);
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

Device parse_device(const std::string &text) {
  const std::string prefix = "cuda:";
  if (text == "auto") return {Device::Kind::kAuto, 0};
  if (text == "cpu") return {Device::Kind::kCpu, 0};
  if (text == "cuda") return {Device::Kind::kCuda, 0};
  const bool numbered = text.starts_with(prefix) && is_index(text.substr(prefix.size()));
  HCD_CHECK(numbered, HCD_E_OPTION, "option device: expected auto, cpu, cuda or cuda:N, found '%s'",
            text.c_str());
  return {Device::Kind::kCuda, std::stoi(text.substr(prefix.size()))};
}

Choice open_backends(const Device &wanted) {
  const std::lock_guard<std::mutex> lock(mutex);
  Choice choice;
  if (wanted.kind != Device::Kind::kCpu) {
    choice.cuda_device = find_cuda(wanted.index, choice.reason);
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
