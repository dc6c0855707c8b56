// SPDX-License-Identifier: BSD-2-Clause
// hcd down and hcd up: PNG to PNG, with what the files say beside their samples.
#include "base/atomic_file.h"
#include "tools/commands.h"
#include "tools/error.h"
#include "tools/picture_set.h"
#include "tools/png_chunks.h"

#include <chrono>
#include <cmath>
#include <cstdio>

namespace hcd::tools {
namespace {

// Resizes one picture; the name is for messages.
using Resize = std::function<Picture(const Picture &, const std::string &name)>;

void convert_one(const std::string &input, const std::string &output, const Resize &resize) {
  const Picture source = files::read_png(input);
  AtomicFile file(output);
  Picture result = resize(source, input);
  std::string left_out;
  result.chunks = resize_chunks(source.chunks, {source.width, source.height},
                                {result.width, result.height}, left_out);
  file.write(files::encode_png(result, output));
  file.commit();
  if (!left_out.empty()) print_message(input + ": left out: " + left_out);
}

std::string count_text(size_t count) {
  return std::to_string(count) + (count == 1 ? " picture" : " pictures");
}

// Returns how many pictures were made.
size_t convert_all(const ConvertArguments &arguments, const Resize &resize) {
  const std::vector<fs::path> inputs = list_pictures(arguments.input);
  const std::vector<fs::path> outputs = prepare_outputs(inputs, arguments.output);
  size_t done = 0;
  try {
    for_each_picture(inputs, [&](size_t i) {
      convert_one(inputs[i].string(), outputs[i].string(), resize);
      ++done;
    });
  } catch (const Error &error) {
    if (inputs.size() == 1) throw;
    throw ToolError(std::string(error.what()) + " (" + std::to_string(done) + " of " +
                    count_text(inputs.size()) + " done)");
  }
  return done;
}

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

void run_down(const ConvertArguments &arguments) {
  const Clock::time_point start = Clock::now();
  const Size size = wanted_size(arguments.options);
  Session session = Session::down(arguments.options, arguments.verbose);
  double psnr_plain = 0, psnr = 0;
  const size_t count = convert_all(arguments, [&](const Picture &picture, const std::string &name) {
    hcd_stats stats = {};
    stats.struct_size = sizeof(stats);
    Picture result = session.process(picture, size, name, 0, &stats);
    psnr_plain += stats.psnr_plain;
    psnr += stats.psnr;
    return result;
  });
  std::printf("%s, ", count_text(count).c_str());
  if (!std::isnan(psnr)) {  // measured: not plainly resized
    std::printf("mean PSNR once enlarged %.2f dB plain, %.2f dB with HCD, ",
                psnr_plain / double(count), psnr / double(count));
  }
  std::printf("%.2f s\n", seconds_since(start));
}

void run_up(const ConvertArguments &arguments) {
  const Clock::time_point start = Clock::now();
  const Size size = wanted_size(arguments.options);
  Session session = Session::up(arguments.options, arguments.verbose);
  const size_t count = convert_all(arguments, [&](const Picture &picture, const std::string &name) {
    return session.process(picture, size, name);
  });
  std::printf("%s, %.2f s\n", count_text(count).c_str(), seconds_since(start));
}

}  // namespace hcd::tools
