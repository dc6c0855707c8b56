// SPDX-License-Identifier: BSD-2-Clause
#include "session/processor.h"

#include <algorithm>

#include "base/error.h"
#include "client/device.h"
#include "client/models.h"
#include "client/torch_device.h"

namespace hcd::session {
namespace {

using client::Device;

// The GPU where the frames lie.
std::shared_ptr<client::Gpu> gpu_of_frames(const Device &wanted, const std::string &device,
                                           const hcd_format &format) {
  HCD_CHECK(wanted.kind != Device::Kind::kCpu, HCD_E_OPTION,
            "option device: expected auto or cuda for frames in CUDA memory, found 'cpu' (the "
            "frames of hwdownload are for the CPU)");
  std::shared_ptr<client::Gpu> gpu;
  try {
    gpu = client::open_gpu(format.device_index, format.device_context);
  } catch (const Error &error) {
    throw Error(error.status(), std::string("frames in CUDA memory: ") + error.what());
  }
  HCD_CHECK(wanted.index < 0 || wanted.index == gpu->index(), HCD_E_OPTION,
            "option device: expected cuda or cuda:%d, where the frames lie, found '%s'",
            gpu->index(), device.c_str());
  return gpu;
}

// For frames of the host; nullptr: the CPU.
std::shared_ptr<client::Gpu> gpu_for_host(const Device &wanted, const std::string &device,
                                          const Log &log) {
  if (wanted.kind == Device::Kind::kCpu) return nullptr;
  const bool automatic = wanted.kind == Device::Kind::kAuto;
  try {
    std::shared_ptr<client::Gpu> gpu = client::open_gpu(std::max(wanted.index, 0), nullptr);
    log(automatic ? HCD_LOG_INFO : HCD_LOG_VERBOSE,
        format_text("device=%s: cuda:%d (%s)", device.c_str(), gpu->index(), gpu->name().c_str()));
    return gpu;
  } catch (const Error &error) {
    if (!automatic) throw Error(error.status(), "device=" + device + ": " + error.what());
    // No GPU is nothing to speak of; one that cannot be used is.
    log(client::has_gpu() ? HCD_LOG_WARNING : HCD_LOG_VERBOSE,
        std::string("device=auto: the CPU (") + error.what() + ")");
    return nullptr;
  }
}

// LibTorch works in the primary context, and has to have CUDA.
void check_libtorch_takes_frames(const std::string &model, const client::Gpu &gpu) {
  HCD_CHECK(gpu.is_primary(), HCD_E_FORMAT,
            "frames: expected CUDA memory of the device's primary context (ffmpeg -init_hw_device "
            "cuda=gpu:0,primary_ctx=1), in which LibTorch runs the network %s, found another "
            "context (or hwdownload before it and hwupload behind it; linear clients and light "
            "networks take any)",
            model.c_str());
  try {
    client::open_torch_backends({Device::Kind::kCuda, gpu.index()});
  } catch (const Error &error) {
    throw Error(HCD_E_FORMAT,
                format_text("frames: expected host memory, since the network %s runs on LibTorch, "
                            "which has no GPU (%s), found CUDA memory (hwdownload before it and "
                            "hwupload behind it; linear clients and light networks take CUDA "
                            "frames)",
                            model.c_str(), error.what()));
  }
}

}  // namespace

std::string Processor::device_of_libtorch(const std::string &asked) const {
  return gpu ? format_text("cuda:%d", gpu->index()) : asked;
}

void Processor::follow(const client::Network &network, ThreadPool &pool, const Log &log) {
  const int index = network.cuda_device();
  if (gpu || index < 0) return;
  try {
    gpu = client::open_gpu(index, nullptr);
  } catch (const Error &error) {
    if (error.status() != HCD_E_DEVICE) throw;
    log(HCD_LOG_INFO, format_text("device=cuda:%d: the network runs there, planes stay in the "
                                  "host's memory (%s)",
                                  index, error.what()));
    return;
  }
  engine = gpu->make_engine(pool);
  log(HCD_LOG_VERBOSE, format_text("device=cuda:%d: planes lie there, too", index));
}

std::shared_ptr<client::Network> Processor::place(std::shared_ptr<client::Network> network) const {
  if (!gpu || !network->light()) return network;
  return gpu->make_light_network(*network);
}

Processor choose_processor(const std::string &device, const std::string &model,
                           const hcd_format &format, int async_depth, ThreadPool &pool,
                           const Log &log) {
  const Device wanted = client::parse_device(device);
  const bool cuda_frames = format.device == HCD_DEVICE_CUDA;
  const bool torch = client::is_network(model) && !client::is_light_network(model);
  Processor chosen;
  chosen.log = log;
  chosen.async_depth = async_depth;
  if (cuda_frames) {
    chosen.gpu = gpu_of_frames(wanted, device, format);
    if (torch) check_libtorch_takes_frames(model, *chosen.gpu);
  } else if (!torch) {
    chosen.gpu = gpu_for_host(wanted, device, log);
  }
  chosen.engine = chosen.gpu ? chosen.gpu->make_engine(pool) : make_cpu_engine(pool);
  return chosen;
}

}  // namespace hcd::session
