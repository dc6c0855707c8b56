// SPDX-License-Identifier: BSD-2-Clause
// Pieces of the text: numbers, passes, and what every pass needs of a network.
#pragma once

#include <string>
#include <vector>

#include "client/light/light_weights.h"

namespace hcd::shader {

// Six significant digits: what half floats keep of a value is three.
std::string number(double value);

// "vec4(a, b, c, d)".
std::string vec4(const float *values);

// In the players' reverse Polish notation: something is to be enlarged, in both directions.
inline constexpr char kEnlarges[] = "OUTPUT.w LUMA.w > OUTPUT.h LUMA.h > *";

// One block of a file.
struct Pass {
  std::string what;                // for the player's statistics
  std::string hook = "LUMA";       // the plane that is replaced where `save` is empty
  std::vector<std::string> binds;  // textures, at most kMostBinds
  std::string save;
  std::string when = kEnlarges;  // "": always
  std::string width, height;     // of the result; "": `wide` and `high` times the plane's
  int wide = 1, high = 1;
  int components = 4;
  std::string compute;  // sizes of a block and of its threads; "": a fragment shader
  std::string body;
};
std::string text(const Pass &pass);

// A layer as passes compute it: on code values over the largest one, four channels at a time.
class Group {
 public:
  Group(const client::Layer &layer, int first_out) : layer_(layer), first_(first_out) {}

  std::string bias() const;
  // What channels [in, in + 4) of the pixel at tap `t` add: the mat4 whose columns are channels.
  std::string matrix(int in, int t) const;
  // The same of a layer that sees luma alone.
  std::string column(int t) const;

 private:
  float weight(int out, int in, int t) const;

  const client::Layer &layer_;
  int first_;
};

inline int groups(int channels) { return (channels + 3) / 4; }

// "max(r, slope * r)", or r where there is no activation.
std::string activated(const std::string &r, float slope);

// From what a player reads of the luma plane to what the network sees, and the way back of what it
// adds. Players hand out the code value over the largest one, whatever the range; networks see
// limited range.
struct Levels {
  explicit Levels(bool full_range)
      : gain(full_range ? 219.0 / 255 : 1), offset(full_range ? 16.0 / 255 : 0) {}
  double gain, offset;

  std::string seen(const std::string &value) const;
  std::string shown(const std::string &value) const;
};

}  // namespace hcd::shader
