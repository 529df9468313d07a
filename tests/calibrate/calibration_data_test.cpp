#include "tessera/compiler/calibrate.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "base/npy.h"
#include "support/scratch_folder.h"
#include "support/zip_builder.h"
#include "tessera/audio.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

class CalibrationDataTest : public testing::Test {
 protected:
  // Seconds of a tone at 8 kHz; level 0 is silence.
  fs::path sound(const std::string& name, double seconds, float level, int rate = 8000) {
    std::vector<float> samples(static_cast<size_t>(seconds * rate));
    for (size_t i = 0; i < samples.size(); ++i)
      samples[i] = level * static_cast<float>(std::sin(0.3 * static_cast<double>(i)));
    const fs::path path = folder_.path() / name;
    EXPECT_TRUE(write_audio(path, samples, rate).has_value());
    return path;
  }
  fs::path array(const std::vector<int64_t>& dims) {
    int64_t size = 1;
    for (int64_t d : dims) size *= d;
    std::vector<float> values(static_cast<size_t>(size));
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
    const fs::path path = folder_.path() / "calib.npy";
    EXPECT_TRUE(write_npy(path, dims, values, {.force = true}).has_value());
    return path;
  }
  static CalibrationConfig config(Shape input) {
    CalibrationConfig config;
    config.inputs = {plain_layout("x", input)};
    config.sample_rate = 8000;
    return config;
  }
  static Result<CalibrationData> read(std::vector<fs::path> sources, CalibrationConfig config) {
    config.sources = std::move(sources);
    return read_calibration_data(config);
  }
  static Result<CalibrationData> read(const fs::path& source, CalibrationConfig config) {
    return read(std::vector{source}, std::move(config));
  }
  ScratchFolder folder_;
};

TEST_F(CalibrationDataTest, TakesLoudWindowsOfAFolder) {
  sound("a.wav", 2.5, 0.5F);
  sound("b.wav", 1.0, 0.0F);
  const std::vector<fs::path> paths{folder_.path()};
  const auto data = read(paths, config({1, 1, 8000}));
  ASSERT_TRUE(data.has_value()) << data.error().to_string();
  EXPECT_EQ(data->windows.size(), 2u);
  ASSERT_FALSE(data->notes.empty());
  EXPECT_EQ(data->notes.back().text, "1 silent window left out");
}

TEST_F(CalibrationDataTest, ChoosesTheSameWindowsForTheSameSeed) {
  sound("a.wav", 4.0, 0.5F);
  const std::vector<fs::path> paths{folder_.path()};
  CalibrationConfig wanted = config({1, 1, 1000});
  wanted.count = 5;
  const auto first = read(paths, wanted);
  ASSERT_EQ(first->windows.size(), 5u);
  EXPECT_EQ(first->windows, read(paths, wanted)->windows);
  wanted.seed = 2;
  EXPECT_NE(first->windows, read(paths, wanted)->windows);
}

TEST_F(CalibrationDataTest, AFolderOfManyKindsIsReadAndTheRestCounted) {
  const fs::path folder = TESSERA_SOURCE_DIR "/tests/data";
  fs::create_directories(folder_ / "in/deeper");
  fs::copy_file(folder / "sound/plain.aiff", folder_ / "in/a.AIFF");
  fs::copy_file(folder / "sound/ffmpeg_stream.caf", folder_ / "in/deeper/b.caf");
  fs::copy_file(folder / "sound/lame.mp3", folder_ / "in/c.mp3");
  fs::copy_file(folder / "sound/lame.mp3.npy", folder_ / "in/c.npy");
  fs::copy_file(folder / "sound/plain.au", folder_ / "in/._d.wav");
  const std::vector<fs::path> paths{folder_ / "in"};
  const auto data = read(paths, config({1, 1, 2000}));
  ASSERT_TRUE(data.has_value()) << data.error().to_string();
  ASSERT_EQ(data->windows.size(), 3U);
  EXPECT_EQ(data->windows[0], data->windows[2]);  // by name: a.AIFF, c.mp3, deeper/b.caf
  ASSERT_EQ(data->notes.size(), 2U);
  EXPECT_EQ(data->notes[0].text,
            (folder_ / "in").string() + ": 1 file that is no recording was left out");
  EXPECT_NE(data->notes[1].text.find("b.caf: its length was never stored"), std::string::npos);
}

TEST_F(CalibrationDataTest, ACutRecordingIsUsedOnRequest) {
  const fs::path path = sound("a.wav", 2.0, 0.5F);
  fs::resize_file(path, 44 + 2 * 12000);
  const std::vector<fs::path> paths{path};
  CalibrationConfig wanted = config({1, 1, 8000});
  EXPECT_EQ(read(paths, wanted).error().code, ErrorCode::kCorrupt);
  wanted.allow_truncated = true;
  const auto data = read(paths, wanted);
  ASSERT_TRUE(data.has_value()) << data.error().to_string();
  EXPECT_EQ(data->windows.size(), 1U);
  EXPECT_TRUE(data->notes.at(0).text.ends_with("is cut off: 4000 of 16000 frames are missing"))
      << data->notes[0].text;
}

TEST_F(CalibrationDataTest, RefusesSilenceAlone) {
  const std::vector<fs::path> paths{sound("a.wav", 2.0, 0.0F)};
  EXPECT_EQ(read(paths, config({1, 1, 8000})).error().to_string(),
            "calibration: no window of 8000 samples in 1 recording is louder than -60 dB (give "
            "recordings of what the network will hear)");
}

TEST_F(CalibrationDataTest, AConstantIsSilence) {
  const fs::path path = folder_ / "constant.wav";
  ASSERT_TRUE(write_audio(path, {8000, {std::vector<float>(16000, 0.5F)}}).has_value());
  EXPECT_EQ(read(path, config({1, 1, 8000})).error().to_string(),
            "calibration: no window of 8000 samples in 1 recording is louder than -60 dB (give "
            "recordings of what the network will hear)");
}

TEST_F(CalibrationDataTest, OneSampleIsTooShort) {
  const fs::path path = folder_ / "click.wav";
  ASSERT_TRUE(write_audio(path, {8000, {{0.5F}}}).has_value());
  EXPECT_EQ(read(path, config({1, 1, 8000})).error().to_string(),
            "calibration: the recording is shorter than a window of 8000 samples (give longer "
            "recordings)");
}

TEST_F(CalibrationDataTest, SaysWhereRecordingsAreClipped) {
  const fs::path path = folder_ / "loud.wav";
  std::vector<float> samples(8000);
  for (size_t i = 0; i < samples.size(); ++i)
    samples[i] = std::clamp(1.5F * std::sin(0.05F * static_cast<float>(i)), -1.0F, 1.0F);
  ASSERT_TRUE(write_audio(path, {8000, {samples}}).has_value());
  const auto data = read(path, config({1, 1, 8000}));
  ASSERT_TRUE(data.has_value()) << data.error().to_string();
  ASSERT_EQ(data->notes.size(), 1u);
  EXPECT_EQ(data->notes[0].severity, NoteSeverity::warning);
  const std::string& text = data->notes[0].text;
  EXPECT_TRUE(text.ends_with(" samples are clipped: louder ones will not be in the ranges"))
      << text;
}

TEST_F(CalibrationDataTest, RefusesRecordingsForANetworkOfNineChannels) {
  const std::vector<fs::path> paths{sound("a.wav", 2.0, 0.5F)};
  EXPECT_EQ(read(paths, config({9, 1, 100})).error().to_string(),
            "calibration: the network takes [9,1,100], recordings have one channel (give files of "
            "sensor windows (.csv, .json, .ts), or an .npz with calib_data)");
}

TEST_F(CalibrationDataTest, ReadsEveryLayoutOfOneChannel) {
  for (const std::vector<int64_t>& dims :
       {std::vector<int64_t>{3, 50}, {3, 1, 50}, {3, 1, 1, 50}, {3, 1, 50, 1}}) {
    const auto data = read(array(dims), config({1, 1, 50}));
    ASSERT_TRUE(data.has_value()) << data.error().to_string();
    ASSERT_EQ(data->windows.size(), 3u);
    EXPECT_EQ(data->windows[1][7], 57.0F);
  }
}

TEST_F(CalibrationDataTest, TurnsChannelsLastIntoChannelsFirst) {
  for (const std::vector<int64_t>& dims : {std::vector<int64_t>{2, 10, 3}, {2, 1, 10, 3}}) {
    const auto data = read(array(dims), config({3, 1, 10}));
    ASSERT_TRUE(data.has_value()) << data.error().to_string();
    EXPECT_EQ(data->windows[1][1 * 10 + 4], 30.0F + 4 * 3 + 1);
  }
}

TEST_F(CalibrationDataTest, RefusesOtherChannels) {
  const fs::path path = array({2, 1, 10, 6});
  EXPECT_EQ(read(path, config({9, 1, 10})).error().to_string(),
            path.string() +
                ": has 6 along channels, dimension 3 of [2, 1, 10, 6]; the network takes 9 (save "
                "windows of the network's input in a stack: (N, T), (N, C, T), (N, T, C) or (N, 1, "
                "T, C))");
}

TEST_F(CalibrationDataTest, FollowsTheLengthPolicyAndSaysSo) {
  const fs::path path = array({2, 4});
  CalibrationConfig wanted = config({1, 1, 6});
  EXPECT_EQ(read(path, wanted).error().to_string(),
            path.string() +
                ": has 4 along time, dimension 1 of [2, 4]; the network takes 6 (choose "
                "what becomes of them with CalibrationConfig::length crop, pad or repeat)");
  wanted.other_length = [](int64_t frames) { return frames == 4; };
  EXPECT_EQ(read(path, wanted).error().hint,
            "choose what becomes of them with CalibrationConfig::length crop, pad or repeat, or "
            "take windows "
            "of that length with ImportOptions::length_samples 4");
  wanted.length = LengthPolicy::pad;
  auto data = read(path, wanted).value();
  EXPECT_EQ(data.windows[0], (std::vector<float>{0, 1, 2, 3, 0, 0}));
  EXPECT_EQ(data.notes[0].text,
            path.string() + ": holds 4 frames where the network takes 6: padded with zeros");
  wanted.length = LengthPolicy::repeat;
  data = read(path, wanted).value();
  EXPECT_EQ(data.windows[0], (std::vector<float>{0, 1, 2, 3, 0, 1}));
  wanted = config({1, 1, 3});
  wanted.length = LengthPolicy::crop;
  data = read(path, wanted).value();
  EXPECT_EQ(data.windows[1], (std::vector<float>{4, 5, 6}));
}

// numpy's compressed archives, with Python objects and facts beside the clips; clip n is a cosine
// of amplitude 0.1*(n + 1) (tools/vectors/make_calibration_arrays.py).
TEST_F(CalibrationDataTest, ReadsTheClipsOfAnArchiveThatHoldsMore) {
  for (const char* name : {"clips_nt.npz", "clips_nhwc.npz"}) {
    SCOPED_TRACE(name);
    const fs::path path = fs::path(TESSERA_SOURCE_DIR) / "tests/data/calibration" / name;
    const auto data = read(path, config({1, 1, 320}));
    ASSERT_TRUE(data.has_value()) << data.error().to_string();
    ASSERT_EQ(data->windows.size(), 3U);
    for (size_t n = 0; n < 3; ++n) {
      ASSERT_EQ(data->windows[n].size(), 320U);
      EXPECT_FLOAT_EQ(data->windows[n][0], 0.1F * static_cast<float>(n + 1));
      EXPECT_FLOAT_EQ(data->windows[n][16], -0.1F * static_cast<float>(n + 1));  // half a period
    }
  }
}

TEST_F(CalibrationDataTest, ReadsTheLayoutOfTheModelsFileFirst) {
  CalibrationConfig wanted = config({3, 1, 3});
  wanted.inputs[0].dims = {{}, {{Axis::w, 3, 1}}, {{Axis::c, 3, 1}}};
  const auto data = read(array({2, 3, 3}), wanted).value();
  EXPECT_EQ(data.windows[1], (std::vector<float>{9, 12, 15, 10, 13, 16, 11, 14, 17}));
}

class SeveralInputsTest : public CalibrationDataTest {
 protected:
  // np.savez of small arrays of the same value throughout.
  fs::path archive(const std::vector<std::pair<std::string, std::vector<int64_t>>>& arrays) {
    ZipBuilder zip;
    float value = 0;
    for (const auto& [name, dims] : arrays) {
      int64_t size = 1;
      for (int64_t d : dims) size *= d;
      const auto bytes = format_npy(dims, std::vector<float>(static_cast<size_t>(size), ++value));
      zip.add({name + ".npy", {bytes.begin(), bytes.end()}});
    }
    const fs::path path = folder_.path() / "calib.npz";
    const std::vector<uint8_t> bytes = zip.bytes();
    EXPECT_TRUE(
        write_file_atomically(path, std::span<const uint8_t>(bytes), {.force = true}).has_value());
    return path;
  }
  static CalibrationConfig two_inputs() {
    CalibrationConfig config;
    config.inputs = {plain_layout("x", {2, 1, 4}), plain_layout("past", {2, 1, 1})};
    return config;
  }
  std::string refusal(const std::vector<std::pair<std::string, std::vector<int64_t>>>& arrays) {
    const fs::path path = archive(arrays);
    const auto data = read(path, two_inputs());
    if (data) return "";
    EXPECT_EQ(data.error().code, ErrorCode::kInvalidArgument);
    std::string text = data.error().to_string();
    return text.starts_with(path.string()) ? text.substr(path.string().size()) : text;
  }
};

TEST_F(SeveralInputsTest, TakeArraysOfTheirNamesOneAfterTheOther) {
  const auto data = read(archive({{"past", {3, 2, 1}}, {"x", {3, 2, 4}}}), two_inputs());
  ASSERT_TRUE(data.has_value()) << data.error().to_string();
  ASSERT_EQ(data->windows.size(), 3u);
  EXPECT_EQ(data->windows[0], (std::vector<float>{2, 2, 2, 2, 2, 2, 2, 2, 1, 1}));
}

TEST_F(SeveralInputsTest, OneWindowGoesWithEachOfAStack) {
  const auto data = read(archive({{"past", {1, 2, 1}}, {"x", {3, 2, 4}}}), two_inputs());
  ASSERT_TRUE(data.has_value()) << data.error().to_string();
  EXPECT_EQ(data->windows.size(), 3u);
  ASSERT_EQ(data->notes.size(), 1u);
  EXPECT_TRUE(data->notes[0].text.ends_with(
      ": past: the one window of 'past' goes with each of the 3 of 'x'"))
      << data->notes[0].text;
}

TEST_F(SeveralInputsTest, NameWhatIsMissingAndWhatIsTooMuch) {
  EXPECT_EQ(refusal({{"x", {3, 2, 4}}}),
            ": lacks the network's inputs past (the network's inputs are x, past: save one array "
            "for each, by these names)");
  EXPECT_EQ(refusal({{"x", {3, 2, 4}}, {"past", {3, 2, 1}}, {"y", {3, 2}}}),
            ": holds arrays that are no input: y (the network's inputs are x, past: save one array "
            "for each, by these names)");
  EXPECT_EQ(refusal({{"calib_data", {3, 2, 4}}}),
            ": lacks the network's inputs x, past; holds arrays that are no input: calib_data (the "
            "network's inputs are x, past: save one array for each, by these names)");
}

TEST_F(SeveralInputsTest, RefuseStacksOfDifferentHeights) {
  EXPECT_EQ(refusal({{"x", {3, 2, 4}}, {"past", {2, 2, 1}}}),
            ": past: holds 2 windows of 'past', but there are 3 of 'x' (give every input the same "
            "number of windows)");
  EXPECT_EQ(refusal({{"x", {0, 2, 4}}, {"past", {1, 2, 1}}}),
            ": x: holds no window: [0, 2, 4] (give at least one)");
}

TEST_F(SeveralInputsTest, AreNotCalibratedOnOneArrayOrRecordings) {
  const fs::path one = array({3, 2, 4});
  EXPECT_EQ(read(one, two_inputs()).error().to_string(),
            one.string() +
                ": is one array, the network has 2 inputs: x, past (save an .npz with "
                "an array for each of these names)");
  const std::vector<fs::path> recordings{sound("a.wav", 1, 0.5F)};
  EXPECT_EQ(read(recordings, two_inputs()).error().to_string(),
            "calibration: the network has 2 inputs, recordings are for one: x, past (save an .npz "
            "with an array for each of these names)");
}

TEST_F(SeveralInputsTest, OfOneInputTheArrayIsFoundByItsName) {
  const auto chosen = [&](const std::vector<std::string>& names, const std::string& wanted) {
    std::vector<std::pair<std::string, std::vector<int64_t>>> arrays;
    for (const std::string& name : names) arrays.push_back({name, {1, 1, 4}});
    CalibrationConfig one = config({1, 1, 4});
    one.array = wanted;
    const auto data = read(archive(arrays), one);
    return data ? names[static_cast<size_t>(data->windows[0][0]) - 1] : data.error().message;
  };
  EXPECT_EQ(chosen({"a", "x", "calib_data"}, ""), "calib_data");
  EXPECT_EQ(chosen({"a", "x"}, ""), "x");
  EXPECT_EQ(chosen({"a"}, ""), "a");
  EXPECT_EQ(chosen({"a", "x", "calib_data"}, "a"), "a");
  EXPECT_EQ(chosen({"a", "b"}, ""),
            "holds several arrays, none of them named calib_data or like the network's input 'x': "
            "a, b");
  EXPECT_EQ(chosen({"a", "b"}, "c"), "holds no array 'c', but: a, b");
}

TEST_F(CalibrationDataTest, RefusesAnNpzThatIsNone) {
  const fs::path path = folder_.path() / "calib.npz";
  std::vector<uint8_t> junk(100, 7);
  ASSERT_TRUE(write_file_atomically(path, std::span<const uint8_t>(junk)).has_value());
  EXPECT_EQ(read(path, config({1, 1, 50})).error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace tessera
