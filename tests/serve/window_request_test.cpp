// Windows in JSON: what is taken, and how every other thing is refused.
#include "serve/window_request.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace tessera {
namespace {

const WindowContract kSmall{.rows = 2, .columns = 3, .devices = 1, .ranges = {}};

WindowContract imu(int64_t rows = 2) {
  return {.rows = rows, .columns = 9, .devices = 1, .ranges = imu_ranges()};
}

// {"x": rows of `columns` times `value`}.
std::string window(int64_t rows, int64_t columns, const std::string& value = "0") {
  std::string text = "{\"x\": [";
  for (int64_t r = 0; r < rows; ++r) {
    text += r > 0 ? ", [" : "[";
    for (int64_t c = 0; c < columns; ++c) text += (c > 0 ? "," : "") + value;
    text += "]";
  }
  return text + "]}";
}

TEST(WindowRequest, GivesValuesInTheOrderOfAGraph) {
  const auto values = read_window(R"({"x": [[1, 2.5, -3e1], [4, 5, 6]]})", kSmall);
  ASSERT_TRUE(values) << values.error().to_string();
  EXPECT_EQ(*values, (std::vector<float>{1, 4, 2.5F, 5, -30, 6}));
}

TEST(WindowRequest, TakesAWindowOfEachDevice) {
  const WindowContract two{.rows = 1, .columns = 2, .devices = 2, .ranges = {}};
  const auto values = read_window(R"({"x": [[[1, 2]], [[3, 4]]]})", two);
  ASSERT_TRUE(values) << values.error().to_string();
  EXPECT_EQ(*values, (std::vector<float>{1, 3, 2, 4}));  // [channel, device, frame]
  const auto one = read_window(R"({"x": [[1, 2]]})", two);
  ASSERT_FALSE(one);
  EXPECT_EQ(one.error().code, ErrorCode::kCorrupt);  // a number where an array belongs
  const auto three = read_window(R"({"x": [[[1, 2]], [[3, 4]], [[5, 6]]]})", two);
  ASSERT_FALSE(three);
  EXPECT_EQ(three.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(three.error().message, "has 3 devices; the network takes 2");
}

TEST(WindowRequest, TakesEveryLimitOfARangeAndNothingBeyond) {
  const std::vector<ChannelRange> ranges = imu_ranges();
  for (size_t column = 0; column < ranges.size(); ++column) {
    for (const double sign : {-1.0, 1.0}) {
      const auto at = [&](double value) {
        std::string text = "{\"x\": [[";
        for (size_t c = 0; c < ranges.size(); ++c)
          text += (c > 0 ? "," : "") + (c == column ? fmt::format("{}", value) : "0");
        return text + "]]}";
      };
      EXPECT_TRUE(read_window(at(sign * ranges[column].max_abs), imu(1))) << column;
      const auto beyond = read_window(at(sign * ranges[column].max_abs * 1.001), imu(1));
      ASSERT_FALSE(beyond) << column;
      EXPECT_EQ(beyond.error().code, ErrorCode::kCorrupt);
      EXPECT_EQ(beyond.error().subject, fmt::format("x[0][{}]", column));
      EXPECT_NE(beyond.error().message.find(ranges[column].name + " lies within"),
                std::string::npos)
          << beyond.error().message;
    }
  }
}

struct Refusal {
  const char* name;
  std::string body;
  ErrorCode code;
  std::string field;
  std::string message;
};

class WindowRefusals : public ::testing::TestWithParam<Refusal> {};

TEST_P(WindowRefusals, NameTheField) {
  const Refusal& refusal = GetParam();
  const auto values = read_window(refusal.body, imu());
  ASSERT_FALSE(values);
  EXPECT_EQ(values.error().code, refusal.code) << values.error().to_string();
  EXPECT_EQ(values.error().subject, refusal.field);
  EXPECT_NE(values.error().message.find(refusal.message), std::string::npos)
      << values.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    All, WindowRefusals,
    ::testing::Values(
        Refusal{"MoreRows", window(3, 9), ErrorCode::kInvalidArgument, "x",
                "has 3 rows; the network takes 2"},
        Refusal{"FewerRows", window(1, 9), ErrorCode::kInvalidArgument, "x", "has 1 rows"},
        Refusal{"NoRows", R"({"x": []})", ErrorCode::kInvalidArgument, "x", "has 0 rows"},
        Refusal{"FewerColumns", window(2, 8), ErrorCode::kInvalidArgument, "x[0]", "has 8 columns"},
        Refusal{"MoreColumns", window(2, 10), ErrorCode::kInvalidArgument, "x[0]",
                "has 10 columns"},
        Refusal{"RaggedRows", R"({"x": [[1,2,3,4,5,6,7,8,9],[1]]})", ErrorCode::kInvalidArgument,
                "x[1]", "has 1 columns"},
        Refusal{"String", window(2, 9, "\"0\""), ErrorCode::kCorrupt, "x[0][0]",
                "is a string; a number is expected"},
        Refusal{"Null", window(2, 9, "null"), ErrorCode::kCorrupt, "x[0][0]", "is null"},
        Refusal{"Boolean", window(2, 9, "true"), ErrorCode::kCorrupt, "x[0][0]",
                "is true or false"},
        Refusal{"NaN", window(2, 9, "NaN"), ErrorCode::kCorrupt, "x[0][0]",
                "NaN and Infinity are no JSON"},
        Refusal{"Infinity", window(2, 9, "Infinity"), ErrorCode::kCorrupt, "x[0][0]",
                "is not JSON"},
        Refusal{"BeyondDouble", window(2, 9, "1e999"), ErrorCode::kCorrupt, "x[0][0]", "beyond"},
        Refusal{"BeyondRange", window(2, 9, "36"), ErrorCode::kCorrupt, "x[0][3]",
                "gx lies within -35 and 35 rad/s"},
        Refusal{"Deeper", window(2, 9, "[0]"), ErrorCode::kCorrupt, "x[0][0]", "is an array"},
        Refusal{"ObjectInside", window(2, 9, "{}"), ErrorCode::kCorrupt, "x[0][0]", "is an object"},
        Refusal{"FlatNumbers", R"({"x": [1, 2]})", ErrorCode::kCorrupt, "x[0]",
                "is a number; an array is expected"},
        Refusal{"NumberAlone", R"({"x": 1})", ErrorCode::kCorrupt, "x", "is a number"},
        Refusal{"AnotherField", R"({"y": 1})", ErrorCode::kCorrupt, "y", "is no field"},
        Refusal{"AFieldTooMany",
                window(2, 9).substr(0, window(2, 9).size() - 1) + R"(, "extra": 1})",
                ErrorCode::kCorrupt, "extra", "is no field"},
        Refusal{"Twice", R"({"x": [[0,0,0,0,0,0,0,0,0],[0,0,0,0,0,0,0,0,0]], "x": []})",
                ErrorCode::kCorrupt, "x", "is there twice"},
        Refusal{"NoField", "{}", ErrorCode::kCorrupt, "x", "is missing"},
        Refusal{"Empty", "", ErrorCode::kCorrupt, "body", "is empty"},
        Refusal{"ArrayAtTheTop", "[[1]]", ErrorCode::kCorrupt, "body", "an object is expected"},
        Refusal{"NumberAtTheTop", "7", ErrorCode::kCorrupt, "body", "an object is expected"},
        Refusal{"CutOff", window(2, 9).substr(0, 20), ErrorCode::kCorrupt, "x[0][6]",
                "is not JSON at byte"},
        Refusal{"SomethingBehind", window(2, 9) + "{}", ErrorCode::kCorrupt, "x", "is not JSON"},
        Refusal{"NoUtf8", "{\"\xff\": 1}", ErrorCode::kCorrupt, "body", "is not JSON"}),
    [](const auto& refusal) { return refusal.param.name; });

// A hostile depth must not cost the stack.
TEST(WindowRequest, RefusesAMillionBracketsAtTheFifth) {
  const auto values = read_window("{\"x\": " + std::string(1'000'000, '['), kSmall);
  ASSERT_FALSE(values);
  EXPECT_EQ(values.error().subject, "x[0][0]");
}

TEST(WindowRequest, SeveralWindowsComeInTheirOrder) {
  const auto windows =
      read_windows(R"({"x": [[[1,2,3],[4,5,6]], [[7,8,9],[10,11,12]]]})", kSmall, 2);
  ASSERT_TRUE(windows) << windows.error().to_string();
  ASSERT_EQ(windows->size(), 2U);
  EXPECT_EQ((*windows)[1], (std::vector<float>{7, 10, 8, 11, 9, 12}));
}

TEST(WindowRequest, NamesTheWindowOfABatchThatIsWrong) {
  const auto ragged = read_windows(R"({"x": [[[1,2,3],[4,5,6]], [[7,8,9]]]})", kSmall, 8);
  ASSERT_FALSE(ragged);
  EXPECT_EQ(ragged.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(ragged.error().subject, "x[1]");
  const auto many = read_windows(
      R"({"x": [[[1,2,3],[4,5,6]], [[1,2,3],[4,5,6]], [[1,2,3],[4,5,6]]]})", kSmall, 2);
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().code, ErrorCode::kResourceLimit);
  const auto none = read_windows(R"({"x": []})", kSmall, 2);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace tessera
