// Networks of motion sensors as a user handles them: calibrated, built, verified, compared, run,
// classified, encoded.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/npy.h"
#include "cli/tool.h"
#include "exit_codes.h"

namespace tessera {
namespace {

using nlohmann::json;

const std::string kMotion = TESSERA_SOURCE_DIR "/models/motion/motion_tcn.pth";
const std::string kTrain = TESSERA_SOURCE_DIR "/models/motion/BasicMotions_TRAIN.ts";
const std::string kTest = TESSERA_SOURCE_DIR "/models/motion/BasicMotions_TEST.ts";

class CliSensors : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return path(name);
  }
  static json succeed(std::vector<std::string> words) {
    words.emplace_back("--json");
    const Outcome outcome = tessera_tool(words);
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    return outcome.code == 0 ? json::parse(outcome.out) : json();
  }
  static void expect_refused(const std::vector<std::string>& words, ErrorCode code,
                             const std::string& said) {
    const Outcome outcome = tessera_tool(words);
    EXPECT_EQ(outcome.code, exit_code(code)) << outcome.err;
    EXPECT_NE(outcome.err.find(said), std::string::npos) << outcome.err << "\nlacks: " << said;
  }
  // A recording of six channels with names.
  std::string recording(int frames) const {
    std::string text = "t,ax,ay,az,gx,gy,gz\n";
    for (int t = 0; t < frames; ++t) {
      text += std::to_string(t);
      for (int c = 0; c < 6; ++c) text += "," + std::to_string(std::sin(0.07 * (c + 1) * t));
      text += "\n";
    }
    return write("recording.csv", text);
  }

  ScratchFolder folder_;
};

TEST_F(CliSensors, IntegersClassifyAsWellAsFloats) {
  const json floats = succeed({"classify", kMotion, kTest});
  EXPECT_EQ(floats.at("accuracy"), 1.0);
  succeed({"build", kMotion, "--quantize", "int8", "--calib", kTrain, "-o", path("int8.tess")});
  const json integers = succeed({"classify", path("int8.tess"), kTest});
  EXPECT_EQ(integers.at("arithmetic"), "integer");
  EXPECT_EQ(integers.at("labelled"), 40);
  EXPECT_GE(integers.at("accuracy").get<double>(), 0.99);
  ASSERT_EQ(integers.at("windows").size(), 40U);
  EXPECT_EQ(integers.at("windows")[0].at("probabilities").size(), 4U);
}

TEST_F(CliSensors, VerifyShowsEveryFormAndTheChecklist) {
  succeed({"build", kMotion, "--quantize", "int8", "--calib", kTrain, "-o", path("int8.tess")});
  const json document = succeed({"verify", path("int8.tess"), "--input", kTest});
  const json& equivalence = document.at("equivalence");
  EXPECT_EQ(equivalence.at("passed"), true);
  EXPECT_EQ(equivalence.at("windows"), 16);
  EXPECT_TRUE(document.at("si_snr_db").is_null());  // nothing is separated
  ASSERT_EQ(equivalence.at("forms").size(), 4U);
  for (const json& form : equivalence.at("forms")) {
    const bool integers = form.at("form") == "quantised";
    EXPECT_GT(form.at("cosine").get<double>(), integers ? 0.99 : 0.99999) << form;
    EXPECT_GE(form.at("mse").get<double>(), 0.0);
  }
  for (const json& check : equivalence.at("checks")) {
    EXPECT_EQ(check.at("holds"), true) << check;
    EXPECT_FALSE(check.at("evidence").get<std::string>().empty());
  }
  // The same with the model that it should have come from.
  succeed({"verify", path("int8.tess"), "--input", kTest, "--model", kMotion});
}

TEST_F(CliSensors, TwoDevicesStayStackedInEveryStage) {
  succeed({"build", kMotion, "--devices", "2", "-o", path("dual.tess")});
  const json document = succeed({"verify", path("dual.tess")});
  bool independent = false;
  for (const json& check : document.at("equivalence").at("checks")) {
    EXPECT_EQ(check.at("holds"), true) << check;
    const std::string evidence = check.at("evidence");
    independent = independent || evidence.find("change by 0 at most") != std::string::npos;
    if (check.at("claim") == "static shapes [1, C, H, T], the same in every form") {
      EXPECT_NE(evidence.find("[1, 6, 2, 100] -> [1, 4, 2, 1]"), std::string::npos) << evidence;
    }
  }
  EXPECT_TRUE(independent);
  // Columns of both devices, side by side.
  std::string text;
  std::string single_text;
  for (int t = 0; t < 100; ++t) {
    std::string row;
    for (int c = 0; c < 6; ++c)
      row += (c > 0 ? "," : "") + std::to_string(std::cos(0.05 * (c + 1) * t));
    text += row + "," + row + "\n";
    single_text += row + "\n";
  }
  const json both = succeed({"encode", path("dual.tess"), write("both.csv", text)});
  const json single = succeed({"encode", kMotion, write("one.csv", single_text)});
  ASSERT_EQ(both.at("latents").size(), 2U);
  for (const json& latent : both.at("latents")) {
    for (size_t i = 0; i < 4; ++i) {
      EXPECT_NEAR(latent.at("latent")[i].get<double>(),
                  single.at("latents")[0].at("latent")[i].get<double>(), 1e-6);
    }
  }
}

TEST_F(CliSensors, RunCalibrateCompareAndBisectTakeFilesOfWindows) {
  const std::string csv = recording(300);
  const json run = succeed({"run", kMotion, "--input", csv, "--output", path("y.npy")});
  EXPECT_EQ(run.at("windows"), 3);
  const json slid =
      succeed({"run", kMotion, "--input", csv, "--hop", "50", "--output", path("z.npy")});
  EXPECT_EQ(slid.at("windows"), 5);
  const NpyArray y = read_npy(path("y.npy")).value();
  const NpyArray z = read_npy(path("z.npy")).value();
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(z.values[8 + i], y.values[4 + i]);
  succeed({"calibrate", kMotion, "--calib", kTrain, "--calib", csv, "-o", path("calib.npz")});
  succeed({"build", kMotion, "--quantize", "int8", "--calib", path("calib.npz"), "-o",
           path("int8.tess")});
  const json compared = succeed({"compare", kMotion, path("int8.tess"), "--input", csv});
  EXPECT_GT(compared.at("outputs")[0].at("cosine").get<double>(), 0.99);
  const json bisected =
      succeed({"bisect", kMotion, path("int8.tess"), "--input", csv, "-o", path("found")});
  EXPECT_TRUE(bisected.contains("package_hash"));
}

TEST_F(CliSensors, ASensorFilePutsTheZScoreInFront) {
  const std::string net = TESSERA_SOURCE_DIR "/tests/data/sensors/time_first_softmax.onnx";
  const std::string sensor = write("sensor.json", R"({"normalization": {
      "mean": [1,2,3,4,5,6], "std": [1,2,1,2,1,2], "channel_order": ["a","b","c","d","e","f"]},
      "model_specs": {"sequence_length": 40}, "classes": ["u","v","w","x","y"]})");
  std::string raw = "f,e,d,c,b,a\n";
  std::string scored;
  for (int t = 0; t < 40; ++t) {
    std::string row;
    std::string raw_row;
    for (int c = 0; c < 6; ++c) {
      const double x = std::sin(0.1 * t * (c + 1));
      row += (c > 0 ? "," : "") + std::to_string(x);
      const double unscored = std::stod(std::to_string(x)) * (c % 2 == 0 ? 1 : 2) + c + 1;
      raw_row = std::to_string(unscored) + (c > 0 ? "," : "") + raw_row;
    }
    scored += row + "\n";
    raw += raw_row + "\n";
  }
  const json plain = succeed({"encode", net, write("scored.csv", scored)});
  const json front = succeed({"classify", net, "--sensor", sensor, write("raw.csv", raw)});
  const json& found = front.at("windows")[0];
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(found.at("probabilities")[i].get<double>(),
                plain.at("latents")[0].at("latent")[i].get<double>(), 1e-5);
  }
  const std::vector<std::string> names{"u", "v", "w", "x", "y"};
  EXPECT_EQ(found.at("label"), names[found.at("class").get<size_t>()]);
}

TEST_F(CliSensors, BadInputIsRefusedByItsFault) {
  const std::string csv = recording(300);
  expect_refused({"classify", kMotion, recording(60)}, ErrorCode::kInvalidArgument,
                 "holds 60 frames, fewer than a window of 100");
  recording(300);
  expect_refused({"classify", kMotion, csv, "--columns", "ax,ay,az,gx,gy,nowhere"},
                 ErrorCode::kInvalidArgument, "has no column 'nowhere'");
  expect_refused({"classify", kMotion, write("wide.csv", "1,2,3\n4,5,6\n")},
                 ErrorCode::kInvalidArgument, "has 3 columns, the network takes 6 channels");
  expect_refused({"encode", kMotion, write("text.csv", "1,2,3,4,5,6\n1,2,x,4,5,6\n")},
                 ErrorCode::kCorrupt, "row 2, column 3: is 'x', which is no number");
  expect_refused({"classify", kMotion, write("empty.json", "")}, ErrorCode::kCorrupt,
                 "the file is empty");
  expect_refused({"encode", kMotion, "--devices", "2", csv}, ErrorCode::kInvalidArgument,
                 "6 channels of each of 2 devices");
  expect_refused({"run", kMotion, "--input", write("long.json", "[[1,2,3,4,5,6]]")},
                 ErrorCode::kInvalidArgument, "holds 1 frame, the network takes 100");
  expect_refused({"classify", kMotion, "--sensor", write("bad.json", "{\"classes\": [1]}"), csv},
                 ErrorCode::kCorrupt, "classes");
  expect_refused({"classify", kDemoModel, csv}, ErrorCode::kInvalidArgument, "separates voices");
  const Outcome kept = tessera_tool({"encode", kMotion, csv, "-o", write("there.npy", "mine")});
  EXPECT_EQ(kept.code, exit_code(ErrorCode::kAlreadyExists));
  EXPECT_EQ(contents(path("there.npy")), "mine");
}

}  // namespace
}  // namespace tessera
