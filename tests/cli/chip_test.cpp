// The tool on a chip: a package with compiled pieces, run through the stand-in for HailoRT.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/npy.h"
#include "cli/tool.h"
#include "hailort_stand_in/piece.h"
#include "hailort_stand_in/variable.h"
#include "support/recordings.h"
#include "tessera/package.h"

namespace tessera {
namespace {

using nlohmann::json;

class CliHailo : public ::testing::Test {
 protected:
  // Every piece is compiled but the last.
  static void SetUpTestSuite() {
    folder_ = new ScratchFolder;
    const Outcome built = tessera_tool(
        {"build", TESSERA_SOURCE_DIR "/tests/data/asteroid/gln_sigmoid.pth", "--length", "2003",
         "--quantize", "int8", "--calib", kDemoMixture, "--calib-windows", "4", "-o", package()});
    ASSERT_EQ(built.code, 0) << built.err;
    const PackagedNetwork network = Package::open(package()).value().network().value();
    std::vector<PieceArtifact> compiled;
    for (const ChipSegment& segment : network.plan.segments) {
      for (const Piece& piece : segment.pieces) {
        compiled.push_back(
            {piece.name, "hef", stand_in::make_piece(piece.graph, *network.encodings)});
      }
    }
    missing_ = compiled.back().piece;
    compiled.pop_back();
    ASSERT_TRUE(add_artifacts(package(), compiled).has_value());
    ASSERT_TRUE(write_npy(path("mix.npy"), std::vector<int64_t>{2003},
                          test::sawtooth(8000, 2003).channels[0])
                    .has_value());
    ASSERT_TRUE(write_audio(path("mix.wav"), test::sawtooth(8000, 2003)).has_value());
  }
  static void TearDownTestSuite() { delete folder_; }
  static std::string path(const std::string& name) { return (*folder_ / name).string(); }
  static std::string package() { return path("int8.tess"); }
  static std::vector<std::string> run(const std::string& backend, const std::string& output) {
    return {"run",   package(),  "--input",    path("mix.npy"), "--backend",
            backend, "--output", path(output), "--force"};
  }

  const stand_in::Variable library_{"TESSERA_HAILORT", TESSERA_STAND_IN};
  inline static ScratchFolder* folder_ = nullptr;
  inline static std::string missing_;
};

TEST_F(CliHailo, APieceThatIsNotCompiledIsNamedWithTheNextStep) {
  const Outcome outcome = tessera_tool(run("hailo", "y.npy"));
  EXPECT_NE(outcome.code, 0);
  EXPECT_NE(outcome.err.find("the package holds no compiled file (.hef) of this piece"),
            std::string::npos)
      << outcome.err;
  EXPECT_NE(outcome.err.find("piece '" + missing_ + "'"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("next: compile the package for the chip"), std::string::npos);
}

TEST_F(CliHailo, FallsBackOnRequestTellsWhyAndGivesTheEmulatorsSamples) {
  ASSERT_EQ(tessera_tool(run("emulator", "emulated.npy")).code, 0);
  std::vector<std::string> words = run("hailo", "chip.npy");
  words.insert(words.end(), {"--allow-fallback", "--check"});
  const Outcome text = tessera_tool(words);
  ASSERT_EQ(text.code, 0) << text.err;
  EXPECT_NE(text.err.find("warning: piece '" + missing_ + "' runs on emulator: "),
            std::string::npos)
      << text.err;
  EXPECT_NE(text.out.find(" on hailo, 1 on emulator, host steps on emulator\n"), std::string::npos)
      << text.out;
  EXPECT_EQ(read_npy(path("chip.npy")).value().values,
            read_npy(path("emulated.npy")).value().values);
  words.emplace_back("--json");
  const json document = json::parse(tessera_tool(words).out);
  EXPECT_EQ(document.at("backend"), "hailo");
  EXPECT_EQ(document.at("arithmetic"), "integer");
  EXPECT_GT(document.at("equal_codes"), 10'000);
  const json& devices = document.at("devices");
  EXPECT_EQ(devices.at("host"), "emulator");
  EXPECT_EQ(devices.at("temperature_celsius"), 42.5);
  EXPECT_EQ(devices.at("power_watts"), 2.25);
  for (const json& piece : devices.at("pieces")) {
    const bool is_missing = piece.at("piece") == missing_;
    EXPECT_EQ(piece.at("backend"), is_missing ? "emulator" : "hailo");
    EXPECT_EQ(piece.contains("reason"), is_missing);
    EXPECT_GT(piece.at("calls"), 0);
  }
}

TEST_F(CliHailo, SeparatesAnotherLengthOnTheChip) {
  ASSERT_TRUE(write_audio(path("long.wav"), test::sawtooth(8000, 3001)).has_value());
  const Outcome outcome =
      tessera_tool({"separate", package(), path("long.wav"), "--sample-rate", "8000", "--backend",
                    "hailo", "--allow-fallback", "-o", path("voices"), "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const json devices = json::parse(outcome.out).at("devices");
  int on_chip = 0;
  for (const json& piece : devices.at("pieces")) on_chip += piece.at("backend") == "hailo" ? 1 : 0;
  EXPECT_GT(on_chip, 0) << devices;
}

TEST_F(CliHailo, AModelFileIsRefusedWithTheNextStep) {
  const Outcome outcome =
      tessera_tool({"run", TESSERA_SOURCE_DIR "/tests/data/asteroid/gln_sigmoid.pth", "--input",
                    path("mix.npy"), "--backend", "hailo"});
  EXPECT_NE(outcome.code, 0);
  EXPECT_NE(outcome.err.find("runs compiled pieces of a package, and no network as it is"),
            std::string::npos)
      << outcome.err;
}

TEST_F(CliHailo, DoctorTellsOfLibraryAndDevice) {
  const Outcome outcome = tessera_tool({"doctor", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const json document = json::parse(outcome.out);
  int told = 0;
  for (const json& item : document.at("hailo")) {
    if (item.at("name") != "library" && item.at("name") != "session") continue;
    EXPECT_EQ(item.at("state"), "found") << item;
    ++told;
  }
  EXPECT_EQ(told, 2);
}

TEST_F(CliHailo, WithoutTheLibraryTheBackendSaysWhereToGetIt) {
  const stand_in::Variable none("TESSERA_HAILORT", "/nowhere/libhailort.so");
  const Outcome outcome = tessera_tool(run("hailo", "y.npy"));
  EXPECT_NE(outcome.code, 0);
  EXPECT_NE(outcome.err.find("correct or unset TESSERA_HAILORT"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace tessera
