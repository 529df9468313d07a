// The driver of Vela against a stand-in that has every fault; the real one is asked in tests/vela.
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <string>

#include "support/scratch_folder.h"
#include "target/target_text.h"
#include "vendor/hailo/labelled_logs.h"
#include "vendor/vela/csv_table.h"
#include "vendor/vela/vela_case.h"

namespace tessera::vela {
namespace {

using std::chrono::milliseconds;
using testing::whole_file;

struct VelaTest : ::testing::Test {
  VelaTest() {
    options.program = std::string(TESSERA_SOURCE_DIR) + "/tests/vela_stand_in/vela";
    options.configuration = configuration_of(real_target("ethos_u55")).value();
    options.configuration.sram_bytes = 1 << 20;
    options.store = folder / "store";
    options.grace = milliseconds(100);
    behave("ok");
  }

  void behave(const std::string& how) {
    options.environment = {{"VELA_STAND_IN", how},
                           {"VELA_STAND_IN_CALLS", (folder / "calls").string()}};
  }

  VelaCase network(const std::string& name, const std::string& content = "a network") const {
    const auto path = folder / (name + ".tflite");
    std::ofstream(path) << content;
    return {name, path};
  }

  Result<VelaResult> run(const VelaCase& one) const { return run_vela_case(one, options, "5.2.0"); }
  Result<VelaResult> run() const { return run(network("seg00_0")); }

  int64_t calls() const {
    const std::string text = whole_file(folder / "calls");
    return std::count(text.begin(), text.end(), '\n');
  }

  ScratchFolder folder;
  VelaOptions options;
};

TEST_F(VelaTest, ANetworkThatIsTakenHasAFileAndFigures) {
  const auto result = run();
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_TRUE(result->succeeded) << result->refusal;
  EXPECT_EQ(result->kind, RefusalKind::none);
  EXPECT_TRUE(std::filesystem::exists(result->compiled));
  ASSERT_TRUE(result->figures);
  EXPECT_DOUBLE_EQ(result->figures->seconds, 0.0005);
  EXPECT_DOUBLE_EQ(result->figures->sram_bytes, 12.5 * 1024);
  ASSERT_EQ(result->figures->operators.size(), 1u);
  EXPECT_TRUE(result->figures->operators[0].on_npu);
}

TEST_F(VelaTest, WhatIsTakenAndWhatIsRefusedIsNotCompiledAgain) {
  for (const char* how : {"ok", "cpu", "error", "memory"}) {
    behave(how);
    const VelaCase one = network(std::string("seg_") + how, how);
    const auto first = run(one);
    ASSERT_TRUE(first) << how;
    EXPECT_FALSE(first->from_store) << how;
    const int64_t before = calls();
    behave("crash");  // whatever it would do now
    const auto second = run(one);
    ASSERT_TRUE(second) << how;
    EXPECT_TRUE(second->from_store) << how;
    EXPECT_EQ(calls(), before) << how;
    EXPECT_EQ(second->succeeded, first->succeeded) << how;
    EXPECT_EQ(second->kind, first->kind) << how;
    EXPECT_EQ(second->refusal, first->refusal) << how;
  }
}

TEST_F(VelaTest, AnotherNetworkOrConfigurationIsCompiledAnew) {
  ASSERT_TRUE(run());
  ASSERT_TRUE(run(network("seg00_0", "another network")));
  EXPECT_EQ(calls(), 2);
  options.configuration.accelerator = "ethos-u55-128";
  ASSERT_TRUE(run());
  EXPECT_EQ(calls(), 3);
}

TEST_F(VelaTest, AnOperatorOnTheCpuIsARefusalWithItsReason) {
  behave("cpu");
  const auto result = run();
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->succeeded);
  EXPECT_EQ(result->kind, RefusalKind::cpu);
  ASSERT_EQ(result->cpu_operators.size(), 1u);
  EXPECT_EQ(result->cpu_operators[0].op, "DEPTHWISE_CONV_2D");
  EXPECT_EQ(result->cpu_operators[0].value, "seg/dw");
  EXPECT_EQ(result->cpu_operators[0].reason, "Unsupported kernel stride: 4, 1");
  EXPECT_EQ(result->cpu_operators[0].rule, "Kernel stride must be in the range (1,3).");
}

TEST_F(VelaTest, AnOperatorOnTheCpuIsFoundWithoutAWarningToo) {
  behave("silent_cpu");
  const auto result = run();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->kind, RefusalKind::cpu);
  ASSERT_EQ(result->cpu_operators.size(), 1u);
  EXPECT_EQ(result->cpu_operators[0].value, "seg/dw");
}

TEST_F(VelaTest, MoreMemoryThanThereIsIsARefusalWhereValuesMustLieThere) {
  behave("memory");
  EXPECT_EQ(run()->kind, RefusalKind::memory);
  options.configuration.values_in_sram = false;
  options.configuration.memory_mode = "Dedicated_Sram_384KB";
  EXPECT_EQ(run()->kind, RefusalKind::none);
}

TEST_F(VelaTest, AnErrorOfTheNetworksIsARefusalInVelasWords) {
  behave("error");
  const auto result = run();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->kind, RefusalKind::error);
  EXPECT_EQ(result->refusal, "error: Non-passthrough operation (Conv2D) could not run on NPU");
}

TEST_F(VelaTest, WhatMayPassByAnotherDayIsTriedAgain) {
  for (const char* how : {"crash", "no_file", "half", "no_csv", "bad_csv"}) {
    behave(how);
    const VelaCase one = network(std::string("seg_") + how, how);
    const auto result = run(one);
    ASSERT_TRUE(result) << how;
    EXPECT_FALSE(result->succeeded) << how;
    EXPECT_EQ(result->kind, RefusalKind::crash) << how;
    EXPECT_TRUE(std::filesystem::exists(result->log)) << how;
    behave("ok");
    EXPECT_TRUE(run(one)->succeeded) << how;
  }
}

TEST_F(VelaTest, ACompilerThatHangsIsEndedWithAllItsChildren) {
  options.time_limit = milliseconds(300);
  for (const char* how : {"hang", "stubborn"}) {
    behave(how);
    const VelaCase one = network(std::string("seg_") + how, how);
    const auto result = run(one);
    ASSERT_TRUE(result) << how;
    EXPECT_EQ(result->kind, RefusalKind::timeout) << how;
    EXPECT_FALSE(result->from_store);
  }
}

TEST_F(VelaTest, AFullDiskIsAnErrorThatSaysSo) {
  behave("full");
  const auto result = run();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kNoSpace);
  behave("ok");
  EXPECT_TRUE(run()->succeeded);
}

TEST_F(VelaTest, ACancelledCompileLeavesNothing) {
  behave("hang");
  options.is_cancelled = [] { return true; };
  const auto result = run();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(std::filesystem::is_empty(options.store));
}

TEST_F(VelaTest, VersionsAreHeldToTheOldestThatTheTargetsSpeakOf) {
  EXPECT_EQ(vela_version(options).value(), "5.2.0");
  for (const auto& [how, words] :
       {std::pair("old", "too old"), std::pair("no_version", "does not tell the version"),
        std::pair("broken", "exit code 1")}) {
    behave(how);
    const auto version = vela_version(options);
    ASSERT_FALSE(version) << how;
    EXPECT_EQ(version.error().code, ErrorCode::kUnavailable) << how;
    EXPECT_NE(version.error().message.find(words), std::string::npos) << version.error().message;
  }
  options.program = "a_vela_that_is_not_there";
  const auto version = vela_version(options);
  ASSERT_FALSE(version);
  EXPECT_EQ(version.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(version.error().message.find("not installed"), std::string::npos);
}

TEST_F(VelaTest, AVersionThatHangsIsEnded) {
  behave("hang");
  options.time_limit = milliseconds(200);
  const auto version = vela_version(options);
  ASSERT_FALSE(version);
  EXPECT_EQ(version.error().code, ErrorCode::kUnavailable);
}

TEST_F(VelaTest, NamesThatAreNoFileNamesAreRefused) {
  EXPECT_EQ(run({"../x", folder / "x.tflite"}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(run({"missing", folder / "missing.tflite"}));
}

TEST(VelaConfigurationTest, IsWhatTheTargetChooses) {
  const auto of = [](const std::string& name) {
    const std::filesystem::path folders[] = {TESSERA_SOURCE_DIR "/targets"};
    return configuration_of(find_target(name, folders).value());
  };
  const auto u85 = of("ethos_u85:macs=2048,memory=Sram_Only,system=Ethos_U85_SYS_DRAM_High");
  ASSERT_TRUE(u85);
  EXPECT_EQ(u85->accelerator, "ethos-u85-2048");
  EXPECT_EQ(u85->system_config, "Ethos_U85_SYS_DRAM_High");
  EXPECT_EQ(u85->memory_mode, "Sram_Only");
  EXPECT_TRUE(u85->values_in_sram);
  EXPECT_EQ(of("ethos_u65:sram_bytes=262144")->sram_bytes, 262144);
  EXPECT_EQ(of("hailo8").error().code, ErrorCode::kUnsupported);
}

TEST(CsvTableTest, ReadsQuotedFieldsAndRefusesRowsThatDoNotFit) {
  const auto table = CsvTable::parse("a,b\r\n\"x, \"\"y\"\"\",2\n\n", "t");
  ASSERT_TRUE(table);
  EXPECT_EQ(table->rows(), 1u);
  EXPECT_EQ(table->text(0, "a").value(), "x, \"y\"");
  EXPECT_DOUBLE_EQ(table->number(0, "b").value(), 2);
  EXPECT_FALSE(table->number(0, "a"));
  EXPECT_FALSE(table->text(0, "c"));
  EXPECT_FALSE(table->text(1, "a"));
  EXPECT_FALSE(CsvTable::parse("a,b\n1\n", "t"));
  EXPECT_FALSE(CsvTable::parse("", "t"));
  EXPECT_FALSE(CsvTable::parse("a\n1e999\n", "t")->number(0, "a"));
}

}  // namespace
}  // namespace tessera::vela
