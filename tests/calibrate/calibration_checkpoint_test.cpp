// Calibration that is interrupted, and windows kept in a file.
#include "tessera/compiler/calibrate.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include "base/hash.h"
#include "base/npz.h"
#include "support/random_values.h"
#include "support/scratch_folder.h"
#include "support/small_network.h"
#include "tessera/build.h"
#include "tessera/compiler/rewrite.h"

namespace tessera {
namespace {

Graph one_block() {
  test::ConvTasNet network = test::small_network();
  network.samples = 400;
  network.blocks = 1;
  network.repeats = 1;
  return test::legal(network);
}

class CalibrationCheckpointTest : public testing::Test {
 protected:
  CalibrationCheckpointTest() {
    for (uint32_t seed = 1; seed <= 4; ++seed)
      windows_.push_back(test::random_inputs(graph_, seed)[0]);
  }
  Result<CheckpointedStatistics> run(const CalibrationProgress& progress = nullptr) {
    const auto backend = make_backend("cpu", {.threads = 1}).value();
    return calibrate_resumably(graph_, {}, *backend, windows_, {.path = state_}, progress);
  }
  void stop_after(int64_t windows) {
    const auto stopped = run([&](int64_t done, int64_t) { return done < windows; });
    ASSERT_FALSE(stopped.has_value());
    EXPECT_EQ(stopped.error().to_string(),
              "calibration: stopped after " + std::to_string(windows) +
                  " of 4 windows (the same command goes on from there)");
  }
  std::vector<uint8_t> bytes(const CheckpointedStatistics& run) const {
    return format_calibration_checkpoint({"", 4, run.statistics});
  }

  ScratchFolder folder_;
  std::filesystem::path state_ = folder_ / "calib.npz.state";
  Graph graph_ = one_block();
  std::vector<std::vector<float>> windows_;
};

TEST_F(CalibrationCheckpointTest, AnInterruptedRunGivesTheStatisticsOfOneInOneGo) {
  const std::vector<uint8_t> whole = bytes(run().value());
  EXPECT_EQ(folder_.count(), 0);
  stop_after(1);
  EXPECT_EQ(folder_.count(), 1);
  stop_after(3);
  const auto rest = run();
  ASSERT_TRUE(rest.has_value()) << rest.error().to_string();
  EXPECT_EQ(rest->resumed, 3);
  EXPECT_TRUE(rest->notes.empty());
  EXPECT_EQ(bytes(*rest), whole);
  EXPECT_EQ(folder_.count(), 0);
}

TEST_F(CalibrationCheckpointTest, AStateOfOtherWindowsIsNotUsed) {
  const std::vector<uint8_t> whole = bytes(run().value());
  stop_after(2);
  std::swap(windows_[0][5], windows_[0][6]);
  const auto other = run();
  ASSERT_TRUE(other.has_value());
  EXPECT_EQ(other->resumed, 0);
  ASSERT_EQ(other->notes.size(), 1u);
  EXPECT_EQ(other->notes[0].text, state_.string() +
                                      ": is of another network or other windows: calibration "
                                      "begins anew");
  EXPECT_NE(bytes(*other), whole);
}

TEST_F(CalibrationCheckpointTest, ADamagedStateIsNotUsed) {
  const std::vector<uint8_t> whole = bytes(run().value());
  stop_after(2);
  std::vector<uint8_t> damaged = read_file(state_, 1 << 24).value();
  damaged[damaged.size() / 2] ^= 4;
  ASSERT_TRUE(write_file_atomically(state_, damaged, {.force = true}).has_value());
  const auto again = run();
  ASSERT_TRUE(again.has_value());
  ASSERT_EQ(again->notes.size(), 1u);
  EXPECT_EQ(again->notes[0].text, state_.string() + ": is damaged: calibration begins anew");
  EXPECT_EQ(bytes(*again), whole);
}

TEST_F(CalibrationCheckpointTest, AFolderWhereTheStateWouldBeStays) {
  std::filesystem::create_directory(state_);
  const auto done = run();
  ASSERT_TRUE(done.has_value()) << done.error().to_string();
  ASSERT_EQ(done->notes.size(), 1u);
  EXPECT_EQ(done->notes[0].text,
            state_.string() + ": is a directory, not a file: calibration begins anew");
  EXPECT_TRUE(std::filesystem::is_directory(state_));
}

TEST_F(CalibrationCheckpointTest, APipeWhereTheStateWouldBeIsNotWaitedFor) {
  ASSERT_EQ(::mkfifo(state_.c_str(), 0600), 0);
  const auto done = run();
  ASSERT_TRUE(done.has_value()) << done.error().to_string();
  ASSERT_EQ(done->notes.size(), 1u);
  EXPECT_EQ(done->notes[0].text,
            state_.string() + ": is a pipe, not a file: calibration begins anew");
  EXPECT_TRUE(std::filesystem::is_fifo(state_));
}

TEST_F(CalibrationCheckpointTest, AStateCutAnywhereIsRefusedEvenWithItsDigest) {
  stop_after(1);
  const std::vector<uint8_t> whole = read_file(state_, 1 << 24).value();
  ASSERT_TRUE(parse_calibration_checkpoint(whole, "state").has_value());
  const size_t content = whole.size() - 32;
  for (size_t size = 0; size < content; size += 1 + size / 40) {
    std::vector<uint8_t> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const std::string digest = content_hash(cut);
    cut.insert(cut.end(), digest.begin(), digest.end());
    const auto parsed = parse_calibration_checkpoint(cut, "state");
    ASSERT_FALSE(parsed.has_value()) << size;
    EXPECT_EQ(parsed.error().code, ErrorCode::kCorrupt);
  }
}

TEST_F(CalibrationCheckpointTest, ACountBeyondTheFileAllocatesNothing) {
  std::vector<uint8_t> hostile;
  for (const char c : std::string("tessera calibration state 1\n")) hostile.push_back(uint8_t(c));
  hostile.insert(hostile.end(), {0, 1, 1, 1, 'a', 0xFF, 0xFF, 0xFF, 0xFF, 0x7F});
  const std::string digest = content_hash(hostile);
  hostile.insert(hostile.end(), digest.begin(), digest.end());
  const auto parsed = parse_calibration_checkpoint(hostile, "state");
  ASSERT_FALSE(parsed.has_value());
  EXPECT_EQ(parsed.error().to_string(),
            "state: is damaged (remove it, and calibrate from the beginning)");
}

TEST_F(CalibrationCheckpointTest, WindowsComeBackFromTheirFile) {
  for (const Shape& shape : {Shape{1, 1, 400}, Shape{8, 1, 50}, Shape{4, 2, 50}}) {
    const std::filesystem::path path = folder_ / "calib.npz";
    const std::vector<IoLayout> inputs{plain_layout("x", shape)};
    ASSERT_TRUE(write_calibration_windows(path, windows_, inputs, {{}, 1, -60, {}}, {.force = true})
                    .has_value());
    CalibrationConfig config;
    config.sources = {path};
    config.inputs = inputs;
    const auto data = read_calibration_data(config);
    ASSERT_TRUE(data.has_value()) << data.error().to_string();
    EXPECT_EQ(data->windows, windows_);
    EXPECT_TRUE(data->notes.empty());
  }
}

TEST_F(CalibrationCheckpointTest, WindowsOfSeveralInputsComeBackAsTheirFilesLayThem) {
  // 300 values [time, channels] of one input and 100 of the other.
  std::vector<IoLayout> inputs{plain_layout("a", {6, 1, 50}), plain_layout("b", {2, 1, 50})};
  inputs[0].dims = {{}, {{Axis::w, 50, 1}}, {{Axis::c, 6, 1}}};
  const std::filesystem::path path = folder_ / "several.npz";
  ASSERT_TRUE(write_calibration_windows(path, windows_, inputs, {{}, 1, -60, {}}).has_value());
  const NpzFile file = NpzFile::open(path).value();
  EXPECT_EQ(file.names(), (std::vector<std::string>{"a", "b"}));
  const NpyArray a = file.read("a").value();
  EXPECT_EQ(a.dims, (std::vector<int64_t>{static_cast<int64_t>(windows_.size()), 50, 6}));
  EXPECT_EQ(a.values[1], windows_[0][50]);  // second channel of the first frame
  CalibrationConfig config;
  config.sources = {path};
  config.inputs = inputs;
  const auto data = read_calibration_data(config);
  ASSERT_TRUE(data.has_value()) << data.error().to_string();
  EXPECT_EQ(data->windows, windows_);
}

TEST(CalibrationData, MakeThePackageThatTheirRecordingsMake) {
  const std::string folder = std::string(TESSERA_SOURCE_DIR) + "/models";
  const std::string model = folder + "/convtasnet_demo_gln_8k.pth";
  const ScratchFolder scratch;
  BuildOptions options;
  options.target = std::string(TESSERA_SOURCE_DIR) + "/targets/hailo8.toml";
  options.import.length_samples = 8000;
  options.integers.emplace();
  for (const char* name : {"04", "06", "08"})
    options.calibration.sources.emplace_back(folder + "/mixtures/" + name + "_mix.wav");
  options.calibration.count = 5;
  const auto of_recordings = build(model, options);
  ASSERT_TRUE(of_recordings.has_value()) << of_recordings.error().to_string();

  const ImportedModel imported = import_model(model, options.import).value();
  CalibrationConfig config = options.calibration;
  config.inputs = {plain_layout("x", {1, 1, calibration_frames(imported)})};
  config.sample_rate = imported.sample_rate.value();
  const auto data = read_calibration_data(config).value();
  ASSERT_EQ(data.windows.size(), 5u);
  const std::filesystem::path file = scratch / "calib.npz";
  auto origin = calibration_origin(config).value();
  origin.recordings = data.recordings;
  ASSERT_TRUE(write_calibration_windows(file, data.windows, config.inputs, origin).has_value());
  options.calibration.sources = {file};
  const auto of_windows = build(model, options);
  ASSERT_TRUE(of_windows.has_value()) << of_windows.error().to_string();
  EXPECT_EQ(of_windows->package.hash(), of_recordings->package.hash());
}

TEST(CalibrationOrigin, ComesBackFromTheFileAndIsOnlyTheLastNames) {
  const ScratchFolder scratch;
  const std::filesystem::path file = scratch / "calib.npz";
  CalibrationConfig config;
  config.sources = {"/somewhere/voices/", "other/a.wav"};
  config.seed = 7;
  config.silence_db = -45;
  const CalibrationData::Origin told = calibration_origin(config).value();
  EXPECT_EQ(told.files, (std::vector<std::string>{"voices", "a.wav"}));
  const std::vector<std::vector<float>> windows{{1, 2, 3}};
  const std::vector<IoLayout> inputs{plain_layout("x", {1, 1, 3})};
  ASSERT_TRUE(write_calibration_windows(file, windows, inputs, told).has_value());
  CalibrationConfig made;
  made.sources = {file};
  const CalibrationData::Origin again = calibration_origin(made).value();
  EXPECT_EQ(again.files, told.files);
  EXPECT_EQ(again.seed, 7u);
  EXPECT_EQ(again.silence_db, -45);
}

TEST(ValueSummary, ToldFromTheChannelsHistograms) {
  std::vector<ChannelStatistics> channels(3);
  std::vector<float> even;
  for (int i = 0; i < 10000; ++i) even.push_back(static_cast<float>(i) / 10000.0F);
  std::vector<float> wide(even);
  for (float& x : wide) x *= -4.0F;
  ASSERT_TRUE(channels[0].observe(even) && channels[1].observe(wide));
  ASSERT_TRUE(channels[2].observe(std::vector<float>(10000, 0.0F)));
  const ValueSummary summary = summarize(channels);
  EXPECT_EQ(summary.count, 30000);
  EXPECT_EQ(summary.dead_channels, 1);
  EXPECT_NEAR(summary.low, -3.9996, 1e-4);
  EXPECT_NEAR(summary.high, 0.9999, 1e-4);
  EXPECT_NEAR(summary.mean, -0.5, 1e-3);
  EXPECT_NEAR(summary.low_percentile, -3.988, 0.02);
  EXPECT_NEAR(summary.high_percentile, 0.997, 0.02);
  EXPECT_NEAR(summary.channel_range_ratio, 4.0, 1e-3);
}

}  // namespace
}  // namespace tessera
