// Windows of every kind of file, as the network gets them: [channels, devices, frames].
#include <gtest/gtest.h>

#include <cmath>

#include "base/npy.h"
#include "windows/window_folder.h"

namespace tessera {
namespace {

using test::taking;
using Windows = std::vector<std::vector<float>>;

class WindowFile : public ::testing::Test {
 protected:
  // Fails the test where the file is refused.
  WindowSet read(const std::string& name, const std::string& text,
                 const WindowFileOptions& options) {
    Result<WindowSet> set = read_window_file(folder_.write(name, text), options);
    EXPECT_TRUE(set) << (set ? "" : set.error().to_string());
    return set ? std::move(*set) : WindowSet{};
  }

  test::WindowFolder folder_;
};

TEST_F(WindowFile, RowsOfACsvAreFrames) {
  const WindowSet set = read("a.csv", "1,2\n3,4\n5,6\n7,8\n", taking(2, 2));
  EXPECT_EQ(set.windows, (Windows{{1, 3, 2, 4}, {5, 7, 6, 8}}));
  EXPECT_EQ(set.frames, 2);
  EXPECT_TRUE(set.notes.empty());
}

TEST_F(WindowFile, AWholeCsvIsOneWindowWhereNoLengthIsTold) {
  const WindowSet set = read("a.csv", "1,2\n3,4\n5,6\n", taking(2, 0));
  EXPECT_EQ(set.frames, 3);
  EXPECT_EQ(set.windows, (Windows{{1, 3, 5, 2, 4, 6}}));
}

TEST_F(WindowFile, ColumnsAreFoundByTheNamesOfTheChannels) {
  WindowFileOptions options = taking(2, 1);
  options.channel_names = {"ax", "ay"};
  const WindowSet set = read("a.csv", "time,ay, ax \n0,2,1\n1,4,3\n", options);
  EXPECT_EQ(set.windows, (Windows{{1, 2}, {3, 4}}));
  ASSERT_EQ(set.notes.size(), 1U);
  EXPECT_NE(set.notes[0].text.find("column time not read"), std::string::npos);
}

TEST_F(WindowFile, ColumnsAreChosenByNameOrNumber) {
  WindowFileOptions options = taking(2, 1);
  options.columns = {"3", "t"};
  EXPECT_EQ(read("a.csv", "t,u,v\n1,2,3\n", options).windows, (Windows{{3, 1}}));
  options.columns = {"2", "1"};
  EXPECT_EQ(read("b.csv", "1,2,3\n", options).windows, (Windows{{2, 1}}));
}

TEST_F(WindowFile, OtherNamesAreTakenByTheirOrderAndThatIsSaid) {
  WindowFileOptions options = taking(2, 1);
  options.channel_names = {"ax", "ay"};
  const WindowSet set = read("a.csv", "x,y\n1,2\n", options);
  EXPECT_EQ(set.windows, (Windows{{1, 2}}));
  ASSERT_EQ(set.notes.size(), 1U);
  EXPECT_EQ(set.notes[0].severity, NoteSeverity::warning);
}

TEST_F(WindowFile, SlidesByTheHopAndTellsWhatIsLeft) {
  WindowFileOptions options = taking(1, 3);
  options.hop_frames = 2;
  const WindowSet set = read("a.csv", "1\n2\n3\n4\n5\n6\n", options);
  EXPECT_EQ(set.windows, (Windows{{1, 2, 3}, {3, 4, 5}}));
  ASSERT_EQ(set.notes.size(), 1U);
  EXPECT_NE(set.notes[0].text.find("1 frame after the last window is left out"), std::string::npos);
}

TEST_F(WindowFile, RowsOfTwoDevicesHoldOneAfterTheOther) {
  const WindowSet set = read("a.csv", "1,2,10,20\n3,4,30,40\n", taking(2, 2, 2));
  EXPECT_EQ(set.windows, (Windows{{1, 3, 10, 30, 2, 4, 20, 40}}));
}

TEST_F(WindowFile, JsonHoldsAWindowOrSeveral) {
  const Windows one{{1, 3, 2, 4}};
  const Windows two{{1, 3, 2, 4}, {5, 7, 6, 8}};
  const std::pair<const char*, Windows> kinds[] = {
      {R"({"x": [[1,2],[3,4]]})", one},
      {R"([[1,2],[3,4]])", one},
      {R"({"x": [[[1,2],[3,4]],[[5,6],[7,8]]]})", two},
      {R"([[[1,2],[3,4]],[[5,6],[7,8]]])", two},
      {R"([{"x": [[1,2],[3,4]]}, {"x": [[5,6],[7,8]]}])", two},
      {R"({"device": "collar", "x": [[1,2.0],[3e0,4]]})", one},
  };
  for (const auto& [text, windows] : kinds)
    EXPECT_EQ(read("w.json", text, taking(2, 2)).windows, windows) << text;
}

TEST_F(WindowFile, JsonTellsLabels) {
  const WindowSet set =
      read("w.json", R"([{"x": [[1],[2]], "label": "run"}, {"x": [[3],[4]]}])", taking(1, 2));
  EXPECT_EQ(set.labels, (std::vector<std::string>{"run", ""}));
}

TEST_F(WindowFile, TsHoldsACaseALine) {
  const WindowSet set = read("w.ts",
                             "# comment\n@problemName T\n@timeStamps false\n@univariate false\n"
                             "@dimensions 2\n@classLabel true walk run\n@data\n"
                             "1,2,3:4,5,6:walk\r\n\n-1, -2, -3e0:+4,5,6:run\n",
                             taking(2, 3));
  EXPECT_EQ(set.windows, (Windows{{1, 2, 3, 4, 5, 6}, {-1, -2, -3, 4, 5, 6}}));
  EXPECT_EQ(set.labels, (std::vector<std::string>{"walk", "run"}));
}

TEST_F(WindowFile, TsWithoutLabelsHasNone) {
  const WindowSet set = read("w.ts", "@classLabel false\n@data\n1,2\n3,4\n", taking(1, 0));
  EXPECT_EQ(set.windows, (Windows{{1, 2}, {3, 4}}));
  EXPECT_TRUE(set.labels.empty());
}

TEST_F(WindowFile, ArraysLieEitherWay) {
  const std::vector<float> values{1, 2, 3, 4, 5, 6};
  const int64_t time_first[] = {3, 2};
  const int64_t stack[] = {1, 2, 3};
  ASSERT_TRUE(write_npy(folder_.path("t.npy"), time_first, values));
  ASSERT_TRUE(write_npy(folder_.path("s.npy"), stack, values));
  EXPECT_EQ(read_window_file(folder_.path("t.npy"), taking(2, 3)).value().windows,
            (Windows{{1, 3, 5, 2, 4, 6}}));
  EXPECT_EQ(read_window_file(folder_.path("s.npy"), taking(2, 3)).value().windows,
            (Windows{{1, 2, 3, 4, 5, 6}}));
}

TEST_F(WindowFile, ARecordingInAnArraySlidesToo) {
  std::vector<float> values(20);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const int64_t dims[] = {10, 2};
  ASSERT_TRUE(write_npy(folder_.path("r.npy"), dims, values));
  WindowFileOptions options = taking(2, 4);
  options.hop_frames = 3;
  const WindowSet set = read_window_file(folder_.path("r.npy"), options).value();
  ASSERT_EQ(set.windows.size(), 3U);
  EXPECT_EQ(set.windows[1], (std::vector<float>{6, 8, 10, 12, 7, 9, 11, 13}));
}

// Property: whatever the kind of file, the same windows come out.
TEST_F(WindowFile, AllKindsGiveTheSameWindows) {
  const int64_t channels = 3;
  const int64_t frames = 5;
  const int64_t windows = 4;
  std::string csv = "a,b,c\n";
  std::string json = "[";
  std::string ts = "@classLabel false\n@data\n";
  std::vector<float> array;
  const auto value = [](int64_t n, int64_t t, int64_t c) {
    return static_cast<float>(std::sin(static_cast<double>(n * 100 + t * 7 + c)));
  };
  for (int64_t n = 0; n < windows; ++n) {
    json += n > 0 ? ",[" : "[";
    for (int64_t t = 0; t < frames; ++t) {
      json += t > 0 ? ",[" : "[";
      for (int64_t c = 0; c < channels; ++c) {
        char text[32];
        std::snprintf(text, sizeof text, "%.9g", static_cast<double>(value(n, t, c)));
        csv += std::string(c > 0 ? "," : "") + text;
        json += std::string(c > 0 ? "," : "") + text;
        array.push_back(value(n, t, c));
      }
      csv += "\n";
      json += "]";
    }
    json += "]";
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t t = 0; t < frames; ++t) {
        char text[32];
        std::snprintf(text, sizeof text, "%.9g", static_cast<double>(value(n, t, c)));
        ts += std::string(t > 0 ? "," : "") + text;
      }
      ts += c + 1 < channels ? ":" : "\n";
    }
  }
  json += "]";
  const WindowFileOptions options = taking(channels, frames);
  const int64_t dims[] = {windows, frames, channels};
  ASSERT_TRUE(write_npy(folder_.path("w.npy"), dims, array));
  const Windows expected = read_window_file(folder_.path("w.npy"), options).value().windows;
  ASSERT_EQ(expected.size(), 4U);
  EXPECT_EQ(read("w.csv", csv, options).windows, expected);
  EXPECT_EQ(read("w.json", json, options).windows, expected);
  EXPECT_EQ(read("w.ts", ts, options).windows, expected);
}

}  // namespace
}  // namespace tessera
