// The tool on a chip: a package with compiled pieces, run through the stand-in for HailoRT.
#include <gtest/gtest.h>

#include <filesystem>
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
    std::filesystem::copy_file(package(), path("joined.tess"));
    ASSERT_TRUE(add_artifacts(path("joined.tess"), {}, joined_files(network)).has_value());
    missing_ = compiled.back().piece;
    compiled.pop_back();
    ASSERT_TRUE(add_artifacts(package(), compiled).has_value());
    ASSERT_TRUE(write_npy(path("mix.npy"), std::vector<int64_t>{2003},
                          test::sawtooth(8000, 2003).channels[0])
                    .has_value());
    ASSERT_TRUE(write_audio(path("mix.wav"), test::sawtooth(8000, 2003)).has_value());
  }
  static void TearDownTestSuite() { delete folder_; }
  // Up to eight pieces in a file, as many as the library takes.
  static std::vector<JoinedArtifact> joined_files(const PackagedNetwork& network) {
    constexpr size_t kMaxNetworks = 8;
    std::vector<JoinedArtifact> files;
    std::vector<stand_in::JoinedNetwork> networks;
    for (const ChipSegment& segment : network.plan.segments) {
      for (const Piece& piece : segment.pieces) {
        if (networks.size() == kMaxNetworks) networks.clear();
        if (networks.empty()) files.push_back({"hef", {}, {}});
        networks.push_back({"net_" + piece.name, piece.graph});
        files.back().networks.emplace(piece.name, "net_" + piece.name);
        files.back().bytes = stand_in::make_joined(networks, *network.encodings);
      }
    }
    return files;
  }
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

TEST_F(CliHailo, PiecesThatShareAFileGiveTheEmulatorsSamples) {
  std::vector<std::string> words = run("hailo", "joined.npy");
  words[1] = path("joined.tess");
  const Outcome outcome = tessera_tool(words);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  ASSERT_EQ(tessera_tool(run("emulator", "emulated.npy")).code, 0);
  EXPECT_EQ(read_npy(path("joined.npy")).value().values,
            read_npy(path("emulated.npy")).value().values);
  const Outcome checked = tessera_tool({"package", "check", path("joined.tess")});
  EXPECT_EQ(checked.code, 0) << checked.err;
}

TEST_F(CliHailo, WritesWhatRunningTookByPieceWithPowerAndTemperature) {
  std::vector<std::string> words = run("hailo", "y.npy");
  words.insert(words.end(), {"--allow-fallback", "--check", "--metrics", path("metrics.json")});
  const Outcome outcome = tessera_tool(words);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const json metrics = json::parse(contents(path("metrics.json")));
  EXPECT_EQ(metrics.at("backend"), "hailo");
  EXPECT_EQ(metrics.at("host_backend"), "emulator");
  EXPECT_EQ(metrics.at("runs"), 1);
  EXPECT_GT(metrics.at("latency_ms"), 0);
  EXPECT_EQ(metrics.at("parity_max_abs_vs_reference"), 0.0);
  EXPECT_EQ(metrics.at("power_watts"), 2.25);
  EXPECT_EQ(metrics.at("temperature_celsius"), 42.5);
  EXPECT_GE(metrics.at("readings").at("power_watts").at("samples"), 1);
  double milliseconds = 0;
  for (const json& piece : metrics.at("pieces")) {
    EXPECT_GT(piece.at("calls"), 0);
    EXPECT_GT(piece.at("ms_per_call"), 0);
    EXPECT_EQ(piece.contains("reason"), piece.at("piece") == missing_);
    milliseconds += piece.at("ms").get<double>();
  }
  EXPECT_LE(milliseconds, metrics.at("latency_ms").get<double>());
  EXPECT_FALSE(metrics.at("not_measured").contains("power_watts"));

  const stand_in::Variable none("TESSERA_STAND_IN_FAULT", "no_power");
  ASSERT_EQ(tessera_tool(words).code, 0);
  const json without = json::parse(contents(path("metrics.json")));
  EXPECT_TRUE(without.at("power_watts").is_null());
  EXPECT_EQ(without.at("temperature_celsius"), 42.5);
  EXPECT_EQ(without.at("not_measured").at("power_watts"),
            "not told by the runtime: HailoRT 4.22.0 says 'stand-in' (status 6), while measuring "
            "its power");
}

TEST_F(CliHailo, MetricsOfARecordingTellRealTimeFactorAndSiSnrOverTheTrueVoices) {
  const std::vector<std::string> words = {
      "separate",     package(),      path("mix.wav"), "--sample-rate",
      "8000",         "--backend",    "hailo",         "--allow-fallback",
      "-o",           path("scored"), "--metrics",     path("separate.json"),
      "--force",      "--reference",  path("mix.wav"), "--reference",
      path("mix.wav")};
  const Outcome outcome = tessera_tool(words);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const json metrics = json::parse(contents(path("separate.json")));
  EXPECT_NEAR(metrics.at("rtf").get<double>(),
              metrics.at("latency_ms").get<double>() / (2003.0 / 8), 1e-9);
  EXPECT_TRUE(metrics.at("si_snr_1_db").is_number());
  EXPECT_TRUE(metrics.at("si_snr_2_db").is_number());
  EXPECT_TRUE(metrics.at("parity_max_abs_vs_reference").is_null());
  EXPECT_EQ(metrics.at("not_measured").at("parity_max_abs_vs_reference"),
            "the run was not compared with the reference");
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

TEST_F(CliHailo, VerifiesWhatRunsOnTheChipAsItDoesTheEmulator) {
  const auto verify = [&](const std::string& backend) {
    const Outcome outcome =
        tessera_tool({"verify", package(), "--backend", backend, "--allow-fallback", "--audio",
                      path("mix.wav"), "--json", "--min-snr", "0"});
    EXPECT_EQ(outcome.code, 0) << outcome.err << outcome.out;
    return json::parse(outcome.out);
  };
  json chip = verify("hailo");
  json emulator = verify("emulator");
  EXPECT_EQ(chip.at("backend"), "hailo");
  EXPECT_EQ(chip.at("host_backend"), "emulator");
  for (json* one : {&chip, &emulator}) {
    for (const char* differs : {"backend", "host_backend", "stitched_ms"}) one->erase(differs);
  }
  EXPECT_EQ(chip, emulator);
}

TEST_F(CliHailo, VerifyNamesThePieceThatIsNotCompiled) {
  const Outcome outcome = tessera_tool({"verify", package(), "--backend", "hailo"});
  EXPECT_NE(outcome.code, 0);
  EXPECT_NE(outcome.err.find("piece '" + missing_ + "'"), std::string::npos) << outcome.err;
}

TEST_F(CliHailo, ComparesTheChipWithTheEmulatorValueByValue) {
  const Outcome outcome =
      tessera_tool({"compare", package(), package(), "--backend-a", "emulator", "--backend",
                    "hailo", "--allow-fallback", "--input", path("mix.wav"), "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const json document = json::parse(outcome.out);
  EXPECT_EQ(document.at("backend_a"), "emulator");
  EXPECT_EQ(document.at("backend_b"), "hailo");
  EXPECT_GT(document.at("values").size(), 3U);
  for (const char* list : {"values", "outputs"}) {
    for (const json& value : document.at(list)) EXPECT_EQ(value.at("max_abs"), 0.0) << value;
  }
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
