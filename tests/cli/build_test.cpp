// tessera build and package, and packages where models are expected.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/npy.h"
#include "cli/tool.h"
#include "exit_codes.h"
#include "tessera/compiler/graph.h"
#include "tessera/file.h"

namespace tessera {
namespace {

using nlohmann::json;

const std::string kSmall = TESSERA_SOURCE_DIR "/tests/data/asteroid/gln_sigmoid.pth";
const std::string kSmallInput = TESSERA_SOURCE_DIR "/tests/data/asteroid/gln_sigmoid.in.npy";
const std::string kSmallOutput = TESSERA_SOURCE_DIR "/tests/data/asteroid/gln_sigmoid.out.npy";

class CliBuild : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  // A package of the small network.
  std::string package(std::vector<std::string> more = {}) {
    std::vector<std::string> words{"build", kSmall, "-o", path("m.tess"), "--length", "2003"};
    words.insert(words.end(), more.begin(), more.end());
    const Outcome outcome = tessera_tool(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return path("m.tess");
  }

  ScratchFolder folder_;
};

TEST_F(CliBuild, LeavesOneLinePerStageAndOneForThePackage) {
  const Outcome outcome = tessera_tool({"build", kSmall, "-o", path("m.tess"), "--length", "2003"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 7) << outcome.out;
  for (const char* stage :
       {"import ", "\nrewrite ", "\nplan ", "\ncompile ", "\nverify ", "\nsave "})
    EXPECT_NE(outcome.out.find(stage), std::string::npos) << stage;
}

TEST_F(CliBuild, JsonTellsStagesAndParity) {
  const Outcome outcome =
      tessera_tool({"build", kSmall, "-o", path("m.tess"), "--length", "2003", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.out;
  const json document = json::parse(outcome.out);
  EXPECT_EQ(document.at("stages").size(), 6U);
  EXPECT_EQ(document.at("verdict"), "fits");
  EXPECT_LE(document.at("parity").at("max_abs"), document.at("parity").at("tolerance"));
}

TEST_F(CliBuild, APackageRunsAsItsModelDoes) {
  const Outcome outcome = tessera_tool(
      {"run", package(), "--input", kSmallInput, "--output", path("y.npy"), "--check"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const NpyArray ours = read_npy(path("y.npy")).value();
  const NpyArray theirs = read_npy(kSmallOutput).value();
  ASSERT_EQ(ours.values.size(), theirs.values.size());
  for (size_t i = 0; i < ours.values.size(); ++i)
    ASSERT_NEAR(ours.values[i], theirs.values[i], 1e-5);
}

TEST_F(CliBuild, APackageSeparatesRecordingsOfAnyLength) {
  const Outcome outcome =
      tessera_tool({"separate", package(), kDemoMixture, "-o", path("voices"), "--check"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(std::filesystem::exists(folder_ / "voices/04_mix_s2.wav"));
}

TEST_F(CliBuild, OtherCommandsReadTheModelInAPackage) {
  const std::string built = package();
  const Outcome inspected = tessera_tool({"inspect", built, "--json"});
  ASSERT_EQ(inspected.code, 0) << inspected.out;
  EXPECT_EQ(json::parse(inspected.out).at("package").at("target"), "hailo8");
  EXPECT_EQ(json::parse(inspected.out).at("length"), 2003);
  EXPECT_EQ(tessera_tool({"check", built}).code, 0);
  EXPECT_EQ(tessera_tool({"export", built, "-o", path("m.onnx")}).code, 0);
}

TEST_F(CliBuild, PackageListsExtractsAndVerifies) {
  const std::string built = package();
  const Outcome listed = tessera_tool({"package", "ls", built, "--json"});
  ASSERT_EQ(listed.code, 0) << listed.out;
  const json entries = json::parse(listed.out).at("entries");
  EXPECT_EQ(entries[0].at("name"), "model/gln_sigmoid.pth");
  const Outcome extracted = tessera_tool({"package", "extract", built, "-o", path("out")});
  ASSERT_EQ(extracted.code, 0) << extracted.err;
  EXPECT_EQ(contents(folder_ / "out/model/gln_sigmoid.pth"), contents(kSmall));
  EXPECT_EQ(tessera_tool({"package", "extract", built, "-o", path("out")}).code,
            exit_code(ErrorCode::kAlreadyExists));
  EXPECT_EQ(tessera_tool({"package", "check", built, "--model", kSmall}).code, 0);
}

TEST_F(CliBuild, ANetworkInSeveralFilesIsPackedWithAllOfThem) {
  const std::string data = TESSERA_SOURCE_DIR "/tests/data/speechbrain/folder";
  std::filesystem::copy(data, folder_ / "net");
  const std::string built = path("n.tess");
  ASSERT_EQ(tessera_tool({"build", path("net"), "-o", built, "--length", "121"}).code, 0);
  ASSERT_EQ(tessera_tool({"package", "extract", built, "-o", path("out")}).code, 0);
  for (const char* name : {"encoder.ckpt", "masknet.ckpt", "decoder.ckpt", "hyperparams.yaml"}) {
    EXPECT_EQ(contents(folder_ / "out/model" / name), contents(folder_ / "net" / name)) << name;
  }
  EXPECT_EQ(tessera_tool({"package", "check", built, "--model", path("net")}).code, 0);
  EXPECT_EQ(tessera_tool({"package", "check", built, "--model", path("net/masknet.ckpt")}).code, 0);
  std::filesystem::copy(data + "/../causal/encoder.ckpt", folder_ / "net",
                        std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(tessera_tool({"package", "check", built, "--model", path("net")}).code,
            exit_code(ErrorCode::kMismatch));
  // The package needs none of the files any more.
  std::filesystem::remove_all(folder_ / "net");
  const Outcome ran =
      tessera_tool({"run", built, "--input", data + "/in.npy", "--output", path("o.npy")});
  ASSERT_EQ(ran.code, 0) << ran.err;
  const auto out = read_npy(path("o.npy"));
  const auto expected = read_npy(data + "/out.npy");
  ASSERT_TRUE(out && expected);
  ASSERT_EQ(out->values.size(), expected->values.size());
  for (size_t i = 0; i < out->values.size(); ++i)
    EXPECT_NEAR(out->values[i], expected->values[i], 1e-5F) << i;
}

TEST_F(CliBuild, APackageOfAnotherModelIsTold) {
  const std::string built = package();
  const Outcome outcome = tessera_tool({"package", "check", built, "--model", kDemoModel});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kMismatch));
  EXPECT_EQ(outcome.err,
            "error: is not the file that the package was built from "
            "('gln_sigmoid.pth')\n  in: " +
                kDemoModel + "\n  next: build the package again from this file\n");
}

TEST_F(CliBuild, AHalfWrittenPackageIsToldApartFromAModel) {
  const std::string built = package();
  std::filesystem::resize_file(built, std::filesystem::file_size(built) / 2);
  const Outcome outcome = tessera_tool({"run", built, "--input", kSmallInput});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kCorrupt));
  EXPECT_EQ(outcome.err, "error: the digest at the end of the file is missing\n  in: " + built +
                             "\n  next: the package is damaged or was cut short: copy it again, or "
                             "build it again\n");
}

TEST_F(CliBuild, AnUnknownTargetIsRefusedBeforeAnythingIsRead) {
  const Outcome outcome =
      tessera_tool({"build", "missing.pth", "--target", "hailo9", "-o", path("m.tess")});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kNotFound));
  EXPECT_NE(outcome.err.find("hailo9"), std::string::npos) << outcome.err;
}

TEST_F(CliBuild, FrozenNormsNeedARecording) {
  const Outcome outcome = tessera_tool({"build", kSmall, "--norm", "frozen", "-o", path("m.tess")});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_EQ(
      outcome.err,
      "error: frozen norms and integers need to see what the network will hear\n  in: calibration\n"
      "  next: add --calib with recordings, a folder of them, or an .npz\n");
  const Outcome frozen = tessera_tool({"build", kSmall, "--norm", "frozen", "--calib", kDemoMixture,
                                       "--length", "2003", "-o", path("m.tess"), "--json"});
  ASSERT_EQ(frozen.code, 0) << frozen.out;
  EXPECT_EQ(json::parse(frozen.out).at("exact"), false);
}

TEST_F(CliBuild, IntegersNeedRecordings) {
  const Outcome outcome =
      tessera_tool({"build", kSmall, "--quantize", "int8", "-o", path("m.tess")});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_EQ(outcome.err,
            "error: frozen norms and integers need to see what the network will hear\n  in: "
            "calibration\n  next: add --calib with recordings, a folder of them, or an .npz\n");
}

TEST_F(CliBuild, AnUnknownPrecisionIsRefused) {
  const int no_loss = exit_code(ErrorCode::kInvalidArgument);
  for (const auto& [mode, code] :
       std::vector<std::pair<const char*, int>>{{"int7", kExitUsage},
                                                {"mixedly", kExitUsage},
                                                {"mixed=", no_loss},
                                                {"mixed=-1dB", no_loss}}) {
    const Outcome outcome = tessera_tool(
        {"build", kSmall, "--quantize", mode, "--calib", kDemoMixture, "-o", path("m.tess")});
    EXPECT_EQ(outcome.code, code) << mode << outcome.err;
  }
}

TEST_F(CliBuild, AnObserverIsOneOfFourAndForIntegers) {
  const Outcome unknown = tessera_tool({"build", kSmall, "--quantize", "int8", "--range-estimator",
                                        "median", "--calib", kDemoMixture, "-o", path("m.tess")});
  EXPECT_EQ(unknown.code, kExitUsage);
  EXPECT_EQ(
      unknown.err,
      "error: --range-estimator: 'median' is none of auto, min_max, percentile, mse, entropy\n"
      "  in: tessera build\n  next: see 'tessera build --help'\n");
  const Outcome in_float =
      tessera_tool({"build", kSmall, "--range-estimator", "mse", "-o", path("m.tess")});
  EXPECT_EQ(in_float.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_EQ(in_float.err,
            "error: is only for integers\n  in: --range-estimator\n  next: leave it out, or add "
            "--quantize int8\n");
  const Outcome built =
      tessera_tool({"build", kDemoModel, "--length", "8000", "--quantize", "int8",
                    "--range-estimator", "entropy", "--calib", kDemoMixture, "-o", path("m.tess")});
  ASSERT_EQ(built.code, 0) << built.err;
  const Outcome shown = tessera_tool({"inspect", path("m.tess")});
  EXPECT_NE(shown.out.find("(entropy)"), std::string::npos) << shown.out;
}

TEST_F(CliBuild, ALossThat16BitsCannotKeepIsAWarning) {
  const Outcome outcome =
      tessera_tool({"build", kSmall, "--length", "2003", "--quantize", "mixed=0.000001dB",
                    "--calib", kDemoMixture, "-o", path("m.tess"), "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.out;
  const json document = json::parse(outcome.out);
  ASSERT_EQ(document.at("warnings").size(), 1U) << outcome.out;
  const std::string warning = document.at("warnings")[0];
  EXPECT_TRUE(
      warning.starts_with("a loss of 1e-06 dB allows 81.4 dB SNR vs float, and 16 bits for every "
                          "value do not keep that: "
                          "the fewest that keep as much as these were chosen, "))
      << warning;
}

TEST_F(CliBuild, AQuantizedPackageSeparatesOnTheEmulator) {
  const Outcome built = tessera_tool({"build", kDemoModel, "--length", "8000", "--quantize", "int8",
                                      "--calib", kDemoMixture, "-o", path("m.tess"), "--json"});
  ASSERT_EQ(built.code, 0) << built.err;
  EXPECT_EQ(json::parse(built.out).at("quantize"), "int8");
  const Outcome outcome = tessera_tool(
      {"separate", path("m.tess"), kDemoMixture, "--backend", "emulator", "-o", path("voices")});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

// A piece's input has the name of the encoder, which has integer weights elsewhere.
TEST_F(CliBuild, AQuantizedPackageWithItsEncoderOnTheChipPlays) {
  const Outcome built = tessera_tool({"build", kDemoModel, "--length", "8000", "--quantize", "int8",
                                      "--encoder-on-chip", "--masks-on-chip", "--calib",
                                      kDemoMixture, "-o", path("m.tess")});
  ASSERT_EQ(built.code, 0) << built.err;
  // The chip's time is told again: more bytes cross the link.
  EXPECT_NE(built.out.find("6 of them in 16 bits (about "), std::string::npos) << built.out;
  const Outcome outcome = tessera_tool({"package", "check", path("m.tess")});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

TEST_F(CliBuild, AFloatPackageDoesNotRunOnTheEmulator) {
  const Outcome outcome =
      tessera_tool({"run", package(), "--input", kSmallInput, "--backend", "emulator"});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument));
}

TEST_F(CliBuild, AnUnknownLayoutIsAMistakeOfTheCommandLine) {
  const Outcome outcome = tessera_tool({"build", kSmall, "--layout", "diagonal", "-o", path("m")});
  EXPECT_EQ(outcome.code, kExitUsage);
}

TEST_F(CliBuild, AnExistingPackageIsReplacedOnlyByForce) {
  const std::string built = package();
  const Outcome outcome = tessera_tool({"build", kSmall, "-o", built, "--length", "2003"});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kAlreadyExists));
  package({"--force"});
}

TEST_F(CliBuild, APackageIsNotBuiltFromAPackage) {
  const std::string built = package();
  const Outcome outcome = tessera_tool({"build", built, "-o", path("again.tess")});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument));
}

TEST_F(CliBuild, ConstructorArgumentsBelongToTheBuild) {
  const Outcome outcome =
      tessera_tool({"run", package(), "--model-arg", "mask_act=relu", "--input", kSmallInput});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_EQ(
      outcome.err,
      "error: a package holds the arguments that it was built with\n  in: --model-arg\n  next: "
      "give them to 'tessera build'\n");
}

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

using Names = std::vector<std::string>;

TEST_F(CliBuild, StopsAfterAStageAndWritesNoPackage) {
  const Outcome outcome = tessera_tool(
      {"build", kSmall, "--length", "2003", "--stop-after", "plan", "-o", path("m.tess")});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 4) << outcome.out;
  EXPECT_NE(outcome.out.find("\nplan "), std::string::npos) << outcome.out;
  EXPECT_TRUE(outcome.out.ends_with("stopped after plan: no package is written\n")) << outcome.out;
  EXPECT_TRUE(names_in(folder_.path()).empty());
  const Outcome told =
      tessera_tool({"build", kSmall, "--length", "2003", "--stop-after", "import", "--json"});
  ASSERT_EQ(told.code, 0) << told.out;
  EXPECT_EQ(json::parse(told.out).at("stopped_after"), "import");
  EXPECT_EQ(json::parse(told.out).at("stages").size(), 1U);
}

TEST_F(CliBuild, LeavesWhatEachStageMade) {
  const Outcome outcome = tessera_tool({"build", kSmall, "--length", "2003", "--stop-after",
                                        "rewrite", "--dump-dir", path("stages")});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(names_in(folder_ / "stages"), (Names{"import.graph", "rewrite.graph"}));
  const Outcome taken = tessera_tool(
      {"build", kSmall, "-o", path("m.tess"), "--length", "2003", "--dump-dir", path("stages")});
  EXPECT_EQ(taken.code, exit_code(ErrorCode::kAlreadyExists)) << taken.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "m.tess"));
  package({"--dump-dir", path("stages"), "--force"});
  EXPECT_EQ(names_in(folder_ / "stages"),
            (Names{"compile.json", "import.graph", "plan.json", "rewrite.graph"}));
  ASSERT_EQ(tessera_tool({"package", "extract", path("m.tess"), "-o", path("held")}).code, 0);
  const auto legal = parse_graph(contents(folder_ / "stages/rewrite.graph"), "rewrite.graph");
  ASSERT_TRUE(legal) << legal.error().to_string();
  EXPECT_EQ(print_graph(*legal, {.weights = false}), contents(folder_ / "held/graph/legal.txt"));
  EXPECT_EQ(contents(folder_ / "stages/plan.json"), contents(folder_ / "held/plan.json"));
  EXPECT_EQ(contents(folder_ / "stages/compile.json"), contents(folder_ / "held/placement.json"));
}

TEST_F(CliBuild, LeavesEncodingsOfAQuantisedBuild) {
  const Outcome outcome =
      tessera_tool({"build", kSmall, "--quantize", "int8", "--calib", kDemoMixture, "--stop-after",
                    "quantize", "--dump-dir", path("stages")});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(names_in(folder_ / "stages"), (Names{"channel_basis.json", "import.graph", "plan.json",
                                                 "quantize.json", "rewrite.graph"}));
  EXPECT_TRUE(json::parse(contents(folder_ / "stages/quantize.json")).is_object());
}

TEST_F(CliBuild, AStageThatThisBuildHasNotIsRefused) {
  const Outcome outcome = tessera_tool({"build", kSmall, "--stop-after", "quantize"});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_EQ(outcome.err,
            "error: is no stage of this build\n  in: quantize\n  next: its stages are import, "
            "rewrite, plan, compile, verify, save\n");
}

TEST_F(CliBuild, AWholeBuildNeedsTheNameOfItsPackage) {
  const Outcome outcome = tessera_tool({"build", kSmall});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_EQ(outcome.err,
            "error: no package is named\n  in: --output\n  next: add -o FILE.tess, or "
            "--stop-after STAGE to write none\n");
}

}  // namespace
}  // namespace tessera
