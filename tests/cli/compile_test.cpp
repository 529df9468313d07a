// tessera compile against the stand-in of the vendor's compiler: what a package gains, and what is
// said where a piece is refused or the compiler is not here.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "base/npy.h"
#include "cli/compile_fixture.h"
#include "tessera/package.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

TEST_F(CliCompile, AddsBothArtifactsOfEveryPiece) {
  rules("");
  const Outcome outcome = compile({"--json", "--join", "none"});
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
  EXPECT_TRUE(document["joined"].empty());
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

// The pieces of a network in one file, found again by their names in it.
TEST_F(CliCompile, PiecesShareAsFewFilesAsTheChipHolds) {
  rules("");
  const Outcome outcome = compile({"--json", "--join", "fewest"});
  ASSERT_EQ(outcome.code, 0) << outcome.err << outcome.out;
  const json document = json::parse(outcome.out);
  ASSERT_FALSE(document["joined"].empty());
  EXPECT_TRUE(document["not_joined"].empty());
  EXPECT_LT(document["cost"]["switch_ms_estimated"],
            document["cost_with_a_file_each"]["switch_ms_estimated"]);
  EXPECT_GT(document["cost"]["idle_bytes"], 0);
  const auto package = Package::open(path("out.tess"));
  ASSERT_TRUE(package) << package.error().to_string();
  const auto network = package->network();
  ASSERT_TRUE(network);
  std::map<std::string, std::string> networks;
  for (const json& file : document["joined"]) {
    for (size_t i = 0; i < file["pieces"].size(); ++i)
      networks[file["pieces"][i].get<std::string>()] = file["networks"][i];
  }
  size_t shared = 0;
  for (const ChipSegment& segment : network->plan.segments) {
    for (const Piece& piece : segment.pieces) {
      const auto artifact = package->artifact(piece, "hef").value();
      ASSERT_TRUE(artifact.has_value()) << piece.name;
      const auto joined = networks.find(piece.name);
      EXPECT_EQ(artifact->network, joined == networks.end() ? "" : joined->second);
      shared += artifact->network.empty() ? 0 : 1;
      EXPECT_TRUE(package->artifact(piece, "har").value().has_value());
    }
  }
  EXPECT_EQ(shared, networks.size());
  EXPECT_EQ(tessera_tool({"package", "check", path("out.tess")}).code, 0);
  const int before = calls();
  ASSERT_EQ(compile({"--join", "fewest", "--force"}).code, 0);
  EXPECT_EQ(calls(), before);  // joins are not done twice either
}

TEST_F(CliCompile, AFileThatTheCompilerDoesNotTakeIsDividedUntilPiecesHaveTheirOwn) {
  for (const char* behaviour : {"infeasible", "contexts:3"}) {
    SCOPED_TRACE(behaviour);
    fs::remove_all(path("out.dfc"));
    rules(std::string("joined* compiler ") + behaviour + "\n");
    const Outcome outcome = compile({"--json", "--join", "fewest", "--force"});
    ASSERT_EQ(outcome.code, 0) << outcome.err << outcome.out;
    const json document = json::parse(outcome.out);
    EXPECT_TRUE(document["joined"].empty());
    ASSERT_FALSE(document["not_joined"].empty());
    const std::string reason = document["not_joined"][0]["reason"];
    EXPECT_NE(reason.find(behaviour == std::string("infeasible") ? "allocator_infeasible"
                                                                 : "together they need 3 contexts"),
              std::string::npos)
        << reason;
    const auto package = Package::open(path("out.tess"));
    ASSERT_TRUE(package);
    size_t own = 0;
    for (const PackageEntry& entry : package->manifest().entries) own += entry.kind == "piece-hef";
    EXPECT_EQ(own, document["pieces"].size());
  }
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
  words.insert(words.end(), {"--join", "fewest"});
  const Outcome outcome = run_program("env", words, folder_.path());
  ASSERT_EQ(outcome.code, 0) << outcome.err << outcome.out;
  ASSERT_EQ(compile({"--join", "fewest"}).code, 0);
  const auto by_python = Package::open(path("python.tess"));
  const auto by_command = Package::open(path("out.tess"));
  ASSERT_TRUE(by_python && by_command);
  const auto hefs = [](const Package& package) {
    std::vector<std::string> found;
    for (const PackageEntry& entry : package.manifest().entries) {
      if (entry.kind == "piece-hef" || entry.kind == "joined-file")
        found.push_back(entry.name + " " + entry.hash);
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
