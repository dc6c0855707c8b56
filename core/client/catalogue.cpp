// SPDX-License-Identifier: BSD-2-Clause
#include "client/catalogue.h"

#include <algorithm>
#include <array>

namespace hcd::client {
namespace {

constexpr const char *kOwnLicence = "BSD-2-Clause";
constexpr const char *kDong =
    "Dong, Loy, He, Tang: Image Super-Resolution Using Deep Convolutional Networks, TPAMI 2016";

constexpr const char *kThisProject = "this project: NetSpec, a small network as data";

constexpr std::array kLite = {NetworkVariant{2, 10020, 6, 9936, true}};
constexpr std::array kBase = {NetworkVariant{2, 47716, 7, 47520, true},
                              NetworkVariant{4, 51184, 7, 50976, true}};
constexpr std::array kSrcnn = {NetworkVariant{2, 57281, 6, 228736, true},
                               NetworkVariant{4, 57281, 4, 914944, true}};
constexpr std::array kEdsr = {NetworkVariant{2, 40729627, 68, 40732416, false},
                              NetworkVariant{4, 43089947, 68, 50252544, false}};
constexpr std::array kRdn = {NetworkVariant{2, 22123395, 133, 22118848, false},
                             NetworkVariant{4, 22271107, 133, 22729408, false}};
constexpr std::array kRcan = {NetworkVariant{2, 15444667, 414, 15307245, false},
                              NetworkVariant{4, 15592379, 414, 15917913, false}};
constexpr std::array kRrdb = {NetworkVariant{4, 16697987, 349, 17926848, false}};
constexpr std::array kRfanet = {NetworkVariant{2, 10945923, 244, 9900480, false},
                                NetworkVariant{4, 11093635, 244, 10511040, false}};
constexpr std::array kSwinir = {NetworkVariant{2, 11752487, 153, 12464748, false},
                                NetworkVariant{4, 11900199, 153, 13075308, false}};
constexpr std::array kTad = {NetworkVariant{2, 671350, 10, 414144, false},
                             NetworkVariant{4, 671350, 15, 2070720, false}};
constexpr std::array kTadSmall = {NetworkVariant{2, 132910, 8, 87264, true}};
constexpr std::array kCar = {NetworkVariant{2, 51375290, 68, 40732461, false},
                             NetworkVariant{4, 52986402, 68, 50252697, false}};
constexpr std::array kIrn = {NetworkVariant{2, 1668000, 80, 1664760, false},
                             NetworkVariant{4, 4355376, 120, 9342600, false}};
constexpr std::array kIrnSmall = {NetworkVariant{2, 189498, 30, 188859, true},
                                  NetworkVariant{4, 258624, 30, 495618, true}};
constexpr std::array kFirn = {NetworkVariant{2, 67416, 72, 65736, false},
                              NetworkVariant{4, 320880, 108, 512712, true}};
constexpr std::array kHcflow = {NetworkVariant{4, 4396350, 150, 10622010, false}};

constexpr std::array kCatalogue = {
    NetworkEntry{"lite", "lite", "light network, 16 channels; needs no LibTorch", kThisProject, "",
                 kOwnLicence, Colour::kLuma, false, Latent::kDefault, true, kLite},
    NetworkEntry{"base", "base", "light network, 32 channels; needs no LibTorch", kThisProject, "",
                 kOwnLicence, Colour::kLuma, false, Latent::kDefault, true, kBase},
    NetworkEntry{"srcnn", "srcnn", "SRCNN 9-5-5 over bicubic", kDong, "", kOwnLicence,
                 Colour::kLuma, false, Latent::kDefault, true, kSrcnn},
    NetworkEntry{"edsr", "edsr", "EDSR, 32 blocks of 256",
                 "Lim, Son, Kim, Nah, Lee: Enhanced Deep Residual Networks, CVPRW 2017",
                 "sanghyun-son/EDSR-PyTorch", "MIT", Colour::kRgb, false, Latent::kDefault, true,
                 kEdsr},
    // Published as Torch7 files, which no name connects with this network.
    NetworkEntry{"rdn", "rdn", "RDN B, 16 blocks of 8 layers",
                 "Zhang, Tian, Kong, Zhong, Fu: Residual Dense Network, CVPR 2018", "",
                 "none stated", Colour::kRgb, false, Latent::kDefault, true, kRdn},
    NetworkEntry{"rcan", "rcan", "RCAN, 10 groups of 20 blocks",
                 "Zhang, Li, Li, Wang, Zhong, Fu: Very Deep Residual Channel Attention Networks, "
                 "ECCV 2018",
                 "yulunzhang/RCAN", "none stated", Colour::kRgb, false, Latent::kDefault, false,
                 kRcan},
    NetworkEntry{"rrdb", "rrdb", "RRDB, ESRGAN's generator, 23 blocks",
                 "Wang, Yu, Wu, Gu, Liu, Dong, Qiao, Loy: ESRGAN, ECCVW 2018", "xinntao/ESRGAN",
                 "Apache-2.0", Colour::kRgb, false, Latent::kDefault, true, kRrdb},
    NetworkEntry{"rfanet", "rfanet", "RFANet, 30 modules",
                 "Liu, Zhang, Tang, Tang, Wu: Residual Feature Aggregation Network, CVPR 2020", "",
                 "none stated", Colour::kRgb, false, Latent::kDefault, false, kRfanet},
    NetworkEntry{"swinir", "swinir", "SwinIR, classical; light by its weights",
                 "Liang, Cao, Sun, Zhang, Van Gool, Timofte: SwinIR, ICCVW 2021",
                 "JingyunLiang/SwinIR", "Apache-2.0", Colour::kRgb, false, Latent::kDefault, true,
                 kSwinir},
    NetworkEntry{"tad", "tad", "TAD and TAU, an auto-encoder",
                 "Kim, Choi, Lim, Lee: Task-Aware Image Downscaling, ECCV 2018", "", kOwnLicence,
                 Colour::kRgb, true, Latent::kDefault, true, kTad},
    NetworkEntry{"tad-small", "tad", "TAD and TAU, narrow, over bicubic, trained here",
                 "after Kim et al.: Task-Aware Image Downscaling, ECCV 2018", "", kOwnLicence,
                 Colour::kRgb, true, Latent::kDefault, true, kTadSmall},
    NetworkEntry{"car", "car", "CAR, resampling by content, and EDSR",
                 "Sun, Chen: Learned Image Downscaling for Upscaling using Content Adaptive "
                 "Resampler, TIP 2020",
                 "sunwj/CAR", "GPL-3.0", Colour::kRgb, true, Latent::kDefault, true, kCar},
    NetworkEntry{
        "irn", "irn", "IRN, invertible, 8 coupling blocks a level",
        "Xiao, Zheng, Liu, Wang, He, Ke, Bian, Lin, Liu: Invertible Image Rescaling, ECCV 2020",
        "pkuxmq/Invertible-Image-Rescaling", "Apache-2.0", Colour::kRgb, true, Latent::kSample,
        true, kIrn},
    NetworkEntry{"irn-small", "irn", "IRN with fewer, narrower blocks, trained here",
                 "after Xiao et al.: Invertible Image Rescaling, ECCV 2020", "", kOwnLicence,
                 Colour::kRgb, true, Latent::kZero, true, kIrnSmall},
    NetworkEntry{"firn", "firn", "FIRN, IRN with lighter subnets; x4 is built in",
                 "qwopqwop200: Fast Invertible Rescaling Net, 2020 (a repository, no paper)",
                 "qwopqwop200/Fast-Invertible-Rescaling-Net", "MIT", Colour::kRgb, true,
                 Latent::kSample, true, kFirn},
    NetworkEntry{
        "hcflow", "hcflow", "HCFlow, a conditional flow",
        "Liang, Lugmayr, Zhang, Danelljan, Van Gool, Timofte: Hierarchical Conditional Flow, "
        "ICCV 2021",
        "JingyunLiang/HCFlow", "Apache-2.0", Colour::kRgb, true, Latent::kSample, true, kHcflow},
};

}  // namespace

std::span<const NetworkEntry> catalogue() { return kCatalogue; }

const NetworkEntry *find_network(std::string_view name) {
  const auto found = std::find_if(kCatalogue.begin(), kCatalogue.end(),
                                  [name](const NetworkEntry &entry) { return name == entry.name; });
  return found == kCatalogue.end() ? nullptr : &*found;
}

std::string scales_text(const NetworkEntry &entry) {
  std::string text;
  for (const NetworkVariant &v : entry.variants) {
    text += (text.empty() ? "" : " or ") + std::to_string(v.scale);
  }
  return text;
}

}  // namespace hcd::client
