// SPDX-License-Identifier: BSD-2-Clause
#include "train/video.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <regex>
#include <sstream>

#include "base/error.h"
#include "train/stop.h"

namespace hcd::train {
namespace {

namespace fs = std::filesystem;

// Code values untouched, but for those of more than 8 bits. Times go to descriptor 3 as framecrc
// writes them; a fine time base keeps those of streams whose rate varies. Frames are numbered,
// since two may have one time. Filters in front go on where a source changes its size:
// scripts/encode puts a scale first.
std::vector<std::string> decoding(const std::string &ffmpeg, const std::string &path, Trust trust,
                                  const std::string &filter) {
  std::error_code error;
  HCD_CHECK(fs::is_regular_file(path, error), HCD_E_FILE, "%s: expected a video file, found %s",
            path.c_str(), fs::exists(path, error) ? "something else" : "none");
  std::vector<std::string> words = {ffmpeg, "-nostdin", "-v", "error", "-max_error_rate", "1"};
  if (!filter.empty()) words.insert(words.end(), {"-reinit_filter", "0"});
  if (trust == Trust::kWhole) words.insert(words.end(), {"-xerror", "-err_detect", "explode"});
  words.insert(words.end(), {"-i", "file:" + path, "-filter_complex",
                             "[0:V:0]" + filter + (filter.empty() ? "" : ",") +
                                 "extractplanes=y,scale=flags=accurate_rnd+bitexact:"
                                 "sws_dither=none,format=gray,split[count][times];"
                                 "[count]setpts=N[frames]"});
  for (const char *output : {"frames", "times"}) {
    const bool frames = std::string(output) == "frames";
    words.insert(words.end(), {"-map", std::string("[") + output + "]", "-fps_mode", "passthrough",
                               "-enc_time_base", "1:90000", "-f",
                               frames ? "yuv4mpegpipe" : "framecrc", frames ? "pipe:1" : "pipe:3"});
  }
  return words;
}

// "W1280" of a header "YUV4MPEG2 W1280 H720 ...".
int number_of(const std::string &header, char letter) {
  const size_t at = header.find(std::string(" ") + letter);
  return at == std::string::npos ? 0 : std::atoi(header.c_str() + at + 2);
}

}  // namespace

std::string find_ffmpeg() {
  std::error_code error;
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path &place : {folder / "ffmpeg", folder / ".." / ".." / "bin" / "ffmpeg"}) {
    if (!error && access(place.c_str(), X_OK) == 0) return place.lexically_normal().string();
  }
  return "ffmpeg";
}

Video::Video(const std::string &ffmpeg, const std::string &path, Trust trust,
             const std::string &filter)
    : path_(path), trust_(trust), child_(decoding(ffmpeg, path, trust, filter)) {
  std::string header;
  if (!child_.read_line(&header)) {
    if (stop_requested()) throw Stopped();
    child_.wait();
    fail("a video with frames");
  }
  width_ = number_of(header, 'W');
  height_ = number_of(header, 'H');
  full_range_ = header.find("XCOLORRANGE=FULL") != std::string::npos;
  HCD_CHECK(header.starts_with("YUV4MPEG2 ") && header.find(" Cmono") != std::string::npos &&
                width_ > 0 && height_ > 0,
            HCD_E_FILE, "%s: expected gray frames from ffmpeg, found '%s'", path.c_str(),
            header.c_str());
}

std::string Video::size() const { return format_text("%dx%d", width_, height_); }

// The first line of ffmpeg's log, without addresses.
std::string Video::first_words() const {
  std::istringstream log(child_.log());
  std::string line;
  std::getline(log, line);
  return std::regex_replace(line, std::regex(" @ 0x[0-9a-f]+"), "");
}

void Video::fail(const std::string &expected) const {
  const std::string line = first_words();
  throw Error(HCD_E_FILE, format_text("%s: expected %s, found: %s", path_.c_str(), expected.c_str(),
                                      line.empty() ? "none" : line.c_str()));
}

bool Video::next(at::Tensor *frame) {
  if (stop_requested()) throw Stopped();
  std::string header;
  if (!child_.read_line(&header)) {
    if (stop_requested()) throw Stopped();
    finish();
    return false;
  }
  *frame = at::empty({1, height_, width_}, at::kByte);
  if (!child_.read({frame->mutable_data_ptr<uint8_t>(), static_cast<size_t>(frame->numel())})) {
    if (stop_requested()) throw Stopped();
    child_.wait();
    fail("whole frames");
  }
  if (full_range_) {
    *frame = frame->to(at::kFloat).mul_(219.0 / 255).add_(16).round_().to(at::kByte);
  }
  return true;
}

void Video::finish() {
  const int code = child_.wait();
  const std::string log = child_.log();
  if (code != 0 || (trust_ == Trust::kWhole && !log.empty())) fail("a file without damage");
  if (!log.empty()) {
    std::fprintf(stderr, "hcd: warning: %s is damaged, and decoded as FFmpeg does: %s\n",
                 path_.c_str(), first_words().c_str());
  }
}

std::vector<double> Video::times() const {
  std::istringstream notes(child_.notes());
  double unit = 1;
  std::vector<double> times;
  for (std::string line; std::getline(notes, line);) {
    long long over = 1, under = 1, decoded = 0, shown = 0;
    if (std::sscanf(line.c_str(), "#tb 0: %lld/%lld", &over, &under) == 2) {
      unit = static_cast<double>(over) / static_cast<double>(under);
    } else if (std::sscanf(line.c_str(), "0, %lld, %lld,", &decoded, &shown) == 2) {
      times.push_back(static_cast<double>(shown) * unit);
    }
  }
  for (size_t i = times.size(); i-- > 0;) times[i] -= times[0];
  return times;
}

}  // namespace hcd::train
