// tessera calibrate, compare and bisect as a user calls them.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/tool.h"
#include "exit_codes.h"
#include "tessera/audio.h"

namespace tessera {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

const std::string kMixtures = TESSERA_SOURCE_DIR "/models/mixtures";

std::vector<std::string> build_of(const std::string& calibration, const fs::path& package) {
  return {"build",           kDemoModel, "--length", "8000",      "--quantize", "int8",
          "--calib-windows", "3",        "--calib",  calibration, "-o",         package.string()};
}

TEST(CliCalibrate, ItsWindowsBuildTheSamePackage) {
  const ScratchFolder folder;
  const std::string windows = (folder / "calib.npz").string();
  const std::string statistics = (folder / "stats.json").string();
  const Outcome outcome = tessera_tool({"calibrate", kDemoModel, "--calib", kDemoMixture,
                                        "--windows", "3", "-o", windows, "--stats", statistics});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("calib.npz: 3 windows of [1,1,8000]"), std::string::npos);
  const json document = json::parse(contents(statistics));
  EXPECT_EQ(document.at("windows"), 3);
  EXPECT_GT(document.at("values").size(), 50u);
  for (const json& value : document.at("values")) {
    EXPECT_LE(value.at("min"), value.at("p0_1")) << value;
    EXPECT_LE(value.at("p99_9"), value.at("max")) << value;
  }
  ASSERT_EQ(tessera_tool(build_of(kDemoMixture, folder / "a.tess")).code, 0);
  ASSERT_EQ(tessera_tool(build_of(windows, folder / "b.tess")).code, 0);
  EXPECT_EQ(contents(folder / "a.tess"), contents(folder / "b.tess"));
  EXPECT_EQ(folder.count(), 4);  // no state is left
}

TEST(CliCalibrate, ReplacesNothingAndSaysWhatItCannotUse) {
  const ScratchFolder folder;
  const std::string windows = (folder / "calib.npz").string();
  const std::vector<float> silence(16000, 0.0F);
  const std::string silent = (folder / "silent.wav").string();
  ASSERT_TRUE(write_audio(silent, silence, 8000).has_value());
  const Outcome outcome = tessera_tool({"calibrate", kDemoModel, "--calib", silent, "-o", windows});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_NE(outcome.err.find("no window of 8000 samples in 1 recording is louder than -60 dB"),
            std::string::npos)
      << outcome.err;
  const Outcome other = tessera_tool(
      {"calibrate", kDemoModel, "--calib", kDemoMixture, "-o", (folder / "calib.wav").string()});
  EXPECT_EQ(other.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_NE(other.err.find("is not the name of a NumPy archive"), std::string::npos);
  std::ofstream(windows) << "mine";
  const Outcome twice =
      tessera_tool({"calibrate", kDemoModel, "--calib", kDemoMixture, "-o", windows});
  EXPECT_EQ(twice.code, exit_code(ErrorCode::kAlreadyExists));
  EXPECT_EQ(contents(windows), "mine");
}

TEST(CliCompare, ALengthThatAFileFixesIsTheDefaultOnEitherSide) {
  const std::string checkpoint = TESSERA_SOURCE_DIR "/tests/data/asteroid/causal_cln.pth";
  const std::string fixed =
      TESSERA_SOURCE_DIR "/tests/data/onnx/asteroid/causal_cln.opset13.onnx";  // 2000 samples
  for (const auto& [a, b] : {std::pair(checkpoint, fixed), std::pair(fixed, checkpoint)}) {
    const Outcome outcome = tessera_tool({"compare", a, b, "--json"});
    ASSERT_EQ(outcome.code, 0) << outcome.out;
    EXPECT_EQ(json::parse(outcome.out).at("outputs").at(0).at("shape").at(2), 2000);
  }
}

class CliBisect : public testing::Test {
 protected:
  void SetUp() override {
    const Outcome outcome = tessera_tool(build_of(kDemoMixture, package_));
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    std::vector<float> second = read_audio(kDemoMixture).value().channels[0];
    second.resize(8000);
    ASSERT_TRUE(write_audio(signal_, second, 8000, {.format = SampleFormat::kFloat}).has_value());
  }
  ScratchFolder folder_;
  fs::path package_ = folder_ / "m.tess";
  fs::path signal_ = folder_ / "mix.wav";
};

TEST_F(CliBisect, CompareTellsEveryValueAndDrawsIt) {
  const fs::path svg = folder_ / "compare.svg";
  const Outcome outcome = tessera_tool({"compare", kDemoModel, package_.string(), "--input",
                                        signal_.string(), "--svg", svg.string(), "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.out;
  const json document = json::parse(outcome.out);
  EXPECT_EQ(document.at("backend_a"), "cpu");
  EXPECT_EQ(document.at("backend_b"), "emulator");
  EXPECT_GT(document.at("values").size(), 50u);
  EXPECT_GT(document.at("outputs").at(0).at("snr_db").get<double>(), 15);
  EXPECT_GT(document.at("outputs").at(0).at("cosine").get<double>(), 0.98);
  EXPECT_TRUE(contents(svg).starts_with("<svg "));
  const Outcome table =
      tessera_tool({"compare", kDemoModel, package_.string(), "--backend-b", "cpu"});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_NE(table.out.find("values matched by name"), std::string::npos);
  EXPECT_NE(table.err.find("compared on noise"), std::string::npos);
}

TEST_F(CliBisect, BisectWritesItsFindingsAndGoesOn) {
  const fs::path found = folder_ / "found";
  const std::vector<std::string> command{
      "bisect", kDemoModel, package_.string(), "--input", signal_.string(), "--contributors",
      "1",      "-o",       found.string(),    "--json"};
  const Outcome first = tessera_tool(command);
  ASSERT_EQ(first.code, 0) << first.out;
  const json document = json::parse(first.out);
  EXPECT_EQ(document.at("costliest"), "quantised");
  EXPECT_EQ(document.at("contributors").size(), 1u);
  EXPECT_EQ(document.at("resumed"), 0);
  for (const char* name :
       {"state.json", "report.json", "contributors.tsv", "difference_s1.wav", "difference_s2.wav"})
    EXPECT_TRUE(fs::exists(found / name)) << name;
  const AudioBuffer difference = read_audio(found / "difference_s1.wav").value();
  EXPECT_EQ(difference.frames(), 8000);
  const json again = json::parse(tessera_tool(command).out);
  EXPECT_EQ(again.at("trials"), 0);
  EXPECT_EQ(again.at("contributors"), document.at("contributors"));
}

TEST_F(CliBisect, BisectRefusesFoldersAndFilesThatAreNotItsOwn) {
  const Outcome outcome = tessera_tool({"bisect", kDemoModel, package_.string(), "--input",
                                        signal_.string(), "-o", folder_.path().string()});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kAlreadyExists));
  EXPECT_NE(outcome.err.find("holds other files"), std::string::npos);
  const Outcome model = tessera_tool({"bisect", kDemoModel, kDemoModel, "--input", signal_.string(),
                                      "-o", (folder_ / "x").string()});
  EXPECT_EQ(model.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_NE(model.err.find("is no package"), std::string::npos);
}

}  // namespace
}  // namespace tessera
