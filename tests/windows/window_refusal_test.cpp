// Bad files of windows: each is refused, by what is wrong and where.
#include <gtest/gtest.h>

#include "base/npy.h"
#include "windows/window_folder.h"

namespace tessera {
namespace {

using test::taking;

struct BadFile {
  std::string name;
  std::string text;
  ErrorCode code;
  std::string said;  // part of the error
  WindowFileOptions options = taking(2, 2);
};

WindowFileOptions with_columns(std::vector<std::string> columns) {
  WindowFileOptions options = taking(2, 2);
  options.columns = std::move(columns);
  return options;
}

WindowFileOptions with_names(std::vector<std::string> names) {
  WindowFileOptions options = taking(2, 2);
  options.channel_names = std::move(names);
  return options;
}

const std::string kTsHead = "@classLabel true a b\n@data\n";

std::vector<BadFile> bad_files() {
  using enum ErrorCode;
  return {
      {"a.csv", "", kCorrupt, "holds no row"},
      {"a.csv", "ax,ay\n", kCorrupt, "no row of numbers"},
      {"a.csv", "1,2,3\n4,5,6\n", kInvalidArgument, "has 3 columns, the network takes 2 channels"},
      {"a.csv", "1,2\n3\n", kCorrupt, "row 2 has 1 field, the first row 2"},
      {"a.csv", "1,2\n3,x\n", kCorrupt, "row 2, column 2: is 'x', which is no number"},
      {"a.csv", "1,2\nnan,4\n", kCorrupt, "row 2, column 1: is NaN"},
      {"a.csv", "nan,2\n3,4\n", kCorrupt, "row 1, column 1: is NaN"},
      {"a.csv", "1,2\n3,inf\n", kCorrupt, "row 2, column 2: is infinite"},
      {"a.csv", "1,2\n3,1e39\n", kCorrupt, "beyond float32"},
      {"a.csv", "1,2\n3,1e999\n", kCorrupt, "beyond float32"},
      {"a.csv", "1,2\n3,\n", kCorrupt, "row 2, column 2: is empty"},
      {"a.csv", "1,2\n3,\"4\n", kCorrupt, "row"},
      {"a.csv", "1,2\n", kInvalidArgument, "holds 1 frame, fewer than a window of 2"},
      {"a.csv", "ax,ay\n1,2\n3,4\n", kInvalidArgument, "has no column 'az'; its columns are ax, ay",
       with_columns({"ax", "az"})},
      {"a.csv", "1,2\n3,4\n", kInvalidArgument, "its first row has no names",
       with_columns({"ax", "ay"})},
      {"a.csv", "1,2\n3,4\n", kInvalidArgument, "has no column 3", with_columns({"1", "3"})},
      {"a.csv", "1,2\n3,4\n", kInvalidArgument, "names 1 column, the network takes 2 channels",
       with_columns({"1"})},
      {"a.csv", "ax,u\n1,2\n3,4\n", kInvalidArgument, "has no column 'ay'",
       with_names({"ax", "ay"})},
      {"a.csv", "ax,ax\n1,2\n3,4\n", kInvalidArgument, "names column 'ax' twice",
       with_columns({"ax", "ax"})},
      {"a.json", "", kCorrupt, "the file is empty"},
      {"a.json", "{", kCorrupt, "is not JSON"},
      {"a.json", "3", kCorrupt, "is neither a list nor an object"},
      {"a.json", "{}", kCorrupt, "has no \"x\""},
      {"a.json", "[]", kCorrupt, "is empty"},
      {"a.json", R"({"x": []})", kCorrupt, ".x: is empty"},
      {"a.json", R"({"x": 3})", kCorrupt, "is not a list of rows"},
      {"a.json", R"({"x": [1,2]})", kCorrupt, "x[0]: is not a list of numbers"},
      {"a.json", R"({"x": [[1,2],[3]]})", kCorrupt, "x[1]: holds 1 number, the first row 2"},
      {"a.json", R"({"x": [[1,2],[3,"4"]]})", kCorrupt, "x[1][1]: is not a number"},
      {"a.json", R"({"x": [[1,2],[3,null]]})", kCorrupt, "x[1][1]: is null"},
      {"a.json", R"({"x": [[1,2],[3,NaN]]})", kCorrupt, "is not JSON"},
      {"a.json", R"({"x": [[1,2],[3,1e39]]})", kCorrupt, "beyond float32"},
      {"a.json", R"({"x": [[1,2],[]]})", kCorrupt, "x[1]: is empty"},
      {"a.json", R"({"x": [[1,2,3],[4,5,6]]})", kInvalidArgument,
       "has 3 numbers in a row, the network takes 2 channels"},
      {"a.json", R"({"x": [[1,2],[3,4],[5,6]]})", kInvalidArgument,
       "holds 3 frames, the network takes 2"},
      {"a.json", R"({"x": [[1,2]]})", kInvalidArgument, "holds 1 frame, the network takes 2"},
      {"a.json", R"([{"x": [[1,2],[3,4]]}, [[1,2],[3,4]]])", kCorrupt,
       "is of another kind than the first"},
      {"a.json", R"({"x": [[[[1,2]]]]})", kCorrupt, "is not a number"},
      {"a.ts", "", kCorrupt, "has no line @data"},
      {"a.ts", "1,2:3,4:a\n", kCorrupt, "before @data"},
      {"a.ts", kTsHead, kCorrupt, "holds no case"},
      {"a.ts", kTsHead + "1,2:3,4:c\n", kCorrupt, ":3: 'c' is none of the classes a, b"},
      {"a.ts", kTsHead + "1,2:3:a\n", kCorrupt, "dimension 2 has 1 value, dimension 1 has 2"},
      {"a.ts", kTsHead + "1,2:3,4:a\n1,2:a\n", kCorrupt, ":4: has 1 dimension, 2 expected"},
      {"a.ts", kTsHead + "1,2:3,?:a\n", kCorrupt, "dimension 2, value 2: is missing"},
      {"a.ts", kTsHead + "1,2:3,NaN:a\n", kCorrupt, "is NaN"},
      {"a.ts", kTsHead + "1,2:3,b:a\n", kCorrupt, "which is no number"},
      {"a.ts", kTsHead + "1,2:3,4:a\n1,2,3:4,5,6:b\n", kInvalidArgument,
       ":4: holds 3 frames, the network takes 2"},
      {"a.ts", kTsHead + "1,2:3,4:a\n1,2,3:4,5,6:b\n", kInvalidArgument,
       ":4: holds 3 frames, the first window 2", taking(2, 0)},
      {"a.ts", kTsHead + "1:3:a\n", kInvalidArgument, "holds 1 frame, the network takes 2"},
      {"a.ts", kTsHead + "1,2:3,4:5,6:a\n", kInvalidArgument, "has 3 numbers in a row"},
      {"a.ts", "@timeStamps true\n@data\n(0,1),(1,2)\n", kUnsupported, "time stamps"},
      {"a.ts", "@targetLabel true\n@data\n1,2:3\n", kUnsupported, "numbers to be predicted"},
      {"a.ts", "@dimensions 3\n@classLabel false\n@data\n1,2:3,4\n", kCorrupt, "3 expected"},
      {"a.ts", "@dimensions x\n@data\n1,2\n", kCorrupt, "is no count"},
      {"a.txt", "1,2\n3,4\n", kUnsupported, "is no file of windows by its name"},
      {"a.json", R"({"x": [[1,2],[3,4]]})", kInvalidArgument, "is no .csv",
       with_columns({"1", "2"})},
  };
}

TEST(WindowRefusal, EveryBadFileIsRefusedByItsFault) {
  for (const BadFile& bad : bad_files()) {
    const test::WindowFolder folder;
    const Result<WindowSet> set = read_window_file(folder.write(bad.name, bad.text), bad.options);
    ASSERT_FALSE(set) << bad.name << ": " << bad.text;
    EXPECT_EQ(set.error().code, bad.code) << bad.text << "\n" << set.error().to_string();
    EXPECT_NE(set.error().to_string().find(bad.said), std::string::npos)
        << bad.text << "\n"
        << set.error().to_string() << "\nlacks: " << bad.said;
    const bool of_options = set.error().subject.starts_with("WindowFileOptions::");
    EXPECT_TRUE(of_options || set.error().to_string().find(bad.name) != std::string::npos)
        << "the file is not named: " << set.error().to_string();
  }
}

TEST(WindowRefusal, AMissingFileIsNotFound) {
  for (const char* name : {"/no/such.csv", "/no/such.json", "/no/such.ts", "/no/such.npy"})
    EXPECT_EQ(read_window_file(name, taking(2, 2)).error().code, ErrorCode::kNotFound) << name;
}

TEST(WindowRefusal, ArraysOfOtherChannels) {
  const test::WindowFolder folder;
  const std::vector<float> values(12, 1.0F);
  const int64_t dims[] = {4, 3};
  ASSERT_TRUE(write_npy(folder.path("w.npy"), dims, values));
  const Result<WindowSet> set = read_window_file(folder.path("w.npy"), taking(2, 2));
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, ErrorCode::kInvalidArgument);
}

TEST(WindowRefusal, OptionsWithoutMeaning) {
  const std::pair<WindowFileOptions, const char*> cases[] = {
      {taking(0, 2), "channels"}, {taking(2, 2, 0), "devices"}, {taking(2, -1), "frames"}};
  for (const auto& [options, field] : cases) {
    const auto checked = options.validate();
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().subject, std::string("WindowFileOptions::") + field);
  }
  WindowFileOptions hop = taking(2, 0);
  hop.hop_frames = 3;
  EXPECT_EQ(hop.validate().error().subject, "WindowFileOptions::hop_frames");
}

}  // namespace
}  // namespace tessera
