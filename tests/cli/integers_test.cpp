// Integers as a user meets them: built, exported, verified, refused.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/npy.h"
#include "cli/tool.h"
#include "exit_codes.h"
#include "tessera/audio.h"
#include "tessera/compiler/export.h"

namespace tessera {
namespace {

using nlohmann::json;

const std::string kSmall = TESSERA_SOURCE_DIR "/tests/data/asteroid/gln_sigmoid.pth";

class CliIntegers : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  Outcome build(const std::string& calibration, std::vector<std::string> more = {}) {
    std::vector<std::string> words{"build", kSmall,       "-o",   path("m.tess"), "--length",
                                   "2003",  "--quantize", "int8", "--calib",      calibration};
    words.insert(words.end(), more.begin(), more.end());
    return tessera_tool(words);
  }
  std::string package() {
    const Outcome outcome = build(kDemoMixture, {"--calib-windows", "4"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return path("m.tess");
  }

  std::string wave(const std::string& name, const std::vector<float>& samples) {
    EXPECT_TRUE(write_audio(path(name), {8000, {samples}}).has_value());
    return path(name);
  }
  std::string array(const std::vector<int64_t>& dims, const std::vector<float>& values) {
    EXPECT_TRUE(write_npy(path("calib.npy"), dims, values).has_value());
    return path("calib.npy");
  }
  void expect_refusal(const std::string& calibration, const std::string& error,
                      ErrorCode code = ErrorCode::kInvalidArgument) {
    const Outcome outcome = build(calibration);
    EXPECT_EQ(outcome.code, exit_code(code));
    EXPECT_EQ(outcome.err, error);
    EXPECT_FALSE(std::filesystem::exists(path("m.tess")));
  }

  ScratchFolder folder_;
};

constexpr const char* kNothingHeard =
    "error: no window of 2003 samples in 1 recording is louder than -60 dB\n"
    "  in: calibration\n"
    "  next: give recordings of what the network will hear\n";

TEST_F(CliIntegers, CalibrationOnSilenceIsRefused) {
  expect_refusal(wave("a.wav", std::vector<float>(9000, 0.0F)), kNothingHeard);
}

TEST_F(CliIntegers, CalibrationOnAConstantIsRefused) {
  expect_refusal(wave("a.wav", std::vector<float>(9000, 0.7F)), kNothingHeard);
}

TEST_F(CliIntegers, CalibrationOnSilentArraysIsRefused) {
  expect_refusal(array({2, 1, 2003}, std::vector<float>(4006, 0.0F)),
                 "error: every window is silent\n"
                 "  in: calibration\n"
                 "  next: give recordings of what the network will hear\n");
}

TEST_F(CliIntegers, CalibrationOnOneSampleIsRefused) {
  expect_refusal(wave("a.wav", {0.5F}),
                 "error: the recording is shorter than a window of 2003 samples\n"
                 "  in: calibration\n"
                 "  next: give longer recordings\n");
  const std::string one = array({1, 1, 1}, {0.5F});
  expect_refusal(
      one,
      "error: has 1 along time, dimension 2 of [1, 1, 1]; the network takes 2003\n  in: " + one +
          "\n  next: choose what becomes of them with --array-length crop, pad or "
          "repeat\n");
}

TEST_F(CliIntegers, CalibrationOnNaNIsRefused) {
  std::vector<float> values(4006, 0.1F);
  values[2500] = std::nanf("");
  const std::string broken = array({2, 1, 2003}, values);
  expect_refusal(broken,
                 "error: 1 of its 4006 values are NaN, infinite or beyond float32, the first at "
                 "[1, 0, 497]\n"
                 "  in: " +
                     broken + "\n  next: repair or write it again\n",
                 ErrorCode::kCorrupt);
}

TEST_F(CliIntegers, CalibrationOnOtherChannelsIsRefused) {
  const std::string nine = array({2, 9, 2003}, std::vector<float>(2 * 9 * 2003, 0.1F));
  expect_refusal(nine,
                 "error: has 9 along channels, dimension 1 of [2, 9, 2003]; the network takes 1\n"
                 "  in: " +
                     nine +
                     "\n  next: save windows of the network's input in a stack: (N, T), (N, C, T), "
                     "(N, T, C) or (N, 1, T, C)\n");
}

TEST_F(CliIntegers, APackageIsNotVerifiedForAnotherTarget) {
  const std::string built = package();
  const Outcome outcome = tessera_tool({"verify", built, "--target", "hailo8l"});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kMismatch));
  EXPECT_EQ(outcome.err, "error: was built for hailo8, not for hailo8l\n  in: " + built +
                             "\n  next: build it again with --target hailo8l\n");
}

TEST_F(CliIntegers, ExportWritesAFilePerPieceOrTheWholeNetwork) {
  const std::string built = package();
  for (const std::string form : {"qdq", "qlinear"}) {
    const Outcome pieces =
        tessera_tool({"export", built, "--integers", form, "-o", path(form), "--json"});
    ASSERT_EQ(pieces.code, 0) << pieces.out;
    const json files = json::parse(pieces.out).at("files");
    EXPECT_GT(files.size(), 3U);
    for (const auto& file : files) {
      const std::filesystem::path name = file.get<std::string>();
      const Outcome held =
          tessera_tool({"package", "extract", built, "--force",
                        "pieces/" + form + "/" + name.filename().string(), "-o", path("held")});
      ASSERT_EQ(held.code, 0) << held.err;
      EXPECT_EQ(contents(name), contents(folder_ / "held/pieces" / form / name.filename()));
    }
    const Outcome whole =
        tessera_tool({"export", built, "--integers", form, "-o", path(form + ".onnx")});
    ASSERT_EQ(whole.code, 0) << whole.err;
    EXPECT_GT(std::filesystem::file_size(path(form + ".onnx")), 1000U);
  }
}

TEST_F(CliIntegers, ExportOfWhatHoldsNoneSaysHowToMakeThem) {
  const Outcome outcome = tessera_tool({"export", kSmall, "--integers", "qdq", "-o", path("out")});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_EQ(outcome.err, "error: is no package\n  in: " + kSmall +
                             "\n  next: quantise it: tessera build " + kSmall +
                             " --quantize int8 --calib RECORDINGS -o PACKAGE.tess\n");
}

TEST_F(CliIntegers, PackageVerifyCountsTheNetworksInIntegers) {
  const Outcome outcome = tessera_tool({"package", "check", package(), "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.out;
  const json document = json::parse(outcome.out);
  EXPECT_EQ(document.at("integer_files"), 2 * document.at("pieces").get<int>());
}

TEST_F(CliIntegers, InspectTellsTheArithmeticAndWhatItWasCalibratedOn) {
  const std::string built = package();
  const Outcome shown = tessera_tool({"inspect", built});
  ASSERT_EQ(shown.code, 0) << shown.err;
  EXPECT_NE(shown.out.find("\narithmetic       int8: "), std::string::npos) << shown.out;
  EXPECT_NE(shown.out.find("\ncalibrated on    4 windows of 04_mix.wav (min_max); outputs "),
            std::string::npos)
      << shown.out;
  const Outcome outcome = tessera_tool({"inspect", built, "--json"});
  const json integers = json::parse(outcome.out).at("package").at("integers");
  EXPECT_EQ(integers.at("arithmetic"), "int8");
  EXPECT_GT(integers.at("values_in_8_bits"), 10);
  EXPECT_EQ(integers.at("values_in_16_bits"), 0);
  EXPECT_EQ(integers.at("calibration").at("windows"), 4);
}

TEST_F(CliIntegers, VerifyComparesCodesAndTellsWhatIntegersCost) {
  const std::string built = package();
  const Outcome outcome =
      tessera_tool({"verify", built, "--audio", kDemoMixture, "--min-snr", "5", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.out;
  const json document = json::parse(outcome.out);
  EXPECT_EQ(document.at("backend"), "emulator");
  EXPECT_EQ(document.at("codes_equal"), true);
  EXPECT_EQ(document.at("all_close"), true);
  EXPECT_EQ(document.at("min_snr_db"), 5);
  EXPECT_GT(document.at("codes"), 10000);
  EXPECT_GT(document.at("snr_db"), 5);
  EXPECT_GT(document.at("estimated_si_snr_loss_db"), 0);
  for (const json& border : document.at("borders")) EXPECT_EQ(border.at("differing"), 0);
  for (const json& stage : document.at("stages")) EXPECT_LE(stage.at("cosine"), 1.0 + 1e-9);
}

// An encoder's numbers are no voices: SI-SNR says nothing about them.
TEST_F(CliIntegers, VerifySpeaksOfSeparationsOnlyWhereOutputsAreSequences) {
  Graph graph;
  GraphEditor editor(graph, "import");
  const NodeId input = editor.add(Input{{3, 1, 64}}, {}, "window").value();
  Conv conv;
  std::vector<float> weight;
  for (int i = 0; i < 8 * 3 * 3; ++i) weight.push_back(std::sin(static_cast<float>(7 * i)));
  conv.weight = Tensor({8, 3, 1, 3}, std::move(weight));
  const NodeId made = editor.add(conv, {input}, "conv").value();
  const NodeId relu = editor.add(Unary{}, {made}, "relu").value();
  editor.add_output("embedding", editor.add(GlobalPool{}, {relu}, "pool").value());
  ASSERT_TRUE(editor.enter(GraphForm::imported).has_value());
  ASSERT_TRUE(export_onnx(graph, path("encoder.onnx")).has_value());
  std::vector<float> values;
  for (int i = 0; i < 4 * 3 * 64; ++i) values.push_back(std::sin(static_cast<float>(i * i)));
  const Outcome built = tessera_tool({"build", path("encoder.onnx"), "--quantize", "int8",
                                      "--calib", array({4, 3, 64}, values), "-o", path("m.tess")});
  ASSERT_EQ(built.code, 0) << built.err;
  const Outcome shown = tessera_tool({"verify", path("m.tess")});
  ASSERT_EQ(shown.code, 0) << shown.err << shown.out;
  EXPECT_NE(shown.out.find("\noutputs vs float: SNR "), std::string::npos) << shown.out;
  EXPECT_EQ(shown.out.find("SI-SNR"), std::string::npos) << shown.out;
  const Outcome outcome = tessera_tool({"verify", path("m.tess"), "--json"});
  const json document = json::parse(outcome.out);
  EXPECT_TRUE(document.at("si_snr_db").is_null());
  EXPECT_TRUE(document.at("estimated_si_snr_loss_db").is_null());
  EXPECT_GT(document.at("snr_db"), 20);
}

TEST_F(CliIntegers, VerifyFailsWhereTooLittleIsLeft) {
  const Outcome outcome = tessera_tool({"verify", package(), "--min-snr", "120"});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kMismatch));
  EXPECT_NE(outcome.err.find(" dB over the network in float; 120.0 dB are asked for\n"),
            std::string::npos)
      << outcome.err;
  EXPECT_NE(outcome.out.find("each that of the uncut integer reference\n"), std::string::npos);
}

TEST_F(CliIntegers, VerifyInFloatIsAskedForByTheBackend) {
  const Outcome outcome = tessera_tool({"verify", package(), "--backend", "cpu"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("\nthe same network at every stage\n"), std::string::npos);
}

}  // namespace
}  // namespace tessera
