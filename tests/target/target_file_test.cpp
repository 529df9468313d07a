#include <gtest/gtest.h>

#include <filesystem>

#include "support/scratch_folder.h"
#include "target/target_text.h"
#include "tessera/compiler/target.h"

namespace tessera {
namespace {

std::string error_of(const std::string& text) {
  const auto target = parse_target(text, "chip.toml");
  return target ? "no error" : target.error().to_string();
}

TEST(TargetFile, EveryTargetThatIsShippedReads) {
  for (const char* name : {"hailo8", "hailo8l", "generic"}) {
    EXPECT_EQ(real_target(name).name, name);
  }
}

TEST(TargetFile, EveryEntrySaysWhereItComesFrom) {
  for (const char* name : {"hailo8", "hailo8l", "generic"}) {
    const Target target = real_target(name);
    for (const auto& [key, limit] : target.limits) EXPECT_FALSE(limit.source.empty()) << key;
    for (const auto& [key, words] : target.support) EXPECT_FALSE(words.source.empty()) << key;
    for (const auto& [key, unit] : target.units) EXPECT_FALSE(unit.source.empty()) << key;
    for (const auto& [key, cost] : target.costs) EXPECT_FALSE(cost.source.empty()) << key;
  }
}

TEST(TargetFile, TheRowLimitIsAnIntervalWithNamedWitnessesInside) {
  const Limit row = real_target("hailo8").limit("row_bytes");
  EXPECT_EQ(row.judge(262144), Verdict::fits);
  EXPECT_EQ(row.judge(262145), Verdict::unknown);
  EXPECT_EQ(row.judge(511999), Verdict::unknown);
  EXPECT_EQ(row.judge(512000), Verdict::does_not_fit);
  ASSERT_EQ(row.data_points.size(), 4u);
  EXPECT_EQ(row.data_points[2].value, 310800);
  EXPECT_EQ(row.data_points[2].outcome, "fails");
  EXPECT_EQ(row.to_string(), "passes up to 262144 bytes, fails from 512000");
}

TEST(TargetFile, AnAbsentEndOfALimitIsUnknown) {
  const Limit kernel = real_target("hailo8").limit("kernel");
  EXPECT_EQ(kernel.judge(7), Verdict::fits);
  EXPECT_EQ(kernel.judge(1000000), Verdict::unknown);
  EXPECT_EQ(kernel.to_string(), "passes up to 7 taps, untried above");
}

TEST(TargetFile, SaysWhatIntegersAreComputedIn) {
  EXPECT_EQ(real_target("hailo8").arithmetic, IntegerArithmetic::onnx);
  const auto with = [](const std::string& value) {
    return replaced(target_text("hailo8"), "schema = 1", "schema = 1\narithmetic = " + value);
  };
  EXPECT_EQ(parse_target(with("\"tflite\""), "chip.toml").value().arithmetic,
            IntegerArithmetic::tflite);
  EXPECT_EQ(parse_target(with("\"onnx\""), "chip.toml").value().arithmetic,
            IntegerArithmetic::onnx);
  EXPECT_NE(error_of(with("\"float\"")).find("is \"float\", and must be \"onnx\" or \"tflite\""),
            std::string::npos)
      << error_of(with("\"float\""));
}

TEST(TargetFile, MalformedTomlNamesLineAndColumn) {
  EXPECT_EQ(error_of("schema = 1\nname = \n"),
            "chip.toml:2: not TOML: Error while parsing key-value pair: expected value, saw "
            "'\\n' (correct column 8 of that line)");
}

TEST(TargetFile, WhatTomlItselfOnlyAssertsIsAnError) {
  EXPECT_EQ(error_of("[ $x]\n"),
            "chip.toml: not TOML: a character where none may stand (look at the keys and the names "
            "in brackets)");
}

TEST(TargetFile, AnythingButAsciiIsRefusedByLine) {
  EXPECT_EQ(error_of("schema = 1\nname = \"\xc3\xa9\"\n"),
            "chip.toml:2: not plain text: byte 0xc3 (write target files in ASCII)");
}

TEST(TargetFile, MissingEntriesAreAllNamed) {
  std::string text = target_text("generic");
  text = replaced(text, "[limits.rank]\nunit = \"axes\"\nmax = 4\n", "[limits.batch.x]\n");
  text = replaced(text, "[limits.batch.x]\nsource = \"inferred: a placeholder of the template\"\n",
                  "");
  text = replaced(text, "[limits.kernel]\nunit = \"taps\"\npass = 3\n", "[limits.batch.x]\n");
  text = replaced(text, "[limits.batch.x]\nsource = \"inferred: a placeholder of the template\"\n",
                  "");
  EXPECT_NE(error_of(text).find(": limits lacks rank, kernel (docs/targets.md describes every "
                                "entry)"),
            std::string::npos)
      << error_of(text);
}

TEST(TargetFile, AMissingSectionIsNamed) {
  EXPECT_EQ(error_of("schema = 1\nname = \"x\"\nsummary = \"y\"\n"),
            "chip.toml:1: limits is missing (docs/targets.md describes every entry)");
}

TEST(TargetFile, AnUnknownEntryIsRefusedWithItsLine) {
  EXPECT_EQ(error_of("schema = 1\nname = \"x\"\ncolour = \"red\"\n"),
            "chip.toml:3: colour is not an entry of a target file (known here: schema, name, "
            "summary, arithmetic, limits, support, units, costs) (docs/targets.md describes every "
            "entry)");
  const std::string text =
      replaced(target_text("generic"), "[limits.rank]", "[limits.colour]\nmax = 1\n[limits.rank]");
  EXPECT_NE(error_of(text).find("limits.colour is not an entry of a target file"),
            std::string::npos);
}

TEST(TargetFile, ALimitMustMakeSense) {
  const std::string good = "max = 4\nsource";
  const auto with = [&](const std::string& lines) {
    const std::string text = error_of(replaced(target_text("generic"), good, lines + "\nsource"));
    return text.substr(text.find(": ") + 2);
  };
  const std::string hint = " (docs/targets.md describes every entry)";
  EXPECT_EQ(with("pass = 9\nfail = 4"),
            "limits.rank passes up to 9 but fails from 4: pass must be smaller" + hint);
  EXPECT_EQ(with("max = 4\npass = 3"),
            "limits.rank has max beside pass or fail: max says both" + hint);
  EXPECT_EQ(with(""), "limits.rank needs max, pass or fail" + hint);
  EXPECT_EQ(with("max = \"four\""), "limits.rank.max must be a whole number of at least 0" + hint);
  EXPECT_EQ(with("max = -1"), "limits.rank.max must be a whole number of at least 0" + hint);
}

TEST(TargetFile, AWrongUnitIsRefused) {
  const std::string text = replaced(target_text("generic"), "unit = \"axes\"", "unit = \"bytes\"");
  EXPECT_NE(error_of(text).find("limits.rank.unit must be \"axes\", not \"bytes\""),
            std::string::npos);
}

TEST(TargetFile, ANumberWithoutSourceIsRefused) {
  const std::string text =
      replaced(target_text("generic"),
               "max = 4\nsource = \"inferred: a placeholder of the template\"", "max = 4");
  EXPECT_NE(error_of(text).find("limits.rank.source is missing"), std::string::npos);
}

TEST(TargetFile, UnitsAndCostsArePositiveNumbers) {
  const auto with = [](const std::string& from, const std::string& to) {
    return error_of(replaced(target_text("generic"), from, to));
  };
  EXPECT_NE(with("value = 400e6", "value = 0").find("units.clock.value must be a number above 0"),
            std::string::npos);
  EXPECT_NE(with("value = 400e6", "value = inf").find("must be a number above 0"),
            std::string::npos);
  EXPECT_NE(
      with("value = 0.75", "value = 1.5").find("cap_single.value must be a share of at most 1"),
      std::string::npos);
  EXPECT_NE(with("unit = \"clusters\"\nvalue = 1", "unit = \"clusters\"\nvalue = 1e15")
                .find("units.clusters.value must be a whole number of at most 1024"),
            std::string::npos);
  EXPECT_NE(with("unit = \"edges\"\nvalue = 4", "unit = \"edges\"\nvalue = 1")
                .find("units.fan_out.value must be at least 2"),
            std::string::npos);
}

TEST(TargetFile, AWordCannotBeBothSupportedAndNot) {
  const std::string text =
      replaced(target_text("hailo8"), "unsupported = [\"grouped\"]", "unsupported = [\"dense\"]");
  EXPECT_NE(error_of(text).find("support.transposed_convolutions calls \"dense\" both supported "
                                "and unsupported"),
            std::string::npos);
}

TEST(TargetFile, AnotherSchemaIsRefused) {
  EXPECT_EQ(error_of("schema = 2\n"),
            "chip.toml:1: schema is 2, and this Tessera reads schema 1 (docs/targets.md describes "
            "every entry)");
}

TEST(FindTarget, AnUnknownNameListsTheKnownOnes) {
  const std::filesystem::path folders[] = {TESSERA_SOURCE_DIR "/targets"};
  const auto target = find_target("hailo9", folders);
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().to_string(),
            "hailo9: unknown target (known targets: generic, hailo8, hailo8l; or give the path of "
            "a target file)");
  EXPECT_EQ(target.error().code, ErrorCode::kNotFound);
}

TEST(FindTarget, ByNameAndByPathAreTheSameFile) {
  const std::filesystem::path folders[] = {"/nowhere", TESSERA_SOURCE_DIR "/targets"};
  const auto by_name = find_target("hailo8", folders);
  const auto by_path = find_target(TESSERA_SOURCE_DIR "/targets/hailo8.toml", {});
  ASSERT_TRUE(by_name);
  ASSERT_TRUE(by_path);
  EXPECT_EQ(by_name->summary, by_path->summary);
}

TEST(FindTarget, NoTargetFilesAtAllSaysWhereItLooked) {
  const std::filesystem::path folders[] = {"/nowhere/a", "/nowhere/b"};
  const auto target = find_target("hailo8", folders);
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().to_string(),
            "hailo8: no target files in /nowhere/a, /nowhere/b (give the path of a target file)");
}

TEST(FindTarget, AHugeFileIsRefused) {
  const ScratchFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "big.toml", std::string((1 << 20) + 1, '#')));
  const auto target = read_target(folder / "big.toml");
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().code, ErrorCode::kResourceLimit);
}

}  // namespace
}  // namespace tessera
