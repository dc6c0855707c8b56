// SPDX-License-Identifier: BSD-2-Clause
// hcd_shader_write() as a C program meets it: sizes, wrong fields, errors. What it writes:
// tests/tools/test_shader.py, and in a player tests/e2e/test_shader.py.
#include <gtest/gtest.h>
#include <hcd/hcd.h>

#include <cstring>
#include <string>
#include <vector>

namespace {

hcd_shader_params params() {
  hcd_shader_params made = {};
  made.struct_size = sizeof(made);
  return made;
}

// The status, and the message.
struct Answer {
  hcd_status status;
  std::string error;
  size_t length = 0;
};

Answer ask(const hcd_shader_params &wanted) {
  char error[512] = "";
  Answer answer{};
  answer.status = hcd_shader_write(&wanted, nullptr, 0, &answer.length, error, sizeof(error));
  answer.error = error;
  return answer;
}

TEST(Shader, SaysHowMuchRoomItNeeds) {
  const Answer answer = ask(params());
  EXPECT_EQ(answer.status, HCD_E_MEMORY);
  ASSERT_GT(answer.length, 50'000U);
  std::vector<char> text(answer.length + 1, '#');
  size_t length = 0;
  const hcd_shader_params wanted = params();
  EXPECT_EQ(hcd_shader_write(&wanted, text.data(), answer.length, &length, nullptr, 0),
            HCD_E_MEMORY);
  EXPECT_EQ(text[0], '#');
  EXPECT_EQ(hcd_shader_write(&wanted, text.data(), text.size(), &length, nullptr, 0), HCD_OK);
  EXPECT_EQ(length, answer.length);
  EXPECT_EQ(std::strlen(text.data()), length);
}

TEST(Shader, RefusesWhatIsNotThere) {
  size_t length = 0;
  const hcd_shader_params wanted = params();
  EXPECT_EQ(hcd_shader_write(nullptr, nullptr, 0, &length, nullptr, 0), HCD_E_OPTION);
  EXPECT_EQ(hcd_shader_write(&wanted, nullptr, 0, nullptr, nullptr, 0), HCD_E_OPTION);
}

TEST(Shader, RefusesWrongFields) {
  hcd_shader_params wanted = params();
  wanted.struct_size = 8;
  EXPECT_EQ(ask(wanted).status, HCD_E_OPTION);
  wanted = params();
  wanted.chroma = 2;
  EXPECT_EQ(ask(wanted).error, "chroma: expected 0 or 1, found 2");
  wanted = params();
  wanted.scale = -1;
  EXPECT_EQ(ask(wanted).error, "scale: expected 0 or more, found -1");
  wanted.scale = 3;
  EXPECT_EQ(ask(wanted).error, "scale: expected 2 for model lite, found 3");
  wanted = params();
  wanted.model = "rrdb";
  EXPECT_EQ(ask(wanted).error,
            "model: expected a light network, found 'rrdb': a shader can be made of lite and base, "
            "and of weights of theirs");
  wanted = params();
  wanted.weights = "/nonexistent.safetensors";
  EXPECT_EQ(ask(wanted).status, HCD_E_FILE);
}

}  // namespace
