// tessera compile against the stand-in of the vendor's compiler: what a package gains, and what is
// said where a piece is refused or the compiler is not here.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "base/npy.h"
#include "cli/tool.h"
#include "tessera/package.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class CliCompile : public ::testing::Test {
 protected:
  CliCompile() {
    const Outcome built = tessera_tool(
        {"build", TESSERA_SOURCE_DIR "/tests/data/options/out_chan_1_src_1_skip_none.pth",
         "--length", "400", "--quantize", "int16", "--calib", wave(), "-o", path("net.tess")});
    EXPECT_EQ(built.code, 0) << built.err;
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  // Something to hear, of the network's length.
  std::string wave() const {
    std::vector<float> values(8 * 400);
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>((i * 37) % 101) / 101.0F - 0.5F;
    const int64_t dims[] = {8, 1, 400};
    EXPECT_TRUE(write_npy(path("wave.npy"), dims, values, {.force = true}));
    return path("wave.npy");
  }

  void rules(const std::string& text) const { std::ofstream(path("rules")) << text; }

  Outcome compile(std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {"DFC_STAND_IN_RULES=" + path("rules"),
                                      "DFC_STAND_IN_CALLS=" + path("calls"),
                                      TESSERA_CLI,
                                      "compile",
                                      path("net.tess"),
                                      "--calib",
                                      wave(),
                                      "-o",
                                      path("out.tess"),
                                      "--dfc",
                                      TESSERA_SOURCE_DIR "/tests/dfc_stand_in/hailo",
                                      "--jobs",
                                      "4"};
    words.insert(words.end(), more.begin(), more.end());
    return run_program("env", words, folder_.path());
  }

  int calls() const {
    std::ifstream file(path("calls"));
    int lines = 0;
    for (std::string line; std::getline(file, line);) ++lines;
    return lines;
  }

  ScratchFolder folder_;
};

TEST_F(CliCompile, AddsBothArtifactsOfEveryPiece) {
  rules("");
  const Outcome outcome = compile({"--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err << outcome.out;
  const json document = json::parse(outcome.out);
  const auto package = Package::open(path("out.tess"));
  ASSERT_TRUE(package) << package.error().to_string();
  const size_t pieces = document["pieces"].size();
  ASSERT_GT(pieces, 0u);
  size_t hefs = 0;
  size_t hars = 0;
  for (const PackageEntry& entry : package->manifest().entries) {
    hefs += entry.kind == "piece-hef";
    hars += entry.kind == "piece-har";
  }
  EXPECT_EQ(hefs, pieces);
  EXPECT_EQ(hars, pieces);
  const auto record = package->read("hailo/compile.json");
  ASSERT_TRUE(record);
  const json told = json::parse(record->begin(), record->end());
  EXPECT_EQ(told["compiler"], "DFC 3.33.0");
  // 16 bits are asked for by the parser's names.
  EXPECT_NE(told["pieces"][0]["script"].get<std::string>().find("precision_mode=a16_w16"),
            std::string::npos);
  EXPECT_EQ(tessera_tool({"package", "check", path("out.tess")}).code, 0);
  EXPECT_EQ(calls(), static_cast<int>(3 * pieces));
}

TEST_F(CliCompile, CalibratesEveryPieceOnWhatArrivesThere) {
  rules("");
  ASSERT_EQ(compile({"--samples", "5"}).code, 0);
  const auto package = Package::open(path("net.tess"));
  ASSERT_TRUE(package);
  const auto network = package->network();
  ASSERT_TRUE(network);
  int seen = 0;
  for (const ChipSegment& segment : network->plan.segments) {
    for (const Piece& piece : segment.pieces) {
      const auto array = read_npy(folder_.path() / "out.dfc/pieces" / (piece.name + ".npy"));
      if (!array) continue;  // of several inputs
      ++seen;
      const Shape& shape = piece.graph.node(piece.graph.inputs().front()).shape;
      EXPECT_EQ(array->dims, (std::vector<int64_t>{5, shape.h, shape.w, shape.c}));
      EXPECT_TRUE(
          std::any_of(array->values.begin(), array->values.end(), [](float v) { return v != 0; }));
    }
  }
  EXPECT_GT(seen, 0);
}

TEST_F(CliCompile, KeepsWhatWasTakenAndExplainsWhatWasNot) {
  rules("seg00* compiler infeasible\n");
  const Outcome outcome = compile();
  EXPECT_NE(outcome.code, 0);
  EXPECT_NE(outcome.err.find("allocator_infeasible"), std::string::npos) << outcome.err;
  const int before = calls();
  const Outcome again = compile({"--force"});
  EXPECT_NE(again.code, 0);
  EXPECT_EQ(calls(), before);  // nothing is done twice, the refusal included
  rules("");
  EXPECT_EQ(compile({"--force", "--retry"}).code, 0);
}

TEST_F(CliCompile, SaysAtOnceThatTheCompilerIsMissing) {
  const Outcome outcome = tessera_tool({"compile", path("net.tess"), "--calib", wave(), "-o",
                                        path("out.tess"), "--dfc", "no-such-hailo"});
  EXPECT_NE(outcome.code, 0);
  EXPECT_NE(outcome.err.find("Dataflow Compiler"), std::string::npos) << outcome.err;
  EXPECT_FALSE(fs::exists(path("out.tess")));
}

// The interpreter of this machine, with a stand-in for the compiler's package.
TEST_F(CliCompile, CallsThePythonInterfaceAsItDoesTheCommandLine) {
  fs::create_directories(folder_ / "venv/bin");
  fs::create_symlink("/usr/bin/python3", folder_ / "venv/bin/python3");
  rules("");
  std::vector<std::string> words = {"PYTHONPATH=" TESSERA_SOURCE_DIR "/tests/dfc_stand_in/python",
                                    "DFC_STAND_IN_RULES=" + path("rules"),
                                    TESSERA_CLI,
                                    "compile",
                                    path("net.tess"),
                                    "--calib",
                                    wave(),
                                    "-o",
                                    path("python.tess"),
                                    "--dfc-python",
                                    path("venv"),
                                    "--jobs",
                                    "2"};
  const Outcome outcome = run_program("env", words, folder_.path());
  ASSERT_EQ(outcome.code, 0) << outcome.err << outcome.out;
  ASSERT_EQ(compile().code, 0);
  const auto by_python = Package::open(path("python.tess"));
  const auto by_command = Package::open(path("out.tess"));
  ASSERT_TRUE(by_python && by_command);
  const auto hefs = [](const Package& package) {
    std::vector<std::string> found;
    for (const PackageEntry& entry : package.manifest().entries) {
      if (entry.kind == "piece-hef") found.push_back(entry.name + " " + entry.hash);
    }
    return found;
  };
  EXPECT_FALSE(hefs(*by_python).empty());
  EXPECT_EQ(hefs(*by_python), hefs(*by_command));

  rules("* compiler infeasible\n");
  words.insert(words.end(), {"--force", "--work", path("again")});
  const Outcome refused = run_program("env", words, folder_.path());
  EXPECT_EQ(refused.code, 10);
  EXPECT_NE(refused.out.find("allocator_infeasible"), std::string::npos) << refused.out;
}

TEST_F(CliCompile, SaysWhereAnEnvironmentHasNoPython) {
  rules("");
  const Outcome outcome = compile({"--dfc-python", path("nowhere")});
  EXPECT_EQ(outcome.code, 4) << outcome.err;
  EXPECT_NE(outcome.err.find("has no Python interpreter"), std::string::npos) << outcome.err;
}

class CliBuildOnVendor : public CliCompile {
 protected:
  Outcome build(std::vector<std::string> more) const {
    std::vector<std::string> words = {"DFC_STAND_IN_RULES=" + path("rules"),
                                      TESSERA_CLI,
                                      "build",
                                      TESSERA_SOURCE_DIR "/models/convtasnet_demo_gln_8k.pth",
                                      "--length",
                                      "8000",
                                      "--layout",
                                      "row",
                                      "--compiler",
                                      "dfc",
                                      "--dfc",
                                      TESSERA_SOURCE_DIR "/tests/dfc_stand_in/hailo",
                                      "--calib",
                                      TESSERA_SOURCE_DIR "/models/mixtures/04_mix.wav",
                                      "--samples",
                                      "2",
                                      "-o",
                                      path("chip.tess"),
                                      "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return run_program("env", words, folder_.path());
  }
};

TEST_F(CliBuildOnVendor, CutsSmallerWhatIsRefusedForItsSize) {
  rules("* parser widest:4000\n");
  const Outcome once = build({});
  EXPECT_EQ(once.code, 10) << once.err << once.out;
  EXPECT_FALSE(fs::exists(path("chip.tess")));

  const Outcome outcome = build({"--attempts", "4"});
  ASSERT_EQ(outcome.code, 0) << outcome.err << outcome.out;
  const json document = json::parse(outcome.out);
  ASSERT_EQ(document["attempts"].size(), 2U);
  EXPECT_GT(document["attempts"][0]["refused"], 0);
  EXPECT_NE(document["attempts"][0]["reason"].get<std::string>().find("Reshape is needed"),
            std::string::npos);
  EXPECT_EQ(document["attempts"][1]["refused"], 0);
  EXPECT_GT(document["attempts"][1]["row_fail_bytes"], 4000);

  const auto package = Package::open(path("chip.tess"));
  ASSERT_TRUE(package) << package.error().to_string();
  const auto network = package->network();
  ASSERT_TRUE(network);
  for (const ChipSegment& segment : network->plan.segments) {
    for (const Piece& piece : segment.pieces) {
      const Shape& input = piece.graph.node(piece.graph.inputs()[0]).shape;
      EXPECT_LE(input.c * input.w, 4000);
    }
  }
  EXPECT_EQ(tessera_tool({"package", "check", path("chip.tess")}).code, 0);
}

TEST_F(CliBuildOnVendor, EndsWithTheRefusalThatNoCutCures) {
  rules("* compiler deconv\n");
  const Outcome outcome = build({"--attempts", "5"});
  EXPECT_EQ(outcome.code, 10);
  const json document = json::parse(outcome.out);
  EXPECT_EQ(document["attempts"].size(), 1U);
  EXPECT_FALSE(fs::exists(path("chip.tess")));
}

}  // namespace
}  // namespace tessera
