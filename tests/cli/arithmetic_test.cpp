// Every run tells its arithmetic, and a quantised package runs in integers.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/npy.h"
#include "cli/tool.h"
#include "support/recordings.h"
#include "tessera/separator.h"

namespace tessera {
namespace {

using nlohmann::json;

const std::string kSmall = TESSERA_SOURCE_DIR "/tests/data/asteroid/gln_sigmoid.pth";

class CliArithmetic : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new ScratchFolder;
    const Outcome built =
        tessera_tool({"build", kSmall, "--length", "2003", "--quantize", "int8", "--calib",
                      kDemoMixture, "--calib-windows", "4", "-o", package()});
    ASSERT_EQ(built.code, 0) << built.err;
    ASSERT_TRUE(write_audio(path("mix.wav"), test::sawtooth(8000, 3001)).has_value());
    ASSERT_TRUE(write_npy(path("mix.npy"), std::vector<int64_t>{2003},
                          test::sawtooth(8000, 2003).channels[0])
                    .has_value());
  }
  static void TearDownTestSuite() { delete folder_; }
  static std::string path(const std::string& name) { return (*folder_ / name).string(); }
  static std::string package() { return path("int8.tess"); }

  static Outcome succeed(std::vector<std::string> words) {
    const Outcome outcome = tessera_tool(std::move(words));
    EXPECT_EQ(outcome.code, 0) << outcome.err << outcome.out;
    return outcome;
  }
  static json document_of(std::vector<std::string> words) {
    words.emplace_back("--json");
    return json::parse(succeed(std::move(words)).out);
  }
  // In floats, so that every sample is kept.
  static std::vector<std::string> separation(const std::string& model, const std::string& folder) {
    return {"separate", model,        path("mix.wav"), "--sample-rate", "8000",
            "-o",       path(folder), "--subtype",     "float",         "--force"};
  }
  static std::vector<std::vector<float>> voices(const std::string& folder) {
    std::vector<std::vector<float>> read;
    for (const char* name : {"/mix_s1.wav", "/mix_s2.wav"})
      read.push_back(read_audio(path(folder + name)).value().channels[0]);
    return read;
  }

 private:
  inline static ScratchFolder* folder_ = nullptr;
};

TEST_F(CliArithmetic, SeparateGivesExactlyTheEmulatorsSamplesOfAQuantizedPackage) {
  std::vector<std::string> words = separation(package(), "integer");
  const json document = document_of(words);
  EXPECT_EQ(document.at("backend"), "emulator");
  EXPECT_EQ(document.at("arithmetic"), "integer");
  EXPECT_TRUE(document.at("warnings").empty()) << document.at("warnings");
  Separator separator =
      Separator::open(package(),
                      {.backend = "emulator", .sample_rate = 8000, .level = VoiceLevel::network})
          .value();
  const AudioBuffer recording = read_audio(path("mix.wav")).value();
  EXPECT_EQ(voices("integer"), separator.separate(recording).value().voices);
  words.emplace_back("--check");
  EXPECT_GT(document_of(words).at("files")[0].at("equal_codes"), 10'000);
}

TEST_F(CliArithmetic, SeparateInFloatsIsAskedForByTheBackendAndSaid) {
  std::vector<std::string> words = separation(package(), "float");
  words.insert(words.end(), {"--backend", "cpu"});
  const Outcome outcome = succeed(words);
  EXPECT_NE(outcome.err.find("warning: " + package() +
                             " is quantised; the cpu backend computes "
                             "it in float32, not in its integers\n"),
            std::string::npos)
      << outcome.err;
  EXPECT_NE(outcome.out.find("; cpu backend, float32 arithmetic\n"), std::string::npos)
      << outcome.out;
  EXPECT_EQ(document_of(words).at("arithmetic"), "float32");
  // The model's own voices, not the integers'.
  const auto floats = voices("float");
  succeed(separation(kSmall, "model"));
  const auto model = voices("model");
  double largest = 0;
  for (size_t v = 0; v < model.size(); ++v) {
    for (size_t i = 0; i < model[v].size(); ++i)
      largest = std::max(largest, std::abs(double{model[v][i]} - double{floats[v][i]}));
  }
  EXPECT_LT(largest, 1e-5);
  succeed(separation(package(), "integer"));
  EXPECT_NE(voices("integer"), floats);
}

TEST_F(CliArithmetic, SeparateOfAModelIsInFloats) {
  const Outcome outcome = succeed(separation(kSmall, "model"));
  EXPECT_NE(outcome.out.find("; cpu backend, float32 arithmetic\n"), std::string::npos)
      << outcome.out;
  EXPECT_EQ(document_of(separation(kSmall, "model")).at("arithmetic"), "float32");
}

TEST_F(CliArithmetic, RunTellsItAndChecksIntegersByTheirCodes) {
  const std::vector<std::string> words{"run",      package(), "--input", path("mix.npy"),
                                       "--output", path("y"), "--force", "--check"};
  const Outcome outcome = succeed(words);
  EXPECT_NE(outcome.out.find("\nemulator backend, integer arithmetic: "), std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find(" codes, each that of the integer reference\n"), std::string::npos);
  const json document = document_of(words);
  EXPECT_EQ(document.at("arithmetic"), "integer");
  EXPECT_GT(document.at("equal_codes"), 10'000);
  const auto integers = read_npy(path("y")).value().values;

  std::vector<std::string> in_floats = words;
  in_floats.insert(in_floats.end(), {"--backend", "reference"});
  const json floats = document_of(in_floats);
  EXPECT_EQ(floats.at("arithmetic"), "float32");
  EXPECT_LT(floats.at("max_abs_difference"), 1e-4);
  ASSERT_EQ(floats.at("warnings").size(), 1U);
  EXPECT_NE(read_npy(path("y")).value().values, integers);
}

TEST_F(CliArithmetic, HostStepsOfAnotherBackendAreToldPieceByPiece) {
  const std::vector<std::string> run{"run",      package(), "--input", path("mix.npy"),
                                     "--output", path("y"), "--force"};
  EXPECT_FALSE(document_of(run).contains("devices")) << "one backend needs no list";
  const std::vector<std::string> separate = separation(package(), "two");
  for (std::vector<std::string> words : {run, separate}) {
    words.insert(words.end(), {"--host-backend", "cpu", "--allow-fallback"});
    const Outcome outcome = succeed(words);
    EXPECT_NE(outcome.out.find(" on emulator, host steps on cpu\n"), std::string::npos)
        << outcome.out;
    const json devices = document_of(words).at("devices");
    EXPECT_EQ(devices.at("host"), "cpu");
    ASSERT_GT(devices.at("pieces").size(), 1U);
    for (const json& piece : devices.at("pieces")) {
      EXPECT_EQ(piece.at("backend"), "emulator");
      EXPECT_FALSE(piece.contains("reason"));
    }
  }
}

TEST_F(CliArithmetic, CompareTellsThatOfBothSides) {
  const json document = document_of({"compare", kSmall, package()});
  EXPECT_EQ(document.at("arithmetic_a"), "float32");
  EXPECT_EQ(document.at("arithmetic_b"), "integer");
  const Outcome outcome = succeed({"compare", kSmall, package(), "--backend-b", "cpu"});
  EXPECT_NE(outcome.out.find("; A on cpu (float32), B on cpu (float32)\n"), std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.err.find(" is quantised; "), std::string::npos) << outcome.err;
}

TEST_F(CliArithmetic, VerifyTellsIt) {
  EXPECT_EQ(document_of({"verify", package()}).at("arithmetic"), "integer");
  const Outcome outcome = succeed({"verify", package(), "--backend", "cpu"});
  EXPECT_NE(outcome.out.find("stitched on cpu (float32): "), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.err.find(" is quantised; "), std::string::npos) << outcome.err;
  EXPECT_EQ(document_of({"verify", package(), "--backend", "cpu"}).at("arithmetic"), "float32");
}

}  // namespace
}  // namespace tessera
