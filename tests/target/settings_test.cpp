// Settings of a target: choices of its parameters, and numbers set by hand.
#include <gtest/gtest.h>

#include "support/scratch_folder.h"
#include "target/target_text.h"
#include "tessera/compiler/target.h"

namespace tessera {
namespace {

const std::filesystem::path kFolders[] = {TESSERA_SOURCE_DIR "/targets"};

TEST(TargetSettings, AChoiceSetsWhatItNames) {
  const Target usual = real_target("ethos_u65");
  const Target smaller = find_target("ethos_u65:macs=256", kFolders).value();
  EXPECT_EQ(usual.unit("macs"), 512);
  EXPECT_EQ(smaller.unit("macs"), 256);
  EXPECT_EQ(smaller.parameters.at("macs").chosen, "256");
  EXPECT_EQ(smaller.parameters.at("memory").chosen, usual.parameters.at("memory").chosen);
  EXPECT_EQ(smaller.settings, (std::map<std::string, std::string>{{"macs", "256"}}));
}

TEST(TargetSettings, ANumberGoesOverEveryChoice) {
  const Target target =
      find_target("ethos_u55:sram_bytes=65536,memory=Sram_Only,macs=32", kFolders).value();
  EXPECT_EQ(target.unit("sram_bytes"), 65536);
  EXPECT_EQ(target.unit("constant_port"), 1);
  EXPECT_EQ(target.unit("macs"), 32);
}

TEST(TargetSettings, EveryChoiceOfEveryTargetReads) {
  int64_t read = 0;
  for (const char* name : {"ethos_u55", "ethos_u65", "ethos_u85"}) {
    for (const auto& [parameter, values] : real_target(name).parameters) {
      for (const auto& [choice, numbers] : values.choices) {
        const auto target =
            find_target(std::string(name) + ":" + parameter + "=" + choice, kFolders);
        ASSERT_TRUE(target) << target.error().to_string();
        for (const auto& [key, number] : numbers) EXPECT_EQ(target->unit(key), number) << key;
        ++read;
      }
    }
  }
  EXPECT_EQ(read, 4 + 2 + 2 + 2 + 4 + 5 + 5 + 5 + 5);
}

TEST(TargetSettings, TheTextWithSettingsIsAFileOfItsOwn) {
  const auto text =
      with_settings(target_text("ethos_u85"), {{"macs", "2048"}, {"sram_bytes", "1048576"}}, "x");
  ASSERT_TRUE(text) << text.error().to_string();
  const Target target = parse_target(*text, "x").value();
  EXPECT_EQ(target.unit("macs"), 2048);
  EXPECT_EQ(target.unit("sram_bytes"), 1048576);
  EXPECT_TRUE(target.settings.empty());
}

TEST(TargetSettings, APathMayHaveSettingsToo) {
  const std::string path = TESSERA_SOURCE_DIR "/targets/ethos_u65.toml";
  EXPECT_EQ(find_target(path + ":macs=256", {}).value().unit("macs"), 256);
  EXPECT_EQ(find_target(path, {}).value().unit("macs"), 512);
}

TEST(TargetSettings, WhatCannotBeSetIsRefusedByName) {
  const auto error = [](const std::string& name) {
    const auto target = find_target(name, kFolders);
    return target ? std::string("none") : target.error().to_string();
  };
  EXPECT_NE(error("ethos_u65:colour=red").find("has nothing named 'colour'"), std::string::npos);
  EXPECT_NE(error("ethos_u65:macs=1024").find("'1024' is none of its choices"), std::string::npos);
  EXPECT_NE(error("ethos_u65:sram_bytes=much").find("'much' must be a number"), std::string::npos);
  EXPECT_NE(error("ethos_u65:sram_bytes=-1").find("must be a number above 0"), std::string::npos);
  EXPECT_NE(error("ethos_u65:arena_port=3").find("must be 1 or 2"), std::string::npos);
  EXPECT_NE(error("ethos_u65:sram_bytes=1.5").find("whole number"), std::string::npos);
  EXPECT_NE(error("ethos_u65:macs=").find("is no setting of a target"), std::string::npos);
  EXPECT_NE(error("hailo8:macs=256").find("has nothing named 'macs'"), std::string::npos);
}

TEST(TargetSettings, AChoiceThatIsNoneIsRefusedOnReading) {
  const std::string text = target_text("ethos_u65");
  const auto error = [](const std::string& changed) {
    const auto target = parse_target(changed, "chip.toml");
    return target ? std::string("none") : target.error().to_string();
  };
  EXPECT_NE(
      error(replaced(text, "chosen = \"512\"", "chosen = \"99\"")).find("not one of its choices"),
      std::string::npos);
  EXPECT_NE(error(replaced(text, "[parameters.macs.choices.256]\nmacs = 256",
                           "[parameters.macs.choices.256]\nmacs = 0"))
                .find("must be a number above 0"),
            std::string::npos);
  EXPECT_NE(error(replaced(text, "[parameters.macs.choices.256]\nmacs = 256",
                           "[parameters.macs.choices.256]\nclusters = 8"))
                .find("is no entry of units or costs"),
            std::string::npos);
}

TEST(TargetSettings, EntriesOfTheOtherArchitectureAreRefused) {
  const auto target = parse_target(
      replaced(target_text("generic"), "summary", "architecture = \"sequential\"\nsummary"), "x");
  ASSERT_FALSE(target);
  EXPECT_NE(target.error().to_string().find("is not an entry of a target file"), std::string::npos);
}

}  // namespace
}  // namespace tessera
