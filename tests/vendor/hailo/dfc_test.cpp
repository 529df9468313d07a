// The driver of the Dataflow Compiler against a stand-in that behaves as its users' logs show.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <set>
#include <string>

#include "base/npy.h"
#include "support/scratch_folder.h"
#include "vendor/hailo/dfc/dfc_case.h"
#include "vendor/hailo/dfc/hn_layers.h"
#include "vendor/hailo/labelled_logs.h"

namespace tessera::hailo {
namespace {

using std::chrono::milliseconds;
using testing::whole_file;

struct DfcTest : ::testing::Test {
  DfcTest() {
    options.program = std::string(TESSERA_SOURCE_DIR) + "/tests/dfc_stand_in/hailo";
    options.store = folder / "store";
    options.environment = {{"DFC_STAND_IN_RULES", (folder / "rules").string()},
                           {"DFC_STAND_IN_CALLS", (folder / "calls").string()}};
    options.grace = milliseconds(100);
    rules("");
  }

  void rules(const std::string& text) const { std::ofstream(folder / "rules") << text; }

  DfcCase network(const std::string& name) const {
    std::ofstream(folder / (name + ".onnx")) << "the network " << name;
    const int64_t dims[] = {1, 1, 4, 2};
    EXPECT_TRUE(
        write_npy(folder / (name + ".npy"), dims, std::vector<float>(8, 0.5F), {.force = true}));
    DfcCase one;
    one.name = name;
    one.onnx = folder / (name + ".onnx");
    one.calibration = folder / (name + ".npy");
    one.inputs = {{"x", {1, 2, 1, 4}}};
    one.end_nodes = {"/out/Conv"};
    return one;
  }

  Result<DfcResult> run(const DfcCase& one) const {
    return run_dfc_case(one, options, "DFC 3.33.0");
  }

  int calls() const {
    const std::string text = whole_file(folder / "calls");
    return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  }

  ScratchFolder folder;
  DfcOptions options;
};

TEST_F(DfcTest, ALayerThatWouldShiftTooFarMayDoSoInTheNextRound) {
  rules("* optimize negexp_once\n");
  const auto result = run(network("seg00_0"));
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_TRUE(result->succeeded) << result->refusal;
  EXPECT_NE(result->script.find("negative_exponent, layers=[seg00_0/conv1]"), std::string::npos)
      << result->script;
  EXPECT_EQ(whole_file(folder / "calls"),
            "seg00_0 parser\nseg00_0 optimize\nseg00_0 optimize\nseg00_0 compiler\n");
  // Refusals are remembered as well.
  const auto again = run(network("seg00_0"));
  EXPECT_TRUE(again->succeeded);
  EXPECT_EQ(calls(), 4);
}

TEST_F(DfcTest, ALayerThatStillShiftsTooFarIsRefused) {
  rules("* optimize negexp\n");
  const auto result = run(network("seg00_0"));
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->succeeded);
  EXPECT_EQ(result->told.family, "quantization_negative_exponent");
  EXPECT_EQ(calls(), 3);
}

TEST_F(DfcTest, CompilesANetworkInThreeSteps) {
  const auto result = run(network("seg00_0"));
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_TRUE(result->succeeded) << result->refusal;
  EXPECT_TRUE(std::filesystem::exists(result->har));
  EXPECT_EQ(result->hef.filename(), "seg00_0.hef");
  ASSERT_EQ(result->steps.size(), 3u);
  EXPECT_EQ(result->told.family, "ok");
  EXPECT_EQ(whole_file(folder / "calls"), "seg00_0 parser\nseg00_0 optimize\nseg00_0 compiler\n");
}

TEST_F(DfcTest, TellsItsVersionOrThatItIsMissing) {
  const auto version = dfc_version(options);
  ASSERT_TRUE(version) << version.error().to_string();
  EXPECT_EQ(*version, "DFC 3.33.0");
  options.program = "no-such-hailo";
  EXPECT_EQ(dfc_version(options).error().code, ErrorCode::kUnavailable);
}

TEST_F(DfcTest, WritesPrecisionsByTheNamesThatTheParserGave) {
  DfcCase one = network("wide");
  one.wide_nodes = {"/out/Conv"};
  one.script.calibration_count = 1;
  const auto result = run(one);
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_TRUE(result->succeeded) << result->refusal;
  EXPECT_EQ(result->script,
            "model_optimization_config(calibration, batch_size=1, calibset_size=1)\n"
            "quantization_param(wide/conv1, precision_mode=a16_w16)\n");
}

struct Refusal {
  const char* step;
  const char* behaviour;
  const char* family;
  bool is_remembered;
};

TEST_F(DfcTest, ExplainsAndRemembersRefusals) {
  const Refusal kRefusals[] = {
      {"parser", "unsupported", "parser_unsupported", true},
      {"parser", "dimensions", "unsupported_dimensions", true},
      {"parser", "prompt", "parser_recommendation", true},
      {"parser", "smaller", "parser_recommendation", true},
      {"optimize", "negexp", "quantization_negative_exponent", true},
      {"optimize", "shape", "bad_inputs_shape", true},
      {"optimize", "script", "model_script", true},
      {"compiler", "infeasible", "allocator_infeasible", true},
      {"compiler", "reshape", "reshape_allocator", true},
      {"compiler", "memory", "memory_units", true},
      {"compiler", "deconv", "unsupported_grouped_deconv", true},
      {"compiler", "partition", "no_partition", true},
      {"compiler", "timeout", "timeout", false},
      {"compiler", "crash", "tool_crash", false},
      {"compiler", "killed", "out_of_memory", false},
      {"compiler", "silent", "unknown", false},
      {"parser", "no_file", "unknown", false},
      {"parser", "partial", "unknown", false},
      {"optimize", "partial", "unknown", false},
      {"compiler", "no_file", "unknown", false},
      {"compiler", "partial", "unknown", false},
  };
  for (const Refusal& refusal : kRefusals) {
    SCOPED_TRACE(std::string(refusal.step) + " " + refusal.behaviour);
    const std::string name = std::string(refusal.step) + "_" + refusal.behaviour;
    rules(name + " " + refusal.step + " " + refusal.behaviour + "\n");
    const auto first = run(network(name));
    ASSERT_TRUE(first) << first.error().to_string();
    EXPECT_FALSE(first->succeeded);
    EXPECT_EQ(first->told.family, refusal.family) << first->refusal;
    EXPECT_FALSE(first->refusal.empty());
    EXPECT_TRUE(first->hef.empty());
    const int before = calls();
    const auto second = run(network(name));
    ASSERT_TRUE(second) << second.error().to_string();
    EXPECT_EQ(second->told.family, refusal.family);
    EXPECT_EQ(calls() - before, refusal.is_remembered ? 0 : 1);
  }
}

TEST_F(DfcTest, AFullDiskIsAnErrorAndNoWordOnTheNetwork) {
  rules("full compiler full_disk\n");
  const auto result = run(network("full"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(result.error().message, "the compiler found no space left on the disk");
  rules("");
  EXPECT_TRUE(run(network("full"))->succeeded);
  EXPECT_EQ(calls(), 4);  // the compiler twice
}

TEST_F(DfcTest, JoinsNetworksThatStayApart) {
  DfcCase joined;
  joined.name = "both";
  joined.parts = {network("left"), network("right"), network("third")};
  joined.parts[1].wide_nodes = {"/out/Conv"};
  joined.calibration = joined.parts[0].calibration;
  const auto result = run(joined);
  ASSERT_TRUE(result) << result.error().to_string();
  ASSERT_TRUE(result->succeeded) << result->refusal;
  EXPECT_EQ(calls(), 7);  // three parsed, two joins, optimised, compiled
  // All parts have a layer of that name.
  EXPECT_EQ(result->script, "quantization_param(right/conv1, precision_mode=a16_w16)\n");
  std::set<std::string> parts;
  const auto layers = read_hn_layers(result->har).value();
  for (const HnLayer& layer : layers) parts.insert(layer.name.substr(0, layer.name.find('/')));
  EXPECT_EQ(parts, (std::set<std::string>{"left", "right", "third"}));
  ASSERT_TRUE(run(joined)->succeeded);
  ASSERT_TRUE(run(network("left"))->succeeded);
  EXPECT_EQ(calls(), 9);  // it was parsed before
}

TEST_F(DfcTest, AJoinThatLosesTheNamesOfItsPartsIsRefused) {
  rules("* join nameless\n");
  DfcCase joined;
  joined.name = "both";
  joined.parts = {network("left"), network("right")};
  joined.calibration = joined.parts[0].calibration;
  const auto result = run(joined);
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_FALSE(result->succeeded);
  EXPECT_EQ(result->refusal, "har_build: the joined network has 0 inputs named left/ instead of 1");
}

TEST_F(DfcTest, EndsWhatHangsWithAllItStarted) {
  rules("stuck compiler hang\n");
  options.time_limit = milliseconds(1500);
  const auto result = run(network("stuck"));
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_EQ(result->told.family, "timeout");
}

TEST_F(DfcTest, DoesNothingTwice) {
  ASSERT_TRUE(run(network("once")));
  EXPECT_EQ(calls(), 3);
  const auto again = run(network("once"));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->succeeded);
  EXPECT_TRUE(again->steps[2].from_store);
  EXPECT_EQ(calls(), 3);
  // Another script: only what depends on it.
  DfcCase changed = network("once");
  changed.script.optimization_level = 0;
  ASSERT_TRUE(run(changed));
  EXPECT_EQ(calls(), 5);
  // A file of the store that somebody changed is no result.
  std::ofstream(again->hef, std::ios::app) << "x";
  ASSERT_TRUE(run(network("once")));
  EXPECT_EQ(calls(), 6);
}

TEST_F(DfcTest, TriesFailuresAgainWhereAsked) {
  rules("again compiler infeasible\n");
  ASSERT_TRUE(run(network("again")));
  rules("");
  EXPECT_FALSE(run(network("again"))->succeeded);
  options.retry_failures = true;
  EXPECT_TRUE(run(network("again"))->succeeded);
}

TEST_F(DfcTest, CompilesManyAtOnce) {
  rules("n7 compiler memory\n");
  std::vector<DfcCase> cases;
  for (int i = 0; i < 16; ++i) cases.push_back(network("n" + std::to_string(i)));
  std::atomic<int> heard{0};
  options.on_output = [&](const std::string&, LogStage, std::string_view) { ++heard; };
  const auto results = run_dfc_cases(cases, options, "DFC 3.33.0", 8);
  ASSERT_EQ(results.size(), 16u);
  for (int i = 0; i < 16; ++i) {
    const auto& result = results[static_cast<size_t>(i)];
    ASSERT_TRUE(result) << result.error().to_string();
    EXPECT_EQ(result->name, "n" + std::to_string(i));
    EXPECT_EQ(result->succeeded, i != 7);
  }
  EXPECT_EQ(calls(), 48);
  EXPECT_GT(heard, 48);
}

TEST_F(DfcTest, GoesOnAfterItWasKilled) {
  rules("left compiler slow\n");
  const DfcCase one = network("left");
  const pid_t child = ::fork();
  if (child == 0) {
    (void)run(one).has_value();
    ::_exit(0);
  }
  for (int i = 0; i < 500 && calls() < 3; ++i) ::usleep(10000);  // the compiler has begun
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ASSERT_EQ(calls(), 3);
  rules("");
  const auto result = run(one);
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_TRUE(result->succeeded);
  EXPECT_EQ(calls(), 4);  // the compiler alone
  for (const auto& entry : std::filesystem::directory_iterator(options.store)) {
    EXPECT_FALSE(entry.path().filename().string().starts_with("work-")) << entry.path();
  }
}

TEST_F(DfcTest, StopsWhenItsCallerWantsToStop) {
  rules("stop compiler hang\n");
  std::atomic<bool> wanted{false};
  options.is_cancelled = [&] { return wanted.load(); };
  options.on_output = [&](const std::string&, LogStage step, std::string_view) {
    wanted = step == LogStage::compile;
  };
  EXPECT_EQ(run(network("stop")).error().code, ErrorCode::kCancelled);
  wanted = false;
  options.on_output = nullptr;
  rules("");
  EXPECT_TRUE(run(network("stop"))->succeeded);
  EXPECT_EQ(calls(), 4);
}

TEST_F(DfcTest, RefusesNamesThatTheCompilerWouldMisread) {
  DfcCase one = network("plain");
  one.name = "../up";
  EXPECT_EQ(run(one).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace tessera::hailo
