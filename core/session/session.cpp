// SPDX-License-Identifier: BSD-2-Clause
#include "session/session.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/error.h"
#include "client/device.h"
#include "client/models.h"
#include "image/format.h"
#include "session/clients.h"
#include "session/down_session.h"
#include "session/learned_steps.h"
#include "session/processor.h"
#include "session/sizes.h"
#include "session/trial.h"
#include "session/up_session.h"

namespace hcd::session {
namespace {

constexpr int kMinTile = 32;

// Checks common to both directions: names and values that need no frame.
template <typename Settings>
void check_common(const Settings &s, bool several) {
  const auto clients = client::find_kernels(s.model);
  const bool network = client::is_network(s.model);
  HCD_CHECK(network || !clients.empty(), HCD_E_OPTION, "option model: expected %s%s, found '%s'",
            client::model_names().c_str(), several ? " (linear clients may be joined by +)" : "",
            s.model.c_str());
  HCD_CHECK(several || clients.size() <= 1, HCD_E_OPTION,
            "option model: expected one client, found '%s'", s.model.c_str());
  HCD_CHECK(clients.size() <= HCD_MAX_CLIENTS, HCD_E_OPTION,
            "option model: expected at most %d clients, found %zu", HCD_MAX_CLIENTS,
            clients.size());
  if (network) client::check_network(s.model, s.weights, s.scale == HCD_AUTO ? 0 : s.scale);
  HCD_CHECK(network || s.latent == "auto", HCD_E_OPTION,
            "option latent: model %s has none, found '%s'", s.model.c_str(), s.latent.c_str());
  HCD_CHECK(network || s.precision != "int16", HCD_E_OPTION,
            "option precision: model %s has fp32 alone, found 'int16'", s.model.c_str());
  HCD_CHECK(network || s.weights.empty(), HCD_E_OPTION,
            "option weights: model %s has none, found '%s'", s.model.c_str(), s.weights.c_str());
  HCD_CHECK(client::is_light_network(s.model) || s.resize == "auto", HCD_E_OPTION,
            "option resize: belongs to light networks (lite, base), found '%s' with model=%s",
            s.resize.c_str(), s.model.c_str());
  client::parse_device(s.device);
  HCD_CHECK(s.tile == 0 || s.tile >= kMinTile, HCD_E_OPTION,
            "option tile: expected 0 or %d to 8192, found %d", kMinTile, s.tile);
}

// Where no stream says more.
UpSettings without_auto(UpSettings s) {
  if (s.model == "auto") s.model = "lite";
  return s;
}

// The kernel of the option `start`; nullptr: the client's own.
const image::Kernel *start_kernel(const DownSettings &s, Loss loss) {
  if (s.start == "auto") return loss == Loss::kMixed ? image::find_kernel("lanczos") : nullptr;
  if (s.start == "area") return &image::area_kernel();
  return image::find_kernel(s.start);
}

// `asked`: the size of the format that comes out, as in hcd_configure(). `torch_device`: where
// LibTorch runs it.
template <typename Settings>
std::shared_ptr<client::Network> open(const Settings &s, const std::string &torch_device,
                                      const hcd_format &in, const hcd_format &asked,
                                      const Log &log) {
  client::NetworkRequest request;
  if constexpr (std::is_same_v<Settings, UpSettings>) request.sent = s.sent_weights;
  request.model = s.model;
  request.weights = s.weights;
  // A light network is opened on the host, once for all contexts, whatever it then runs on.
  request.device = client::is_light_network(s.model) ? "cpu" : torch_device;
  request.scale = s.scale == HCD_AUTO ? 0 : static_cast<int>(s.scale);
  if (client::is_light_network(s.model)) {
    const double ratio = s.scale != HCD_AUTO ? s.scale : ratio_asked(asked, in);
    request.scale = request.sent ? 0 : client::factor_for(s.model, s.weights, ratio);
  }
  request.latent = client::parse_latent(s.latent);
  request.precision = client::parse_precision(s.precision);
  return client::open_network(request, log);
}

void check_network_scale(double scale, const client::NetworkInfo &info) {
  HCD_CHECK(scale == HCD_AUTO || scale == info.scale, HCD_E_OPTION,
            "option scale: expected %d, the factor of the network %s, found %g", info.scale,
            info.name.c_str(), scale);
}

void check_network_layout(const hcd_format &format, const client::NetworkInfo &info) {
  HCD_CHECK(format.layout != HCD_LAYOUT_RGB || info.colour != client::Colour::kLuma, HCD_E_FORMAT,
            "network %s sees luma: expected Y'CbCr or gray frames, found %s (linear clients as "
            "model=bicubic take RGB)",
            info.name.c_str(), image::describe(format).c_str());
}

// Whether the learned steps of the built-in weights gain as much with those of `s`, or nearly.
bool learned_steps_hold(const DownSettings &s, const std::shared_ptr<client::Network> &network,
                        const hcd_format &hr, const hcd_format &lr, ThreadPool &pool,
                        const Log &log) {
  constexpr double kNearly = 0.7;
  DownSettings built_in = s;
  built_in.weights.clear();
  built_in.scale = network->info().scale;
  const double share =
      gain_of_learned(s, network, hr, lr, pool) /
      gain_of_learned(built_in, open(built_in, s.device, hr, lr, log), hr, lr, pool);
  log(HCD_LOG_VERBOSE,
      format_text(
          "optimizer: with these weights the learned steps of %s gain %.2f of what they gain "
          "with the built-in ones, on the built-in picture; %.1f are enough",
          network->info().name.c_str(), share, kNearly));
  return share >= kNearly;
}

}  // namespace

void check_settings(const DownSettings &settings) {
  check_common(settings, true);
  const size_t clients = client::find_kernels(settings.model).size();
  ModelTraits traits{clients > 0, static_cast<int>(std::max<size_t>(clients, 1))};
  const double scale = factor_or_default(settings.scale);
  const FittedAt at = fitted_at(settings.model, scale);
  traits.learned = static_cast<int>(learned_steps(settings.model, at).size());
  make_plan(settings, traits);
}

void check_settings(const UpSettings &settings) { check_common(without_auto(settings), false); }

UpSettings follow(const UpSettings &asked, const hcd_signal &signal) {
  UpSettings s = asked;
  s.sent_siting = signal.siting;
  const std::string model = signal.model;
  if (s.model != "auto" && s.model != model) return s;
  if (s.model == "auto" && !client::is_network(model)) {
    if (!s.weights.empty()) return s;            // who gives weights wants their network
    s.latent = s.precision = s.resize = "auto";  // of networks only
  }
  s.model = model;
  if (*signal.resize && s.resize == "auto") s.resize = signal.resize;
  if (signal.weights_key == 0 || !s.weights.empty()) return s;
  HCD_CHECK(signal.weights, HCD_E_FILE,
            "the stream was made for weights %016llx of %s: expected them in it or in the option "
            "weights, found none",
            static_cast<unsigned long long>(signal.weights_key), model.c_str());
  s.sent_weights =
      std::make_shared<std::vector<uint8_t>>(signal.weights, signal.weights + signal.weights_size);
  return s;
}

std::unique_ptr<Session> make_down_session(const DownSettings &s, const hcd_format &in,
                                           hcd_format *out, ThreadPool &pool, const Log &log) {
  image::check_format(in);
  // The players' default matrix depends on the frame's size: both sides must mean the same one.
  const hcd_format source = image::resolve(in);
  Processor on = choose_processor(s.device, s.model, source, s.async_depth, pool, log);
  if (!client::is_network(s.model)) {
    const hcd_format lr = small_format(source, *out, factor_or_default(s.scale));
    const Loss loss = make_plan(s, linear_traits(s.model, source, lr)).loss;
    auto clients = make_linear_clients(s.model, start_kernel(s, loss), source, lr, *on.engine);
    log(HCD_LOG_VERBOSE, describe(make_plan(s, clients.traits)));
    *out = sized(in, lr, 0, 0);
    return std::make_unique<DownSession>(std::move(on), std::move(clients), s,
                                         DownFormats{source, source, lr});
  }
  auto network = open(s, on.device_of_libtorch(s.device), source, *out, log);
  on.follow(*network, pool, log);
  const client::NetworkInfo &info = network->info();
  const bool light = client::is_light_network(s.model);
  if (!light) check_network_scale(s.scale, info);
  check_network_layout(source, info);
  const double ratio = light && s.scale != HCD_AUTO ? s.scale : info.scale;
  const hcd_format wanted = small_format(source, hcd_format{}, ratio);
  const hcd_format lr = small_format(source, *out, ratio);
  HCD_CHECK(light || (lr.width == wanted.width && lr.height == wanted.height), HCD_E_FORMAT,
            "size of the small frame: expected %dx%d, since the network %s enlarges by exactly %d, "
            "found %dx%d (linear clients as model=bicubic take any size)",
            wanted.width, wanted.height, info.name.c_str(), info.scale, lr.width, lr.height);
  constexpr int kMost = client::kMostRatio;
  HCD_CHECK(!light || (source.width <= lr.width * kMost && source.height <= lr.height * kMost),
            HCD_E_FORMAT,
            "size of the small frame: expected %dx%d to %dx%d, since the network %s enlarges by 1 "
            "to %d, found %dx%d (linear clients as model=bicubic take any size)",
            (source.width + kMost - 1) / kMost, (source.height + kMost - 1) / kMost, source.width,
            source.height, info.name.c_str(), kMost, lr.width, lr.height);
  hcd_format extended = source;
  if (is_whole(source, lr, info.scale)) {
    extended.width = lr.width * info.scale;
    extended.height = lr.height * info.scale;
  }
  HCD_CHECK(!info.has_downscale || s.start == "auto", HCD_E_OPTION,
            "option start: expected auto, since the network %s makes the small frame itself, "
            "found '%s'",
            info.name.c_str(), s.start.c_str());
  const Loss loss = make_plan(s, network_traits(info, extended, lr)).loss;
  auto clients = make_network_clients(on.place(network), s.tile, start_kernel(s, loss), s.resize,
                                      extended, lr, *on.engine);
  if (!s.weights.empty() && s.optimizer == "auto" &&
      make_plan(s, clients.traits).rule == Rule::kLearned &&
      !learned_steps_hold(s, network, extended, lr, pool, log)) {
    clients.learned.clear();
    clients.traits.learned = 0;
  }
  log(HCD_LOG_VERBOSE, describe(make_plan(s, clients.traits)));
  *out = sized(in, lr, 0, 0);
  return std::make_unique<DownSession>(std::move(on), std::move(clients), s,
                                       DownFormats{source, extended, lr});
}

std::unique_ptr<Session> make_up_session(const UpSettings &settings, const hcd_format &from,
                                         hcd_format *out, ThreadPool &pool, const Log &log) {
  const UpSettings s = without_auto(settings);
  hcd_format in = from;
  image::check_format(in);
  if (in.siting == HCD_SITING_UNSPECIFIED) in.siting = s.sent_siting;
  Processor on = choose_processor(s.device, s.model, in, s.async_depth, pool, log);
  std::shared_ptr<client::Network> network;
  double scale = factor_or_default(s.scale);
  const bool light = client::is_light_network(s.model);
  if (client::is_network(s.model)) {
    network = open(s, on.device_of_libtorch(s.device), in, *out, log);
    on.follow(*network, pool, log);
    if (!light) check_network_scale(s.scale, network->info());
    check_network_layout(in, network->info());
    if (!light || s.scale == HCD_AUTO) scale = network->info().scale;
  }
  const hcd_format hr = sized(in, *out, static_cast<int>(std::lround(in.width * scale)),
                              static_cast<int>(std::lround(in.height * scale)));
  image::check_format(hr);
  // Undo what "unspecified" is read as from the size of the enlarged frame: the source decided it.
  hcd_format small = in;
  if (small.matrix == HCD_MATRIX_UNSPECIFIED) small.matrix = image::resolve(hr).matrix;
  small = image::resolve(small);
  hcd_format large = small;
  large.width = hr.width;
  large.height = hr.height;
  *out = hr;
  if (network) {
    const int factor = network->info().scale, most = light ? client::kMostRatio : factor;
    HCD_CHECK(hr.width <= in.width * most && hr.height <= in.height * most, HCD_E_FORMAT,
              "size of the enlarged frame: expected at most %dx%d, since the network %s enlarges "
              "by %s %d, found %dx%d",
              in.width * most, in.height * most, network->info().name.c_str(),
              light ? "1 to" : "exactly", most, hr.width, hr.height);
    if (light) check_larger(hr, in);
    hcd_format full = large;
    if (!light || is_whole(large, small, factor)) {
      full.width = in.width * factor;
      full.height = in.height * factor;
    }
    const bool stochastic = network->info().stochastic;
    auto clients =
        make_network_clients(on.place(network), s.tile, nullptr, s.resize, full, small, *on.engine);
    return std::make_unique<UpSession>(std::move(on), std::move(clients.all[0]), stochastic,
                                       static_cast<uint64_t>(s.seed), small, full, large);
  }
  check_larger(hr, in);
  auto client = std::make_unique<client::LinearClient>(*client::find_kernels(s.model)[0], large,
                                                       small, *on.engine);
  return std::make_unique<UpSession>(std::move(on), std::move(client), false, 0, small, large,
                                     large);
}

Session::Session(Processor on)
    : gpu_(std::move(on.gpu)),
      engine_(std::move(on.engine)),
      at_once_(std::min(engine_->frames_in_flight(), on.async_depth)),
      log_(on.log) {}

void Session::send(const hcd_frame &frame) {
  window_.push_back({{frame, plan_, turn_}});
  if (at_once_ > 1) turn_ = 1 - turn_;
}

// Work that uses the streams of two frames. Those of a frame that is lost must not be used any
// more, either; the first error is the one to tell.
template <typename Work>
void Session::on_streams(const hcd_frame &in, const hcd_frame &out, const Work &work) {
  if (!gpu_) {
    work();
    return;
  }
  try {
    gpu_->enter(in, out);
    work();
  } catch (...) {
    try {
      gpu_->leave();
    } catch (const Error &) {
    }
    throw;
  }
  gpu_->leave();
}

// Work on the first frame: where its memory is the second's, the second is begun again later.
template <typename Work>
void Session::within_memory(const Work &work) {
  try {
    work();
  } catch (const Error &error) {
    if (error.status() != HCD_E_MEMORY || at_once_ < 2) throw;
    go_on_one_by_one();
    work();
  }
}

void Session::begin_next() {
  if (at_once_ < 2 || window_.size() < 2) return;
  Waiting &next = *std::next(window_.begin());
  if (next.begun) return;
  next.begun = true;
  try {
    on_streams(next.frame, next.frame, [&] { begin(next); });
  } catch (const Error &error) {
    if (error.status() == HCD_E_MEMORY) {
      go_on_one_by_one();
    } else {
      next.failure = std::current_exception();
    }
  } catch (...) {
    next.failure = std::current_exception();
  }
}

void Session::go_on_one_by_one() {
  log_(HCD_LOG_WARNING, "out of memory for two frames at once: one by one from now on");
  Waiting &front = window_.front();
  at_once_ = 1;
  release(1 - front.turn);
  for (Waiting &waiting : window_) {
    waiting.turn = front.turn;
    if (&waiting != &front) waiting.begun = false;
  }
  turn_ = front.turn;
}

hcd_frame Session::receive(const hcd_frame &out, hcd_stats *stats) {
  Waiting &front = window_.front();
  const hcd_frame in = front.frame;
  try {
    if (front.failure) std::rethrow_exception(front.failure);
    within_memory([&] {
      on_streams(in, out, [&] {
        if (!front.begun) begin(front);
        front.begun = true;
        emit(front, out);
      });
    });
    begin_next();
    if (settle(front, out, stats != nullptr)) {
      within_memory([&] { on_streams(in, out, [&] { finish(front, out, stats); }); });
    }
  } catch (...) {
    window_.pop_front();
    throw;
  }
  window_.pop_front();
  return in;
}

}  // namespace hcd::session
